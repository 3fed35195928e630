//! What one call does otherwise than usual.

use std::sync::Arc;

use serde::Serialize;

use crate::stack::Context;
use crate::{Caller, Result};

/// What a call, or a batch, does otherwise than usual.
#[derive(Clone, Copy, Debug, Default)]
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
    /// Each adds one argument to the context of the caller.
    context: Vec<Addition>,
}

#[derive(Clone)]
struct Addition(Arc<dyn Fn(&Context) -> Result<Context> + Send + Sync>);

impl std::fmt::Debug for Addition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Addition")
    }
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
    pub fn context<T>(mut self, name: &str, value: T) -> Self
    where
        T: Serialize + Clone + Send + Sync + 'static,
    {
        let name = name.to_owned();
        let add = move |context: &Context| context.with(&name, value.clone());
        self.context.push(Addition(Arc::new(add)));
        self
    }

    /// Does `work` with the context arguments added to those of the caller.
    pub(crate) fn enter<R>(&self, work: impl FnOnce(Modifiers) -> R) -> Result<R> {
        if self.context.is_empty() {
            return Ok(work(self.modifiers));
        }
        let mut caller = Caller::current();
        for Addition(add) in &self.context {
            let none = Context::default();
            let context = add(caller.context.as_deref().unwrap_or(&none))?;
            caller.context = Some(Arc::new(context));
        }
        Ok(caller.enter(|| work(self.modifiers)))
    }
}
