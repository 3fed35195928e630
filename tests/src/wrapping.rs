//! Layers around stores, and tiers in front of them: what a store promises holds behind each of them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::{MemoryDataStore, MemoryMetadataStore};
use memento_storage_fs::{FileDataStore, Options, SqliteMetadataStore};
use memento_storage_layers::{
    Breaker, Compression, Encryption, Eviction, Faults, Guarded, Keys, Metrics, Policy, ReadOnly,
    Retry, Signing, SizeLimit, TimeLimit, Transform, Transformed,
};
use memento_storage_tiers::{Tier, Tiers, Writes};

/// What is put around stores that are somewhere else, for a test with a folder of its own.
pub type Wrap = fn(Stores, &Path) -> Stores;

/// Nothing.
pub fn bare(stores: Stores, _: &Path) -> Stores {
    stores
}

fn guarded<P: Policy + 'static>(stores: Stores, policy: impl Fn() -> P) -> Stores {
    Stores {
        data: Arc::new(Guarded::new(policy(), stores.data)),
        metadata: Arc::new(Guarded::new(policy(), stores.metadata)),
    }
}

fn transformed<T: Transform + Clone>(stores: Stores, transform: &T) -> Stores {
    Stores {
        data: Arc::new(Transformed::new(transform.clone(), stores.data)),
        metadata: Arc::new(Transformed::new(transform.clone(), stores.metadata)),
    }
}

fn keys() -> Keys {
    Keys::new(["a key that everybody knows, as it stands here"]).expect("it is long enough")
}

/// The layer `signing`.
pub fn signed(stores: Stores, _: &Path) -> Stores {
    transformed(stores, &Signing::new(keys()))
}

/// The layer `encryption`.
pub fn encrypted(stores: Stores, _: &Path) -> Stores {
    transformed(stores, &Encryption::new(keys()))
}

/// The layer `compression`, of data alone, also of what is short.
pub fn compressed(stores: Stores, _: &Path) -> Stores {
    let compression = Compression::default().minimum(0);
    Stores { data: Arc::new(Transformed::new(compression, stores.data)), ..stores }
}

/// The layer `read_only`.
pub fn read_only(stores: Stores, _: &Path) -> Stores {
    guarded(stores, || ReadOnly)
}

/// All layers with which a store is written, in the order of a configuration, with limits that it is far from.
pub fn all(stores: Stores, folder: &Path) -> Stores {
    with_transforms(stores, |stores| encrypted(signed(stores, folder), folder))
}

/// As [`all`], without a second transform that makes user metadata longer: object stores take little of them.
pub fn all_but_signing(stores: Stores, folder: &Path) -> Stores {
    with_transforms(stores, |stores| encrypted(stores, folder))
}

fn with_transforms(stores: Stores, transform: impl FnOnce(Stores) -> Stores) -> Stores {
    let limit = Duration::from_mins(1);
    let stores = guarded(stores, SizeLimit::default);
    let stores = guarded(stores, || Faults::new(0.0, 1));
    let stores = Stores {
        data: Arc::new(TimeLimit::new(limit, stores.data)),
        metadata: Arc::new(TimeLimit::new(limit, stores.metadata)),
    };
    let stores = guarded(stores, Breaker::default);
    let stores = guarded(stores, Retry::default);
    let stores = compressed(transform(stores), Path::new(""));
    let limits = Eviction::new().max_size(1 << 40).max_age(Duration::from_hours(24 * 365));
    guarded(limits.around(stores), || Metrics::data("wrapped"))
}

/// Behind the memory of one process: what another one has put is copied up.
pub fn below_memory(stores: Stores, _: &Path) -> Stores {
    let memory = Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default());
    Tiers::new([Tier::new("near", memory), Tier::new("far", stores)]).into_stores()
}

/// Behind files, written before a call returns.
pub fn below_files(stores: Stores, folder: &Path) -> Stores {
    below(stores, folder, Writes::Through)
}

/// Behind files, written behind the call.
pub fn behind_files(stores: Stores, folder: &Path) -> Stores {
    below(stores, folder, Writes::Behind)
}

fn below(stores: Stores, folder: &Path, writes: Writes) -> Stores {
    let options = Options::new(folder.join("near"));
    let near = Stores::new(FileDataStore::new(&options), SqliteMetadataStore::new(&options));
    Tiers::new([Tier::new("near", near), Tier::new("far", stores).writes(writes)]).into_stores()
}
