//! How far a batch is, for who watches it.

#[cfg(feature = "progress")]
mod bar;
mod events;
mod tracker;

use std::sync::Arc;
use std::time::Duration;

pub use events::ProgressEvents;
pub(crate) use tracker::{End, Tracker};

/// How far a batch is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The function's path: [`Function::path`](crate::Function::path).
    pub function: &'static str,
    /// Calls that were answered without running the function.
    pub hits: u64,
    /// Calls for which the function ran and returned a value.
    pub computed: u64,
    /// Calls that came to no value: the function returned an error or panicked, or was not run.
    pub failed: u64,
    /// How many calls the batch has, once that is known.
    pub total: Option<u64>,
    /// How long the batch has been under way.
    pub elapsed: Duration,
    /// How long it has been since the first function ran.
    computing: Duration,
}

impl Progress {
    /// Calls that have ended.
    pub fn ended(&self) -> u64 {
        self.hits + self.computed + self.failed
    }

    /// How long the rest takes if the function has to run for all of it, by how long it has taken so far: hits tell
    /// nothing about that. `None` before it has run, and where nobody knows how many calls there are.
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.total?.checked_sub(self.ended())?;
        let ran = self.computed + self.failed;
        let nanoseconds = self.computing.as_nanos() * u128::from(left);
        let nanoseconds = nanoseconds.checked_div(u128::from(ran))?;
        Some(Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX)))
    }
}

/// Watches batches: see `f::with().observe(observer)`.
///
/// It is told in threads that bring calls to their ends, so it should not take long; never by two threads at once for
/// one batch. One that panics is told nothing more, and the batch goes on.
pub trait ProgressObserver: Send + Sync {
    /// A batch begins. Calls that memory answers may end before the total is known.
    fn started(&self, _: &Progress) {}

    /// Calls have ended since this was told last: one, or several.
    fn advanced(&self, progress: &Progress);

    /// The batch is over. Calls are missing from the total where it was given up.
    fn finished(&self, _: &Progress) {}
}

impl<O: ProgressObserver + ?Sized> ProgressObserver for Arc<O> {
    fn started(&self, progress: &Progress) {
        (**self).started(progress);
    }
    fn advanced(&self, progress: &Progress) {
        (**self).advanced(progress);
    }
    fn finished(&self, progress: &Progress) {
        (**self).finished(progress);
    }
}

/// What shows a batch to a person: a bar where somebody looks at a terminal, else events.
pub(crate) fn shown() -> Arc<dyn ProgressObserver> {
    #[cfg(feature = "progress")]
    if let Some(bar) = bar::Bar::on_terminal() {
        return Arc::new(bar);
    }
    Arc::new(ProgressEvents::default())
}
