//! What comes of operations, in numbers.

use std::io::Read;

use memento::storage::{Claim, Listing, Namespace, Page, Properties, Snapshot, Staged, StoreInfo};
use memento::{Error, ErrorKind, Result, Version};

use crate::Operation;

/// What came of one operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// How many of the objects or records that were looked for were there.
    pub hits: u64,
    /// How many were not.
    pub misses: u64,
    /// How many failed: of an operation on many, each by itself.
    pub errors: u64,
    /// How many of these were found damaged by the store, or on the way from it; of those that were moved out of the way,
    /// each, however that ended.
    pub damaged: u64,
    /// How many bytes of contents came out of the store. Those of a stream are not among them.
    pub bytes_read: u64,
    /// How many bytes of contents went into the store.
    pub bytes_written: u64,
}

impl Tally {
    /// That of an operation that ended like this, and put `bytes` if it succeeded.
    pub(crate) fn of<T: Tallied>(operation: Operation, ended: &Result<T>, bytes: u64) -> Self {
        let mut tally = Self::default();
        tally.add(operation, ended, bytes);
        tally
    }

    /// Adds one of many.
    pub(crate) fn add<T: Tallied>(&mut self, operation: Operation, ended: &Result<T>, bytes: u64) {
        let is_damaged = |error: &Error| error.kind() == ErrorKind::Damaged;
        self.damaged +=
            u64::from(operation.is_of_damaged() || ended.as_ref().is_err_and(is_damaged));
        match ended {
            Err(_) => self.errors += 1,
            Ok(value) if operation.writes => {
                self.bytes_written += if value.is_done() { bytes } else { 0 };
            }
            Ok(value) => value.add_to(self),
        }
    }

    fn look_up(&mut self, is_there: bool) {
        self.hits += u64::from(is_there);
        self.misses += u64::from(!is_there);
    }
}

/// What operations return.
pub(crate) trait Tallied {
    /// Adds what a reading operation found.
    fn add_to(&self, tally: &mut Tally);

    /// Whether an operation that was to write something did.
    fn is_done(&self) -> bool {
        true
    }
}

impl Tallied for Option<Vec<u8>> {
    fn add_to(&self, tally: &mut Tally) {
        tally.look_up(self.is_some());
        tally.bytes_read += self.as_ref().map_or(0, |content| content.len() as u64);
    }
}

impl Tallied for Vec<Option<Vec<u8>>> {
    fn add_to(&self, tally: &mut Tally) {
        for found in self {
            found.add_to(tally);
        }
    }
}

impl Tallied for Option<Box<dyn Read + Send>> {
    fn add_to(&self, tally: &mut Tally) {
        tally.look_up(self.is_some());
    }
}

impl Tallied for Option<Properties> {
    fn add_to(&self, tally: &mut Tally) {
        tally.look_up(self.is_some());
    }
}

/// Whether something is there, or a condition was met.
impl Tallied for bool {
    fn add_to(&self, tally: &mut Tally) {
        tally.look_up(*self);
    }

    fn is_done(&self) -> bool {
        *self
    }
}

impl Tallied for Page {
    fn add_to(&self, tally: &mut Tally) {
        tally.bytes_read += self.entries.iter().map(|entry| entry.record.len() as u64).sum::<u64>();
    }
}

/// What has neither contents nor hits.
macro_rules! not_tallied {
    ($($returned:ty),+ $(,)?) => {
        $(impl Tallied for $returned {
            fn add_to(&self, _: &mut Tally) {}
        })+
    };
}

not_tallied!(
    (),
    u64,
    Box<dyn Staged + '_>,
    Listing,
    Option<Claim>,
    Option<Snapshot>,
    StoreInfo,
    Vec<Namespace>,
    Vec<Snapshot>,
    Vec<Version>,
);
