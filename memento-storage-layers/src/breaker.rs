//! Asks a store that fails no more for a while.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use crate::operation::CREATE;
use crate::{Operation, Policy, trouble};

/// A circuit breaker: after so many failures in a row it opens, and every operation fails at once. After a period, one
/// operation is let through as a probe; it closes the breaker where it succeeds, and opens it for another period where
/// it fails (Nygard, "Release It!", 2007).
///
/// So a store that is dead costs its time limit once in each period, and not for each call. Failures are those that
/// [may be none the next time](Error::is_retryable). What was refused before it reached the store, as for its size,
/// says nothing of it. What fails at once is of the kind [`Unavailable`](ErrorKind::Unavailable), which
/// [`Retry`](crate::Retry) does not try again.
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
    /// The last failure; `None` where the store panicked.
    last: Option<Error>,
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

    /// An operation that may be tried; `None` where none may.
    fn admit(&self) -> Option<Attempt<'_>> {
        let mut is_probe = false;
        if self.is_open() {
            let mut open = self.open.lock();
            let is_over = open.since.is_none_or(|since| since.elapsed() >= self.period);
            if !is_over || open.is_probed {
                return None;
            }
            (open.is_probed, is_probe) = (true, true);
        }
        Some(Attempt { breaker: self, is_probe, said: Said::Failed, failure: None })
    }

    fn refused(&self, operation: Operation) -> Error {
        let times = format!("the store failed {} times in a row or more", self.limit);
        let why = match &self.open.lock().last {
            Some(last) => format!("{times}, the last time: {last}"),
            None => times,
        };
        Error::new(ErrorKind::Unavailable, operation.does)
            .because(why)
            .help(format!("it is asked again when {:?} have passed", self.period))
    }

    fn note_success(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            let mut open = self.open.lock();
            self.failures.store(0, Ordering::Release);
            *open = Open::default();
        }
    }

    fn note_failure(&self, last: Option<Error>) {
        let mut open = self.open.lock();
        let failures = self.failures.load(Ordering::Relaxed).saturating_add(1);
        if failures >= self.limit {
            // What was on its way when it opened only has it stay open for longer.
            if open.since.is_none() || open.is_probed {
                trouble::note_opened();
            }
            *open = Open { since: Some(Instant::now()), is_probed: false, last };
        }
        self.failures.store(failures, Ordering::Release);
    }
}

/// What an attempt says of the store.
#[derive(Clone, Copy)]
enum Said {
    /// It answers, be it that something is damaged there.
    Answers,
    Failed,
    /// Nothing: it was not asked, or it was something else that failed.
    Nothing,
}

impl Said {
    fn by(ended: &Result<()>) -> Self {
        let Err(error) = ended else { return Self::Answers };
        match error.kind() {
            ErrorKind::Damaged | ErrorKind::NewerFormat => Self::Answers,
            _ if error.is_retryable() => Self::Failed,
            _ => Self::Nothing,
        }
    }
}

/// An attempt: a failure unless it is said to be none, as where it panics.
struct Attempt<'a> {
    breaker: &'a Breaker,
    is_probe: bool,
    said: Said,
    failure: Option<Error>,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        match self.said {
            Said::Answers => self.breaker.note_success(),
            Said::Failed => self.breaker.note_failure(self.failure.take()),
            // The next one is the probe.
            Said::Nothing if self.is_probe => self.breaker.open.lock().is_probed = false,
            Said::Nothing => {}
        }
    }
}

impl Policy for Breaker {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        // An object may be written to where it waits, which is not in the store; to keep it is what asks the store.
        if operation == CREATE {
            return attempt();
        }
        let Some(mut running) = self.admit() else {
            return Err(self.refused(operation));
        };
        let ended = attempt();
        running.said = Said::by(&ended);
        running.failure = ended.as_ref().err().cloned();
        ended
    }
}
