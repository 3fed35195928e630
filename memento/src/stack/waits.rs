//! How long a function waits for what it calls, where several calls may be under way at once.

use std::sync::Arc;
use std::time::Instant;

use super::Frame;

/// The calls of one function that are under way.
#[derive(Default)]
pub(super) struct Waits {
    count: usize,
    began: Option<Instant>,
}

/// A call, or a batch, that somebody waits for. Dropped before it has ended, it came to nothing.
pub(crate) struct UnderWay(Option<Arc<Frame>>);

impl UnderWay {
    /// What whoever calls in this thread waits for.
    pub(crate) fn begin() -> Self {
        Self(super::with(|caller| caller.frame.clone()))
    }

    /// It has come to something, or to a failure that is noted.
    pub(crate) fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(frame) = &self.0 {
            frame.note_failure();
        }
    }
}

/// A call that is under way. The time until it is dropped counts once, however many there are.
pub(crate) struct Wait(Option<Arc<Frame>>);

impl Wait {
    /// A call by `frame`, if anybody calls.
    pub(crate) fn begin(frame: Option<&Arc<Frame>>) -> Self {
        if let Some(frame) = frame {
            let mut waits = frame.waits.lock();
            waits.count += 1;
            waits.began.get_or_insert_with(Instant::now);
        }
        Self(frame.cloned())
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let Some(frame) = &self.0 else { return };
        let mut waits = frame.waits.lock();
        waits.count -= 1;
        if waits.count == 0
            && let Some(began) = waits.began.take()
        {
            frame.add_waited(began.elapsed());
        }
    }
}
