//! Asking for the mementos of a function.

use crate::storage::Filter;
use crate::{Memento, Result, Storage};

/// Which mementos a list holds, and how many at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    failed: Option<bool>,
    from: Option<u64>,
    limit: usize,
}

/// Some mementos, those recorded last first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mementos {
    /// At most as many as were asked for.
    pub mementos: Vec<Memento>,
    /// What [`Query::from`] takes for the next page; `None` where this is the last one.
    pub next: Option<u64>,
}

impl Query {
    /// The newest 100 mementos.
    pub fn new() -> Self {
        Self { failed: None, from: None, limit: 100 }
    }

    /// Only those that returned an error, or only those that did not.
    pub fn failed(mut self, failed: bool) -> Self {
        self.failed = Some(failed);
        self
    }

    /// At most `limit` at a time.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Goes on where the page before ended.
    pub fn from(mut self, next: u64) -> Self {
        self.from = Some(next);
        self
    }

    /// What `storage` has of the function at `path`.
    pub(crate) fn ask(&self, storage: &Storage, path: &str) -> Result<Mementos> {
        let filter = Filter { function: Some(path.to_owned()), failed: self.failed };
        let (mementos, next) = storage.list(&filter, self.from, self.limit)?;
        Ok(Mementos { mementos, next })
    }
}

impl Default for Query {
    fn default() -> Self {
        Self::new()
    }
}
