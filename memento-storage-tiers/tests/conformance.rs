//! Tiers keep all promises of a store, however they are written.

use std::path::Path;
use std::sync::Arc;

use memento::plugin::Stores;
use memento::storage::{DataStore, MemoryDataStore, MemoryMetadataStore, MetadataStore};
use memento_storage_fs::{FileDataStore, Options, SqliteMetadataStore};
use memento_storage_tiers::{Tier, Tiers, Writes};

fn memory() -> Stores {
    Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default())
}

fn folder(folder: &Path, name: &str) -> Stores {
    let options = Options::new(folder.join(name));
    Stores::new(FileDataStore::new(&options), SqliteMetadataStore::new(&options))
}

/// Two folders, of which the second one is written in this way.
fn folders(path: &Path, writes: Writes) -> Stores {
    let tiers = [
        Tier::new("near", folder(path, "near")),
        Tier::new("far", folder(path, "far")).writes(writes),
    ];
    Tiers::new(tiers).into_stores()
}

fn three(path: &Path) -> Stores {
    let tiers = [
        Tier::new("memory", memory()),
        Tier::new("never", folder(path, "never")).writes(Writes::Never),
        Tier::new("far", folder(path, "far")).promotes(false),
    ];
    Tiers::new(tiers).into_stores()
}

/// What one process has in memory, and all of them in a folder: what another one has put is copied up.
fn shared_far(path: &Path) -> Stores {
    let tiers = [Tier::new("memory", memory()), Tier::new("far", folder(path, "far"))];
    Tiers::new(tiers).into_stores()
}

fn data(stores: Stores) -> Arc<dyn DataStore> {
    stores.data
}

fn metadata(stores: Stores) -> Arc<dyn MetadataStore> {
    stores.metadata
}

mod through {
    mod data {
        memento_testkit::data_store_suite!(
            DataStoreSuite::new(|path| crate::data(crate::folders(path, crate::Writes::Through)))
                .shared()
        );
    }
    mod metadata {
        memento_testkit::metadata_store_suite!(
            MetadataStoreSuite::new(|path| crate::metadata(crate::folders(
                path,
                crate::Writes::Through
            )))
            .shared()
        );
    }
    #[cfg(target_os = "linux")]
    mod claims {
        memento_testkit::claiming_metadata_store_suite!(
            MetadataStoreSuite::new(|path| crate::metadata(crate::folders(
                path,
                crate::Writes::Through
            )))
            .shared()
        );
    }
}

mod behind {
    mod data {
        memento_testkit::data_store_suite!(
            DataStoreSuite::new(|path| crate::data(crate::folders(path, crate::Writes::Behind)))
                .shared()
        );
    }
    mod metadata {
        memento_testkit::metadata_store_suite!(
            MetadataStoreSuite::new(|path| crate::metadata(crate::folders(
                path,
                crate::Writes::Behind
            )))
            .shared()
        );
    }
    #[cfg(target_os = "linux")]
    mod claims {
        memento_testkit::claiming_metadata_store_suite!(
            MetadataStoreSuite::new(|path| crate::metadata(crate::folders(
                path,
                crate::Writes::Behind
            )))
            .shared()
        );
    }
}

mod shared_far {
    mod data {
        memento_testkit::data_store_suite!(
            DataStoreSuite::new(|path| crate::data(crate::shared_far(path))).shared()
        );
    }
    #[cfg(target_os = "linux")]
    mod claims {
        memento_testkit::claiming_metadata_store_suite!(
            MetadataStoreSuite::new(|path| crate::metadata(crate::shared_far(path))).shared()
        );
    }
}

mod three {
    mod data {
        memento_testkit::data_store_suite!(DataStoreSuite::new(|path| crate::data(crate::three(
            path
        ))));
    }
    mod metadata {
        memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|path| crate::metadata(
            crate::three(path)
        )));
    }
}
