//! Refuses what is too long.

use memento::Result;

use crate::{Operation, Policy};

/// Refuses objects and records that are longer than a limit, with an error of the kind
/// [`TooLarge`](memento::ErrorKind::TooLarge) that names both sizes, before the store gets them. A stream ends where it
/// passes the limit, and leaves nothing behind.
///
/// What is appended counts with what is there. Of records that are put together, one that is too long has all refused:
/// they are kept together or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeLimit {
    bytes: u64,
}

impl SizeLimit {
    /// How long objects and records are at most unless told otherwise: 100 MB.
    pub const LIMIT: u64 = 100_000_000;

    /// Refuses what is longer than `bytes`.
    pub fn new(bytes: u64) -> Self {
        Self { bytes }
    }
}

impl Default for SizeLimit {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}

impl Policy for SizeLimit {
    fn run(&self, _: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        attempt()
    }

    fn max_size(&self) -> Option<(u64, &'static str)> {
        Some((self.bytes, "`limit` of `size_limit`"))
    }
}
