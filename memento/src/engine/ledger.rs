//! What the calls of a batch have their caller record, in the order of the arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use crate::Error;
use crate::stack::{self, FinishedCall, Frame};

/// Calls of a batch, on their way into the frame of the function that makes it.
///
/// They end in any order. The frame records one when all before it have ended, or when this is dropped.
pub(crate) struct Ledger {
    frame: Option<Arc<Frame>>,
    /// The calls that have not ended.
    outstanding: BTreeSet<usize>,
    /// Calls behind one that has not ended.
    waiting: BTreeMap<usize, FinishedCall>,
}

impl Ledger {
    /// For whoever calls in this thread.
    pub(crate) fn new() -> Self {
        let frame = stack::with(|caller| caller.frame.clone());
        Self { frame, outstanding: BTreeSet::new(), waiting: BTreeMap::new() }
    }

    /// The call at `index` is on its way.
    pub(crate) fn begin(&mut self, index: usize) {
        if self.frame.is_some() {
            self.outstanding.insert(index);
        }
    }

    /// The call at `index` has ended; `call` is there to be recorded where it came to something.
    pub(crate) fn end(&mut self, index: usize, call: Option<FinishedCall>) {
        let Some(frame) = &self.frame else { return };
        let was_first = self.outstanding.first().is_none_or(|first| *first >= index);
        self.outstanding.remove(&index);
        if !was_first {
            self.waiting.extend(call.map(|call| (index, call)));
            return;
        }
        if let Some(call) = call {
            frame.record(call);
        }
        let first = self.outstanding.first().copied().unwrap_or(usize::MAX);
        while let Some(entry) = self.waiting.first_entry().filter(|entry| *entry.key() < first) {
            frame.record(entry.remove());
        }
    }

    /// Whoever makes the batch is told that a call came to nothing because of `error`.
    pub(crate) fn note_error(&self, error: &Error) {
        if let Some(frame) = &self.frame {
            frame.note_error(error);
        }
    }

    /// Adds to the time in which whoever makes the batch waited for it.
    pub(crate) fn add_waited(&self, time: Duration) {
        if let Some(frame) = &self.frame {
            frame.add_waited(time);
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        if let Some(frame) = &self.frame {
            for call in std::mem::take(&mut self.waiting).into_values() {
                frame.record(call);
            }
        }
    }
}
