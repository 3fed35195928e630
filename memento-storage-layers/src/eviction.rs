//! Drops what is used least, so that a storage keeps within limits.

mod evictor;
mod order;
mod sweep;
mod usage;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use memento::Result;
use memento::plugin::Stores;

use crate::{Found, Guarded, Operation, Policy, Tally};

use evictor::Evictor;
pub use order::EvictionOrder;

/// Keeps a storage within limits: where there is too much in it, mementos and contents are dropped, and computed again
/// when they are asked for.
///
/// What counts is how long contents and records are, whoever has put them, and what goes first is said by the
/// [order](EvictionOrder). All else stays: results under names, objects of users, and what [pinned](Self::pin)
/// functions have computed.
///
/// Both stores are counted once a day, or once in each sixteenth of the longest age where that is shorter, when what
/// was put since then makes it likely that there is too much, and when 256 programs have ended since. Who has put a
/// sixty-fourth of the limit tells the others, by an object in the namespace `usage`, and counts if need be; so does a
/// program that ends, and one that has told nobody for as long. So the limit may be passed by a sixty-fourth for each
/// program that runs, or was killed since. A count then drops a sixteenth more than it has to.
#[derive(Clone)]
pub struct Eviction {
    max_size: Option<u64>,
    max_age: Option<Duration>,
    order: EvictionOrder,
    pinned: Vec<String>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

impl Eviction {
    /// One that drops nothing until it is given a limit.
    pub fn new() -> Self {
        Self {
            max_size: None,
            max_age: None,
            order: EvictionOrder::default(),
            pinned: Vec::new(),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// Keeps mementos and contents of `bytes` together at most. What is longer by itself is refused, with an error of
    /// the kind [`TooLarge`](memento::ErrorKind::TooLarge), and nothing is dropped for it.
    pub fn max_size(mut self, bytes: u64) -> Self {
        self.max_size = Some(bytes);
        self
    }

    /// Keeps nothing that was neither put nor used for so long.
    pub fn max_age(mut self, age: Duration) -> Self {
        self.max_age = Some(age);
        self
    }

    /// Says what goes first.
    pub fn order(mut self, order: EvictionOrder) -> Self {
        self.order = order;
        self
    }

    /// Keeps all that the function with this path computes: its mementos, their results, and the parts of these, as far
    /// as they are named in results of up to 4 MiB.
    pub fn pin(mut self, function: impl Into<String>) -> Self {
        self.pinned.push(function.into());
        self
    }

    /// Says what time it is, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(now);
        self
    }

    /// `stores`, kept within these limits.
    pub fn around(self, stores: Stores) -> Stores {
        let evictor = Arc::new(Evictor::new(self, stores.clone()));
        let Stores { data, metadata } = stores;
        Stores {
            data: Arc::new(Guarded::new(Watch(Arc::clone(&evictor)), data)),
            metadata: Arc::new(Guarded::new(Watch(evictor), metadata)),
        }
    }
}

impl Default for Eviction {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Eviction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Eviction")
            .field("max_size", &self.max_size)
            .field("max_age", &self.max_age)
            .field("order", &self.order)
            .field("pinned", &self.pinned)
            .finish_non_exhaustive()
    }
}

/// Tells the evictor of a storage what is asked of one of its stores.
#[derive(Debug)]
struct Watch(Arc<Evictor>);

impl Policy for Watch {
    fn run(&self, _: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        attempt()
    }

    fn max_size(&self) -> Option<(u64, &'static str)> {
        self.0.limits.max_size.map(|bytes| (bytes, "`max_size` of `eviction`"))
    }

    fn note(&self, _: Operation, tally: Tally) {
        if tally.bytes_written > 0 {
            self.0.written(tally.bytes_written);
        }
    }

    fn found(&self, found: Found<'_>) {
        self.0.used(found);
    }

    fn flush(&self) -> Result<()> {
        self.0.flush()
    }
}
