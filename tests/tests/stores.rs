//! Each store of this workspace keeps what stores promise.

use std::path::Path;
use std::sync::Arc;

use memento::plugin::Stores;
use memento::storage::{
    DataStore, Entry, Filter, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, NullStore, Page, Prefix,
};
use memento::{Environment, Key, Name, NullRunner, Result, Storage, Version};
use memento_storage_fs::{Durability, FileDataStore, Options, SqliteMetadataStore};
use memento_testkit::data_store::DataStoreSuite;
use memento_testkit::metadata_store::MetadataStoreSuite;

mod data_in_files {
    memento_testkit::data_store_suite!(super::files(super::Durability::Fast));
}

mod data_in_durable_files {
    memento_testkit::data_store_suite!(super::files(super::Durability::Full));
}

mod data_in_memory {
    use super::{Arc, MemoryDataStore};
    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| {
        Arc::new(MemoryDataStore::default())
    }));
}

mod data_nowhere {
    use super::{Arc, NullStore};
    memento_testkit::forgetting_data_store_suite!(DataStoreSuite::new(|_| Arc::new(NullStore)));
}

mod data_in_files_from_a_worker {
    use super::{FileDataStore, MemoryMetadataStore, Options, of_worker};

    memento_testkit::data_store_suite!({
        let store = |options: &Options| {
            of_worker(FileDataStore::new(options), MemoryMetadataStore::default()).data
        };
        DataStoreSuite::new(move |folder| store(&Options::new(folder)))
            .shared()
            .read_only(move |folder| store(&Options::new(folder).readonly()))
    });
}

mod data_in_memory_from_a_worker {
    use super::{MemoryDataStore, MemoryMetadataStore, of_worker};
    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| {
        of_worker(MemoryDataStore::default(), MemoryMetadataStore::default()).data
    }));
}

mod data_nowhere_from_a_worker {
    use super::{NullStore, of_worker};
    memento_testkit::forgetting_data_store_suite!(DataStoreSuite::new(|_| {
        of_worker(NullStore, NullStore).data
    }));
}

mod data_by_four_methods {
    use super::{Arc, Plain};
    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| Arc::new(Plain::default())));
}

mod metadata_in_sqlite {
    memento_testkit::metadata_store_suite!(super::sqlite());
}

/// Elsewhere, each claim is granted.
#[cfg(target_os = "linux")]
mod claims_in_files {
    memento_testkit::claiming_metadata_store_suite!(super::sqlite());
}

mod metadata_in_memory {
    use super::{Arc, MemoryMetadataStore};
    memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| {
        Arc::new(MemoryMetadataStore::default())
    }));
}

mod metadata_by_six_methods {
    use super::{Arc, PlainMetadata};
    memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| {
        Arc::new(PlainMetadata::default())
    }));
}

mod metadata_nowhere {
    use super::{Arc, NullStore};
    memento_testkit::forgetting_metadata_store_suite!(MetadataStoreSuite::new(|_| {
        Arc::new(NullStore)
    }));
}

mod metadata_in_sqlite_from_a_worker {
    use super::{MemoryDataStore, Options, SqliteMetadataStore, of_worker};
    memento_testkit::metadata_store_suite!(
        MetadataStoreSuite::new(|folder| {
            let metadata = SqliteMetadataStore::new(&Options::new(folder));
            of_worker(MemoryDataStore::default(), metadata).metadata
        })
        .shared()
    );
}

fn files(durability: Durability) -> DataStoreSuite {
    let options = move |folder: &Path| Options::new(folder).durability(durability);
    DataStoreSuite::new(move |folder| Arc::new(FileDataStore::new(&options(folder))))
        .shared()
        .read_only(move |folder| Arc::new(FileDataStore::new(&options(folder).readonly())))
}

fn sqlite() -> MetadataStoreSuite {
    MetadataStoreSuite::new(|folder| Arc::new(SqliteMetadataStore::new(&Options::new(folder))))
        .shared()
        .read_only(|folder| Arc::new(SqliteMetadataStore::new(&Options::new(folder).readonly())))
}

/// Stores as workers see them.
fn of_worker(data: impl DataStore + 'static, metadata: impl MetadataStore + 'static) -> Stores {
    let environment = Environment::new(Storage::new(data, metadata), NullRunner);
    memento::worker::stores_of(&environment, "").expect("a cluster")
}

/// What every store has to bring along, and no more.
#[derive(Debug, Default)]
struct Plain(MemoryDataStore);

impl DataStore for Plain {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.list(prefix, options)
    }
}

/// The same of a metadata store.
#[derive(Debug, Default)]
struct PlainMetadata(MemoryMetadataStore);

impl MetadataStore for PlainMetadata {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.0.put(entries)
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.0.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.0.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.0.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.versions(function, limit)
    }
}
