//! What layers do about trouble with a store, for whoever counts that.
//!
//! A layer knows neither what the storage is called nor what was asked of it from outside. So it notes what it does for
//! the thread in which it does it, and [`Metrics`](crate::Metrics), outside of it in the same thread, compares what was
//! noted before and after.

use std::cell::Cell;

/// How often something was done about trouble.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    /// How many operations were tried again.
    pub(crate) retries: u64,
    /// How many breakers opened, also for another period.
    pub(crate) opened: u64,
}

thread_local! {
    /// What was ever noted in this thread.
    static NOTED: Cell<Trouble> = const { Cell::new(Trouble { retries: 0, opened: 0 }) };
}

/// What was noted in this thread so far.
pub(crate) fn noted() -> Trouble {
    NOTED.get()
}

/// Notes that an operation is tried again.
pub(crate) fn note_retry() {
    NOTED.set(Trouble { retries: noted().retries + 1, ..noted() });
}

/// Notes that a breaker has opened.
pub(crate) fn note_opened() {
    NOTED.set(Trouble { opened: noted().opened + 1, ..noted() });
}

impl Trouble {
    /// What was noted since `before`.
    pub(crate) fn since(self, before: Self) -> Self {
        Self { retries: self.retries - before.retries, opened: self.opened - before.opened }
    }
}
