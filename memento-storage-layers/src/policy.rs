//! What stands between whoever asks a store and the store.

use std::fmt::Debug;
use std::sync::Arc;

use memento::{Capabilities, Error, ErrorKind, Result};

use crate::operation::Operation;

/// Decides when an operation is tried, how often, and what comes of it.
///
/// It sees no contents: a store behind a policy has the objects and records that it has without.
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
}

/// A store behind a policy: a [`DataStore`](memento::DataStore) or a [`MetadataStore`](memento::MetadataStore), as `S` is.
#[derive(Debug)]
pub struct Guarded<P, S: ?Sized> {
    pub(crate) policy: P,
    pub(crate) store: Arc<S>,
}

impl<P: Policy, S: ?Sized> Guarded<P, S> {
    /// The `store` behind `policy`.
    pub fn new(policy: P, store: Arc<S>) -> Self {
        Self { policy, store }
    }

    /// Does one operation.
    pub(crate) fn call<T>(
        &self,
        operation: Operation,
        mut attempt: impl FnMut() -> Result<T>,
    ) -> Result<T> {
        let mut done = None;
        self.policy.run(operation, &mut || {
            done = Some(attempt()?);
            Ok(())
        })?;
        done.ok_or_else(|| not_tried(operation))
    }

    /// Does one operation on `count` things, each with its own result. An attempt gets the indices of those that have
    /// none, or one that another attempt may better.
    pub(crate) fn call_each<T>(
        &self,
        operation: Operation,
        count: usize,
        mut attempt: impl FnMut(&[usize]) -> Vec<Result<T>>,
    ) -> Vec<Result<T>> {
        let mut results: Vec<Option<Result<T>>> = (0..count).map(|_| None).collect();
        let ended = self.policy.run(operation, &mut || {
            let is_open = |index: &usize| results[*index].as_ref().is_none_or(is_retryable);
            let open: Vec<usize> = (0..count).filter(is_open).collect();
            for (&index, result) in open.iter().zip(attempt(&open)) {
                results[index] = Some(result);
            }
            let failed = results.iter().flatten().find(|result| is_retryable(result));
            failed.and_then(|result| result.as_ref().err().cloned()).map_or(Ok(()), Err)
        });
        let missing = ended.err().unwrap_or_else(|| not_tried(operation));
        results.into_iter().map(|result| result.unwrap_or_else(|| Err(missing.clone()))).collect()
    }
}

fn is_retryable<T>(result: &Result<T>) -> bool {
    result.as_ref().is_err_and(Error::is_retryable)
}

fn not_tried(operation: Operation) -> Error {
    Error::new(ErrorKind::Storage, operation.does)
        .source("the policy of the store says that it is done, and has not tried")
}
