//! A metadata store that counts what it is asked for.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::storage::{Capabilities, Entry, Filter, MetadataStore, Page};
use memento::{Environment, Key, LocalRunner, Result, Storage, Version};
use memento_storage_fs::{FileDataStore, Options, SqliteMetadataStore};

/// What a store was asked for, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Requests that look records up, of one or of many.
    pub look_ups: u64,
    /// Records that they found.
    pub found: u64,
    /// All other requests.
    pub others: u64,
}

/// The counters behind [`Requests`].
#[derive(Debug, Default)]
pub struct Counters {
    look_ups: AtomicU64,
    found: AtomicU64,
    others: AtomicU64,
}

impl Counters {
    /// What has been counted so far.
    pub fn read(&self) -> Requests {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Requests {
            look_ups: read(&self.look_ups),
            found: read(&self.found),
            others: read(&self.others),
        }
    }

    fn count<'f>(&self, found: impl IntoIterator<Item = &'f Option<Vec<u8>>>) {
        self.count_look_up(found.into_iter().flatten().count() as u64);
    }

    fn count_look_up(&self, found: u64) {
        self.look_ups.fetch_add(1, Ordering::Relaxed);
        self.found.fetch_add(found, Ordering::Relaxed);
    }
}

/// An environment on `folder` as it is unless configured, and what its metadata store is asked for.
pub fn environment(folder: &Path) -> (Environment, Arc<Counters>) {
    let options = Options::new(folder);
    let counters = Arc::new(Counters::default());
    let store =
        Counting { store: SqliteMetadataStore::new(&options), counters: Arc::clone(&counters) };
    let storage = Storage::new(FileDataStore::new(&options), store);
    (Environment::new(storage, LocalRunner::new()), counters)
}

#[derive(Debug)]
struct Counting {
    store: SqliteMetadataStore,
    counters: Arc<Counters>,
}

impl Counting {
    /// The store, for a request that is no look-up.
    fn other(&self) -> &SqliteMetadataStore {
        self.counters.others.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl MetadataStore for Counting {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self.store.get(key)?;
        self.counters.count([&found]);
        Ok(found)
    }

    fn get_levels(
        &self,
        keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        let mut found = 0;
        self.store.get_levels(keys, &mut |records| {
            found += records.iter().flatten().count() as u64;
            next(records)
        })?;
        self.counters.count_look_up(found);
        Ok(())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let found = self.store.get_many(keys)?;
        self.counters.count(&found);
        Ok(found)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.other().put(entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.other().remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.other().remove_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.other().list(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.other().versions(function, limit)
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.other().set_aside(key, damaged)
    }
}
