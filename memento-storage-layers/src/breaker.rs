//! Asks a store that fails no more for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use crate::{Operation, Policy};

/// A circuit breaker: after so many failures in a row it opens, and every operation fails at once. After a period, one
/// operation is let through as a probe; it closes the breaker where it succeeds, and opens it for another period where
/// it fails (Nygard, "Release It!", 2007).
///
/// So a store that is dead costs its time limit once in each period, and not for each call. Failures are those that
/// [may be none the next time](Error::is_retryable): all else is an answer. What fails at once is of the kind
/// [`Unavailable`](ErrorKind::Unavailable), which [`Retry`](crate::Retry) does not try again.
#[derive(Debug)]
pub struct Breaker {
    limit: u32,
    period: Duration,
    /// Failures since the last success; the breaker is open from `limit` on.
    failures: AtomicU32,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    since: Option<Instant>,
    is_probed: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new(Self::FAILURES, Self::PERIOD)
    }
}

impl Breaker {
    /// After how many failures it opens unless told otherwise.
    pub const FAILURES: u32 = 5;
    /// For how long it opens unless told otherwise.
    pub const PERIOD: Duration = Duration::from_secs(10);

    /// One that opens after so many failures in a row, for this period.
    pub fn new(failures: u32, period: Duration) -> Self {
        let (limit, failures) = (failures.max(1), AtomicU32::new(0));
        Self { limit, period, failures, open: Mutex::default() }
    }

    /// Whether operations fail at once.
    pub fn is_open(&self) -> bool {
        self.failures.load(Ordering::Acquire) >= self.limit
    }

    /// Whether an operation may be tried.
    fn admits(&self) -> bool {
        if !self.is_open() {
            return true;
        }
        let mut open = self.open.lock();
        let is_over = open.since.is_none_or(|since| since.elapsed() >= self.period);
        let admits = is_over && !open.is_probed;
        open.is_probed |= admits;
        admits
    }

    fn note_success(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            let mut open = self.open.lock();
            self.failures.store(0, Ordering::Release);
            *open = Open::default();
        }
    }

    fn note_failure(&self) {
        let mut open = self.open.lock();
        let failures = self.failures.load(Ordering::Relaxed).saturating_add(1);
        if failures >= self.limit {
            *open = Open { since: Some(Instant::now()), is_probed: false };
        }
        self.failures.store(failures, Ordering::Release);
    }
}

/// An attempt: a failure unless it is said to be none, as where it panics.
struct Attempt<'a> {
    breaker: &'a Breaker,
    has_failed: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if self.has_failed {
            self.breaker.note_failure();
        } else {
            self.breaker.note_success();
        }
    }
}

impl Policy for Breaker {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if !self.admits() {
            return Err(Error::new(ErrorKind::Unavailable, operation.does)
                .source(format!("the store failed {} times in a row or more", self.limit))
                .help(format!("it is asked again when {:?} have passed", self.period)));
        }
        let mut running = Attempt { breaker: self, has_failed: true };
        let ended = attempt();
        running.has_failed = ended.as_ref().is_err_and(Error::is_retryable);
        ended
    }
}
