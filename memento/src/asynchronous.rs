//! Calls of async functions: what generated code calls.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesOrdered;

use crate::Result;
use crate::binding::Declaration;
use crate::encoding::Encode;
use crate::engine::{self, Begun, Ending};
use crate::internal::raise;
use crate::modifiers::{Modifiers, With};
use crate::progress::{End, Tracker};
use crate::returns::Returns;

/// `f(…).await`.
///
/// # Panics
///
/// As [`call`](crate::internal::call).
#[inline]
pub async fn call<R, A, F>(
    declaration: &'static Declaration,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> F,
) -> R::Output
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = engine::begin(declaration, Modifiers::default(), &encode, &arguments);
    match finish(begun, returns, None, move || body(arguments)).await {
        Ok((output, _)) => output,
        Err(ending) => raise(ending, declaration.function()),
    }
}

/// `f::try_call(…).await`.
///
/// # Errors
///
/// As [`try_call`](crate::internal::try_call).
pub async fn try_call<R, A, F>(
    declaration: &'static Declaration,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> F,
) -> Result<R::Output>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = engine::begin(declaration, Modifiers::default(), &encode, &arguments);
    match finish(begun, returns, None, move || body(arguments)).await {
        Ok((output, _)) => Ok(output),
        Err(ending) => Err(ending.error(declaration.function())),
    }
}

/// `f::with()….call(…).await`.
///
/// # Panics
///
/// As [`call`].
pub async fn call_with<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> F,
) -> R::Output
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = begin_with(declaration, with, &encode, &arguments);
    match finish(begun, returns, None, move || body(arguments)).await {
        Ok((output, _)) => output,
        Err(ending) => raise(ending, declaration.function()),
    }
}

/// `f::with()….ignore_result(…).await`.
///
/// # Errors
///
/// As [`ignore_result`](crate::internal::ignore_result).
pub async fn ignore_result<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> F,
) -> Result<()>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = with.enter(|modifiers| {
        let modifiers = Modifiers { ignore_result: true, ..modifiers };
        engine::begin::<R, A>(declaration, modifiers, &encode, &arguments)
    });
    match begun.and_then(|begun| begun)? {
        Begun::Found(_) => Ok(()),
        Begun::Missing(call) => {
            match Box::pin(call.complete(None, move || body(arguments))).await.1 {
                Ending::Found(_) | Ending::Computed(_) => Ok(()),
                ending => Err(ending.error(declaration.function())),
            }
        }
    }
}

/// `f::map(…).await`: in the task that awaits it, so many calls at a time as `with` says.
pub async fn map<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> F,
) -> Vec<Result<R::Output>>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let mut items = items.into_iter();
    let tracker = with.tracker(declaration.function(), items.size_hint());
    let (mut calls, mut results) = (FuturesOrdered::new(), Vec::new());
    loop {
        while calls.len() < with.limit()
            && let Some(arguments) = items.next()
        {
            let tracker = tracker.as_ref();
            calls.push_back(one(declaration, with, tracker, returns, &encode, arguments, &body));
        }
        let Some(result) = calls.next().await else { break };
        results.push(result);
    }
    if let Some(tracker) = &tracker {
        tracker.set_total(results.len());
    }
    results
}

/// One call of many.
async fn one<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    tracker: Option<&Tracker>,
    returns: R,
    encode: &impl Encode<A>,
    arguments: A,
    body: &impl Fn(A) -> F,
) -> Result<R::Output>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = begin_with(declaration, with, encode, &arguments);
    let ended = finish(begun, returns, tracker, move || body(arguments)).await;
    if let Some(tracker) = tracker {
        tracker.count(ended.as_ref().map_or(End::Failed, |(_, end)| *end));
    }
    ended.map(|(output, _)| output).map_err(|ending| ending.error(declaration.function()))
}

fn begin_with<R: Returns, A>(
    declaration: &'static Declaration,
    with: &With,
    encode: &impl Encode<A>,
    arguments: &A,
) -> Result<Begun<R>> {
    with.enter(|modifiers| engine::begin(declaration, modifiers, encode, arguments))
        .and_then(|begun| begun)
}

/// Brings a call that has begun to its end: its output, and what became of it.
#[inline]
async fn finish<R, F>(
    begun: Result<Begun<R>>,
    _: R,
    tracker: Option<&Tracker>,
    body: impl FnOnce() -> F,
) -> Result<(R::Output, End), Ending>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    match begun? {
        Begun::Found(output) => Ok((output, End::Hit)),
        // In a box, since a call that finds its result needs none of it.
        Begun::Missing(call) => {
            let (output, ending) = Box::pin(call.complete(tracker, body)).await;
            match output {
                Some(output) => {
                    let end = ending.end(|| R::error(&output).is_some());
                    Ok((output, end))
                }
                None => Err(ending),
            }
        }
    }
}
