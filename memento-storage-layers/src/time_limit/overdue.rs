//! Changes of a store that nobody waits for any more, and that have not ended.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use memento::{Error, ErrorKind, Result};

use crate::Operation;

/// How many of them a store has.
#[derive(Debug, Default)]
pub(super) struct Overdue(Arc<AtomicUsize>);

/// One operation that changes the store, for who waits for it. Of others, there is nothing to note.
#[derive(Debug, Default)]
pub(super) struct Change(Option<Arc<State>>);

/// The same one, for the thread that does it: dropped when it is done.
pub(super) struct UnderWay(Option<Arc<State>>);

#[derive(Debug)]
struct State {
    overdue: Arc<AtomicUsize>,
    /// Whether it is done, or nobody waits for it any more: whoever comes second knows that it was both.
    has_ended: AtomicBool,
}

impl Overdue {
    /// Begins an operation.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unavailable`] where it would change the store, and another one that does is overdue: what is done
    /// now might be undone by that. The store was not asked, so this counts for no failure of it, and to try again soon
    /// is of no use.
    pub(super) fn begin(&self, operation: Operation) -> Result<Change> {
        if !operation.writes {
            return Ok(Change(None));
        }
        match self.0.load(Ordering::SeqCst) {
            0 => {
                let (overdue, has_ended) = (Arc::clone(&self.0), AtomicBool::new(false));
                Ok(Change(Some(Arc::new(State { overdue, has_ended }))))
            }
            overdue => Err(Error::new(ErrorKind::Unavailable, operation.does)
                .with("overdue", overdue)
                .because("a change of the store that took too long has not ended, and would undo this one")
                .help("it is done when that one has ended, which takes as long as the store takes")),
        }
    }
}

impl Change {
    pub(super) fn under_way(&self) -> UnderWay {
        UnderWay(self.0.clone())
    }

    /// Nobody waits for it any more.
    pub(super) fn give_up(&self) {
        if let Some(state) = &self.0 {
            state.overdue.fetch_add(1, Ordering::SeqCst);
            state.end();
        }
    }
}

impl State {
    fn end(&self) {
        if self.has_ended.swap(true, Ordering::SeqCst) {
            self.overdue.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(state) = &self.0 {
            state.end();
        }
    }
}
