//! Tries again what failed.

use std::thread;
use std::time::Duration;

use memento::{Error, ErrorKind, Result};

use crate::{Operation, Policy, trouble};

#[cfg(test)]
mod tests;

/// Tries an operation again that failed and [may succeed later](Error::is_retryable), or as [`errors`](Self::errors)
/// says, unless doing it twice might not be the same as doing it once.
///
/// Between two attempts it waits for a random part of a time that doubles, so that many who fail together do not come
/// back together (Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
    /// `None` where each error says by itself whether it is tried again.
    errors: Option<Vec<ErrorKind>>,
}

/// What a store may report that may be otherwise the next time, by the names that a configuration has for it.
const KINDS: [(&str, ErrorKind); 4] = [
    ("storage", ErrorKind::Storage),
    ("unavailable", ErrorKind::Unavailable),
    ("damaged", ErrorKind::Damaged),
    ("newer_format", ErrorKind::NewerFormat),
];

impl Default for Retry {
    /// Three attempts, and pauses of up to 50 ms, then 100 ms.
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(50),
            longest_pause: Self::LONGEST_PAUSE,
            errors: None,
        }
    }
}

impl Retry {
    /// How long any pause is at most unless told otherwise.
    pub const LONGEST_PAUSE: Duration = Duration::from_secs(2);

    /// How often an operation is tried at most, the first time included.
    pub fn attempts(self, attempts: u32) -> Self {
        Self { attempts: attempts.max(1), ..self }
    }

    /// How long the first pause is at most.
    pub fn first_pause(self, first_pause: Duration) -> Self {
        Self { first_pause, ..self }
    }

    /// How long any pause is at most.
    pub fn longest_pause(self, longest_pause: Duration) -> Self {
        Self { longest_pause, ..self }
    }

    /// Tries errors of these kinds again, and no others.
    pub fn errors(self, kinds: impl IntoIterator<Item = ErrorKind>) -> Self {
        Self { errors: Some(kinds.into_iter().collect()), ..self }
    }

    /// The kind of this name, if to try it again is of use.
    pub(crate) fn kind(name: &str) -> Option<ErrorKind> {
        KINDS.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    /// The names of the kinds that may be tried again.
    pub(crate) fn kinds() -> String {
        KINDS.map(|(name, _)| format!("`{name}`")).join(", ")
    }

    /// Does an operation, with a random part of each pause from 0 to 1, and with what waits that long.
    fn run_with(
        &self,
        operation: Operation,
        attempt: &mut dyn FnMut() -> Result<()>,
        mut random: impl FnMut() -> f64,
        mut wait: impl FnMut(Duration),
    ) -> Result<()> {
        let mut pause = self.first_pause;
        let mut left = if operation.is_repeatable { self.attempts } else { 1 };
        loop {
            left -= 1;
            let ended = attempt();
            if left == 0 || !ended.as_ref().is_err_and(|error| self.is_retryable(error)) {
                return ended;
            }
            trouble::note_retry();
            wait(pause.min(self.longest_pause).mul_f64(random()));
            pause = pause.saturating_mul(2);
        }
    }
}

impl Policy for Retry {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        self.run_with(operation, attempt, fastrand::f64, thread::sleep)
    }

    fn is_retryable(&self, error: &Error) -> bool {
        self.errors.as_ref().map_or(error.is_retryable(), |kinds| kinds.contains(&error.kind()))
    }
}
