//! What executes invocations.
//!
//! A [`Runner`] is handed a [`Batch`] of calls of one function that have no valid result, and brings each to its end.

mod local;
mod null;

use std::fmt::Debug;

use crate::{Error, Function, Key, Result};

pub use local::LocalRunner;
pub use null::NullRunner;
pub(crate) use null::refusal;

/// Executes batches of invocations that storage has no valid result for.
pub trait Runner: Send + Sync + Debug {
    /// What provenance calls this runner.
    fn name(&self) -> &str;

    /// Whether it executes functions at all. If it does not, nor do worker processes, whatever a function calls.
    fn executes(&self) -> bool {
        true
    }

    /// Brings every invocation of `batch` to its end, each through [`Batch::run_local`] in whatever thread or process
    /// suits, or through [`Batch::refuse`]. A batch of one comes from a call that waits for it: it is best run in the
    /// thread that asks.
    fn run(&self, batch: &dyn Batch);

    /// Runs `work` in up to as many threads as this runner uses for one batch, with the indices below `count`. Looking
    /// many results up is done in this way.
    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }

    /// Does `work` in the thread that asks, and hands it what starts other work in threads of this runner; when this
    /// returns, all of that has ended. With `None`, `work` does everything by itself: the runner has no threads of its
    /// own, or the thread that asks is one of them, which must never stand still.
    fn scope(&self, work: InScope<'_>) {
        work(None);
    }

    /// What starts work in threads of this runner, for a thread that will wait for it; `None` as in
    /// [`scope`](Self::scope).
    fn spawner(&self) -> Option<&dyn Spawn<'static>> {
        None
    }
}

/// What [`Runner::scope`] does.
pub type InScope<'scope> = Box<dyn FnOnce(Option<&dyn Spawn<'scope>>) + 'scope>;

/// Starts work in other threads.
pub trait Spawn<'scope> {
    /// Starts `work`, and returns. It never panics.
    fn spawn(&self, work: Box<dyn FnOnce() + Send + 'scope>);
}

/// Calls of one function that storage has no valid result for.
///
/// Indices are those below [`len`](Self::len); any other one panics.
pub trait Batch: Sync {
    /// How many calls there are.
    fn len(&self) -> usize;

    /// Whether there is no call.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The function that is called.
    fn function(&self) -> &'static Function;

    /// The key of the call at `index`.
    fn key(&self, index: usize) -> Key;

    /// Brings the call at `index` to its end in this thread: runs the function and records the result, or takes the
    /// result that another thread is computing. A panic of the function is the end of that call; it does not come
    /// out here. A call that has ended is left as it is.
    fn run_local(&self, index: usize);

    /// Ends the call at `index` with an error; the function does not run.
    fn refuse(&self, index: usize, error: Error);

    /// Hands the call at `index` over to another process, which runs this program and [makes](crate::worker::Worker)
    /// it. Where others compute the same, it is not handed over, unless it is to be made [`alone`](Waited::Alone).
    ///
    /// The call stays claimed, and others wait for it, until it is brought to its end in the same thread, by
    /// [`accept`](Self::accept), [`refuse`](Self::refuse) or [`run_local`](Self::run_local), or is
    /// [put back](Self::put_back). So a thread that has calls handed over must wait for nothing but the process that
    /// makes them: neither for others, nor until a process is idle.
    fn request(&self, index: usize, alone: bool) -> Handover;

    /// Takes back a call that was handed over and has not been made: it can be handed over again, and until then others
    /// may make it.
    fn put_back(&self, index: usize);

    /// Waits for others who compute the same as the call at `index`. Neither it nor any other call by this thread may
    /// be handed over meanwhile.
    fn wait(&self, index: usize) -> Waited;

    /// Whether calls of this batch are made by a function that runs in this process. Others may be waiting for it, also
    /// processes that make calls: so none of these calls is to wait until a process is idle.
    fn is_awaited(&self) -> bool;

    /// Takes what another process made of the call at `index`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Damaged`](crate::ErrorKind::Damaged) where `response` is not a response, or is that of another
    /// call. The call has not ended then.
    fn accept(&self, index: usize, response: &[u8]) -> Result<Accepted>;

    /// The answer to what a worker [asks](crate::worker::Parent::ask) while it makes calls of this batch.
    fn answer(&self, question: &[u8]) -> Vec<u8>;

    /// To be called when a worker that had calls from this thread is gone, before another one gets them: what it was
    /// computing besides is then free for others, who may be waiting for it.
    fn worker_lost(&self);
}

/// What has become of a call that others were making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waited {
    /// It has ended.
    Ended,
    /// Nobody makes it any more: it is to be handed over, though others may do so sooner.
    Free,
    /// To wait for others might never end: it is to be made alone.
    Alone,
}

/// What becomes of a call that is to be handed over to another process.
#[derive(Debug)]
pub enum Handover {
    /// Another process is to get these bytes.
    Request(Vec<u8>),
    /// It has ended: its result has landed in the meantime, or it failed.
    Ended,
    /// Others compute the same: [wait](Batch::wait) for them, later.
    Busy,
    /// It can only be made here: its arguments cannot be read back.
    Local,
}

/// What has become of a call that another process made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accepted {
    /// It has ended.
    Ended,
    /// It has to be made here after all, by [`Batch::run_local`]. A thread that waits for anything before that puts it
    /// back first.
    Local,
}
