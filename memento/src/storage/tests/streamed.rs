//! Records that are handed over as they arrive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use parking_lot::Mutex;

use super::{entry, key};
use crate::plugin::Stores;
use crate::storage::{
    Entry, Filter, MemoryDataStore, MemoryMetadataStore, MetadataStore, Page, Storage,
};
use crate::{Error, ErrorKind, Key, Result, Version};

/// A store that hands over two records at a time, and then fails with the next of these errors.
#[derive(Debug)]
struct Arriving {
    store: MemoryMetadataStore,
    errors: Mutex<Vec<ErrorKind>>,
    /// How often it was asked for records by other methods.
    asked: AtomicU64,
}

fn failed(kind: ErrorKind) -> Error {
    Error::new(kind, "do what was asked")
}

impl MetadataStore for Arriving {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.asked.fetch_add(1, Relaxed);
        self.store.get(key)
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.asked.fetch_add(1, Relaxed);
        keys.iter().map(|key| self.store.get(key)).collect()
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let mut rest = keys.chunks(2);
        for some in rest.by_ref().take(2) {
            take(self.store.get_many(some)?);
        }
        match self.errors.lock().pop() {
            Some(kind) => Err(failed(kind)),
            None => rest.try_for_each(|some| self.store.get_many(some).map(&mut *take)),
        }
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.store.put(entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.store.list(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
    }
}

/// The first bytes of the records that are handed over, how many failures were noted, and how often the store was asked
/// by other methods.
fn streamed_by(errors: &[ErrorKind], asked: &[u8]) -> (Vec<Option<u8>>, u64, u64) {
    let errors = Mutex::new(errors.to_vec());
    let store = Arriving { store: <_>::default(), errors, asked: AtomicU64::new(0) };
    let store = Arc::new(store);
    let entries: Vec<_> = (1..=6).map(|byte| entry(byte, "f", false, &[byte])).collect();
    store.put(&entries).unwrap();
    let data = Arc::new(MemoryDataStore::default());
    let stores = Stores { data, metadata: Arc::clone(&store) as _ };
    let storage = Storage::from(stores);
    let keys: Vec<_> = asked.iter().map(|byte| key(*byte)).collect();
    let mut found = Vec::new();
    storage.stream_records(&keys, &mut |some| {
        found.extend(some.into_iter().map(|record| record.map(|record| record[0])));
    });
    (found, storage.failures(), store.asked.load(Relaxed))
}

/// The first bytes of the records that are handed over, and how many failures were noted.
fn streamed(errors: &[ErrorKind], asked: &[u8]) -> (Vec<Option<u8>>, u64) {
    let (found, failures, _) = streamed_by(errors, asked);
    (found, failures)
}

#[test]
fn records_come_in_the_order_asked_for() {
    assert_eq!(streamed(&[], &[]), (vec![], 0));
    assert_eq!(streamed(&[], &[3]), (vec![Some(3)], 0));
    let all = [6, 9, 5, 4, 3, 2, 1].map(|byte| (byte < 7).then_some(byte));
    assert_eq!(streamed(&[], &[6, 9, 5, 4, 3, 2, 1]), (all.to_vec(), 0));
}

#[test]
fn what_has_come_is_there_where_the_store_fails() {
    let (found, failures) = streamed(&[ErrorKind::Storage], &[1, 2, 3, 4, 5, 6]);
    assert_eq!((found, failures), ((1..=4).map(Some).collect(), 1));
}

#[test]
fn one_that_the_store_finds_damaged_is_no_reason_to_miss_the_others() {
    let (found, failures, asked) = streamed_by(&[ErrorKind::Damaged], &[1, 2, 3, 4, 5, 6]);
    assert_eq!((found, failures), ((1..=6).map(Some).collect(), 1), "it is said all the same");
    assert_eq!(asked, 1, "for all that were left, together");
}
