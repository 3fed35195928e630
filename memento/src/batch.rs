//! Many calls of one function at once: what generated code calls, and what it returns.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::ControlFlow;
use std::time::Instant;

use crate::binding::Declaration;
use crate::encoding::Encode;
use crate::engine::{self, Block, Item, Ledger, Recalled, TypedCall, Window};
use crate::modifiers::{Modifiers, With};
use crate::progress::End;
use crate::returns::Returns;
use crate::runner::Spawn;
use crate::{Error, ErrorKind, Result, stack};

/// `f::map(…)`.
pub fn map<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A>,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> R::Output + Sync,
) -> Vec<Result<R::Output>> {
    let mut items = items.into_iter();
    let tracker = with.tracker(declaration.function(), items.size_hint());
    let map = |modifiers: Modifiers<'_>| {
        let modifiers = Modifiers { tracker: tracker.as_ref(), ..modifiers };
        map_with(declaration, modifiers, returns, &encode, items.by_ref(), &body)
    };
    let mapped = stack::noting_panics(|| with.enter(map)).and_then(|mapped| mapped);
    // What keeps all items from being looked at is the error of each.
    let results = mapped.unwrap_or_else(|error| {
        let refuse = |_| {
            if let Some(tracker) = &tracker {
                tracker.count(End::Failed);
            }
            Err(error.clone())
        };
        items.map(refuse).collect()
    });
    if stack::is_somebody() {
        results.iter().filter_map(|result| result.as_ref().err()).for_each(stack::note_error);
    }
    results
}

/// For how many calls that the memory cache does not have there is room at first.
const ROOM: usize = 1024;

fn map_with<R: Returns, A: Send>(
    declaration: &'static Declaration,
    modifiers: Modifiers<'_>,
    returns: R,
    encode: &impl Encode<A>,
    items: impl Iterator<Item = A>,
    body: &(impl Fn(A) -> R::Output + Sync),
) -> Result<Vec<Result<R::Output>>> {
    let bound = engine::bind(declaration)?;
    let mut ledger = Ledger::new();
    let expected = items.size_hint().0;
    let mut outputs = Vec::with_capacity(expected);
    // What the memory cache does not have: where its output goes, its arguments, its body.
    let (mut positions, mut calls) = (Vec::new(), Vec::new());
    let mut block = Block::<R, A>::new(&bound);
    let mut items = items.fuse();
    loop {
        let first = outputs.len();
        let each = |index, recalled| {
            outputs.push(match recalled {
                Recalled::Ended(result) => Some(result),
                Recalled::Missing(arguments) => {
                    if calls.is_empty() {
                        // Where one is missing, most are.
                        calls.reserve(expected.saturating_sub(index).min(ROOM));
                    }
                    positions.push(index);
                    calls.push(TypedCall::new(returns, encode, arguments, body));
                    None
                }
            });
        };
        if block.recall(items.by_ref(), modifiers, encode, &mut ledger, first, each) == 0 {
            break;
        }
    }
    if let Some(tracker) = modifiers.tracker {
        tracker.set_total(outputs.len());
    }
    if !calls.is_empty() {
        let began = Instant::now();
        let encodings = block.into_missing();
        let items = encodings.iter().zip(&mut calls);
        let mut items = items.map(|(encoded, call)| Item::new(&bound, encoded, call));
        let ended = engine::resolve(&bound, modifiers, &mut items);
        for ((position, call), (invocation, ending)) in positions.into_iter().zip(calls).zip(ended)
        {
            ledger.end(position, ending.finished_call(bound.function, invocation));
            outputs[position] =
                Some(call.into_output().ok_or_else(|| ending.error(bound.function)));
        }
        ledger.add_waited(began.elapsed());
    }
    Ok(outputs.into_iter().flatten().collect())
}

/// `f::try_map(…)`.
pub fn try_map<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A> + Send,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> R::Output + Send + Sync,
) -> Result<Vec<R::Output>> {
    let mut all = All::new();
    let window = Window::new(declaration, with, returns, encode, items.into_iter(), body);
    in_scope(window, |window, spawn| {
        while let Some((index, result)) = window.next(spawn) {
            if all.take(index, result).is_break() {
                window.stop();
            }
        }
    });
    all.finish()
}

/// The outputs of all calls, in whatever order they come, or the first failure.
pub(crate) struct All<T> {
    outputs: Vec<Option<T>>,
    /// Whether the call was cancelled, its index, and why it has no output.
    failure: Option<(bool, usize, Error)>,
}

impl<T> All<T> {
    pub(crate) fn new() -> Self {
        Self { outputs: Vec::new(), failure: None }
    }

    /// Takes what came of a call; breaks where that is no output.
    pub(crate) fn take(&mut self, index: usize, result: Result<T>) -> ControlFlow<()> {
        match result {
            Ok(output) => {
                self.outputs.resize_with(self.outputs.len().max(index + 1), || None);
                self.outputs[index] = Some(output);
                ControlFlow::Continue(())
            }
            Err(error) => {
                let was_cancelled = error.kind() == ErrorKind::Cancelled;
                let order = (was_cancelled, index);
                if self.failure.as_ref().is_none_or(|(was, first, _)| order < (*was, *first)) {
                    self.failure = Some((was_cancelled, index, error));
                }
                ControlFlow::Break(())
            }
        }
    }

    /// The outputs in the order of the arguments, or the failure of the first arguments that were not cancelled.
    pub(crate) fn finish(self) -> Result<Vec<T>> {
        match self.failure {
            Some((_, index, error)) if is_of_call(error.kind()) => Err(error.with("index", index)),
            Some((_, _, error)) => Err(error),
            None => Ok(self.outputs.into_iter().flatten().collect()),
        }
    }
}

/// Whether an error of this kind says what is wrong with one call of a batch, and not with all that is asked.
fn is_of_call(kind: ErrorKind) -> bool {
    use ErrorKind::{Ambiguous, Cancelled, Configuration, FurtherCall};
    !matches!(kind, Configuration | Ambiguous | FurtherCall | Cancelled)
}

/// `f::for_each(…)`.
pub fn for_each<R: Returns, A: Send>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A> + Send,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> R::Output + Send + Sync,
    mut each: impl FnMut(usize, Result<R::Output>),
) {
    let each = |index, result| -> ControlFlow<()> {
        each(index, result);
        ControlFlow::Continue(())
    };
    let _ = try_for_each(declaration, with, returns, encode, items, body, each);
}

/// `f::try_for_each(…)`.
pub fn try_for_each<R: Returns, A: Send, C>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A> + Send,
    items: impl IntoIterator<Item = A>,
    body: impl Fn(A) -> R::Output + Send + Sync,
    mut each: impl FnMut(usize, Result<R::Output>) -> ControlFlow<C>,
) -> ControlFlow<C> {
    let mut flow = ControlFlow::Continue(());
    let window = Window::new(declaration, with, returns, encode, items.into_iter(), body);
    in_scope(window, |window, spawn| {
        while flow.is_continue()
            && let Some((index, result)) = window.next(spawn)
        {
            flow = each(index, result);
        }
    });
    flow
}

/// Does `work` with what starts chunks of `window` in other threads; when this returns, nothing of it runs any more.
fn in_scope<'scope, R, A, I, E, B>(
    mut window: Window<R, A, I, E, B>,
    work: impl FnOnce(&mut Window<R, A, I, E, B>, Option<&dyn Spawn<'scope>>) + 'scope,
) where
    R: Returns,
    A: Send + 'scope,
    I: Iterator<Item = A> + 'scope,
    E: Encode<A> + Send + 'scope,
    B: Fn(A) -> R::Output + Send + Sync + 'scope,
    R::Output: 'scope,
{
    stack::noting_panics(|| match window.job() {
        // The window goes first, also where `work` panics: what has not begun need not be waited for.
        Ok(job) => job.runner().scope(Box::new(move |spawn| work(&mut { window }, spawn))),
        Err(_) => work(&mut window, None),
    });
}

/// `f::as_completed(…)`.
pub fn as_completed<R, A, I>(
    declaration: &'static Declaration,
    with: &With,
    returns: R,
    encode: impl Encode<A> + Send + 'static,
    items: I,
    body: impl Fn(A) -> R::Output + Send + Sync + 'static,
) -> AsCompleted<R::Output>
where
    R: Returns<Output: 'static>,
    A: Send + 'static,
    I: IntoIterator<Item = A, IntoIter: 'static>,
{
    let window = Window::new(declaration, with, returns, encode, items.into_iter(), body);
    AsCompleted { results: Box::new(Completed { window }) }
}

/// The results of many calls as they are completed, each with the index of its arguments: see `f::as_completed`.
///
/// Arguments are taken, and calls started, when the next result is asked for; a bounded number of calls is on its way
/// meanwhile. Dropping it cancels calls that have not begun, and waits for those that run; what they return is
/// recorded. It stays in the thread that made it.
#[must_use = "nothing is called before the first result is asked for"]
pub struct AsCompleted<T> {
    results: Box<dyn Iterator<Item = (usize, Result<T>)>>,
}

impl<T> Iterator for AsCompleted<T> {
    type Item = (usize, Result<T>);

    fn next(&mut self) -> Option<Self::Item> {
        self.results.next()
    }
}

impl<T> FusedIterator for AsCompleted<T> {}

impl<T> fmt::Debug for AsCompleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsCompleted").finish_non_exhaustive()
    }
}

/// A window that starts its chunks by itself.
struct Completed<R: Returns, A, I, E, B> {
    window: Window<R, A, I, E, B>,
}

impl<R, A, I, E, B> Iterator for Completed<R, A, I, E, B>
where
    R: Returns<Output: 'static>,
    A: Send + 'static,
    I: Iterator<Item = A>,
    E: Encode<A> + Send + 'static,
    B: Fn(A) -> R::Output + Send + Sync + 'static,
{
    type Item = (usize, Result<R::Output>);

    fn next(&mut self) -> Option<Self::Item> {
        let job = self.window.job().ok();
        stack::noting_panics(|| {
            self.window.next(job.as_ref().and_then(|job| job.runner().spawner()))
        })
    }
}
