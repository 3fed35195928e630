//! What stands between whoever asks a store and the store.

use std::fmt::Debug;
use std::io::Read;
use std::sync::Arc;

use memento::storage::{Capabilities, DataStore, MetadataStore};
use memento::{Error, ErrorKind, Key, Name, Result};

use crate::counted::Limit;
use crate::operation::Operation;
use crate::tally::{Tallied, Tally};

/// Something that was looked for and there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found<'a> {
    /// An object of a data store.
    Object(&'a Name),
    /// A record of a metadata store.
    Record(&'a Key),
}

/// Decides when an operation is tried, how often, and what comes of it.
///
/// It sees no contents, only how long they are: a store behind a policy has the objects and records that it has
/// without.
pub trait Policy: Debug + Send + Sync {
    /// Does one operation by calling `attempt`, as often as it likes. What the last of them that succeeded returned is
    /// what the caller gets.
    ///
    /// # Errors
    ///
    /// What the caller gets instead: mostly what `attempt` returned last.
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()>;

    /// What the store can do behind it.
    fn capabilities(&self, of_store: Capabilities) -> Capabilities {
        of_store
    }

    /// Whether an error of one of many things is one that another attempt may better: those that are whole are not asked
    /// for again.
    fn is_retryable(&self, error: &Error) -> bool {
        error.is_retryable()
    }

    /// How long an object or a record may be that is put, in bytes, and what says so, for messages, such as "`limit` of
    /// `size_limit`"; `None` where it may have any length.
    fn max_size(&self) -> Option<(u64, &'static str)> {
        None
    }

    /// Is told what came of an operation.
    fn note(&self, _operation: Operation, _tally: Tally) {}

    /// Is told of each object whose content was read, or which was asked for together with others, and of each record,
    /// where it was there.
    fn found(&self, _found: Found<'_>) {}

    /// Does what it has put off, as far as it has.
    ///
    /// # Errors
    ///
    /// What the caller of `flush` gets.
    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// The stream that an operation opened, as the caller gets it. To see how much of it is read, a policy puts one of
    /// its own around it.
    fn stream(&self, _operation: Operation, stream: Box<dyn Read + Send>) -> Box<dyn Read + Send> {
        stream
    }
}

/// A store behind a policy: a [`DataStore`](memento::storage::DataStore) or a
/// [`MetadataStore`](memento::storage::MetadataStore), as `S` is.
#[derive(Debug)]
pub struct Guarded<P, S: ?Sized> {
    pub(crate) policy: P,
    pub(crate) store: Arc<S>,
}

/// A store that says where it is, as a store of data or of records: `K` tells the two apart, since it may be both.
pub(crate) trait Located<K> {
    fn location_of(&self) -> String;
}

/// A store of data.
pub(crate) enum OfData {}

/// A store of records.
pub(crate) enum OfRecords {}

impl<S: DataStore + ?Sized> Located<OfData> for S {
    fn location_of(&self) -> String {
        self.location()
    }
}

impl<S: MetadataStore + ?Sized> Located<OfRecords> for S {
    fn location_of(&self) -> String {
        self.location()
    }
}

impl<P: Policy, S: ?Sized> Guarded<P, S> {
    /// The `store` behind `policy`.
    pub fn new(policy: P, store: Arc<S>) -> Self {
        Self { policy, store }
    }

    /// How much an operation may put.
    pub(crate) fn limit(&self, operation: Operation) -> Limit {
        Limit { operation, most: self.policy.max_size() }
    }

    /// Whether an operation may put so many bytes.
    pub(crate) fn check<K>(&self, operation: Operation, bytes: u64) -> Result<()>
    where
        S: Located<K>,
    {
        self.limit(operation).check(bytes).map_err(|error| self.here(error))
    }

    /// The same of an object with a name.
    pub(crate) fn check_object<K>(
        &self,
        operation: Operation,
        name: &Name,
        bytes: u64,
    ) -> Result<()>
    where
        S: Located<K>,
    {
        self.check(operation, bytes).map_err(|error| error.with("name", name))
    }

    /// Says in an error that is not the store's which store it is about.
    pub(crate) fn here<K>(&self, error: Error) -> Error
    where
        S: Located<K>,
    {
        error.with("store", self.store.location_of())
    }

    /// Does one operation.
    pub(crate) fn call<K, T: Tallied>(
        &self,
        operation: Operation,
        attempt: impl FnMut() -> Result<T>,
    ) -> Result<T>
    where
        S: Located<K>,
    {
        self.call_with(operation, 0, attempt)
    }

    /// Does one operation that puts so many bytes.
    pub(crate) fn call_with<K, T: Tallied>(
        &self,
        operation: Operation,
        bytes: u64,
        attempt: impl FnMut() -> Result<T>,
    ) -> Result<T>
    where
        S: Located<K>,
    {
        let ended = self.run(operation, attempt);
        self.policy.note(operation, Tally::of(operation, &ended, bytes));
        ended
    }

    /// Drops something; whether it was there.
    ///
    /// Where an attempt has failed that may have been done nevertheless, what it dropped is not there for the next one.
    /// That something was there which was not is the lesser error: who is told that nothing was there looks no further.
    pub(crate) fn remove_with<K>(
        &self,
        operation: Operation,
        mut remove: impl FnMut() -> Result<bool>,
    ) -> Result<bool>
    where
        S: Located<K>,
    {
        let mut has_failed = false;
        self.call(operation, || {
            let removed = remove().inspect_err(|_| has_failed = true)?;
            Ok(removed || has_failed)
        })
    }

    /// Does one operation, of which the policy is told nothing in the end.
    pub(crate) fn run<K, T>(
        &self,
        operation: Operation,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T>
    where
        S: Located<K>,
    {
        let mut done = None;
        self.run_policy(operation, || {
            done = Some(attempt()?);
            Ok(())
        })?;
        done.ok_or_else(|| self.here(not_tried(operation)))
    }

    /// Has the policy do one operation. An error that is not that of the last attempt is the policy's own, which does
    /// not know what it stands around.
    fn run_policy<K>(
        &self,
        operation: Operation,
        mut attempt: impl FnMut() -> Result<()>,
    ) -> Result<()>
    where
        S: Located<K>,
    {
        let mut has_failed = false;
        let ended = self.policy.run(operation, &mut || {
            let ended = attempt();
            has_failed = ended.is_err();
            ended
        });
        ended.map_err(|error| if has_failed { error } else { self.here(error) })
    }

    /// Does one operation on `count` things, each with its own result. An attempt gets the indices of those that have
    /// none, or one that another attempt may better; `bytes` says how many each of them puts. For no things, nothing is
    /// tried: what comes of that says nothing of the store.
    pub(crate) fn call_each<K, T: Tallied>(
        &self,
        operation: Operation,
        count: usize,
        bytes: impl Fn(usize) -> u64,
        mut attempt: impl FnMut(&[usize]) -> Vec<Result<T>>,
    ) -> Vec<Result<T>>
    where
        S: Located<K>,
    {
        if count == 0 {
            return Vec::new();
        }
        let mut results: Vec<Option<Result<T>>> = (0..count).map(|_| None).collect();
        let is_retryable = |result: &Result<T>| {
            result.as_ref().is_err_and(|error| self.policy.is_retryable(error))
        };
        let ended = self.run_policy(operation, || {
            let is_open = |index: &usize| results[*index].as_ref().is_none_or(is_retryable);
            let open: Vec<usize> = (0..count).filter(is_open).collect();
            for (&index, result) in open.iter().zip(attempt(&open)) {
                results[index] = Some(result);
            }
            verdict(&results, is_retryable)
        });
        let missing = ended.err().unwrap_or_else(|| self.here(not_tried(operation)));
        let results = results.into_iter();
        let results: Vec<_> =
            results.map(|result| result.unwrap_or_else(|| Err(missing.clone()))).collect();
        let mut tally = Tally::default();
        for (index, result) in results.iter().enumerate() {
            tally.add(operation, result, bytes(index));
        }
        self.policy.note(operation, tally);
        results
    }
}

/// What the results of many things say of an attempt. Where all are errors, and none of them may be none the next time,
/// it is the first of them: it may be that nothing has reached the store.
fn verdict<T>(
    results: &[Option<Result<T>>],
    is_retryable: impl Fn(&Result<T>) -> bool,
) -> Result<()> {
    let mut ended = results.iter().flatten();
    let failed = ended.clone().find(|result| is_retryable(result));
    let refused = || if ended.clone().all(Result::is_err) { ended.next() } else { None };
    match failed.or_else(refused) {
        Some(Err(error)) => Err(error.clone()),
        _ => Ok(()),
    }
}

/// Those of `all` that have these indices.
pub(crate) fn chosen<T: Clone>(all: &[T], indices: &[usize]) -> Vec<T> {
    indices.iter().map(|&index| all[index].clone()).collect()
}

/// What came of one of many, unless it is an error that is of all of them.
pub(crate) fn unless_of_all<T>(ended: Result<T>) -> Result<Result<T>> {
    match ended {
        Err(error) if !error.kind().is_of_one() => Err(error),
        ended => Ok(ended),
    }
}

fn not_tried(operation: Operation) -> Error {
    Error::new(ErrorKind::Storage, operation.does)
        .because("the policy of the store says that it is done, and has not tried")
}
