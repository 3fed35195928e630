//! Where results live: a data store, a metadata store, and the memory cache in front of them.
//!
//! Who uses results needs [`Storage`] alone. The rest is for who writes a store, or asks one for more than results: the
//! traits [`DataStore`] and [`MetadataStore`], what their methods take and return, the stores that are in this crate,
//! and what the authors of stores would otherwise write for each of them.

mod capabilities;
mod changes;
mod checked;
mod claims;
mod contents;
mod data;
mod forget;
mod memory;
mod metadata;
mod name;
mod namespaces;
mod null;
mod object;
mod pages;
mod provided;
mod references;
pub mod reserved;
pub(crate) mod segments;
mod snapshots;
#[cfg(test)]
mod tests;
pub(crate) mod transfer;
mod trouble;
mod verified;
mod waiting;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

pub use capabilities::Capabilities;
pub(crate) use changes::Changes;
pub use checked::CheckedReader;
pub use claims::{Claim, HeldClaim, HeldClaims};
pub(crate) use contents::Contents;
pub use data::DataStore;
pub use memory::{MemoryDataStore, MemoryMetadataStore};
pub use metadata::{Entry, Filter, MetadataStore, Page, Replacement};
pub use name::{Name, Namespace, Prefix};
pub use null::NullStore;
pub use object::{
    Condition, Continuation, ListOptions, Listing, Object, Properties, PutOptions, Snapshot,
    StoreInfo, UserMetadata,
};
pub use pages::{entry_pages, object_pages};
pub use references::References;
use segments::Segments;
pub use transfer::{Source, Staged, Target, Transfer, TransferObserver, unreadable};
pub(crate) use trouble::Trouble;
pub(crate) use verified::Verified;
use waiting::Waiting;

pub use crate::digest::hashed::fill;

use crate::cache::MemoryCache;
use crate::codec::Encoding;
use crate::digest::segments::Outline;
use crate::memento::Provenance;
use crate::plugin::{DEFAULT_MEMORY_CACHE, Stores};
use crate::record::{self, Head};
use crate::{Code, Digest, Error, ErrorKind, Key, Memento, Result};

/// The longest encoded result that lives inside its record unless told otherwise: 16 KiB.
const DEFAULT_INLINE_LIMIT: u64 = 16 << 10;

/// A data store and a metadata store together, and the memory cache in front of them.
///
/// What its stores return is checked before it is used, and what they fail to do costs time, never a result.
pub struct Storage {
    pub(crate) data: Arc<dyn DataStore>,
    pub(crate) metadata: Arc<dyn MetadataStore>,
    pub(crate) contents: Contents,
    pub(crate) cache: MemoryCache,
    pub(crate) changes: Changes,
    pub(crate) trouble: Arc<Trouble>,
    pub(crate) verified: Verified,
    waiting: Waiting,
    pub(crate) inline_limit: u64,
}

impl Storage {
    /// A storage of these two stores.
    pub fn new(data: impl DataStore + 'static, metadata: impl MetadataStore + 'static) -> Self {
        Self::from_stores(Arc::new(data), Arc::new(metadata))
    }

    fn from_stores(data: Arc<dyn DataStore>, metadata: Arc<dyn MetadataStore>) -> Self {
        let trouble = Arc::new(Trouble::default());
        Self {
            contents: Contents::new(Arc::clone(&data), Arc::clone(&trouble)),
            data,
            metadata,
            cache: MemoryCache::new(DEFAULT_MEMORY_CACHE),
            changes: Changes::default(),
            trouble,
            verified: Verified::default(),
            waiting: Waiting::default(),
            inline_limit: DEFAULT_INLINE_LIMIT,
        }
    }

    /// A storage in the memory of this process.
    pub fn memory() -> Self {
        Self::new(MemoryDataStore::default(), MemoryMetadataStore::default())
    }

    /// A storage that keeps nothing.
    pub fn null() -> Self {
        Self::new(NullStore, NullStore).memory_cache(0)
    }

    /// Bounds the memory cache to `bytes`; 0 turns it off.
    pub fn memory_cache(mut self, bytes: u64) -> Self {
        self.cache = MemoryCache::new(bytes);
        self
    }

    /// Keeps encoded results of up to `bytes` bytes inside their records.
    pub fn inline_limit(mut self, bytes: u64) -> Self {
        self.inline_limit = bytes;
        self
    }

    /// Its two stores, without the memory cache: for programs that look after what is in them.
    pub fn stores(&self) -> Stores {
        Stores { data: Arc::clone(&self.data), metadata: Arc::clone(&self.metadata) }
    }

    /// How often a store failed, or returned what it should not have, since this storage was made.
    pub fn failures(&self) -> u64 {
        self.trouble.count()
    }

    /// Whether results that are put are kept.
    pub(crate) fn is_writable(&self) -> bool {
        self.metadata.capabilities().writable && self.data.capabilities().writable
    }

    /// Whether the encoding of a result goes into its record.
    pub(crate) fn fits_into_record(&self, value: &[u8]) -> bool {
        value.len() as u64 <= self.inline_limit
    }

    /// The record of `key`. What the store fails to tell is not there.
    pub(crate) fn record(&self, key: &Key) -> Option<Vec<u8>> {
        self.settle();
        self.trouble.note(self.metadata.get(key)).flatten()
    }

    /// The records of `keys`, in their order. What the store fails to tell is not there.
    pub(crate) fn records(&self, keys: &[Key]) -> Vec<Option<Vec<u8>>> {
        if let [key] = keys {
            return vec![self.record(key)];
        }
        self.trouble.note(self.try_records(keys)).unwrap_or_else(|| vec![None; keys.len()])
    }

    /// As [`records`](Self::records). One that the store itself finds damaged is no reason to miss the others.
    ///
    /// # Errors
    ///
    /// What the store reports of all of them.
    pub(crate) fn try_records(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.settle();
        let records = self.metadata.get_each(keys)?;
        Ok(records.into_iter().map(|record| self.trouble.note(record).flatten()).collect())
    }

    /// Hands the records of `keys` to `take`, in their order, some at a time as they arrive. What the store fails to
    /// tell is not handed over.
    pub(crate) fn stream_records(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) {
        if let [key] = keys {
            return take(vec![self.record(key)]);
        }
        self.settle();
        let mut told = 0;
        let ended = self.metadata.stream(keys, &mut |records| {
            told += records.len();
            take(records);
        });
        match ended {
            // One that the store itself finds damaged is no reason to miss the others.
            Err(error) if error.kind().is_of_one() => {
                take(self.records_beside(&error, keys.get(told..).unwrap_or_default()));
            }
            ended => drop(self.trouble.note(ended)),
        }
    }

    /// The records of `keys`, for one of which the store has reported `error`. Where it now has no error for any, that
    /// one is reported: the store may have moved all that it had out of the way.
    fn records_beside(&self, error: &Error, keys: &[Key]) -> Vec<Option<Vec<u8>>> {
        let Some(records) = self.trouble.note(self.metadata.get_each(keys)) else {
            return vec![None; keys.len()];
        };
        if records.iter().all(Result::is_ok) {
            self.trouble.report(error);
        }
        records.into_iter().map(|record| self.trouble.note(record).flatten()).collect()
    }

    /// Hands the records of `keys` to `next`, in their order, then those of the keys that it names, until it names
    /// none. What the store fails to tell is not handed over.
    pub(crate) fn records_by_level(
        &self,
        keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) {
        self.settle();
        let mut level = keys.clone();
        let ended = self.metadata.get_levels(keys, &mut |records| {
            level = next(records);
            level.clone()
        });
        match ended {
            // One that the store itself finds damaged is no reason to miss the others.
            Err(error) if error.kind().is_of_one() => {
                level = next(self.records_beside(&error, &level));
                while !level.is_empty() {
                    level = next(self.records(&level));
                }
            }
            ended => drop(self.trouble.note(ended)),
        }
    }

    /// The head of a record and the bytes of its provenance, if the record is what was written for `key`. A damaged one
    /// is moved aside, one of a newer release stays.
    pub(crate) fn open_record<'a>(
        &self,
        key: &Key,
        bytes: &'a [u8],
    ) -> Result<(Head<'a>, &'a [u8]), ErrorKind> {
        match record::open(key, bytes) {
            Ok(opened) => Ok(opened),
            Err(error) => {
                let error = error.with("store", self.metadata.location());
                self.set_record_aside(key, bytes, &error);
                Err(error.kind())
            }
        }
    }

    /// Reports what is wrong with the record of `key`, and moves it aside unless it is of a newer release.
    pub(crate) fn set_record_aside(&self, key: &Key, record: &[u8], error: &Error) {
        let is_newer = error.kind() == ErrorKind::NewerFormat;
        self.trouble.report(error);
        if !is_newer && self.is_writable() {
            self.trouble.note(self.metadata.set_aside(key, record));
        }
    }

    /// Does `read` with the encoding of a record's value, if its bytes are what was written.
    ///
    /// `read` reports bytes that are not the value of its type, which no digest tells.
    pub(crate) fn read_value<T>(
        &self,
        head: &Head<'_>,
        mut read: impl FnMut(Encoding<'_>) -> Result<T>,
    ) -> Option<Result<T>> {
        let value = head.value?;
        if let Some(bytes) = value.inline {
            return Some(read(Encoding::Whole(bytes)));
        }
        let operation = "read a result from the data store";
        if let Some(outline) = Outline::read(head.outline, &head.digest, value.size) {
            let read = |segments: &mut Segments| read(Encoding::Segments(segments));
            return self.contents.read_segments(operation, &head.digest, outline, read);
        }
        let content = self.contents.content(operation, &head.digest, Some(value.size));
        Some(read(Encoding::Whole(&content.ok()??)))
    }

    /// The memento of `key`, if there is one.
    ///
    /// # Errors
    ///
    /// What the store reports, or [`ErrorKind::Damaged`]; what is damaged is moved aside.
    pub fn memento(&self, key: &Key) -> Result<Option<Memento>> {
        self.write_waiting();
        let record = self.metadata.get(key)?;
        record.map_or(Ok(None), |record| self.read_record(key, &record))
    }

    /// The whole of a record: unlike a hit, with its provenance; none where it was forgotten. A damaged one is moved
    /// aside.
    fn read_record(&self, key: &Key, record: &[u8]) -> Result<Option<Memento>> {
        record::read(key, record).map_err(|error| {
            let error = error.with("store", self.metadata.location());
            self.set_record_aside(key, record, &error);
            error
        })
    }

    /// What a version was made of: the code whose digest is in the provenance of its mementos.
    ///
    /// # Errors
    ///
    /// What the store reports, or [`ErrorKind::Damaged`]; what is damaged is moved aside.
    pub fn code(&self, digest: &Digest) -> Result<Option<Code>> {
        let content = self.contents.content("read what a version was made of", digest, None)?;
        Ok(content.map(|content| Code::read(&String::from_utf8_lossy(&content))))
    }

    /// What is known of where the record of `key` is from, whatever became of its result.
    pub(crate) fn provenance(&self, key: &Key) -> Result<Option<Provenance>> {
        self.write_waiting();
        let Some(record) = self.metadata.get(key)? else { return Ok(None) };
        let (head, provenance) = record::open(key, &record)?;
        record::provenance(&head, provenance).map(Some)
    }

    /// Up to `limit` mementos that `filter` admits, from the newest on, and where the next page begins. Damaged
    /// records are left out, and moved aside; those that the store does not read are left out, and stay.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn list(
        &self,
        filter: &Filter,
        from: Option<u64>,
        limit: usize,
    ) -> Result<(Vec<Memento>, Option<u64>)> {
        self.write_waiting();
        let page = self.metadata.list(filter, from, limit)?;
        let read = |entry: Entry| {
            // One that is listed without its bytes says by its key why.
            let is_there = !entry.record.is_empty();
            let record = if is_there { Some(entry.record) } else { self.record(&entry.key) };
            self.read_record(&entry.key, &record?).ok().flatten()
        };
        Ok((page.entries.into_iter().filter_map(read).collect(), page.next))
    }
}

impl From<Stores> for Storage {
    fn from(Stores { data, metadata }: Stores) -> Self {
        Self::from_stores(data, metadata)
    }
}

/// The entry of a record.
pub(crate) fn entry(head: Head<'_>, provenance: Provenance) -> Result<Entry> {
    Ok(Entry {
        key: head.key,
        version: provenance.version,
        failed: head.error.is_some(),
        hidden: head.is_hidden(),
        record: record::seal(head, &provenance)?,
        function: provenance.function,
    })
}

/// A text that no other call returns, in this process or in another one on this machine.
pub fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", now.as_nanos(), std::process::id())
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage")
            .field("data", &self.data)
            .field("metadata", &self.metadata)
            .finish_non_exhaustive()
    }
}
