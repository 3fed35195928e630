//! What one call does otherwise than usual.

use std::sync::Arc;

use serde::Serialize;

use crate::cancellation::{self, CancellationToken};
use crate::function::Function;
use crate::progress::{self, ProgressObserver, Tracker};
use crate::stack::Context;
use crate::{Caller, Error, Result};

/// How many calls of a batch are on their way at most unless told otherwise.
const IN_FLIGHT: usize = 256;

/// What whoever calls wants of the result.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wants {
    #[default]
    Value,
    /// That it is there.
    Presence,
    /// What is known of it.
    Digest,
}

/// What a call, or a batch, does otherwise than usual.
#[derive(Clone, Copy, Default)]
pub(crate) struct Modifiers<'a> {
    pub(crate) local: bool,
    pub(crate) refresh: bool,
    pub(crate) no_further_calls: bool,
    pub(crate) wants: Wants,
    /// What cancels calls that have not begun.
    pub(crate) cancel: Option<&'a CancellationToken>,
    /// What counts the calls of the batch.
    pub(crate) tracker: Option<&'a Tracker>,
}

impl Modifiers<'_> {
    /// The same without what it borrows, and what cancels the call.
    pub(crate) fn detach(self) -> (Modifiers<'static>, Option<CancellationToken>) {
        let Self { local, refresh, no_further_calls, wants, cancel, tracker: _ } = self;
        let (none, tracker) = (None, None);
        let modifiers =
            Modifiers { local, refresh, no_further_calls, wants, cancel: none, tracker };
        (modifiers, cancel.cloned())
    }

    /// # Errors
    ///
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), where a call of `function` is not to begin any more.
    #[inline(always)]
    pub(crate) fn check_cancelled(&self, function: &Function) -> Result<()> {
        match self.cancel {
            Some(token) if token.is_cancelled() => Err(cancellation::cancelled(function)),
            _ => Ok(()),
        }
    }
}

/// What `f::with()` collects for the call that follows.
#[derive(Clone, Default)]
pub struct With {
    modifiers: Modifiers<'static>,
    cancel: Option<CancellationToken>,
    in_flight: Option<usize>,
    observers: Vec<Arc<dyn ProgressObserver>>,
    /// Whether a person is to see how far a batch is.
    is_shown: bool,
    /// What is added to the context of the caller.
    context: Context,
    /// Why a context argument could not be added.
    error: Option<Error>,
}

impl With {
    /// Runs the function in this process, whatever the runner is.
    pub fn local(mut self) -> Self {
        self.modifiers.local = true;
        self
    }

    /// Runs the function even if there is a valid result, and keeps the new one.
    pub fn refresh(mut self) -> Self {
        self.modifiers.refresh = true;
        self
    }

    /// Makes it an error for the function to call other memento functions.
    pub fn no_further_calls(mut self) -> Self {
        self.modifiers.no_further_calls = true;
        self
    }

    /// Adds a context argument: see [`memento::context`](crate::context).
    pub fn context<T: Serialize + Send + Sync + 'static>(mut self, name: &str, value: T) -> Self {
        if let Err(error) = self.context.insert(name, value) {
            self.error = Some(error);
        }
        self
    }

    /// When the token is cancelled, cancels the calls that have not begun.
    pub fn cancel(mut self, token: &CancellationToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    /// Bounds the calls of a batch that are on their way at the same time.
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.in_flight = Some(calls);
        self
    }

    /// Tells `observer` how far a batch is.
    pub fn observe(mut self, observer: impl ProgressObserver + 'static) -> Self {
        self.observers.push(Arc::new(observer));
        self
    }

    /// Shows how far a batch is.
    pub fn progress(mut self) -> Self {
        self.is_shown = true;
        self
    }

    /// What counts the calls of a batch that begins, if anybody wants to know.
    pub(crate) fn tracker(
        &self,
        function: &'static Function,
        size_hint: (usize, Option<usize>),
    ) -> Option<Tracker> {
        let mut observers = self.observers.clone();
        observers.extend(self.is_shown.then(progress::shown));
        (!observers.is_empty()).then(|| Tracker::begin(function.path(), observers, size_hint))
    }

    /// What the call does otherwise than usual, but for its context.
    pub(crate) fn modifiers(&self) -> Modifiers<'_> {
        Modifiers { cancel: self.cancel.as_ref(), ..self.modifiers }
    }

    /// How many calls of a batch are on their way at most.
    pub(crate) fn limit(&self) -> usize {
        self.in_flight.unwrap_or(IN_FLIGHT).max(1)
    }

    /// Whoever calls in this thread, with the context arguments added.
    pub(crate) fn caller(&self) -> Result<Caller> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut caller = Caller::current();
        if !self.context.is_empty() {
            let mut context = caller.context.as_deref().cloned().unwrap_or_default();
            context.extend(&self.context);
            caller.context = Some(Arc::new(context));
        }
        Ok(caller)
    }

    /// Does `work` with the context arguments added to those of the caller.
    pub(crate) fn enter<R>(&self, work: impl FnOnce(Modifiers<'_>) -> R) -> Result<R> {
        if self.context.is_empty() && self.error.is_none() {
            return Ok(work(self.modifiers()));
        }
        Ok(self.caller()?.enter(|| work(self.modifiers())))
    }
}
