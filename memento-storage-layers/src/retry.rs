//! Tries again what failed.

use std::thread;
use std::time::Duration;

use memento::{Error, Result};

use crate::{Operation, Policy, trouble};

/// Tries an operation again that failed and [may succeed later](Error::is_retryable), unless doing it twice might not
/// be the same as doing it once.
///
/// Between two attempts it waits for a random part of a time that doubles, so that many who fail together do not come
/// back together (Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    attempts: u32,
    first_pause: Duration,
    longest_pause: Duration,
}

impl Default for Retry {
    /// Three attempts, and pauses of up to 50 ms, then 100 ms.
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(50),
            longest_pause: Duration::from_secs(2),
        }
    }
}

impl Retry {
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
}

impl Policy for Retry {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let mut pause = self.first_pause;
        let mut left = if operation.is_repeatable { self.attempts } else { 1 };
        loop {
            left -= 1;
            let ended = attempt();
            if left == 0 || !ended.as_ref().is_err_and(Error::is_retryable) {
                return ended;
            }
            trouble::note_retry();
            thread::sleep(pause.min(self.longest_pause).mul_f64(fastrand::f64()));
            pause = pause.saturating_mul(2);
        }
    }
}
