//! Writes records, those of a batch together.

use std::time::Duration;

use parking_lot::Mutex;

use crate::Result;
use crate::memento::Provenance;
use crate::record::{self, Head};
use crate::storage::{Entry, Storage, entry};

/// How many records wait at most.
const RECORDS: usize = 512;
/// How much computing waits at most to be recorded: what a killed process loses beyond what was not finished.
const COMPUTING: Duration = Duration::from_millis(10);

/// Records that are on their way to the metadata store.
///
/// Those of a batch wait for each other as long as computing them again costs little: a store takes many records at
/// once for little more than it takes one.
pub(super) struct Recorder<'a> {
    storage: &'a Storage,
    is_batch: bool,
    waiting: Mutex<Waiting>,
    /// Held while records are written: who finds none waiting may have to wait for its own.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<Entry>,
    computing: Duration,
}

impl<'a> Recorder<'a> {
    /// For as many calls as `calls`.
    pub(super) fn new(storage: &'a Storage, calls: usize) -> Self {
        let (waiting, writing) = (Mutex::default(), Mutex::default());
        Self { storage, is_batch: calls > 1, waiting, writing }
    }

    /// Records an outcome, now or together with those that follow; `earlier` is the record that it takes the place of,
    /// where that is kept.
    ///
    /// # Errors
    ///
    /// Where the record could not be encoded. What the store reports is noted in the storage.
    pub(super) fn add(
        &self,
        head: Head<'_>,
        provenance: Provenance,
        earlier: Option<&[u8]>,
    ) -> Result<()> {
        let took = provenance.total_time;
        let behind = earlier.and_then(|record| {
            let (earlier, provenance) = record::open(&head.key, record).ok()?;
            let failed = earlier.error.is_some();
            Some((failed, record::set_behind(&earlier, provenance).ok()?))
        });
        let mut entries = Vec::with_capacity(2);
        let mut keys = Vec::new();
        if let Some((failed, (key, record, earlier))) = behind {
            let (function, version) = (provenance.function.clone(), provenance.version);
            entries.push(Entry { key, function, version, failed, hidden: true, record });
            keys = earlier;
        }
        entries.push(entry(Head { earlier: &keys, ..head }, provenance)?);
        if !self.is_batch {
            self.put(&entries);
            return Ok(());
        }
        let is_full = {
            let mut waiting = self.waiting.lock();
            waiting.entries.extend(entries);
            waiting.computing += took;
            waiting.entries.len() >= RECORDS || waiting.computing >= COMPUTING
        };
        if is_full {
            self.flush();
        }
        Ok(())
    }

    /// Writes what waits. When this returns, all that was added before is in the store.
    pub(super) fn flush(&self) {
        let _writing = self.writing.lock();
        let waiting = std::mem::take(&mut *self.waiting.lock());
        if !waiting.entries.is_empty() {
            self.put(&waiting.entries);
        }
    }

    fn put(&self, entries: &[Entry]) {
        self.storage.trouble.note(self.storage.metadata.put(entries));
    }
}
