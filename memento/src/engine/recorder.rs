//! Writes records, those of a batch together with others.

use crate::memento::Provenance;
use crate::record::{self, Head};
use crate::storage::{Entry, Storage, entry};
use crate::{Key, Result};

/// What records the outcomes of calls. Those of a batch wait for each other as long as computing them again costs
/// little.
pub(super) struct Recorder<'a> {
    storage: &'a Storage,
    is_batch: bool,
}

/// What a record takes the place of.
#[derive(Clone, Copy)]
pub(super) struct Replaced<'r> {
    /// Whether the store may have anything there.
    pub(super) is_there: bool,
    /// The record that is there, where that is kept.
    pub(super) earlier: Option<&'r [u8]>,
    /// The keys of all that it took the place of.
    pub(super) behind: &'r [Key],
}

impl<'a> Recorder<'a> {
    /// For as many calls as `calls`.
    pub(super) fn new(storage: &'a Storage, calls: usize) -> Self {
        Self { storage, is_batch: calls > 1 }
    }

    /// Records an outcome, now or together with those that follow.
    ///
    /// # Errors
    ///
    /// Where the record could not be encoded. What the store reports is noted in the storage.
    pub(super) fn add(
        &self,
        head: Head<'_>,
        provenance: Provenance,
        replaced: Replaced<'_>,
    ) -> Result<()> {
        let took = provenance.total_time;
        let behind = replaced.earlier.and_then(|record| {
            let (earlier, provenance) = record::open(&head.key, record).ok()?;
            // It may have been forgotten meanwhile, and is not to come back.
            let is_there = self.storage.record(&head.key).is_some_and(|there| there == record);
            let failed = earlier.error.is_some();
            is_there.then_some((failed, record::set_behind(&earlier, provenance).ok()?))
        });
        let mut entries = Vec::with_capacity(2);
        let mut keys = Vec::new();
        if let Some((failed, behind)) = behind {
            keys = behind.keys;
            entries.extend(behind.record.map(|(key, record)| {
                let (function, version) = (provenance.function.clone(), provenance.version);
                Entry { key, function, version, failed, hidden: true, record }
            }));
        }
        let head = Head { earlier: &keys, ..head };
        let mut dropped = replaced.behind.to_vec();
        dropped.retain(|key| head.earlier_keys().all(|kept| kept != *key));
        entries.push(entry(head, provenance)?);
        if self.is_batch {
            self.storage.write_soon(entries, took, replaced.is_there);
        } else {
            self.storage.write(&entries, replaced.is_there);
        }
        // Nothing names them any more.
        for key in dropped {
            self.storage.trouble.note(self.storage.metadata.remove(&key));
        }
        Ok(())
    }

    /// Writes what waits. When this returns, all that was added before is in the store.
    pub(super) fn flush(&self) {
        self.storage.write_waiting();
    }
}

impl Drop for Recorder<'_> {
    /// Where a batch has come to no regular end, what its other calls have told their callers is recorded all the same.
    fn drop(&mut self) {
        if self.is_batch {
            self.flush();
        }
    }
}
