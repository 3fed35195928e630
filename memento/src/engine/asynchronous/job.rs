//! What is done in other threads for a task, some of it even where the task is gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use blocking::Task;

use crate::engine::right::Right;
use crate::plugin::{Ends, for_another};

/// Something that is done in a thread that may be blocked. What that has to do at its end is done at the end of the one
/// that the task is in when it is done.
pub(super) struct Blocking<T>(Task<(T, Ends)>);

impl<T: Send + 'static> Blocking<T> {
    pub(super) fn begin(work: impl FnOnce() -> T + Send + 'static) -> Self {
        Self(blocking::unblock(move || for_another(work)))
    }
}

impl<T> Future for Blocking<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(context).map(|(done, ends)| {
            ends.adopt();
            done
        })
    }
}

/// The right to compute a key, given back in a job: it may touch the store.
pub(super) struct HeldRight(Option<Right>);

impl HeldRight {
    pub(super) fn new(right: Right) -> Self {
        Self(Some(right))
    }

    /// The right, for what gives it back by itself.
    pub(super) fn take(mut self) -> Right {
        self.0.take().expect("it is taken once")
    }
}

impl Drop for HeldRight {
    fn drop(&mut self) {
        if let Some(right) = self.0.take() {
            blocking::unblock(move || drop(right)).detach();
        }
    }
}

/// A job that comes to its end, also where this is dropped.
pub(super) struct Unstoppable<T>(Option<Blocking<T>>);

impl<T> Unstoppable<T> {
    pub(super) fn new(job: Blocking<T>) -> Self {
        Self(Some(job))
    }
}

impl<T> Future for Unstoppable<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        match &mut self.0 {
            Some(job) => Pin::new(job).poll(context),
            None => Poll::Pending,
        }
    }
}

impl<T> Drop for Unstoppable<T> {
    fn drop(&mut self) {
        if let Some(job) = self.0.take() {
            job.0.detach();
        }
    }
}
