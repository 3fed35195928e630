//! Which of several runs of a key is kept.
//!
//! Where somebody computes alone, runs of one key overlap, and may see the world before and after a change. The one
//! that began last has the last word: what another one returns that ends behind it is told to its own caller, and kept
//! nowhere. (It is Thomas' write rule: R. H. Thomas, "A Majority Consensus Approach to Concurrency Control", ACM TODS,
//! 1979.) To forget a result counts as a run that ends as it begins.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use super::begin;
use crate::Key;

/// Shared by all runs of a key that overlap.
#[derive(Default)]
pub(crate) struct LastWord {
    /// The number of the one that began last among those whose outcomes count.
    number: AtomicU64,
    /// Held by the one that is being kept.
    keeping: Mutex<()>,
}

impl LastWord {
    /// Does `keep` for the run `number`, unless the outcome of one that began later counts; whether it was done. What is
    /// kept `counts` where it takes the place of what others come to. Others that are to be kept wait meanwhile: `keep`
    /// must call nothing that is the user's.
    pub(crate) fn keep(&self, number: u64, counts: bool, keep: impl FnOnce()) -> bool {
        let _keeping = self.keeping.lock();
        let is_last = self.number.load(Ordering::Acquire) < number;
        if is_last {
            if counts {
                self.number.store(number, Ordering::Release);
            }
            keep();
        }
        is_last
    }

    /// Does something that counts for more than all that has begun.
    pub(crate) fn say<T>(&self, something: impl FnOnce() -> T) -> T {
        let _keeping = self.keeping.lock();
        self.number.store(begin(), Ordering::Release);
        something()
    }

    /// Whether the run `number` is the one that began last among those whose outcomes count.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.number.load(Ordering::Acquire) == number
    }
}

/// When all results of a function were forgotten: that has the last word on all its keys.
#[derive(Default)]
pub(crate) struct ForgottenAll {
    /// The number of what ran then; 0 where they were not.
    number: AtomicU64,
    /// Held by those that are being kept.
    keeping: RwLock<()>,
}

impl ForgottenAll {
    /// Forgets all that has begun, and waits for what is being kept: that is dropped then.
    pub(crate) fn say(&self) {
        // Of two who say so at once, the one that comes second may have the smaller number.
        self.number.fetch_max(begin(), Ordering::AcqRel);
        drop(self.keeping.write());
    }

    /// Does `keep` for the run `number`, unless that has been forgotten; whether it was done.
    pub(crate) fn keep(&self, number: u64, keep: impl FnOnce() -> bool) -> bool {
        let _keeping = self.keeping.read();
        !self.has(number) && keep()
    }

    /// Whether the run `number` has been forgotten.
    pub(crate) fn has(&self, number: u64) -> bool {
        number < self.number.load(Ordering::Acquire)
    }

    /// Whether anything has.
    pub(crate) fn has_any(&self) -> bool {
        self.has(0)
    }
}

/// The keys that somebody computes alone: what their next flight shares with those who do.
#[derive(Clone, Default)]
pub(super) struct Loners(Arc<Mutex<HashMap<Key, Company>>>);

/// Those who compute one key alone.
struct Company {
    word: Arc<LastWord>,
    count: usize,
}

impl Loners {
    /// What those who compute `key` share.
    pub(super) fn word(&self, key: &Key) -> Option<Arc<LastWord>> {
        self.0.lock().get(key).map(|company| Arc::clone(&company.word))
    }

    /// One more who computes `key`, beside the flight that has `word`. No flight of the key begins meanwhile.
    pub(super) fn join(&self, key: Key, word: Option<&Arc<LastWord>>) -> Alone {
        let mut all = self.0.lock();
        let beside = || Company { word: word.map(Arc::clone).unwrap_or_default(), count: 0 };
        let company = all.entry(key).or_insert_with(beside);
        company.count += 1;
        Alone { loners: self.clone(), key, word: Arc::clone(&company.word) }
    }
}

/// The right to compute a key while others may be doing the same.
pub(crate) struct Alone {
    loners: Loners,
    key: Key,
    word: Arc<LastWord>,
}

impl Alone {
    pub(crate) fn word(&self) -> &LastWord {
        &self.word
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        if let Entry::Occupied(mut company) = self.loners.0.lock().entry(self.key) {
            company.get_mut().count -= 1;
            if company.get().count == 0 {
                company.remove();
            }
        }
    }
}
