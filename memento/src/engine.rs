//! The way of every call.
//!
//! memory cache → key → stores → runner → [`Batch::run_local`](crate::runner::Batch::run_local) → record
//!
//! What is already there is found without a lock on the invocation. What has to be computed goes through the runner,
//! and ends up in `run_local` wherever the runner sends it; there it is claimed, so that one thread at a time
//! computes it, looked up once more where another thread may have finished in the meantime, run, and recorded.

mod asynchronous;
mod caller_binding;
mod calls;
mod claim;
mod ending;
mod erased;
mod execute;
mod forget;
mod item;
mod keeping;
mod ledger;
mod lookup;
mod outcome;
mod parts;
mod recall;
mod recorder;
mod remote;
mod right;
mod share;
mod verify;
mod why;
mod window;

pub(crate) use asynchronous::{Begun, TaskWindow, begin, finish};
use caller_binding::CallerBinding;
pub(crate) use caller_binding::bind;
use calls::Calls;
pub(crate) use ending::Ending;
pub(crate) use erased::TypedCall;
pub(crate) use forget::{forget, forget_all};
pub(crate) use item::Item;
pub(crate) use ledger::Ledger;
pub(crate) use recall::{Block, Chunk, Recalled};
pub(crate) use remote::perform;
pub(crate) use why::explain;
pub(crate) use window::Window;

use crate::binding::{Binding, Declaration};
use crate::encoding::{Encode, Encoded, Sink as _};
use crate::function::Function;
use crate::modifiers::Modifiers;
use crate::returns::Returns;
use crate::stack::{self, FinishedCall};
use crate::{Caller, Error, ErrorKind, Invocation, Result};

/// Writes the canonical encoding of an invocation to `encoded`, where it stays: it is large to move.
#[inline(always)]
pub(crate) fn encode<'b, A>(
    bound: &'b CallerBinding,
    encoded: &mut Encoded<'b>,
    encode: &impl Encode<A>,
    arguments: &A,
) -> Result<()> {
    encoded
        .put_arguments(|encoder| encode(arguments, encoder))
        .map_err(|error| unencodable(bound.function, error))?;
    if bound.has_context {
        put_context(encoded);
    }
    encoded.finish();
    Ok(())
}

#[inline(never)]
fn put_context(encoded: &mut Encoded<'_>) {
    stack::with(|caller| {
        if let Some(context) = &caller.context {
            encoded.put(context.encoding());
        }
    });
}

#[cold]
fn unencodable(
    function: &Function,
    source: impl std::error::Error + Send + Sync + 'static,
) -> Error {
    Error::new(ErrorKind::Encoding, "encode the arguments of a call")
        .with("function", function.path())
        .because(source)
}

/// What the memory cache has for these arguments. The caller's frame records the call, once for each frame in a row.
#[inline(always)]
pub(crate) fn recall<R: Returns>(
    bound: &CallerBinding,
    encoded: &Encoded<'_>,
) -> Option<R::Output> {
    let mut new_call = None;
    let cache = &bound.cluster.storage.cache;
    let kept = cache.get::<R::Kept>(encoded.identity(bound.number), |mut found| {
        if !lookup::admits(&found) {
            return false;
        }
        if bound.frame != 0 && *found.recorded_by() != bound.frame {
            *found.recorded_by() = bound.frame;
            new_call = Some(found.landed().clone());
        }
        true
    })?;
    if let Some(landed) = new_call {
        stack::record(FinishedCall::new(bound.function, landed));
    }
    Some(R::restore(kept))
}

/// One call, from the memory cache on.
#[inline(always)]
pub(crate) fn call<R: Returns, A: Send>(
    declaration: &'static Declaration,
    modifiers: Modifiers<'_>,
    returns: R,
    encode_arguments: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> R::Output + Send,
) -> Result<R::Output, Ending> {
    stack::noting_panics(|| {
        let bound = bind(declaration)?;
        modifiers.check_cancelled(bound.function)?;
        let mut encoded = bound.encoding();
        encode(&bound, &mut encoded, &encode_arguments, &arguments)?;
        if !modifiers.refresh
            && let Some(output) = recall::<R>(&bound, &encoded)
        {
            return Ok(output);
        }
        let mut call = TypedCall::new(returns, &encode_arguments, arguments, body);
        let ending = resolve_one(&bound, modifiers, Item::new(&bound, &encoded, &mut call));
        call.into_output().ok_or(ending)
    })
}

/// Brings a call that the memory cache has no answer for to its end.
pub(crate) fn resolve_one<'a>(
    bound: &'a CallerBinding,
    modifiers: Modifiers<'a>,
    mut item: Item<'a>,
) -> Ending {
    // A hit is the common end, and needs no batch.
    let binding: &Binding = bound;
    let began = bound.begin();
    if !modifiers.refresh {
        lookup::find_one(binding, modifiers, &mut item);
        if let Some(call) = item.ending.finished_call(binding.function, item.invocation) {
            if let Some(began) = began {
                stack::with(|caller| {
                    if let Some(frame) = &caller.frame {
                        frame.record(call);
                        frame.add_waited(began.elapsed());
                    }
                });
            }
            return item.ending;
        }
    }
    let missing = Calls::missing(binding, Caller::current(), modifiers, item);
    let frame = missing.caller.frame.clone();
    missing.run();
    let Some((invocation, ending)) = missing.finish().next() else { return Ending::Pending };
    if let (Some(frame), Some(began)) = (frame, began) {
        if let Some(call) = ending.finished_call(binding.function, invocation) {
            frame.record(call);
        }
        frame.add_waited(began.elapsed());
    }
    ending
}

/// Brings calls that the memory cache has no answer for to their end: what each asked for, and how it ended. The
/// caller's frame has yet to record them.
pub(crate) fn resolve<'a>(
    bound: &'a CallerBinding,
    modifiers: Modifiers<'a>,
    items: &mut dyn ExactSizeIterator<Item = Item<'a>>,
) -> Vec<(Invocation, Ending)> {
    let mut calls = Calls::new(bound, Caller::current(), modifiers, items);
    calls.look_up();
    calls.run();
    calls.finish().collect()
}
