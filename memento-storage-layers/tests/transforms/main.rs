//! What signing, encryption and compression make of contents, and of those that somebody has changed.

mod calls;
mod damage;
mod golden;
mod hostile;
mod keys;
mod ranges;
mod records;
mod whole;

use std::sync::Arc;

use memento::Name;
use memento::storage::{DataStore, MemoryDataStore, MetadataStore};
use memento_storage_layers::{Compression, Encryption, Keys, Signing, Transform, Transformed};

/// How long a chunk is.
const CHUNK: usize = 256 << 10;

/// What comes before the chunks of what is signed or encrypted: magic number, version, name of the key, random bytes.
const START: usize = 4 + 1 + 8 + 24;

fn name(text: &str) -> Name {
    Name::new(&format!("test/{text}")).unwrap()
}

fn keys() -> Keys {
    Keys::new([NEW]).unwrap()
}

const NEW: &str = "the key that is in use now: 7b1c41d5f2";
const OLD: &str = "the key that was in use before: 0f6a7c";

fn signing() -> Signing {
    Signing::new(keys())
}

fn encryption() -> Encryption {
    Encryption::new(keys())
}

fn compression() -> Compression {
    Compression::default().minimum(0)
}

/// A store in memory, and the way to it by a transform.
fn over<T: Transform>(transform: T) -> (Arc<MemoryDataStore>, Transformed<T, MemoryDataStore>) {
    let store = Arc::new(MemoryDataStore::default());
    (Arc::clone(&store), Transformed::new(transform, store))
}

/// A store in memory with each of the transforms.
fn all() -> Vec<(&'static str, Arc<MemoryDataStore>, Arc<dyn DataStore>)> {
    fn one<T: Transform>(
        what: &'static str,
        transform: T,
    ) -> (&'static str, Arc<MemoryDataStore>, Arc<dyn DataStore>) {
        let (store, transformed) = over(transform);
        (what, store, Arc::new(transformed))
    }
    vec![
        one("signing", signing()),
        one("encryption", encryption()),
        one("compression", compression()),
    ]
}

/// Bytes that do not repeat themselves.
fn random(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

/// Bytes that do.
fn text(length: usize) -> Vec<u8> {
    b"all work and no play makes jack a dull boy\n".iter().copied().cycle().take(length).collect()
}

/// The only entry of a store.
fn record_of(store: &dyn MetadataStore) -> memento::storage::Entry {
    let page = store.list(&memento::storage::Filter::default(), None, 2).unwrap();
    assert_eq!(page.entries.len(), 1);
    page.entries.into_iter().next().unwrap()
}
