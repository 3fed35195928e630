//! Results that are dropped.
//!
//! What a call in another thread has found before, and is still reading, does not come back into the memory cache: the
//! cache is told last, behind the count of changes.

use super::{Filter, Storage, entry};
use crate::cache::{Identity, Removed};
use crate::function::Function;
use crate::memento::Provenance;
use crate::record::{self, Head};
use crate::{Digest, Invocation, Key, Result};

impl Storage {
    /// Drops the result of `key`, and notes that it was; whether there was one, and what was in memory of it. What it
    /// was computed from stays.
    pub(crate) fn forget(&self, key: &Key, identity: Identity<'_>) -> (Result<bool>, Removed) {
        let forgotten = self.forget_record(key);
        self.changes.note(key);
        (forgotten, self.cache.remove(identity))
    }

    pub(crate) fn forget_record(&self, key: &Key) -> Result<bool> {
        self.write_waiting();
        let record = match self.metadata.get(key) {
            Err(error) if error.kind().is_of_one() => return self.metadata.remove(key),
            record => record?,
        };
        let Some(record) = record else { return Ok(false) };
        let opened = record::open(key, &record)
            .and_then(|(head, provenance)| Ok((head, record::provenance(&head, provenance)?)));
        match opened {
            Ok((head, _)) if head.is_forgotten() => Ok(false),
            Ok((head, provenance)) => {
                let mut dropped = Ok(());
                for key in head.earlier_keys() {
                    // What one cannot drop, the others do.
                    dropped = dropped.and(self.metadata.remove(&key).map(drop));
                }
                let head = Head { value: None, error: None, earlier: &[], outline: &[], ..head };
                dropped.and(self.metadata.forget(&entry(head, provenance)?))?;
                Ok(true)
            }
            Err(_) => self.metadata.remove(key),
        }
    }

    /// Drops all results of a function, which has this number in the memory cache, and notes that they were, under what
    /// stands for all its invocations; how many there were.
    pub(crate) fn forget_all(
        &self,
        function: &Function,
        number: u32,
        all: &Invocation,
    ) -> Result<u64> {
        let forgotten = self.forget_records(function, all);
        self.changes.note_all();
        self.cache.remove_function(number);
        forgotten
    }

    pub(super) fn forget_records(&self, function: &Function, all: &Invocation) -> Result<u64> {
        self.write_waiting();
        let key = all.key(&function.version());
        let filter = Filter { function: Some(function.path().to_owned()), failed: None };
        let removed = self.metadata.remove_all(&filter)?;
        let digest = Digest::of(&[]);
        let head = Head {
            key,
            finished: crate::clock::now(),
            digest,
            took: 0,
            depends: false,
            provenance: digest,
            earlier: &[],
            is_earlier: false,
            error: None,
            value: None,
            outline: &[],
        };
        self.metadata.put(&[entry(head, Provenance::of_nothing(function))?])?;
        Ok(removed)
    }
}
