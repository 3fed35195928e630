//! What one call does otherwise than usual.

use std::sync::Arc;

use serde::Serialize;

use crate::stack::Context;
use crate::{Caller, Error, Result};

/// What a call, or a batch, does otherwise than usual.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
pub(crate) struct Modifiers {
    pub(crate) local: bool,
    pub(crate) refresh: bool,
    pub(crate) no_further_calls: bool,
    pub(crate) ignore_result: bool,
}

/// What `f::with()` collects for the call that follows.
#[derive(Clone, Debug, Default)]
pub struct With {
    pub(crate) modifiers: Modifiers,
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

    /// Does `work` with the context arguments added to those of the caller.
    pub(crate) fn enter<R>(&self, work: impl FnOnce(Modifiers) -> R) -> Result<R> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        if self.context.is_empty() {
            return Ok(work(self.modifiers));
        }
        let mut caller = Caller::current();
        let mut context = caller.context.as_deref().cloned().unwrap_or_default();
        context.extend(&self.context);
        caller.context = Some(Arc::new(context));
        Ok(caller.enter(|| work(self.modifiers)))
    }
}
