//! Records that wait for others, to be written together.
//!
//! A store takes many records at once for little more than it takes one. What waits is older than what comes later,
//! whoever has computed it: it is written first. Nobody reads what it is to take the place of: the stores are asked
//! behind it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::{Entry, Storage};
use crate::ErrorKind;

/// How many records wait at most.
const RECORDS: usize = 512;
/// How much computing waits at most to be recorded: what a killed process loses beyond what was not finished.
const COMPUTING: Duration = Duration::from_millis(10);

/// Records that are on their way to the metadata store.
#[derive(Default)]
pub(crate) struct Waiting {
    entries: Mutex<Entries>,
    /// How many times since the last writing a record came that takes the place of another one.
    replacing: AtomicUsize,
    /// Held while records are written: who finds none waiting may have to wait for its own.
    writing: Mutex<()>,
}

#[derive(Default)]
struct Entries {
    all: Vec<Entry>,
    computing: Duration,
}

impl Storage {
    /// Writes records now, behind those that wait; `replaces` says whether the store has others in their place.
    pub(crate) fn write(&self, entries: &[Entry], replaces: bool) {
        self.write_waiting();
        self.put(entries, replaces);
    }

    /// Writes records now or together with others; `took` says how long they took to compute, and `replaces`, whether
    /// the store has others in their place.
    pub(crate) fn write_soon(&self, entries: Vec<Entry>, took: Duration, replaces: bool) {
        let is_full = {
            let mut waiting = self.waiting.entries.lock();
            waiting.all.extend(entries);
            waiting.computing += took;
            if replaces {
                self.waiting.replacing.fetch_add(1, Ordering::Release);
            }
            waiting.all.len() >= RECORDS || waiting.computing >= COMPUTING
        };
        if is_full {
            self.write_waiting();
        }
    }

    /// Writes what waits. When this returns, all that came before is in the store.
    pub(crate) fn write_waiting(&self) {
        let _writing = self.waiting.writing.lock();
        let (waiting, replacing) = {
            let mut entries = self.waiting.entries.lock();
            (std::mem::take(&mut *entries), self.waiting.replacing.load(Ordering::Acquire))
        };
        if !waiting.all.is_empty() {
            self.put(&waiting.all, replacing > 0);
        }
        self.waiting.replacing.fetch_sub(replacing, Ordering::Release);
    }

    /// Writes what waits, if any of it replaces a record in the store: nobody is to read the old one.
    pub(crate) fn settle(&self) {
        if self.waiting.replacing.load(Ordering::Acquire) > 0 {
            self.write_waiting();
        }
    }

    /// Puts records together; `replaces` says whether the store may have others in their place. One that the store does
    /// not take is no reason to lose the others. Trouble is noted.
    pub(crate) fn put(&self, entries: &[Entry], replaces: bool) {
        match self.metadata.put(entries) {
            Err(error) if error.kind() == ErrorKind::TooLarge && entries.len() > 1 => {
                for entry in entries {
                    self.put(std::slice::from_ref(entry), replaces);
                }
            }
            Err(error) => {
                self.trouble.report(&error);
                if replaces {
                    // What was there before is not to be found in the place of what could not be put. A store that
                    // fails to drop one is not asked for the others.
                    let mut former = entries.iter().map(|entry| self.metadata.remove(&entry.key));
                    self.trouble.note(former.try_for_each(|removed| removed.map(drop)));
                }
            }
            Ok(()) => {}
        }
    }
}
