//! Waits for a store no longer than a limit.

mod data;
mod helper;
mod metadata;
mod overdue;
mod stream;

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use memento::plugin::for_another;
use memento::{Error, ErrorKind, Result};

use crate::Operation;
use helper::{Helper, receive};
use overdue::{Change, Overdue};

/// A store that is waited for no longer than a limit: a [`DataStore`](memento::storage::DataStore) or a
/// [`MetadataStore`](memento::storage::MetadataStore), as `S` is. Of a stream, the limit is for each part.
///
/// Operations run in another thread, one for each thread that asks. Two threads that are awake hand something over in
/// about a microsecond; where the other one sleeps, since nothing was asked for 25 microseconds, to wake it takes
/// some tens of them. A store with time limits of its own, as those on servers have, needs none of this.
///
/// What takes too long goes on in its thread until it ends, whatever comes of it, and the next operation gets a new
/// one: so behind a folder that hangs for ever, there are soon as many threads as there were operations that read. A
/// [`Breaker`](crate::Breaker) around it bounds that.
///
/// As long as something that changes the store goes on like this, all else that would change it fails at once, with an
/// error of the kind [`Unavailable`](ErrorKind::Unavailable): what was put, dropped or put again meanwhile would be
/// undone by what ends late.
#[derive(Debug)]
pub struct TimeLimit<S: ?Sized> {
    limit: Limit,
    store: Arc<S>,
    overdue: Overdue,
}

/// How long a store is waited for, and what errors call it.
#[derive(Clone, Debug)]
struct Limit {
    time: Duration,
    /// `None` where it was not said.
    store: Option<Arc<str>>,
}

impl<S: Send + Sync + ?Sized + 'static> TimeLimit<S> {
    /// Waits for each operation of `store` as long as `limit`.
    pub fn new(limit: Duration, store: Arc<S>) -> Self {
        let limit = Limit { time: limit, store: None };
        Self { limit, store, overdue: Overdue::default() }
    }

    /// Calls the store so in errors.
    pub fn named(mut self, store: &str) -> Self {
        self.limit.store = Some(store.into());
        self
    }

    /// Does one operation.
    fn within<T: Send + 'static>(
        &self,
        operation: Operation,
        work: impl FnOnce(&S) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let change = self.begin(operation)?;
        let store = Arc::clone(&self.store);
        within(&self.limit, operation, &change, move || work(&store))
    }

    /// Begins an operation, unless it would change the store while another change is overdue.
    fn begin(&self, operation: Operation) -> Result<Change> {
        self.overdue.begin(operation).map_err(|error| self.limit.name(error))
    }
}

/// Does `work` in another thread; its result, unless that takes longer than `limit`.
fn within<T: Send + 'static>(
    limit: &Limit,
    operation: Operation,
    change: &Change,
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    let helper = Helper::take()?;
    let (sender, receiver) = mpsc::sync_channel(1);
    let under_way = change.under_way();
    helper.begin(move || {
        let work = move || {
            let _under_way = under_way;
            work()
        };
        // Where nobody waits any more, nobody needs to know.
        let _ = sender.send(for_another(work));
    });
    let received = receive(&receiver, Some(limit.time));
    let (result, ends) = received.map_err(|error| limit.ended(operation, change, error))?;
    ends.adopt();
    helper.keep();
    result
}

impl Limit {
    /// The error of an operation of which nothing was heard.
    fn ended(&self, operation: Operation, change: &Change, error: RecvTimeoutError) -> Error {
        self.name(Error::new(ErrorKind::Storage, operation.does)).because(match error {
            RecvTimeoutError::Timeout => {
                change.give_up();
                format!("the store took longer than {:?}", self.time)
            }
            RecvTimeoutError::Disconnected => "the store panicked".to_owned(),
        })
    }

    fn name(&self, error: Error) -> Error {
        match &self.store {
            Some(store) => error.with("store", store),
            None => error,
        }
    }
}
