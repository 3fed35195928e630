//! What happened, in numbers.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};

/// What memento functions did since their environment was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Calls that the memory cache answered.
    pub memory_hits: u64,
    /// Calls that the stores answered, or that got the value which another thread was computing.
    pub store_hits: u64,
    /// Functions that ran to their end.
    pub computed: u64,
    /// Functions among [`computed`](Self::computed) that returned an error.
    pub errors: u64,
    /// Functions that panicked.
    pub panics: u64,
    /// Requests that a store failed to do, or did wrong.
    pub store_failures: u64,
}

impl Statistics {
    /// Calls that were answered without running the function.
    pub fn hits(&self) -> u64 {
        self.memory_hits + self.store_hits
    }

    /// Calls that came to an end.
    pub fn calls(&self) -> u64 {
        self.hits() + self.computed + self.panics
    }

    /// The numbers that a storage counts.
    pub(crate) fn of_storage(memory_hits: u64, store_failures: u64) -> Self {
        Self { memory_hits, store_failures, ..Self::default() }
    }
}

impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.memory_hits += other.memory_hits;
        self.store_hits += other.store_hits;
        self.computed += other.computed;
        self.errors += other.errors;
        self.panics += other.panics;
        self.store_failures += other.store_failures;
    }
}

/// The numbers of one cluster, but for those that its storage counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    store_hits: AtomicU64,
    computed: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
}

impl Counters {
    pub(crate) fn count_store_hit(&self) {
        self.store_hits.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_computed(&self, is_error: bool) {
        self.computed.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(u64::from(is_error), Ordering::Relaxed);
    }

    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        Statistics {
            store_hits: self.store_hits.load(Ordering::Relaxed),
            computed: self.computed.load(Ordering::Relaxed),
            errors: self.errors.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            ..Statistics::default()
        }
    }
}
