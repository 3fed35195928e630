//! Stores that fail, or wait, when a test says so.

use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memento::plugin::Stores;
use memento::storage::{
    Claim, DataStore, Entry, Filter, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, Page, Prefix,
};
use memento::{Error, ErrorKind, Key, Name, Result, Version};
use parking_lot::{Mutex, RwLock};

/// A storage in memory, whose clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    data: MemoryDataStore,
    metadata: MemoryMetadataStore,
    is_away: AtomicBool,
    is_full: AtomicBool,
    refused: Mutex<Option<Key>>,
    refusal: Mutex<Refusal>,
    failed: AtomicU64,
    puts: AtomicU64,
    lookups: AtomicU64,
    /// How many reads of records are still to fail.
    silence: AtomicU64,
    /// How many streams are still to be cut.
    cuts: AtomicU64,
    /// How many entries more than it is asked for a page has.
    surplus: AtomicU64,
    /// Done once, before records are put.
    at_put: Interlude,
    /// Done once, when a record has been read and is not yet returned.
    at_get: Interlude,
    /// Done once, when records have been dropped.
    at_removal: Interlude,
    /// Held for writing by a test that has puts wait.
    gate: RwLock<()>,
}

/// How the put of a record fails, if it does.
struct Refusal(Box<Refuse>);

type Refuse = dyn Fn(&Key) -> Option<ErrorKind> + Send;

impl Default for Refusal {
    fn default() -> Self {
        Self(Box::new(|_| None))
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a refusal")
    }
}

#[derive(Default)]
struct Interlude(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Interlude {
    fn set(&self, interlude: impl FnOnce() + Send + 'static) {
        *self.0.lock() = Some(Box::new(interlude));
    }

    fn play(&self) {
        let interlude = self.0.lock().take();
        if let Some(interlude) = interlude {
            interlude();
        }
    }
}

impl fmt::Debug for Interlude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interlude")
    }
}

impl Store {
    /// Does something before the next records are put.
    pub(crate) fn interrupt_put(&self, interlude: impl FnOnce() + Send + 'static) {
        self.0.at_put.set(interlude);
    }

    /// Does something when the next record has been read and is not yet returned.
    pub(crate) fn interrupt(&self, interlude: impl FnOnce() + Send + 'static) {
        self.0.at_get.set(interlude);
    }

    /// Does something when the next records have been dropped, all at once.
    pub(crate) fn interrupt_removal(&self, interlude: impl FnOnce() + Send + 'static) {
        self.0.at_removal.set(interlude);
    }

    pub(crate) fn stores(&self) -> Stores {
        Stores::new(self.clone(), self.clone())
    }

    /// Whether each operation fails from now on.
    pub(crate) fn set_away(&self, is_away: bool) {
        self.0.is_away.store(is_away, Ordering::Relaxed);
    }

    /// How many entries more than it is asked for a page has from now on.
    pub(crate) fn set_surplus(&self, surplus: u64) {
        self.0.surplus.store(surplus, Ordering::Relaxed);
    }

    /// Whether each put fails from now on, and all else is done.
    pub(crate) fn set_full(&self, is_full: bool) {
        self.0.is_full.store(is_full, Ordering::Relaxed);
    }

    /// The key of which each look-up and put fails from now on.
    pub(crate) fn set_refused(&self, key: Option<Key>) {
        *self.0.refused.lock() = key;
    }

    /// Makes puts of records fail from now on as `refusal` says; all else is done.
    pub(crate) fn refuse(&self, refusal: impl Fn(&Key) -> Option<ErrorKind> + Send + 'static) {
        self.0.refusal.lock().0 = Box::new(refusal);
    }

    /// How many operations have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.0.failed.load(Ordering::Relaxed)
    }

    /// How many records and objects were put, or tried to be.
    pub(crate) fn puts(&self) -> u64 {
        self.0.puts.load(Ordering::Relaxed)
    }

    /// How often it was asked which of some objects are there.
    pub(crate) fn lookups(&self) -> u64 {
        self.0.lookups.load(Ordering::Relaxed)
    }

    /// Makes so many of the next reads of records fail.
    pub(crate) fn fail_reads(&self, count: u64) {
        self.0.silence.store(count, Ordering::Relaxed);
    }

    /// Cuts the next streams, so many, in the middle.
    pub(crate) fn cut_streams(&self, count: u64) {
        self.0.cuts.store(count, Ordering::Relaxed);
    }

    /// How many of them are still to be cut.
    pub(crate) fn cuts_left(&self) -> u64 {
        self.0.cuts.load(Ordering::Relaxed)
    }

    /// Makes all puts wait until `work` is done.
    pub(crate) fn closed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _gate = self.0.gate.write();
        work()
    }

    fn ask(&self) -> Result<&Inner> {
        if self.0.is_away.load(Ordering::Relaxed) {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(ErrorKind::Storage, "reach the store").because("it is away"));
        }
        Ok(&self.0)
    }

    fn check_key(&self, key: &Key) -> Result<()> {
        if *self.0.refused.lock() == Some(*key) {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(ErrorKind::Storage, "ask for a key").because("it is refused"));
        }
        Ok(())
    }

    fn put(&self, count: usize) -> Result<&Inner> {
        let _gate = self.0.gate.read();
        self.0.puts.fetch_add(count as u64, Ordering::Relaxed);
        if self.0.is_full.load(Ordering::Relaxed) {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(ErrorKind::Storage, "put into the store").because("it is full"));
        }
        self.ask()
    }
}

/// Whether there was one left.
pub(crate) fn take_one(left: &AtomicU64) -> bool {
    let fewer = |left: u64| left.checked_sub(1);
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer).is_ok()
}

/// What comes behind the middle of a stream that is cut.
pub(crate) struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the connection is cut"))
    }
}

impl DataStore for Store {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.ask()?.data.get(name)
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        DataStore::put(&self.put(1)?.data, name, content)
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        DataStore::remove(&self.ask()?.data, name)
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        DataStore::list(&self.ask()?.data, prefix, options)
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        let Some(mut content) = DataStore::get(self, name)? else { return Ok(None) };
        if !take_one(&self.0.cuts) {
            return Ok(Some(Box::new(Cursor::new(content))));
        }
        content.truncate(content.len() / 2);
        Ok(Some(Box::new(Cursor::new(content).chain(Broken))))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        self.0.lookups.fetch_add(1, Ordering::Relaxed);
        names.iter().map(|name| Ok(self.properties(name)?.is_some())).collect()
    }
}

impl MetadataStore for Store {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.check_key(key)?;
        if take_one(&self.0.silence) {
            return Err(Error::new(ErrorKind::Storage, "read a record").because("no answer"));
        }
        let found = self.ask()?.metadata.get(key);
        self.0.at_get.play();
        found
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.0.at_put.play();
        entries.iter().try_for_each(|entry| self.check_key(&entry.key))?;
        let inner = self.put(entries.len())?;
        let refusal = self.0.refusal.lock();
        if let Some(kind) = entries.iter().find_map(|entry| refusal.0(&entry.key)) {
            self.0.failed.fetch_add(1, Ordering::Relaxed);
            return Err(Error::new(kind, "put a record").because("it is refused"));
        }
        MetadataStore::put(&inner.metadata, entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        MetadataStore::remove(&self.ask()?.metadata, key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        let removed = self.ask()?.metadata.remove_all(filter);
        self.0.at_removal.play();
        removed
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let surplus = usize::try_from(self.0.surplus.load(Ordering::Relaxed)).unwrap();
        MetadataStore::list(&self.ask()?.metadata, filter, from, limit.saturating_add(surplus))
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.ask()?.metadata.versions(function, limit)
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        self.ask()?.metadata.try_claim(key)
    }
}
