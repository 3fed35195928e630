//! Calls of async functions: what generated code calls.

use std::ops::ControlFlow;

use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered, Stream};

use crate::Result;
use crate::batch::All;
use crate::binding::Declaration;
use crate::encoding::Encode;
use crate::engine::{self, Begun, Ending, TaskWindow};
use crate::internal::{failure, raise};
use crate::modifiers::{Modifiers, Wants, With};
use crate::returns::Returns;
use crate::stack::UnderWay;

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
    match finish(begun, returns, move || body(arguments)).await {
        Ok(output) => output,
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
    let finished = finish(begun, returns, move || body(arguments)).await;
    finished.map_err(|ending| failure(ending, declaration.function()))
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
    match finish(begun, returns, move || body(arguments)).await {
        Ok(output) => output,
        Err(ending) => raise(ending, declaration.function()),
    }
}

/// `f::with()….try_call(…).await`.
///
/// # Errors
///
/// As [`try_call_with`](crate::internal::try_call_with).
pub async fn try_call_with<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    arguments: A,
    body: impl FnOnce(A) -> F,
) -> Result<R::Output>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let begun = begin_with(declaration, with, &encode, &arguments);
    let finished = finish(begun, returns, move || body(arguments)).await;
    finished.map_err(|ending| failure(ending, declaration.function()))
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
        let modifiers = Modifiers { wants: Wants::Presence, ..modifiers };
        engine::begin::<R, A>(declaration, modifiers, &encode, &arguments)
    });
    let ending = match begun.and_then(|begun| begun) {
        Ok(Begun::Found(_)) => return Ok(()),
        Ok(Begun::Missing(call)) => Box::pin(call.complete(move || body(arguments))).await.1,
        Err(error) => error.into(),
    };
    match ending {
        Ending::Found(_) | Ending::Computed(_) => Ok(()),
        ending => Err(failure(ending, declaration.function())),
    }
}

/// `f::map(…).await`: in the task that awaits it, so many calls at a time as `with` says.
pub async fn map<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> F,
) -> Vec<Result<R::Output>>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let mut window =
        TaskWindow::<R, _, _, _, _>::new(declaration, with, encode, items.into_iter(), body)
            .of_all();
    let (mut running, mut results) = (FuturesUnordered::new(), Vec::new());
    let under_way = UnderWay::begin();
    while let Some((index, result)) = window.next(&mut running, engine::finish).await {
        results.resize_with(results.len().max(index + 1), || None);
        results[index] = Some(result);
    }
    under_way.end();
    results.into_iter().flatten().collect()
}

/// `f::try_map(…).await`.
///
/// # Errors
///
/// As [`try_map`](crate::internal::try_map).
pub async fn try_map<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> F,
) -> Result<Vec<R::Output>>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let mut window =
        TaskWindow::<R, _, _, _, _>::new(declaration, with, encode, items.into_iter(), body);
    let (mut running, mut all) = (FuturesUnordered::new(), All::new());
    let under_way = UnderWay::begin();
    while let Some((index, result)) = window.next(&mut running, engine::finish).await {
        if all.take(index, result).is_break() {
            window.stop();
        }
    }
    under_way.end();
    all.finish()
}

/// `f::for_each(…).await`.
pub async fn for_each<R, A, F>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> F,
    mut each: impl FnMut(usize, Result<R::Output>),
) where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let each = |index, result| -> ControlFlow<()> {
        each(index, result);
        ControlFlow::Continue(())
    };
    let _ = try_for_each(declaration, with, returns, encode, items, body, each).await;
}

/// `f::try_for_each(…).await`.
pub async fn try_for_each<R, A, F, C>(
    declaration: &'static Declaration,
    with: &With,
    _: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> F,
    mut each: impl FnMut(usize, Result<R::Output>) -> ControlFlow<C>,
) -> ControlFlow<C>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    let mut window =
        TaskWindow::<R, _, _, _, _>::new(declaration, with, encode, items.into_iter(), body);
    let (mut running, mut flow) = (FuturesUnordered::new(), ControlFlow::Continue(()));
    let under_way = UnderWay::begin();
    while let Some((index, result)) = window.next(&mut running, engine::finish).await {
        // What runs is brought to its end, and nobody is told any more.
        if flow.is_continue() {
            flow = each(index, result);
            if flow.is_break() {
                window.stop();
            }
        }
    }
    under_way.end();
    flow
}

/// `f::as_completed(…)`: a stream.
pub fn as_completed<R, A, E, I, B, F>(
    declaration: &'static Declaration,
    with: &With,
    _: R,
    encode: E,
    items: I,
    body: B,
) -> impl Stream<Item = (usize, Result<R::Output>)> + use<R, A, E, I, B, F>
where
    R: Returns,
    E: Encode<A>,
    I: IntoIterator<Item = A>,
    B: Fn(A) -> F,
    F: Future<Output = R::Output>,
{
    let (with, items) = (with.clone(), items.into_iter());
    // Whoever polls first is the caller, as with any call of an async function.
    let begin = async move {
        let window = TaskWindow::<R, _, _, _, _>::new(declaration, &with, encode, items, body);
        stream::unfold((window, FuturesUnordered::new()), |(mut window, mut running)| async move {
            let next = window.next(&mut running, engine::finish).await?;
            Some((next, (window, running)))
        })
    };
    Box::pin(stream::once(begin).flatten())
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

/// Brings a call that has begun to its end: its output.
#[inline]
async fn finish<R, F>(
    begun: Result<Begun<R>>,
    _: R,
    body: impl FnOnce() -> F,
) -> Result<R::Output, Ending>
where
    R: Returns,
    F: Future<Output = R::Output>,
{
    match begun? {
        Begun::Found(output) => Ok(output),
        // In a box, since a call that finds its result needs none of it.
        Begun::Missing(call) => {
            let (output, ending) = Box::pin(call.complete(body)).await;
            output.ok_or(ending)
        }
    }
}
