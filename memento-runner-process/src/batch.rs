//! One batch on its way through the workers.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::Builder;
use std::time::Duration;

use memento::Error;
use memento::runner::{Accepted, Batch, Handover, Waited};
use parking_lot::Mutex;

use crate::pool::{Lease, NoWorker, Pool};
use crate::process::{Loss, Process};

/// How many calls go to a worker at once at most.
const CALLS: usize = 256;
/// How many bytes go to a worker at once, unless one call has more.
const BYTES: usize = 1 << 20;
/// How long the calls that go to a worker at once should take there together: so long may one wait behind others. The
/// way there and back does not count: where it takes long, many calls share it.
const TOGETHER: Duration = Duration::from_millis(1);

/// How many workers in a row may end before they begin.
const IDLE_LOSSES: usize = 8;
/// How many of them may do nothing until the time of a call is over. One that was stopped is as one that ended; but each
/// takes that time, and where the next one does nothing either, it is not by chance.
const IDLE_TIMEOUTS: usize = 1;

/// A batch, and the workers that make its calls.
///
/// Who waits holds nothing: calls are handed over when there is a worker that makes them, and put back where it is
/// lost; and who has a worker waits for nobody else. So what is waited for goes on.
pub(crate) struct Job<'a> {
    pool: &'a Pool,
    batch: &'a dyn Batch,
    /// How many threads have workers make calls.
    drivers: usize,
    /// The first call that nobody has taken.
    next: AtomicUsize,
    /// Calls that others are making.
    busy: Mutex<Vec<usize>>,
    /// Why there is no worker.
    failed: OnceLock<Error>,
}

/// Calls that a thread brings to their ends.
struct Share {
    /// Those that no worker has.
    left: VecDeque<usize>,
    /// Whether they are made where others make them, too.
    alone: bool,
    /// Those that have to be made here.
    local: Vec<usize>,
    /// How long workers took.
    took: Duration,
    /// How many go to a worker at once at most.
    at_once: usize,
    /// How many workers were lost while they made the first call.
    tries: u32,
    /// How many ended before they began.
    idle_losses: usize,
}

impl Share {
    fn new(calls: Range<usize>, alone: bool) -> Self {
        Self {
            left: calls.collect(),
            alone,
            local: Vec::new(),
            took: Duration::ZERO,
            at_once: usize::MAX,
            tries: 0,
            idle_losses: 0,
        }
    }
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
                self.have_made(Share::new(0..1, false));
            }
            _ => std::thread::scope(|scope| {
                for _ in 1..self.drivers {
                    // Where the system has no thread more, those that there are take all calls.
                    let begun = Builder::new().spawn_scoped(scope, || self.drive());
                    if begun.is_err() {
                        break;
                    }
                }
                self.drive();
            }),
        }
        // This thread waits for others only when no other thread of the batch waits for it, so that whoever follows who
        // waits for whom sees all of it.
        while let Some(index) = self.next_busy() {
            let alone = match self.batch.wait(index) {
                Waited::Ended => continue,
                Waited::Free => false,
                Waited::Alone => true,
            };
            self.have_made(Share::new(index..index + 1, alone));
        }
    }

    fn next_busy(&self) -> Option<usize> {
        self.busy.lock().pop()
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
            let calls = first..(first + size_now).min(self.batch.len());
            let took = self.have_made(Share::new(calls, false));
            if took < TOGETHER / 2 {
                size = (size * 2).min(CALLS);
            } else if took > TOGETHER {
                size = (size / 2).max(1);
            }
        }
    }

    /// Brings calls to their ends, but for those that others are making. How long they took in workers.
    fn have_made(&self, mut share: Share) -> Duration {
        while !share.left.is_empty() {
            if let Some(error) = self.failed.get() {
                share.left.drain(..).for_each(|index| self.batch.refuse(index, error.clone()));
                break;
            }
            match self.pool.acquire(self.batch.is_awaited()) {
                Ok(lease) => self.use_worker(lease, &mut share),
                Err(NoWorker::ForNow) => share.local.extend(share.left.drain(..)),
                Err(NoWorker::AtAll(error)) => {
                    let _ = self.failed.set(error.with("function", self.batch.function().path()));
                }
            }
        }
        // With no worker held: what these calls need may be one.
        for index in share.local {
            self.batch.run_local(index);
        }
        share.took
    }

    /// Lets a worker make some calls.
    fn use_worker(&self, mut lease: Lease<'_>, share: &mut Share) {
        let mut calls = self.hand_over(share);
        let Some(process) = lease.process().filter(|_| !calls.is_empty()) else {
            return lease.release();
        };
        let mut made = 0;
        let requests: Vec<&[u8]> = calls.iter().map(|(_, request)| &**request).collect();
        let sent = requests.len();
        let timeout = self.pool.options().timeout;
        let ended = process.make(self.batch, requests.into_iter(), timeout, |response, time| {
            self.accept(calls[made].0, response, &mut share.local);
            made += 1;
            share.took += time;
        });
        calls.drain(..made);
        if made > 0 {
            share.tries = 0;
        }
        let Err(loss) = ended else { return lease.release() };
        let lost = lease.discard();
        self.batch.worker_lost();
        for (index, _) in calls.into_iter().rev() {
            self.batch.put_back(index);
            share.left.push_front(index);
        }
        if let Some(process) = lost {
            self.note_loss(process, &loss, sent - made, share);
        }
    }

    /// Claims calls, as many as go to a worker at once.
    fn hand_over(&self, share: &mut Share) -> Vec<Call> {
        let mut calls = Vec::with_capacity(share.left.len().min(CALLS));
        let mut bytes = 0;
        while calls.len() < share.at_once && bytes <= BYTES {
            let Some(index) = share.left.pop_front() else { break };
            match self.batch.request(index, share.alone) {
                Handover::Request(request) => {
                    bytes += request.len();
                    calls.push((index, request));
                    continue;
                }
                Handover::Ended => {}
                Handover::Busy => self.busy.lock().push(index),
                Handover::Local => share.local.push(index),
            }
            if calls.is_empty() {
                share.tries = 0;
            }
        }
        calls
    }

    /// Goes on after a worker was lost that had so many calls without a response.
    fn note_loss(&self, process: Process, loss: &Loss, without_response: usize, share: &mut Share) {
        let idle_losses = match loss {
            Loss::Timeout(_) => IDLE_TIMEOUTS,
            Loss::Other(_) => IDLE_LOSSES,
        };
        if !process.has_begun() && share.idle_losses < idle_losses {
            // It ended while it was idle, and nobody had noticed yet.
            share.idle_losses += 1;
            return;
        }
        if process.is_launched() && without_response > 1 {
            // Responses may be lost, so nobody knows which of the calls it was: one after another, they tell.
            share.at_once = 1;
            return;
        }
        // The first call without a response is the one that had begun; those behind it go to the next worker.
        share.tries += 1;
        if share.tries > self.pool.options().retries
            && let Some(index) = share.left.pop_front()
        {
            let error = process.lost(loss, self.batch.function().path(), share.tries);
            self.batch.refuse(index, error);
            share.tries = 0;
        }
    }

    /// Takes a response; one that says that the call has to be made here is noted.
    fn accept(&self, index: usize, response: &[u8], local: &mut Vec<usize>) {
        match self.batch.accept(index, response) {
            Ok(Accepted::Ended) => {}
            Ok(Accepted::Local) => {
                self.batch.put_back(index);
                local.push(index);
            }
            Err(error) => self.batch.refuse(index, error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use memento::{Function, Key, Result};
    use tempfile::TempDir;

    use super::*;
    use crate::Options;
    use crate::greeting::Greeting;

    #[memento::memento]
    fn call() {}

    /// One call, whose worker gets more than a pipe holds in answer to whatever it asks.
    #[derive(Default)]
    struct One {
        refused: Mutex<Vec<String>>,
    }

    impl Batch for One {
        fn len(&self) -> usize {
            1
        }

        fn function(&self) -> &'static Function {
            memento::functions().find(|function| function.path().ends_with("::call")).unwrap()
        }

        fn key(&self, _: usize) -> Key {
            unreachable!()
        }

        fn run_local(&self, _: usize) {
            unreachable!()
        }

        fn refuse(&self, _: usize, error: Error) {
            self.refused.lock().push(error.to_string());
        }

        fn request(&self, _: usize, _: bool) -> Handover {
            Handover::Request(b"abc".to_vec())
        }

        fn put_back(&self, _: usize) {}

        fn wait(&self, _: usize) -> Waited {
            unreachable!()
        }

        fn is_awaited(&self) -> bool {
            false
        }

        fn accept(&self, _: usize, _: &[u8]) -> Result<Accepted> {
            unreachable!()
        }

        fn answer(&self, _: &[u8]) -> Vec<u8> {
            vec![0; 1 << 20]
        }

        fn worker_lost(&self) {}
    }

    /// Lets workers make the call that note in `folder` that they start, read their setup, greet, and do `what`.
    /// Returns why there is no result.
    fn refused(folder: &TempDir, what: &str, change: impl FnOnce(Options) -> Options) -> String {
        let greet = Greeting::script();
        let script = format!("echo >> \"$0/starts\"; head -c 17 > /dev/null; {greet}; {what}");
        let arguments = ["-c", &script, folder.path().to_str().unwrap()];
        let pool = Pool::new(change(Options::new().program("sh").arguments(arguments)));
        let batch = One::default();
        Job::new(&pool, &batch).run();
        let [refused] = batch.refused.into_inner().try_into().unwrap();
        refused
    }

    fn starts(folder: &TempDir) -> usize {
        fs::read(folder.path().join("starts")).unwrap().len()
    }

    /// Its worker reads it, asks, and is killed when it has read some of the answer.
    #[test]
    fn a_call_that_has_begun_is_not_made_again_whatever_is_left_unread() {
        let ask = "printf '\\006\\000\\000\\000\\000\\000\\000\\000'";
        let what = format!("head -c 19 > /dev/null; {ask}; head -c 9 > /dev/null; kill -KILL $$");
        let folder = tempfile::tempdir().unwrap();
        let error = refused(&folder, &what, |options| options);
        assert!(error.contains("its worker ended with signal: 9 (SIGKILL)"), "{error}");
        assert_eq!(starts(&folder), 1);
    }

    /// What was started is no worker itself, but waits for one.
    #[test]
    fn a_call_that_has_begun_behind_a_script_is_not_made_again() {
        let what = "head -c 19 > /dev/null; exit 3";
        let folder = tempfile::tempdir().unwrap();
        let error = refused(&folder, what, |mut options| {
            let waits = "sh \"$@\"; exit $?".to_owned();
            options.arguments.splice(..0, ["-c".to_owned(), waits, "sh".to_owned()]);
            options
        });
        assert!(error.contains("its worker ended with exit status: 3"), "{error}");
        assert_eq!(starts(&folder), 1);
    }

    #[test]
    fn a_worker_that_reads_nothing_in_time_is_replaced_once() {
        let folder = tempfile::tempdir().unwrap();
        let timeout = Duration::from_millis(10);
        let error = refused(&folder, "exec sleep infinity", |options| options.timeout(timeout));
        assert!(error.contains("it took longer than 10ms"), "{error}");
        assert_eq!(starts(&folder), 2);
    }
}
