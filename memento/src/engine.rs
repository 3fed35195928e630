//! The way of every call.
//!
//! memory cache → key → stores → runner → [`Batch::run_local`](crate::Batch::run_local) → record
//!
//! What is already there is found without a lock on the invocation. What has to be computed goes through the runner,
//! and ends up in `run_local` wherever the runner sends it; there it is claimed, so that one thread at a time
//! computes it, looked up once more where another thread may have finished in the meantime, run, and recorded.

mod calls;
mod execute;
mod lookup;
mod recorder;
mod task;

use std::ops::Deref;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use calls::Calls;
pub(crate) use calls::{Ending, Item};
pub(crate) use lookup::explain;
pub use lookup::{Explanation, Miss};
pub(crate) use task::Typed;

use crate::binding::{Binding, Declaration};
use crate::cache::{Identity, Landed};
use crate::encoding::{Encode, Encoded, Sink as _};
use crate::function::Function;
use crate::modifiers::Modifiers;
use crate::returns::Returns;
use crate::stack::{self, Call};
use crate::{Caller, Environment, Error, ErrorKind, Result};

/// The binding of a function in the environment of the caller.
pub(crate) enum Bound {
    OfProcess(&'static Binding),
    OfEnvironment(Arc<Binding>),
}

impl Deref for Bound {
    type Target = Binding;

    #[inline]
    fn deref(&self) -> &Binding {
        match self {
            Self::OfProcess(binding) => binding,
            Self::OfEnvironment(binding) => binding,
        }
    }
}

/// The binding of a function for whoever calls it now.
#[inline]
pub(crate) fn bind(declaration: &'static Declaration) -> Result<Bound> {
    let function = declaration.function();
    stack::with(|caller| {
        if let Some(frame) = caller.frame.as_ref().filter(|frame| !frame.further_calls) {
            return Err(further_call(frame.function, function));
        }
        match &caller.environment {
            None => {
                let bind = || Environment::of_process()?.bind(function);
                declaration.of_process(bind).map(Bound::OfProcess)
            }
            Some(environment) => environment.binding(function).map(Bound::OfEnvironment),
        }
    })
}

#[cold]
fn further_call(caller: &Function, callee: &Function) -> Error {
    Error::new(ErrorKind::FurtherCall, "call a memento function")
        .with("function", callee.path())
        .with("called by", caller.path())
        .source("the caller runs under `no_further_calls`")
}

/// The canonical encoding of an invocation of the function that `binding` is of.
#[inline]
pub(crate) fn encode<A>(
    binding: &Binding,
    encode: &impl Encode<A>,
    arguments: &A,
) -> Result<Encoded> {
    let mut encoded = Encoded::new(binding.function_key);
    encoded
        .put_arguments(|encoder| encode(arguments, encoder))
        .map_err(|error| unencodable(binding.function, error))?;
    stack::with(|caller| {
        if let Some(context) = &caller.context {
            encoded.put(context.encoding());
        }
    });
    encoded.finish();
    Ok(encoded)
}

#[cold]
fn unencodable(
    function: &Function,
    source: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorKind::Encoding, "encode the arguments of a call")
        .with("function", function.path())
        .source(source)
}

/// What the memory cache has for these arguments.
#[inline]
pub(crate) fn recall<R: Returns>(
    binding: &Binding,
    encoded: &Encoded,
) -> Option<(R::Output, Landed)> {
    let identity = Identity { function: binding.number, arguments: encoded.identity() };
    let (kept, landed) = binding.cluster.storage.cache.get::<R::Kept>(identity)?;
    if landed.expires.is_some_and(|expires| expires <= now()) {
        return None;
    }
    Some((R::restore(kept), landed))
}

/// One call, from the memory cache on.
#[inline]
pub(crate) fn call<R: Returns, A: Send>(
    declaration: &'static Declaration,
    modifiers: Modifiers,
    encode_arguments: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<R::Output, Ending> {
    let binding = bind(declaration)?;
    let encoded = encode(&binding, &encode_arguments, &arguments)?;
    if !modifiers.refresh
        && let Some((output, landed)) = recall::<R>(&binding, &encoded)
    {
        stack::with(|caller| {
            if let Some(frame) = &caller.frame {
                frame.record(Call::hit(binding.function, landed));
            }
        });
        return Ok(output);
    }
    let mut task = Typed::<R, _>::new(move || body(arguments));
    let item = Item::new(encoded, &mut task);
    let ending = resolve(&binding, modifiers, vec![item]).pop();
    task.into_output().ok_or_else(|| ending.unwrap_or(Ending::Pending))
}

/// Brings calls that the memory cache has no answer for to their end.
pub(crate) fn resolve<'a>(
    binding: &'a Binding,
    modifiers: Modifiers,
    items: Vec<Item<'a>>,
) -> Vec<Ending> {
    let caller = Caller::current();
    let began = caller.frame.as_ref().map(|_| Instant::now());
    let mut calls = Calls::new(binding, caller.clone(), modifiers, items);
    calls.look_up();
    calls.run();
    let (keys, endings) = calls.finish();
    if let (Some(frame), Some(began)) = (&caller.frame, began) {
        for (&key, ending) in keys.iter().zip(&endings) {
            if let Some(call) = ending.call(binding.function, key) {
                frame.record(call);
            }
        }
        frame.add_waited(began.elapsed());
    }
    endings
}

/// Nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    crate::record::nanoseconds(SystemTime::now())
}
