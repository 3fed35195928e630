//! One computation of a key at a time among the processes that share a store.
//!
//! The store grants claims, and takes back those of a process that ends. Whoever does not get one asks again until it
//! does, and then finds the record of the one who had it. As with threads, waiting must not be able to last for ever:
//!
//! - What is waited for is what calls ask for, and calls have no circles: a thread that does nothing else waits as long
//!   as it takes.
//! - A thread of a rayon pool may stand on other work, that of another key included, for which the process that it
//!   would wait for may be waiting. As soon as that is possible, it computes alone (`flight/threads.rs`).
//!
//! What is computed sooner than a claim is asked for is not claimed.

use std::time::Duration;

use crate::Key;
use crate::engine::calls::Calls;
use crate::engine::item::Item;
use crate::flight::{self, Abroad};
use crate::storage::{Claim, MetadataStore};

/// The times between two questions, unless the store wakes who waits: the first, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_micros(500), Duration::from_millis(20));

/// What became of a claim.
pub(in crate::engine) enum AmongProcesses {
    /// No other process computes the same.
    Ours(Claim),
    /// Others may: it is not worth a claim.
    Unclaimed,
    /// Others may, and waiting for them might never end.
    Alone,
    /// Another process computes it.
    Theirs,
}

/// One that another process keeps waiting.
pub(in crate::engine) struct Waiter {
    is_task: bool,
    pause: Duration,
    abroad: Option<Abroad>,
}

impl Waiter {
    /// This thread.
    fn thread() -> Self {
        Self { is_task: false, pause: PAUSES.0, abroad: None }
    }

    /// A task, which asks now in one thread and now in another.
    pub(in crate::engine) fn task() -> Self {
        Self { is_task: true, ..Self::thread() }
    }

    /// Waits until it is time to ask `store` again for the claim of `key`; whether it had not waited before.
    fn pause(&mut self, store: &dyn MetadataStore, key: &Key) -> bool {
        let begin = if self.is_task { Abroad::begin_as_task } else { Abroad::begin };
        let is_new = self.abroad.is_none();
        self.abroad.get_or_insert_with(begin);
        store.wait_for_claim(key, self.pause);
        self.pause = (self.pause * 2).min(PAUSES.1);
        is_new
    }
}

impl Calls<'_> {
    /// Claims an item among processes. With `may_wait`, waits for the one that computes it.
    pub(in crate::engine) fn claim_among_processes(
        &self,
        item: &Item<'_>,
        may_wait: bool,
    ) -> AmongProcesses {
        let mut waiter = Waiter::thread();
        loop {
            if let Some(claimed) = self.ask_among_processes(item, may_wait, &mut waiter) {
                return claimed;
            }
        }
    }

    /// Asks once for the claim of an item among processes. `None`, after a pause, where another process computes it and
    /// is to be waited for.
    pub(in crate::engine) fn ask_among_processes(
        &self,
        item: &Item<'_>,
        may_wait: bool,
        waiter: &mut Waiter,
    ) -> Option<AmongProcesses> {
        let storage = &self.binding.cluster.storage;
        // Who is cancelled waits no longer, and is told behind this.
        let is_cancelled = self.modifiers.check_cancelled(self.binding.function).is_err();
        let is_unclaimed = self.modifiers.refresh || !self.binding.is_worth_a_claim();
        if is_cancelled || is_unclaimed || !storage.is_writable() {
            return Some(AmongProcesses::Unclaimed);
        }
        match storage.trouble.note(storage.metadata.try_claim(&item.key)) {
            Some(Some(_)) if !may_wait && self.has_new(item) => {
                return Some(AmongProcesses::Theirs);
            }
            Some(Some(claim)) => return Some(AmongProcesses::Ours(claim)),
            Some(None) if !may_wait => return Some(AmongProcesses::Theirs),
            Some(None) if self.may_wait(item) => {}
            Some(None) => return Some(AmongProcesses::Alone),
            None => return Some(AmongProcesses::Unclaimed),
        }
        if waiter.pause(&*storage.metadata, &item.key) {
            let function = self.binding.function.path();
            tracing::debug!(function, key = %item.key, "waits for another process");
        }
        None
    }

    /// Whether there is another record by now than the one that was found, if any was. Whoever may wait looks at it.
    fn has_new(&self, item: &Item<'_>) -> bool {
        let record = self.binding.cluster.storage.metadata.get(&item.key);
        matches!(record, Ok(Some(record)) if item.is_new(&record))
    }

    /// Whether this thread may wait for another process, or go on to.
    fn may_wait(&self, item: &Item<'_>) -> bool {
        // In another environment on the same store, a function may ask for itself.
        self.callers(&item.key) == 0
            && flight::may_wait_for_process(&item.key, |key| self.callers(key) > 0)
    }
}
