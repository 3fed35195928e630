//! What to do with a store's failures: say each once, count all, go on.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::{Error, ErrorKind, Result};

/// The failures of one storage.
#[derive(Default)]
pub(crate) struct Trouble {
    count: AtomicU64,
    said: Mutex<Said>,
}

/// What has been said.
#[derive(Default)]
struct Said {
    /// A full disk fails every call in the same words.
    messages: HashSet<String>,
    /// How often something of one kind, about one operation, in other words: a result that is too long has its name in
    /// them.
    of_kinds: HashMap<(ErrorKind, String), usize>,
}

/// How many different messages are remembered as said; then all are forgotten, so that memory is bounded.
const REMEMBERED: usize = 1024;
/// How many different messages of one kind, about one operation, are said before that.
const OF_ONE_KIND: usize = 8;

impl Said {
    /// How many messages of its kind there are with this one; `None` where it has been said.
    fn add(&mut self, error: &Error) -> Option<usize> {
        if self.messages.len() >= REMEMBERED {
            *self = Self::default();
        }
        if !self.messages.insert(error.to_string()) {
            return None;
        }
        // Each thing that is damaged is another one, and was moved to where it can be looked at.
        if matches!(error.kind(), ErrorKind::Damaged | ErrorKind::NewerFormat) {
            return Some(1);
        }
        let of_kind = self.of_kinds.entry((error.kind(), error.operation().to_owned()));
        let count = of_kind.or_default();
        *count += 1;
        Some(*count)
    }
}

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

    /// Counts a failure, and says it where it has not been said, nor much of its kind.
    pub(crate) fn report(&self, error: &Error) {
        self.count.fetch_add(1, Ordering::Relaxed);
        let added = self.said.lock().add(error);
        let kind = error.kind();
        match added {
            Some(..OF_ONE_KIND) => {
                tracing::warn!(?kind, "{error}; that costs computations, never a result");
            }
            Some(OF_ONE_KIND) => tracing::warn!(
                ?kind,
                "{error}; that costs computations, never a result; more of this kind are counted, and not said"
            ),
            Some(_) | None => {}
        }
    }

    /// How many failures there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_message_is_said_once_and_not_too_much_of_one_kind() {
        let mut said = Said::default();
        let about = |n: usize| Error::new(ErrorKind::TooLarge, "put an object").with("name", n);
        let first: Vec<_> = (0..OF_ONE_KIND + 2).map(|n| said.add(&about(n))).collect();
        assert_eq!(first, (1..=OF_ONE_KIND + 2).map(Some).collect::<Vec<_>>());
        assert_eq!(said.add(&about(0)), None);
        assert_eq!(said.add(&Error::new(ErrorKind::TooLarge, "put a record")), Some(1));
        assert_eq!(said.add(&Error::new(ErrorKind::Storage, "put an object")), Some(1));
        let damaged = |n: usize| Error::new(ErrorKind::Damaged, "read an object").with("name", n);
        assert!((0..2 * OF_ONE_KIND).all(|n| said.add(&damaged(n)) == Some(1)));
        for n in 0..REMEMBERED {
            said.add(&about(n));
        }
        assert!(said.messages.len() <= REMEMBERED);
        assert_eq!(said.add(&Error::new(ErrorKind::Storage, "put an object")), Some(1), "again");
    }
}
