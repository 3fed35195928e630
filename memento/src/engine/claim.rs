//! One computation of a key at a time among the processes that share a store.
//!
//! The store grants claims, and takes back those of a process that ends. Whoever does not get one asks again until it
//! does, and then finds the record of the one who had it. As with threads, waiting must not be able to last for ever:
//!
//! - What is waited for is what calls ask for, and calls have no circles: a thread that does nothing else waits as long
//!   as it takes.
//! - A thread of a rayon pool may stand on other work, that of another key included, for which the process that it
//!   would wait for may be waiting. Where it is seen to, it computes alone at once; where rayon does not tell, after
//!   [`PATIENCE`].
//!
//! What is computed sooner than a claim is asked for is not claimed.

use std::time::{Duration, Instant};

use super::calls::Calls;
use super::item::Item;
use crate::flight;
use crate::storage::Claim;

/// How long a thread of a pool waits for another process.
const PATIENCE: Duration = Duration::from_mins(1);

/// The times between two questions: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

impl Calls<'_> {
    /// Claims an item among processes, and waits for the one that computes it. `None` where it is not claimed.
    pub(super) fn claim(&self, item: &Item<'_>) -> Option<Claim> {
        let storage = &self.binding.cluster.storage;
        if self.modifiers.refresh || !self.binding.is_worth_a_claim() || !storage.is_writable() {
            return None;
        }
        let began = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            if let Some(claim) = storage.trouble.note(storage.metadata.try_claim(&item.key))? {
                return Some(claim);
            }
            if !self.may_wait(item, began.elapsed()) {
                return None;
            }
            if pause == PAUSES.0 {
                let function = self.binding.function.path();
                tracing::debug!(function, key = %item.key, "waits for another process");
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Whether this thread may wait for another process any longer.
    fn may_wait(&self, item: &Item<'_>, waited: Duration) -> bool {
        let ancestry = || self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        // In another environment on the same store, a function may ask for itself.
        if ancestry().any(|frame| frame.key == item.key) {
            return false;
        }
        let is_own = |key: &_| *key == item.key || ancestry().any(|frame| frame.key == *key);
        !flight::in_pool() || waited < PATIENCE && !flight::leads_beside(is_own)
    }
}
