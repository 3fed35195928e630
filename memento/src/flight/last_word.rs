//! Which of several runs of a key is kept.
//!
//! Where somebody computes alone, runs of one key overlap, and may see the world before and after a change. The one
//! that began last has the last word: what another one returns that ends behind it is told to its own caller, and kept
//! nowhere. (It is Thomas' write rule: R. H. Thomas, "A Majority Consensus Approach to Concurrency Control", ACM TODS,
//! 1979.)

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::Key;

/// Shared by all runs of a key that overlap.
#[derive(Default)]
pub(crate) struct LastWord {
    /// The number of the one that began last among those that have been kept.
    number: AtomicU64,
    /// Held by the one that is being kept.
    keeping: Mutex<()>,
}

impl LastWord {
    /// Does `keep` for the run `number`, unless one that began later has been kept; whether it was done. Others that
    /// are to be kept wait meanwhile: `keep` must call nothing that is the user's.
    pub(crate) fn keep(&self, number: u64, keep: impl FnOnce()) -> bool {
        let _keeping = self.keeping.lock();
        let is_last = self.number.fetch_max(number, Ordering::AcqRel) < number;
        if is_last {
            keep();
        }
        is_last
    }

    /// Whether the run `number` is the one that began last among those that have been kept.
    pub(crate) fn is(&self, number: u64) -> bool {
        self.number.load(Ordering::Acquire) == number
    }
}

/// The keys that somebody computes alone: what their next flight shares with those who do.
#[derive(Clone, Default)]
pub(super) struct Loners(Arc<Mutex<HashMap<Key, Those>>>);

/// Those who compute one key alone.
struct Those {
    word: Arc<LastWord>,
    count: usize,
}

impl Loners {
    /// The word of a flight of `key` that begins.
    pub(super) fn word(&self, key: &Key) -> Arc<LastWord> {
        self.0.lock().get(key).map(|those| Arc::clone(&those.word)).unwrap_or_default()
    }

    /// One more who computes `key`, beside the flight that has `word`. No flight of the key begins meanwhile.
    pub(super) fn join(&self, key: Key, word: Option<&Arc<LastWord>>) -> Alone {
        let mut all = self.0.lock();
        let beside = || Those { word: word.map(Arc::clone).unwrap_or_default(), count: 0 };
        let those = all.entry(key).or_insert_with(beside);
        those.count += 1;
        Alone { loners: self.clone(), key, word: Arc::clone(&those.word) }
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
        if let Entry::Occupied(mut those) = self.loners.0.lock().entry(self.key) {
            those.get_mut().count -= 1;
            if those.get().count == 0 {
                those.remove();
            }
        }
    }
}
