//! A store keeps all its promises behind each layer.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::NullStore;
use memento_storage_fs::{FileDataStore, Options, SqliteMetadataStore};
use memento_storage_layers::{
    Breaker, Compression, Encryption, Eviction, Faults, Guarded, Keys, Metrics, Policy, ReadOnly,
    Retry, Signing, SizeLimit, TimeLimit, Transform, Transformed,
};

/// Long enough for a machine that is busy.
const LIMIT: Duration = Duration::from_mins(1);

fn guarded<P: Policy, S>(policy: P, store: S) -> Arc<Guarded<P, S>> {
    Arc::new(Guarded::new(policy, Arc::new(store)))
}

fn transformed<T: Transform, S>(transform: T, store: S) -> Arc<Transformed<T, S>> {
    Arc::new(Transformed::new(transform, Arc::new(store)))
}

fn keys() -> Keys {
    Keys::new(["a key that everybody knows, as it stands here"]).unwrap()
}

/// Limits that the stores are far from.
fn limits() -> Eviction {
    Eviction::new().max_size(1 << 40).max_age(Duration::from_hours(24 * 365))
}

/// Both suites, for stores that `$layered` puts a layer around, or one that puts it around data and one that puts it
/// around metadata.
macro_rules! suites {
    ($layer:ident, $layered:expr) => {
        suites!($layer, $layered, $layered);
    };
    ($layer:ident, $data:expr, $metadata:expr) => {
        mod $layer {
            #[allow(clippy::wildcard_imports)]
            use super::*;

            mod memory {
                mod data {
                    #[allow(clippy::wildcard_imports)]
                    use super::super::*;
                    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| {
                        $data(memento::storage::MemoryDataStore::default())
                    }));
                }
                mod metadata {
                    #[allow(clippy::wildcard_imports)]
                    use super::super::*;
                    memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|_| {
                        $metadata(memento::storage::MemoryMetadataStore::default())
                    }));
                }
            }

            mod filesystem {
                mod data {
                    #[allow(clippy::wildcard_imports)]
                    use super::super::*;
                    memento_testkit::data_store_suite!(
                        DataStoreSuite::new(|folder| {
                            $data(FileDataStore::new(&Options::new(folder)))
                        })
                        .shared()
                        .read_only(|folder| {
                            $data(FileDataStore::new(&Options::new(folder).readonly()))
                        })
                    );
                }
                mod metadata {
                    #[allow(clippy::wildcard_imports)]
                    use super::super::*;
                    memento_testkit::metadata_store_suite!(
                        MetadataStoreSuite::new(|folder| {
                            $metadata(SqliteMetadataStore::new(&Options::new(folder)))
                        })
                        .shared()
                        .read_only(|folder| {
                            $metadata(SqliteMetadataStore::new(&Options::new(folder).readonly()))
                        })
                    );
                }
            }
        }
    };
}

suites!(retry, |store| guarded(Retry::default(), store));
suites!(breaker, |store| guarded(Breaker::default(), store));
suites!(time_limit, |store| Arc::new(TimeLimit::new(LIMIT, Arc::new(store))));
suites!(faults, |store| guarded(Faults::new(0.0, 1), store));
suites!(size_limit, |store| guarded(SizeLimit::default(), store));
suites!(eviction, |store| limits().around(Stores::new(store, NullStore)).data, |store| limits()
    .around(Stores::new(NullStore, store))
    .metadata);
suites!(metrics, |store| guarded(Metrics::data("memory"), store));
suites!(signing, |store| transformed(Signing::new(keys()), store));
suites!(encryption, |store| transformed(Encryption::new(keys()), store));
suites!(compression, |store| transformed(Compression::default().minimum(0), store));
// All of them, in the order that a configuration puts them in.
suites!(all, |store| {
    let store = guarded(SizeLimit::default(), store);
    let store = Arc::new(Guarded::new(Faults::new(0.0, 1), store));
    let store = Arc::new(TimeLimit::new(LIMIT, store));
    let store = Arc::new(Guarded::new(Breaker::default(), store));
    let store = Arc::new(Guarded::new(Retry::default(), store));
    let store = Arc::new(Transformed::new(Signing::new(keys()), store));
    let store = Arc::new(Transformed::new(Encryption::new(keys()), store));
    let store = Arc::new(Transformed::new(Compression::default(), store));
    Arc::new(Guarded::new(Metrics::data("memory"), store))
});

/// What is put by a store without the layer is found behind it, and stays.
mod read_only {
    mod data {
        #[allow(clippy::wildcard_imports)]
        use super::super::*;
        memento_testkit::data_store_suite!({
            let files = |folder: &Path| FileDataStore::new(&Options::new(folder));
            DataStoreSuite::new(move |folder| Arc::new(files(folder)))
                .shared()
                .read_only(move |folder| guarded(ReadOnly, files(folder)))
        });
    }
    mod metadata {
        #[allow(clippy::wildcard_imports)]
        use super::super::*;
        memento_testkit::metadata_store_suite!({
            let files = |folder: &Path| SqliteMetadataStore::new(&Options::new(folder));
            MetadataStoreSuite::new(move |folder| Arc::new(files(folder)))
                .shared()
                .read_only(move |folder| guarded(ReadOnly, files(folder)))
        });
    }
}

/// Who computes what is known behind all of them.
#[cfg(target_os = "linux")]
mod claims {
    #[allow(clippy::wildcard_imports)]
    use super::*;
    memento_testkit::claiming_metadata_store_suite!(
        MetadataStoreSuite::new(|folder| {
            let store = SqliteMetadataStore::new(&Options::new(folder));
            let store = Arc::new(TimeLimit::new(LIMIT, Arc::new(store)));
            let store = Arc::new(Guarded::new(Breaker::default(), store));
            let store = Arc::new(Guarded::new(Retry::default(), store));
            let store = Arc::new(Transformed::new(Encryption::new(keys()), store));
            Arc::new(Guarded::new(Metrics::metadata("files"), store))
        })
        .shared()
    );
}
