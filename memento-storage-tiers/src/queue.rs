//! What is written behind the call that has it.
//!
//! A thread writes in the order in which things were put: a content before the record that names it. A content is not
//! held here, but copied from the first tier that has it.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use memento::plugin::{AtEnd, Stores, at_thread_end};
use memento::{Claim, DataStore, Entry, Error, ErrorKind, Name, Replacement, Result};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::contents;

/// How many records are put together.
const TOGETHER: usize = 1_000;
/// After how many failures in a row what waits is given up, where somebody waits for the end.
const PATIENCE: u32 = 3;

/// Something to write.
pub(crate) enum Write {
    Content(Name),
    Records(Vec<Entry>),
    Replacements(Vec<Replacement>),
    /// Gives a claim back, behind what was computed under it.
    Release(Claim),
}

impl Write {
    /// How many results are lost with it.
    fn results(&self) -> u64 {
        match self {
            Self::Content(_) => 1,
            Self::Records(entries) => entries.len() as u64,
            // Where it is lost, what it was to replace is still there.
            Self::Replacements(_) | Self::Release(_) => 0,
        }
    }
}

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
    state: Mutex<State>,
    /// Told of each change of `state`.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Write>,
    /// How many were ever put here, which are numbered by that.
    pushed: u64,
    /// How many of them are written, or lost.
    ended: u64,
    is_closed: bool,
    /// Failures in a row.
    failures: u32,
    /// How many wait for the end.
    flushing: u32,
    /// Results that could not be written and were not reported to anybody who flushed.
    lost: u64,
    /// Those of them that the log does not have yet either.
    unsaid: u64,
}

impl State {
    /// Whether all that was put is written, or lost.
    fn is_idle(&self) -> bool {
        self.ended == self.pushed
    }

    fn lose(&mut self, results: u64) {
        self.lost += results;
        self.unsaid += results;
    }

    /// Loses all that waits.
    fn give_up(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        self.ended += waiting.len() as u64;
        self.lose(waiting.iter().map(Write::results).sum());
    }
}

impl Queue {
    /// An empty queue for `stores`, with at most `room` writes in it; contents are in `sources`.
    pub(crate) fn new(
        name: &str,
        room: usize,
        sources: Vec<Arc<dyn DataStore>>,
        stores: Stores,
    ) -> Self {
        let (state, changed) = <_>::default();
        let shared = Shared { name: name.to_owned(), room, sources, stores, state, changed };
        Self(Arc::new(Handle { shared: Arc::new(shared), thread: Mutex::default() }))
    }

    /// Has `write` made behind all before it. Waits for room while the tier works; else the write is lost.
    pub(crate) fn push(&self, write: Write) {
        let shared = &self.0.shared;
        at_thread_end(shared);
        let is_started = self.0.start();
        let mut state = shared.state.lock();
        while state.waiting.len() >= shared.room && state.failures == 0 {
            shared.changed.wait(&mut state);
        }
        if state.waiting.len() < shared.room {
            state.waiting.push_back(write);
            state.pushed += 1;
            shared.changed.notify_all();
        } else {
            state.lose(write.results());
        }
        drop(state);
        if !is_started {
            shared.write_next();
        }
    }

    /// Gives a claim back when all that was put before is written.
    pub(crate) fn release(&self, claim: Claim) {
        if !self.0.shared.state.lock().is_idle() {
            self.push(Write::Release(claim));
        }
    }

    /// Waits until all that was put before is written, or given up. What is lost stays to be reported.
    pub(crate) fn wait(&self) {
        drop(self.0.shared.wait());
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
            drop(state);
            self.write_next();
        }
    }

    /// Makes the write that waits longest.
    fn write_next(&self) {
        let mut state = self.state.lock();
        let Some(mut write) = state.waiting.pop_front() else { return };
        let mut together = 1;
        if let Write::Records(entries) = &mut write {
            while entries.len() < TOGETHER
                && let Some(Write::Records(_)) = state.waiting.front()
                && let Some(Write::Records(more)) = state.waiting.pop_front()
            {
                entries.extend(more);
                together += 1;
            }
        }
        drop(state);
        let results = write.results();
        let written = self.write(write);
        let mut state = self.state.lock();
        state.ended += together;
        match written {
            Ok(()) => state.failures = 0,
            Err(error) => {
                if state.failures == 0 {
                    tracing::warn!(tier = self.name, %error, "results are not written to a tier");
                }
                state.failures += 1;
                state.lose(results);
                if state.flushing > 0 && state.failures >= PATIENCE {
                    state.give_up();
                }
            }
        }
        self.changed.notify_all();
    }

    fn write(&self, write: Write) -> Result<()> {
        match write {
            Write::Records(entries) => self.stores.metadata.put(&entries),
            Write::Replacements(replacements) => self.stores.metadata.replace(&replacements),
            Write::Release(claim) => {
                drop(claim);
                Ok(())
            }
            Write::Content(name) => {
                let mut failure = None;
                for source in &self.sources {
                    match contents::copy(&**source, &*self.stores.data, &name) {
                        Ok(true) => return Ok(()),
                        Ok(false) => {}
                        Err(error) => failure = failure.or(Some(error)),
                    }
                }
                Err(failure.unwrap_or_else(|| {
                    Error::new(ErrorKind::Storage, "copy a content from tier to tier")
                        .with("name", name.as_str())
                        .source("it is gone from those above")
                }))
            }
        }
    }

    /// Waits until what was put before has ended; what others put meanwhile is theirs.
    fn wait(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock();
        let last = state.pushed;
        state.flushing += 1;
        while state.ended < last {
            self.changed.wait(&mut state);
        }
        state.flushing -= 1;
        state
    }

    fn flush(&self) -> Result<()> {
        let mut state = self.wait();
        state.unsaid = 0;
        self.check(std::mem::take(&mut state.lost))
    }

    /// Waits at the end of a thread, or of the queue, and has the log say what was lost. Who flushes is told of it, too.
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
