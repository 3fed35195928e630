//! What is written behind the call that has it.
//!
//! A thread writes in the order in which things were put: a content before the record that names it. A content is not
//! held here, but copied from the first tier that has it. What fails stays in front and is tried again.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use memento::plugin::{AtEnd, Stores, at_thread_end};
use memento::{Claim, DataStore, Digest, Entry, Error, ErrorKind, Name, Replacement, Result};
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::contents;

/// How many records are put together.
const TOGETHER: usize = 1_000;
/// After how many failures in a row what waits is given up, where somebody waits for the end.
const PATIENCE: u32 = 3;
/// After how many failures in a row a write is given up that a tier refuses which answers otherwise.
const REFUSALS: u32 = 8;
/// How long nothing is written after a failure; twice as long after the next one, unless somebody waits for the end.
const PAUSE: Duration = Duration::from_millis(50);
/// How long nothing is written at most.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How many contents are known at most that were lost.
const KNOWN: usize = 1 << 16;

/// Something to write.
pub(crate) enum Write {
    Content(Name),
    Records(Vec<Entry>),
    Replacements(Vec<Replacement>),
    /// Gives a claim back, behind what was computed under it; `None` where that was done before.
    Release(Option<Claim>),
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

/// What waits to be written, and for how many pushes it stands.
struct Waiting {
    write: Write,
    pushes: u64,
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
    waiting: VecDeque<Waiting>,
    /// How many were ever put here, which are numbered by that.
    pushed: u64,
    /// How many of them are written, or lost.
    ended: u64,
    is_closed: bool,
    /// Failures in a row of what waits in front.
    failures: u32,
    /// Whether the log has the first failure since the last success.
    is_said: bool,
    /// How many wait for the end.
    flushing: u32,
    /// Results that could not be written and were not reported to anybody who flushed.
    lost: u64,
    /// Those of them that the log does not have yet either.
    unsaid: u64,
    /// Contents that could not be written: what comes behind them does not name them.
    lost_contents: HashSet<Digest>,
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

    /// Ends what waited, without its having been written.
    fn end_unwritten(&mut self, Waiting { write, pushes }: Waiting) {
        self.ended += pushes;
        self.lose_write(&write);
    }

    fn lose_write(&mut self, write: &Write) {
        self.lose(write.results());
        if let Write::Content(name) = write {
            // Of very many, the ones that come are more likely to be named.
            if self.lost_contents.len() >= KNOWN {
                self.lost_contents.clear();
            }
            self.lost_contents.extend(name.result_digest());
        }
    }

    /// Loses all that waits.
    fn give_up(&mut self) {
        for waiting in std::mem::take(&mut self.waiting) {
            self.end_unwritten(waiting);
        }
    }

    /// Takes what waits longest; records that wait behind one another together.
    fn take(&mut self) -> Option<Waiting> {
        let mut next = self.waiting.pop_front()?;
        let Write::Records(entries) = &mut next.write else { return Some(next) };
        while entries.len() < TOGETHER
            && let Some(Waiting { write: Write::Records(more), .. }) = self.waiting.front_mut()
        {
            entries.append(more);
            next.pushes += self.waiting.pop_front().map_or(0, |waiting| waiting.pushes);
        }
        if !self.lost_contents.is_empty() {
            let before = entries.len();
            let lost = &self.lost_contents;
            entries.retain(|entry| content(entry).is_none_or(|digest| !lost.contains(&digest)));
            let without = (before - entries.len()) as u64;
            self.lose(without);
        }
        Some(next)
    }

    /// Notes that a write has failed, and keeps it in front, unless it is not to be tried again. Where somebody waits for
    /// the end, neither is what the tier does not take.
    fn fail(&mut self, failed: Waiting, is_final: bool) {
        self.failures = if is_final { 0 } else { self.failures + 1 };
        let is_waited_for = self.flushing > 0;
        if is_final || is_waited_for && self.failures >= PATIENCE {
            self.end_unwritten(failed);
        } else {
            self.waiting.push_front(failed);
        }
        // It is not that write alone.
        if is_waited_for && self.failures > PATIENCE {
            self.give_up();
        }
    }

    /// Has all claims that wait given back by who drops them: others need not wait for a tier that fails.
    fn claims(&mut self) -> Vec<Claim> {
        let claim = |waiting: &mut Waiting| match &mut waiting.write {
            Write::Release(claim) => claim.take(),
            _ => None,
        };
        self.waiting.iter_mut().filter_map(claim).collect()
    }
}

/// The content that a memento names as its result.
fn content(entry: &Entry) -> Option<Digest> {
    let outcome = entry.memento().ok()??.outcome;
    outcome.value.is_some_and(|value| !value.inline).then_some(outcome.digest)
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

    /// Has `write` made behind all before it. Where there is no room, waits for some while the tier works; else the write
    /// is lost.
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

    /// Gives a claim back when all that was put before is written, or the tier fails.
    pub(crate) fn release(&self, claim: Claim) {
        let state = self.0.shared.state.lock();
        let waits = !state.is_idle() && state.failures == 0;
        drop(state);
        if waits {
            self.push(Write::Release(Some(claim)));
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
            let pause = PAUSE.saturating_mul(if state.flushing > 0 { 1 } else { doubled });
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
        let failures = state.failures;
        drop(state);
        let written = self.write(&mut next.write);
        let is_final = written.as_ref().is_err_and(|error| {
            let may_be_later = error.is_retryable() || error.kind() == ErrorKind::Unavailable;
            !is_kept || !may_be_later || failures + 1 >= REFUSALS && self.answers(&next.write)
        });
        let mut state = self.state.lock();
        let mut claims = Vec::new();
        match written {
            Ok(()) => {
                (state.failures, state.is_said) = (0, false);
                state.ended += next.pushes;
                if let Write::Content(name) = next.write
                    && let Some(digest) = name.result_digest()
                {
                    state.lost_contents.remove(&digest);
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut state.is_said, true) {
                    tracing::warn!(tier = self.name, %error, "results are not written to a tier");
                }
                state.fail(next, is_final);
                claims = state.claims();
            }
        }
        drop(state);
        self.changed.notify_all();
        drop(claims);
    }

    /// Whether the tier answers when it is asked for what it has failed to keep.
    fn answers(&self, write: &Write) -> bool {
        let Stores { data, metadata } = &self.stores;
        let key = match write {
            Write::Content(name) => return data.properties(name).is_ok(),
            Write::Records(entries) => entries.first().map(|entry| entry.key),
            Write::Replacements(all) => all.first().map(|replacement| replacement.entry.key),
            Write::Release(_) => None,
        };
        key.is_none_or(|key| metadata.get(&key).is_ok())
    }

    fn write(&self, write: &mut Write) -> Result<()> {
        match write {
            Write::Records(entries) if entries.is_empty() => Ok(()),
            Write::Records(entries) => self.stores.metadata.put(entries),
            Write::Replacements(replacements) => self.stores.metadata.replace(replacements),
            Write::Release(claim) => {
                drop(claim.take());
                Ok(())
            }
            Write::Content(name) => {
                let mut failure = None;
                for source in &self.sources {
                    match contents::copy(&**source, &*self.stores.data, name) {
                        Ok(true) => return Ok(()),
                        Ok(false) => {}
                        Err(error) => failure = failure.or(Some(error)),
                    }
                }
                // It does not come back there by itself.
                Err(failure.unwrap_or_else(|| {
                    Error::new(ErrorKind::Damaged, "copy a content from tier to tier")
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
        // What has failed is tried again soon.
        self.changed.notify_all();
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
