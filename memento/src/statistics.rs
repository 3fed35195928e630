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

/// Defines [`Misses`]: a count for each reason.
macro_rules! misses {
    ($($(#[$attribute:meta])* $count:ident: $reason:pat,)*) => {
        /// How many functions ran for which reason: see [`Miss`].
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Misses {
            $($(#[$attribute])* pub $count: u64,)*
        }

        impl Misses {
            /// All of them.
            pub fn total(&self) -> u64 {
                [$(self.$count),*].into_iter().sum()
            }

            fn of(&mut self, miss: &Miss) -> &mut u64 {
                match miss {
                    $($reason => &mut self.$count,)*
                }
            }
        }

        impl AddAssign for Misses {
            fn add_assign(&mut self, other: Self) {
                $(self.$count += other.$count;)*
            }
        }
    };
}

misses! {
    /// The function had never run.
    never_run: Miss::NeverRun,
    /// The code was another one.
    code_changed: Miss::CodeChanged(_),
    /// The arguments were new.
    arguments_differ: Miss::ArgumentsDiffer(_),
    /// The result of a callee was another one.
    callee_changed: Miss::CalleeChanged(_),
    /// Something outside of the program was another one.
    resource_changed: Miss::ResourceChanged(_),
    /// The function had returned an error.
    failed: Miss::Failed(_),
    /// The result had expired.
    expired: Miss::Expired,
    /// The result had been forgotten.
    forgotten: Miss::Forgotten,
    /// The result was encoded by another codec.
    other_codec: Miss::OtherCodec(_),
    /// The record was of a newer release.
    newer: Miss::Newer,
    /// The record or the result could not be read.
    unreadable: Miss::Unreadable,
    /// A part of the result was gone or damaged.
    part_missing: Miss::PartMissing(_),
    /// The call asked for it.
    refreshed: Miss::Refreshed,
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
