//! From the declaration of a function to its binding, for whoever calls it.

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use crate::binding::{Binding, Declaration};
use crate::function::Function;
use crate::{Caller, Environment, Error, ErrorKind, Result, stack};

/// The binding of a function for whoever calls it, and what of the caller a hit has to know.
#[derive(Clone)]
pub(crate) struct CallerBinding {
    binding: InEnvironment,
    /// The number of the memento function that calls; 0 where none does.
    pub(super) frame: u64,
    /// Whether there are context arguments.
    pub(super) has_context: bool,
}

#[derive(Clone)]
enum InEnvironment {
    OfProcess(&'static Binding),
    Other(Arc<Binding>),
}

impl Deref for CallerBinding {
    type Target = Binding;

    #[inline(always)]
    fn deref(&self) -> &Binding {
        match &self.binding {
            InEnvironment::OfProcess(binding) => binding,
            InEnvironment::Other(binding) => binding,
        }
    }
}

impl CallerBinding {
    fn new(binding: InEnvironment, caller: &Caller) -> Self {
        let frame = caller.frame.as_ref().map_or(0, |frame| frame.number);
        Self { binding, frame, has_context: caller.context.is_some() }
    }

    /// The time, where a memento function waits for what begins now.
    pub(super) fn begin(&self) -> Option<Instant> {
        (self.frame != 0).then(Instant::now)
    }
}

/// The binding of a function for whoever calls it now.
#[inline(always)]
pub(crate) fn bind(declaration: &'static Declaration) -> Result<CallerBinding> {
    if stack::is_somebody() {
        return bind_for_caller(declaration);
    }
    let binding = InEnvironment::OfProcess(declaration.of_process(bind_in_process)?);
    Ok(CallerBinding { binding, frame: 0, has_context: false })
}

#[cold]
fn bind_in_process(function: &'static Function) -> Result<Binding> {
    Environment::of_process()?.bind(function)
}

#[inline(never)]
fn bind_for_caller(declaration: &'static Declaration) -> Result<CallerBinding> {
    let function = declaration.function();
    let bound = stack::with(|caller| {
        if let Some(frame) = caller.frame.as_ref().filter(|frame| !frame.further_calls) {
            return Err(further_call(frame.function, function));
        }
        let binding = match &caller.environment {
            None => declaration.bound_of_process().map(InEnvironment::OfProcess),
            Some(environment) => environment.bound(function).map(InEnvironment::Other),
        };
        Ok(binding.map(|binding| CallerBinding::new(binding, caller)))
    })?;
    bound.map_or_else(|| bind_first(declaration), Ok)
}

/// The same at the first call. Plugins are opened for that, which may call memento functions.
#[cold]
fn bind_first(declaration: &'static Declaration) -> Result<CallerBinding> {
    let caller = Caller::current();
    let binding = match &caller.environment {
        None => InEnvironment::OfProcess(declaration.of_process(bind_in_process)?),
        Some(environment) => InEnvironment::Other(environment.binding(declaration.function())?),
    };
    Ok(CallerBinding::new(binding, &caller))
}

#[cold]
fn further_call(caller: &Function, callee: &Function) -> Error {
    Error::new(ErrorKind::FurtherCall, "call a memento function")
        .with("function", callee.path())
        .with("called by", caller.path())
        .because("the caller runs under `no_further_calls`")
}
