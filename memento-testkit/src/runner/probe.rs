//! What stands between the engine and the runner, and sees what the runner does.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ThreadId;

use memento::runner::{Accepted, Batch, Handover, InScope, Runner, Spawn, Waited};
use memento::{Error, ErrorKind, Function, Key, Result};
use parking_lot::Mutex;

use super::promised;

/// What happens to the first call of each batch on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    /// Nothing.
    None,
    /// It has ended when the runner gets it.
    Ended,
    /// It cannot be handed over.
    Local,
    /// Somebody else computes it, unless one waits.
    Busy,
    /// What another process made of it cannot be used here.
    Unusable,
    /// What another process made of it is no response.
    Damaged,
}

/// What was seen of a runner.
#[derive(Debug, Default)]
pub(super) struct Observed {
    /// What became of the calls of each batch.
    batches: Mutex<Vec<Arc<Mutex<Ends>>>>,
    /// Promises that were broken, and how.
    broken: Mutex<Vec<(&'static str, String)>>,
}

/// What became of the calls of a batch.
#[derive(Debug)]
struct Ends {
    function: &'static str,
    /// How often each was brought to its end.
    counts: Vec<usize>,
    /// Whether the runner has returned.
    has_returned: bool,
    /// Those that are handed over, and by whom.
    away: HashMap<usize, ThreadId>,
}

impl Observed {
    fn begin(&self, function: &'static str, count: usize) -> Arc<Mutex<Ends>> {
        let ends =
            Ends { function, counts: vec![0; count], has_returned: false, away: HashMap::new() };
        let ends = Arc::new(Mutex::new(ends));
        self.batches.lock().push(Arc::clone(&ends));
        ends
    }

    fn note_broken(&self, promise: &'static str, found: String) {
        self.broken.lock().push((promise, found));
    }

    /// How many calls the runner got, of all batches together.
    pub(super) fn calls(&self) -> usize {
        self.batches.lock().iter().map(|ends| ends.lock().counts.len()).sum()
    }

    /// Checks that the runner did with each call what it has to.
    #[track_caller]
    pub(super) fn assert_all_ended(&self) {
        if let Some((promise, found)) = self.broken.lock().first() {
            promised(false, promise, || found.clone());
        }
        for ends in &*self.batches.lock() {
            let ends = ends.lock();
            let of = |index: usize| {
                format!("call {index} of {} of `{}`", ends.counts.len(), ends.function)
            };
            for (index, count) in ends.counts.iter().enumerate() {
                promised(
                    *count == 1,
                    "each call of a batch is brought to its end exactly once",
                    || match count {
                        0 => format!("{} was left without an end", of(index)),
                        _ => format!("{} was brought to its end {count} times", of(index)),
                    },
                );
            }
        }
    }

    /// What the runner has not done.
    pub(super) fn describe(&self) -> String {
        let batches = self.batches.lock();
        let running = batches.iter().filter_map(|ends| {
            let ends = ends.lock();
            let open = ends.counts.iter().filter(|count| **count == 0).count();
            (!ends.has_returned).then(|| {
                format!(
                    "of a batch of {} calls of `{}`, {open} have not ended, {} are handed over",
                    ends.counts.len(),
                    ends.function,
                    ends.away.len()
                )
            })
        });
        let running: Vec<_> = running.collect();
        if running.is_empty() { "no batch is on its way".to_owned() } else { running.join("; ") }
    }
}

/// A runner, watched.
#[derive(Debug)]
pub(super) struct Probe {
    runner: Arc<dyn Runner>,
    observed: Arc<Observed>,
    disturbance: Disturbance,
}

impl Probe {
    pub(super) fn new(
        runner: Arc<dyn Runner>,
        observed: Arc<Observed>,
        disturbance: Disturbance,
    ) -> Self {
        Self { runner, observed, disturbance }
    }
}

impl Runner for Probe {
    fn name(&self) -> &str {
        self.runner.name()
    }

    fn executes(&self) -> bool {
        self.runner.executes()
    }

    fn run(&self, batch: &dyn Batch) {
        let name = batch.function().path().rsplit("::").next().unwrap_or_default();
        let ends = self.observed.begin(name, batch.len());
        if self.disturbance == Disturbance::Ended {
            let error = Error::new(ErrorKind::Refused, "make a call that had ended before");
            batch.refuse(0, error);
        }
        let watched = Watched {
            batch,
            observed: &self.observed,
            ends: &ends,
            disturbance: self.disturbance,
            is_disturbed: AtomicBool::new(false),
        };
        self.runner.run(&watched);
        ends.lock().has_returned = true;
    }

    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        self.runner.for_each(count, work);
    }

    fn scope(&self, work: InScope<'_>) {
        self.runner.scope(work);
    }

    fn spawner(&self) -> Option<&dyn Spawn<'static>> {
        self.runner.spawner()
    }
}

/// A batch, watched.
struct Watched<'a> {
    batch: &'a dyn Batch,
    observed: &'a Observed,
    ends: &'a Mutex<Ends>,
    disturbance: Disturbance,
    /// Whether the first call was disturbed already.
    is_disturbed: AtomicBool,
}

impl Watched<'_> {
    /// Whether the disturbance of this kind happens to the call at `index` now.
    fn is_disturbed(&self, index: usize, disturbance: Disturbance) -> bool {
        let first = |index| index == 0 && self.disturbance == disturbance;
        first(index) && !self.is_disturbed.swap(true, Ordering::SeqCst)
    }

    /// Notes the end of a call.
    fn end(&self, index: usize) {
        let mut ends = self.ends.lock();
        ends.counts[index] += 1;
        let function = ends.function;
        if let Some(thread) = ends.away.remove(&index)
            && thread != std::thread::current().id()
        {
            self.observed.note_broken(
                "a call that was handed over is brought to its end in the same thread",
                format!("call {index} of `{function}` was ended by another thread"),
            );
        }
    }

    /// Notes that this thread is going to wait, which it must not while calls of its own are away.
    fn may_wait(&self, index: usize) {
        let ends = self.ends.lock();
        let me = std::thread::current().id();
        // One that comes back unmade is made with the right that it has.
        if !ends.away.contains_key(&index) && ends.away.values().any(|thread| *thread == me) {
            self.observed.note_broken(
                "a thread that has calls handed over does not wait for others",
                format!(
                    "call {index} of `{}` was waited for, with {} calls handed over",
                    ends.function,
                    ends.away.len()
                ),
            );
        }
    }
}

impl Batch for Watched<'_> {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn function(&self) -> &'static Function {
        self.batch.function()
    }

    fn key(&self, index: usize) -> Key {
        self.batch.key(index)
    }

    fn run_local(&self, index: usize) {
        self.may_wait(index);
        self.batch.run_local(index);
        self.end(index);
    }

    fn refuse(&self, index: usize, error: Error) {
        self.batch.refuse(index, error);
        self.end(index);
    }

    fn request(&self, index: usize, alone: bool) -> Handover {
        if self.is_disturbed(index, Disturbance::Busy) {
            return Handover::Busy;
        }
        if self.is_disturbed(index, Disturbance::Local) {
            return Handover::Local;
        }
        let handover = self.batch.request(index, alone);
        match &handover {
            Handover::Request(_) => {
                self.ends.lock().away.insert(index, std::thread::current().id());
            }
            Handover::Ended => self.end(index),
            Handover::Busy | Handover::Local => {}
        }
        handover
    }

    fn put_back(&self, index: usize) {
        self.ends.lock().away.remove(&index);
        self.batch.put_back(index);
    }

    fn wait(&self, index: usize) -> Waited {
        self.may_wait(index);
        let waited = self.batch.wait(index);
        if waited == Waited::Ended {
            self.end(index);
        }
        waited
    }

    fn is_awaited(&self) -> bool {
        self.batch.is_awaited()
    }

    fn accept(&self, index: usize, response: &[u8]) -> Result<Accepted> {
        if self.is_disturbed(index, Disturbance::Unusable) {
            return Ok(Accepted::Local);
        }
        if self.is_disturbed(index, Disturbance::Damaged) {
            return Err(Error::new(ErrorKind::Damaged, "read what another process wrote"));
        }
        let accepted = self.batch.accept(index, response);
        if matches!(accepted, Ok(Accepted::Ended)) {
            self.end(index);
        }
        accepted
    }

    fn answer(&self, question: &[u8]) -> Vec<u8> {
        self.batch.answer(question)
    }

    fn worker_lost(&self) {
        self.batch.worker_lost();
    }
}
