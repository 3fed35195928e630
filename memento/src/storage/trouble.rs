//! What to do with a store's failures: say each once, count all, go on.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::{Error, Result};

/// The failures of one storage.
#[derive(Default)]
pub(crate) struct Trouble {
    count: AtomicU64,
    /// The messages that have been said. A full disk fails every call in the same words.
    said: Mutex<HashSet<String>>,
}

/// How many different messages are remembered as said; then all are forgotten, so that memory is bounded.
const REMEMBERED: usize = 1024;

impl Trouble {
    /// The value, or `None` after the error has been reported.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(error) => {
                self.report(&error);
                None
            }
        }
    }

    /// Counts a failure, and says it where it has not been said.
    pub(crate) fn report(&self, error: &Error) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let message = error.to_string();
        let mut said = self.said.lock();
        if said.len() >= REMEMBERED {
            said.clear();
        }
        if said.insert(message) {
            drop(said);
            tracing::warn!(kind = ?error.kind(), "{error}; that costs computations, never a result");
        }
    }

    /// How many failures there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}
