//! What is written behind the call that has it.
//!
//! A thread writes in the order in which things were put: a content before the record that names it. A content is not
//! held here, but copied from the first tier that has it. What fails stays in front and is tried again.

mod making;
mod state;

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memento::plugin::{AtEnd, Stores, at_thread_end};
use memento::storage::{Claim, DataStore, Entry};
use memento::{Error, ErrorKind, Name, Result};
use metrics::Counter;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::counters::Counters;
use making::Failure;
pub(crate) use state::Write;
use state::{State, Waiting};

/// How long nothing is written after a failure; twice as long after the next one, unless somebody waits for the end.
const PAUSE: Duration = Duration::from_millis(50);
/// How long nothing is written at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Writes that wait for one tier, and the thread that makes them. Clones are the same queue.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Handle>);

/// What ends the thread when nobody has the queue any more.
struct Handle {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    name: String,
    room: usize,
    sources: Vec<Arc<dyn DataStore>>,
    stores: Stores,
    failures: Counter,
    state: Mutex<State>,
    /// Told of each change of `state`.
    changed: Condvar,
}

impl Queue {
    /// An empty queue for `stores`, with at most `room` writes in it; contents are in `sources`.
    pub(crate) fn new(
        name: &str,
        room: usize,
        sources: Vec<Arc<dyn DataStore>>,
        stores: Stores,
        counters: &Counters,
    ) -> Self {
        let shared = Shared {
            name: name.to_owned(),
            room,
            sources,
            stores,
            failures: counters.failures_behind.clone(),
            state: Mutex::new(State::new(counters.lost.clone())),
            changed: Condvar::new(),
        };
        Self(Arc::new(Handle { shared: Arc::new(shared), thread: Mutex::default() }))
    }

    /// Has `write` made behind all before it. Where there is no room, waits for some while the tier works; else the
    /// write is lost.
    pub(crate) fn push(&self, write: Write) {
        let shared = &self.0.shared;
        at_thread_end(shared);
        let is_started = self.0.start();
        let mut state = shared.state.lock();
        while state.waiting.len() >= shared.room && state.failures == 0 {
            shared.changed.wait(&mut state);
        }
        if state.waiting.len() < shared.room {
            state.waiting.push_back(Waiting { write, pushes: 1 });
            state.pushed += 1;
            shared.changed.notify_all();
        } else {
            state.lose_write(&write);
        }
        drop(state);
        if !is_started {
            shared.write_next(false);
        }
    }

    /// Drops a claim when all that was put before is written, and ends it before that where the tier fails.
    pub(crate) fn release(&self, claim: Claim) {
        let state = self.0.shared.state.lock();
        let (is_idle, fails) = (state.is_idle(), state.failures > 0);
        drop(state);
        if is_idle {
            return;
        }
        if fails {
            claim.end();
        }
        self.push(Write::Release(claim.into()));
    }

    /// Waits until all that was put before is written, or lost, and has nothing given up for that. What is lost stays
    /// to be reported.
    ///
    /// # Errors
    ///
    /// What the tier has reported: then what was put before still waits.
    pub(crate) fn follow(&self) -> Result<()> {
        self.0.shared.follow()
    }

    /// Has records that wait not be written any more. When this returns, none of those that were put before will be.
    pub(crate) fn drop_waiting_records(&self, is_dropped: impl Fn(&Entry) -> bool) {
        self.0.shared.drop_waiting(|state| state.drop_records(is_dropped));
    }

    /// The same for a content.
    pub(crate) fn drop_waiting_content(&self, name: &Name) {
        self.0.shared.drop_waiting(|state| state.drop_content(name));
    }

    /// Waits until all that was put before is written, or given up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Storage`] where results were lost since the last time.
    pub(crate) fn flush(&self) -> Result<()> {
        self.0.shared.flush()
    }
}

impl Handle {
    /// Starts the thread, unless it runs; whether it does.
    fn start(&self) -> bool {
        let mut thread = self.thread.lock();
        if thread.is_none() {
            let shared = Arc::clone(&self.shared);
            let name = format!("memento-{}", self.shared.name);
            let started = std::thread::Builder::new().name(name).spawn(move || shared.run());
            *thread = started.ok();
        }
        thread.is_some()
    }
}

impl Shared {
    fn run(&self) {
        loop {
            let mut state = self.state.lock();
            while state.waiting.is_empty() && !state.is_closed {
                self.changed.wait(&mut state);
            }
            if state.waiting.is_empty() {
                return;
            }
            self.pause(&mut state);
            drop(state);
            self.write_next(true);
        }
    }

    /// Waits before what has failed is tried again.
    fn pause(&self, state: &mut MutexGuard<'_, State>) {
        let began = Instant::now();
        while state.failures > 0 {
            let doubled = 1_u32.checked_shl(state.failures - 1).unwrap_or(u32::MAX);
            let is_waited_for = state.flushing + state.following > 0;
            let pause = PAUSE.saturating_mul(if is_waited_for { 1 } else { doubled });
            let left = pause.min(LONGEST_PAUSE).saturating_sub(began.elapsed());
            if left.is_zero() {
                return;
            }
            self.changed.wait_for(state, left);
        }
    }

    /// Makes the write that waits longest. Where it fails, it stays in front if it is to be kept, and may be written
    /// later.
    fn write_next(&self, is_kept: bool) {
        let mut state = self.state.lock();
        let Some(mut next) = state.take() else { return };
        drop(state);
        let asks = next.write.asks();
        let made = self.make(&mut next.write, is_kept);
        let mut state = self.state.lock();
        state.is_writing = false;
        let mut claims = Vec::new();
        match made {
            Ok(()) => {
                if asks {
                    (state.failures, state.is_said) = (0, false);
                }
                state.ended += next.pushes;
                if let Write::Content(name) = next.write
                    && let Some(digest) = name.result_digest()
                {
                    state.lost_contents.remove(&digest);
                }
            }
            Err(Failure { error, is_final, has_put }) => {
                if has_put {
                    (state.failures, state.is_said) = (0, false);
                }
                if !std::mem::replace(&mut state.is_said, true) {
                    tracing::warn!(tier = self.name, %error, "results are not written to a tier");
                }
                claims = state.claims();
                state.fail(next, error, is_final);
            }
        }
        drop(state);
        self.changed.notify_all();
        // Others need not wait for a tier that fails.
        for claim in claims {
            claim.end();
        }
    }

    /// Waits until what was put before has ended; what others put meanwhile is theirs.
    fn wait(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let last = state.pushed;
        state.flushing += 1;
        // What has failed is tried again soon.
        self.changed.notify_all();
        while state.ended < last {
            self.changed.wait(&mut state);
        }
        state.flushing -= 1;
        state
    }

    fn follow(&self) -> Result<()> {
        let mut state = self.state.lock();
        let (last, begun) = (state.pushed, state.begun);
        state.following += 1;
        // What has failed is tried again soon, and decides: the tier may answer by now.
        self.changed.notify_all();
        while state.ended < last && state.failure_since(begun).is_none() {
            self.changed.wait(&mut state);
        }
        state.following -= 1;
        let failure = state.failure_since(begun).filter(|_| state.ended < last).cloned();
        drop(state);
        let Some(error) = failure else { return Ok(()) };
        Err(Error::new(error.kind(), "write first what waits for a tier")
            .because(error)
            .help("it stays until the tier answers: try again then"))
    }

    fn drop_waiting(&self, drop: impl FnOnce(&mut State)) {
        let mut state = self.state.lock();
        let last = state.pushed;
        // Where what is being written fails, it waits again.
        while state.ended < last && state.is_writing {
            self.changed.wait(&mut state);
        }
        // What waits now was put later, where all before has ended.
        if state.ended < last {
            drop(&mut state);
        }
    }

    fn flush(&self) -> Result<()> {
        let mut state = self.wait();
        state.unsaid = 0;
        self.check(std::mem::take(&mut state.lost))
    }

    /// Waits at the end of a thread, or of the queue, and has the log say what was lost. Who flushes is told of it,
    /// too.
    fn end(&self) {
        let unsaid = std::mem::take(&mut self.wait().unsaid);
        if let Err(error) = self.check(unsaid) {
            tracing::warn!(%error, "results are lost");
        }
    }

    fn check(&self, lost: u64) -> Result<()> {
        match lost {
            0 => Ok(()),
            lost => Err(Error::new(ErrorKind::Storage, "write results behind the calls")
                .with("tier", &self.name)
                .with("lost", lost)
                .help("what was lost is in the tiers above, and computed again where it is not")),
        }
    }
}

/// A thread that put something ends when it is written; so does the main thread, with which the program ends.
impl AtEnd for Shared {
    fn at_end(&self) {
        self.end();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.get_mut().take() {
            self.shared.end();
            self.shared.state.lock().is_closed = true;
            self.shared.changed.notify_all();
            // It has nothing left to do.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.0.shared.state.lock().waiting.len()).finish()
    }
}
