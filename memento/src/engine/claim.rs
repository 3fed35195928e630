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
use crate::miss::Miss;
use crate::storage::Claim;

/// How long a thread of a pool waits for another process.
const PATIENCE: Duration = Duration::from_mins(1);

/// The times between two questions: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// What became of a claim.
pub(super) enum AmongProcesses {
    /// No other process computes the same.
    Ours(Claim),
    /// Others may: it is not worth a claim, or waiting might never end.
    Unclaimed,
    /// Another process computes it.
    Theirs,
}

impl Calls<'_> {
    /// Claims an item among processes. With `may_wait`, waits for the one that computes it.
    pub(super) fn claim_among_processes(&self, item: &Item<'_>, may_wait: bool) -> AmongProcesses {
        let storage = &self.binding.cluster.storage;
        if self.modifiers.refresh || !self.binding.is_worth_a_claim() || !storage.is_writable() {
            return AmongProcesses::Unclaimed;
        }
        let began = Instant::now();
        let mut pause = PAUSES.0;
        loop {
            match storage.trouble.note(storage.metadata.try_claim(&item.key)) {
                Some(Some(_)) if !may_wait && self.is_new(item) => return AmongProcesses::Theirs,
                Some(Some(claim)) => return AmongProcesses::Ours(claim),
                Some(None) if !may_wait => return AmongProcesses::Theirs,
                Some(None) if self.may_wait(item, began.elapsed()) => {}
                Some(None) | None => return AmongProcesses::Unclaimed,
            }
            if pause == PAUSES.0 {
                let function = self.binding.function.path();
                tracing::debug!(function, key = %item.key, "waits for another process");
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Whether there is a record by now of an item that had none. Whoever may wait looks at it.
    fn is_new(&self, item: &Item<'_>) -> bool {
        let metadata = &self.binding.cluster.storage.metadata;
        matches!(item.miss, None | Some(Miss::NeverRun))
            && metadata.get(&item.key).is_ok_and(|record| record.is_some())
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
