//! One batch on its way through the workers.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memento::{Accepted, Batch, Error, Handover};
use parking_lot::Mutex;

use crate::pool::Pool;
use crate::process::Failure;

/// How many calls go to a worker at once at most.
const CALLS: usize = 256;
/// How many bytes go to a worker at once, unless one call has more.
const BYTES: usize = 1 << 20;
/// How long the calls that go to a worker at once should take there together: so long may one wait behind others. The way
/// there and back does not count: where it takes long, many calls share it.
const TOGETHER: Duration = Duration::from_millis(1);

/// How many workers in a row may end before they begin.
const IDLE_LOSSES: usize = 8;

/// A batch, and the workers that make its calls.
pub(crate) struct Job<'a> {
    pool: &'a Pool,
    batch: &'a dyn Batch,
    /// How many threads have workers make calls.
    drivers: usize,
    /// The first call that nobody has taken.
    next: AtomicUsize,
    /// Calls that threads outside of this batch are making.
    busy: Mutex<Vec<usize>>,
    /// Why no worker can be started.
    failed: OnceLock<Error>,
}

/// A call and its request.
type Call = (usize, Vec<u8>);

impl<'a> Job<'a> {
    pub(crate) fn new(pool: &'a Pool, batch: &'a dyn Batch) -> Self {
        pool.begin();
        Self {
            pool,
            batch,
            drivers: pool.options().workers.min(batch.len()),
            next: AtomicUsize::new(0),
            busy: Mutex::default(),
            failed: OnceLock::new(),
        }
    }

    /// Brings all calls to their ends.
    pub(crate) fn run(&self) {
        match self.batch.len() {
            0 => return,
            1 => {
                self.hand_over(0..1, true);
                return;
            }
            _ => {}
        }
        std::thread::scope(|scope| {
            for _ in 1..self.drivers {
                scope.spawn(|| self.drive());
            }
            self.drive();
        });
        // This thread waits for others only when no other thread of the batch waits for it, so that whoever follows who
        // waits for whom sees all of it.
        let busy = std::mem::take(&mut *self.busy.lock());
        for index in busy {
            self.hand_over(index..index + 1, true);
        }
    }

    /// Takes calls until there are none, and has them made: more at once, the faster they are.
    fn drive(&self) {
        let mut size = 1;
        loop {
            // Towards the end, all workers shall have something to do.
            let left = self.batch.len().saturating_sub(self.next.load(Ordering::Relaxed));
            let size_now = size.min(left / (2 * self.drivers)).max(1);
            let first = self.next.fetch_add(size_now, Ordering::Relaxed);
            if first >= self.batch.len() {
                return;
            }
            let took = self.hand_over(first..(first + size_now).min(self.batch.len()), false);
            if took < TOGETHER / 2 {
                size = (size * 2).min(CALLS);
            } else if took > TOGETHER {
                size = (size / 2).max(1);
            }
        }
    }

    /// Brings these calls to their ends, but for those that others are making unless it `may_wait` for them. How long they
    /// took in workers.
    fn hand_over(&self, indices: Range<usize>, may_wait: bool) -> Duration {
        let mut took = Duration::ZERO;
        let mut calls = VecDeque::with_capacity(indices.len());
        let mut bytes = 0;
        let mut local = Vec::new();
        for index in indices {
            match self.batch.request(index, may_wait) {
                Handover::Request(request) => {
                    bytes += request.len();
                    calls.push_back((index, request));
                }
                Handover::Ended => {}
                Handover::Busy => self.busy.lock().push(index),
                Handover::Local => local.push(index),
            }
            if bytes > BYTES {
                local.extend(self.have_made(&mut calls, &mut took));
                bytes = 0;
            }
        }
        local.extend(self.have_made(&mut calls, &mut took));
        // With no worker held: what these call may need one.
        for index in local {
            self.batch.run_local(index);
        }
        took
    }

    /// Has workers make `calls`, until there are none left, and adds the time that it takes there to `took`. Those that have
    /// to be made here after all.
    fn have_made(&self, calls: &mut VecDeque<Call>, took: &mut Duration) -> Vec<usize> {
        let mut local = Vec::new();
        let (mut tries, mut idle_losses, mut at_once) = (0, 0, usize::MAX);
        while !calls.is_empty() {
            if let Some(error) = self.failed.get() {
                calls.drain(..).for_each(|(index, _)| self.batch.refuse(index, error.clone()));
                break;
            }
            let mut lease = match self.pool.acquire() {
                Ok(lease) => lease,
                Err(Failure::Killed(_)) if idle_losses < IDLE_LOSSES => {
                    idle_losses += 1;
                    continue;
                }
                Err(Failure::Killed(error) | Failure::Other(error)) => {
                    let _ = self.failed.set(error.with("function", self.batch.function().path()));
                    continue;
                }
            };
            let Some(process) = lease.process() else { continue };
            let mut made = 0;
            let requests = calls.iter().take(at_once).map(|(_, request)| &**request);
            let requests: Vec<&[u8]> = requests.collect();
            let sent = requests.len();
            let timeout = self.pool.options().timeout;
            let ended =
                process.make(self.batch, requests.into_iter(), timeout, |response, time| {
                    local.extend(self.accept(calls[made].0, response));
                    made += 1;
                    *took += time;
                });
            calls.drain(..made);
            if made > 0 {
                tries = 0;
            }
            let Err(loss) = ended else {
                lease.release();
                continue;
            };
            let Some(process) = lease.discard() else { continue };
            if !process.has_begun() && idle_losses < IDLE_LOSSES {
                // It ended while it was idle, and nobody had noticed yet.
                idle_losses += 1;
                continue;
            }
            if process.is_launched() && sent - made > 1 {
                // Responses may be lost, so nobody knows which of the calls it was: one after another, they tell.
                at_once = 1;
                continue;
            }
            // The first call without a response is the one that had begun; those behind it go to the next worker.
            tries += 1;
            if tries > self.pool.options().retries
                && let Some((index, _)) = calls.pop_front()
            {
                let error = process.lost(&loss, self.batch.function().path(), tries);
                self.batch.refuse(index, error);
                tries = 0;
            }
        }
        local
    }

    /// Takes a response; the index again where the call has to be made here.
    fn accept(&self, index: usize, response: &[u8]) -> Option<usize> {
        match self.batch.accept(index, response) {
            Ok(Accepted::Ended) => None,
            Ok(Accepted::Local) => Some(index),
            Err(error) => {
                self.batch.refuse(index, error);
                None
            }
        }
    }
}
