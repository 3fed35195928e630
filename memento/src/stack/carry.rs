//! Takes the caller along to other threads and tasks.

use std::future::poll_fn;
use std::pin::pin;

use super::Caller;

/// Makes `work` run as called by whoever calls now, in whatever thread it runs: for the closures of rayon.
///
/// ```
/// use rayon::prelude::*;
/// let squares: Vec<u32> = (0..4u32).into_par_iter().map(memento::carry(|n| n * n)).collect();
/// ```
pub fn carry<T, R>(work: impl Fn(T) -> R) -> impl Fn(T) -> R {
    let caller = Caller::current();
    move |input| caller.enter(|| work(input))
}

/// Makes `future` run as called by whoever calls now, in whatever task it is polled: for what is spawned.
///
/// Calls are recorded for the function that is running when the call is polled first. In one task that is the function
/// that awaits it, behind `join!` and `select!`, too; a task of its own is nobody's, unless it is carried:
///
/// ```
/// # use memento::memento;
/// # #[memento] async fn part(n: u64) -> u64 { n }
/// # #[memento] async fn sum(n: u64) -> u64 {
/// let spawned = tokio::spawn(memento::carry_future(part(n)));
/// # spawned.await.unwrap_or(0) }
/// ```
pub fn carry_future<F: Future>(future: F) -> impl Future<Output = F::Output> {
    let caller = Caller::current();
    async move {
        let mut future = pin!(future);
        poll_fn(|context| caller.enter(|| future.as_mut().poll(context))).await
    }
}
