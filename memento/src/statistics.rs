//! What happened, in numbers.

use std::ops::AddAssign;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use crate::Storage;
use crate::miss::Miss;

/// What memento functions did since their environment was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// Calls that the memory cache answered.
    pub memory_hits: u64,
    /// Calls that the stores answered, or that got the value which another thread was computing.
    pub store_hits: u64,
    /// How long it once took to compute what was found instead.
    pub saved: Duration,
    /// Why functions ran.
    pub misses: Misses,
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
    pub(crate) fn of_storage(storage: &Storage) -> Self {
        let cache = &storage.cache;
        let (memory_hits, saved) = (cache.hits(), cache.saved());
        Self { memory_hits, saved, store_failures: storage.failures(), ..Self::default() }
    }
}

impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.memory_hits += other.memory_hits;
        self.store_hits += other.store_hits;
        self.saved += other.saved;
        self.misses += other.misses;
        self.computed += other.computed;
        self.errors += other.errors;
        self.panics += other.panics;
        self.store_failures += other.store_failures;
    }
}

/// How many functions ran for which reason: see [`Miss`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misses {
    /// The function had never run.
    pub never_run: u64,
    /// The code was another one.
    pub code_changed: u64,
    /// The arguments were new.
    pub arguments_differ: u64,
    /// The result of a callee was another one.
    pub callee_changed: u64,
    /// Something outside of the program was another one.
    pub resource_changed: u64,
    /// The function had returned an error.
    pub failed: u64,
    /// The result had expired.
    pub expired: u64,
    /// The result had been forgotten.
    pub forgotten: u64,
    /// The result was encoded by another codec.
    pub other_codec: u64,
    /// The record was of a newer release.
    pub newer: u64,
    /// The record or the result could not be read.
    pub unreadable: u64,
    /// The call asked for it.
    pub refreshed: u64,
}

impl Misses {
    /// All of them.
    pub fn total(&self) -> u64 {
        let mut all = *self;
        all.each().into_iter().map(|count| *count).sum()
    }

    fn of(&mut self, miss: &Miss) -> &mut u64 {
        match miss {
            Miss::NeverRun => &mut self.never_run,
            Miss::CodeChanged(_) => &mut self.code_changed,
            Miss::ArgumentsDiffer(_) => &mut self.arguments_differ,
            Miss::CalleeChanged(_) => &mut self.callee_changed,
            Miss::ResourceChanged(_) => &mut self.resource_changed,
            Miss::Failed(_) => &mut self.failed,
            Miss::Expired => &mut self.expired,
            Miss::Forgotten => &mut self.forgotten,
            Miss::OtherCodec(_) => &mut self.other_codec,
            Miss::Newer => &mut self.newer,
            Miss::Unreadable => &mut self.unreadable,
            Miss::Refreshed => &mut self.refreshed,
        }
    }

    fn each(&mut self) -> [&mut u64; 12] {
        let Self {
            never_run,
            code_changed,
            arguments_differ,
            callee_changed,
            resource_changed,
            failed,
            expired,
            forgotten,
            other_codec,
            newer,
            unreadable,
            refreshed,
        } = self;
        [
            never_run,
            code_changed,
            arguments_differ,
            callee_changed,
            resource_changed,
            failed,
            expired,
            forgotten,
            other_codec,
            newer,
            unreadable,
            refreshed,
        ]
    }
}

impl AddAssign for Misses {
    fn add_assign(&mut self, mut other: Self) {
        for (count, more) in self.each().into_iter().zip(other.each()) {
            *count += *more;
        }
    }
}

/// The numbers of one cluster, but for those that its storage counts.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    store_hits: AtomicU64,
    /// Nanoseconds.
    saved: AtomicU64,
    misses: Mutex<Misses>,
    computed: AtomicU64,
    errors: AtomicU64,
    panics: AtomicU64,
}

impl Counters {
    /// Counts a result that took `took` nanoseconds to compute once.
    pub(crate) fn count_store_hit(&self, took: u64) {
        self.store_hits.fetch_add(1, Ordering::Relaxed);
        self.saved.fetch_add(took, Ordering::Relaxed);
    }

    pub(crate) fn count_miss(&self, miss: &Miss) {
        *self.misses.lock().of(miss) += 1;
    }

    pub(crate) fn count_computed(&self, is_error: bool) {
        self.computed.fetch_add(1, Ordering::Relaxed);
        self.errors.fetch_add(u64::from(is_error), Ordering::Relaxed);
    }

    pub(crate) fn count_panic(&self) {
        self.panics.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Statistics {
            store_hits: read(&self.store_hits),
            saved: Duration::from_nanos(read(&self.saved)),
            misses: *self.misses.lock(),
            computed: read(&self.computed),
            errors: read(&self.errors),
            panics: read(&self.panics),
            ..Statistics::default()
        }
    }
}
