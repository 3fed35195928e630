//! Threads that wait for workers, for one that does something else meanwhile.

use std::sync::Arc;
use std::thread::{Builder, Scope};

use memento::Spawn;
use parking_lot::Mutex;

/// Starts threads that end before a scope does.
pub(crate) struct Scoped<'s, 'scope>(pub(crate) &'s Scope<'s, 'scope>);

/// Starts threads that nobody waits for.
pub(crate) struct Detached;

type Work<'w> = Box<dyn FnOnce() + Send + 'w>;

impl<'scope> Spawn<'scope> for Scoped<'_, 'scope> {
    fn spawn(&self, work: Work<'scope>) {
        start(work, |work| Builder::new().spawn_scoped(self.0, work).is_ok());
    }
}

impl Spawn<'static> for Detached {
    fn spawn(&self, work: Work<'static>) {
        start(work, |work| Builder::new().spawn(work).is_ok());
    }
}

/// Does `work` in the thread that `begin` starts, or in this one where there can be no other.
fn start<'w>(work: Work<'w>, begin: impl FnOnce(Work<'w>) -> bool) {
    let waiting = Arc::new(Mutex::new(Some(work)));
    let in_thread = Arc::clone(&waiting);
    let take = move || {
        let work = in_thread.lock().take();
        if let Some(work) = work {
            work();
        }
    };
    if !begin(Box::new(take)) {
        let work = waiting.lock().take();
        if let Some(work) = work {
            work();
        }
    }
}
