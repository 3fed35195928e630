//! Workers that wait for calls.

use memento::Error;
use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::Options;
use crate::process::{Failure, Process};

/// How many workers in a row may be killed while they start, for whoever asks for one.
const KILLED: usize = 8;

/// As many workers as are needed, up to as many as there may be.
#[derive(Debug)]
pub(crate) struct Pool {
    options: Options,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// The one that worked last is the last one.
    idle: Vec<Process>,
    /// How many there are, or are being started.
    started: usize,
    /// How many there may be: fewer than the options say where others could not be started.
    limit: usize,
    /// How often none could be started while there was none.
    outages: u64,
    /// Why that was, the last time.
    outage: Option<Error>,
}

impl State {
    /// Goes on with the others where a worker could not be started; fails where there are none.
    ///
    /// A scheduler may have no room now, or be away. Others do the work, or are about to, and it is not asked again
    /// before one of them ends, or another batch begins.
    fn give_up(&mut self, error: Error) -> Result<(), NoWorker> {
        if self.started > 0 {
            self.limit = self.limit.min(self.started);
            tracing::warn!(%error, "a worker could not be started; others go on");
            return Ok(());
        }
        self.outages += 1;
        self.outage = Some(error.clone());
        Err(NoWorker::AtAll(error))
    }
}

/// Why somebody has no worker.
#[derive(Debug)]
pub(crate) enum NoWorker {
    /// There is none, and none can be started.
    AtAll(Error),
    /// Others have them all, and no more can be started.
    ForNow,
}

/// A worker that somebody uses. Dropping it ends the worker.
#[derive(Debug)]
pub(crate) struct Lease<'a> {
    pool: &'a Pool,
    process: Option<Process>,
}

impl Pool {
    pub(crate) fn new(options: Options) -> Self {
        Self { options, state: Mutex::default(), changed: Condvar::new() }
    }

    /// There may be as many workers as the options say, whatever could not be started before.
    pub(crate) fn begin(&self) {
        self.state.lock().limit = self.options.workers;
    }

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// A worker: an idle one, a new one, or the next that becomes idle. For `at_once`, one more is started than there
    /// may be, and none is waited for: who has the others may be waiting for whoever asks.
    pub(crate) fn acquire(&self, at_once: bool) -> Result<Lease<'_>, NoWorker> {
        let mut state = self.state.lock();
        let outages = state.outages;
        let mut killed = 0;
        loop {
            while let Some(process) = state.idle.pop() {
                if process.is_alive() {
                    return Ok(Lease { pool: self, process: Some(process) });
                }
                state.started -= 1;
            }
            // Who has waited for others that could not be started either does not try once more: that may take as long
            // again, for each of those who wait.
            if state.started == 0
                && state.outages != outages
                && let Some(error) = &state.outage
            {
                return Err(NoWorker::AtAll(error.clone()));
            }
            if state.started < state.limit || at_once {
                match self.start(&mut state) {
                    Ok(process) => return Ok(Lease { pool: self, process: Some(process) }),
                    Err(Failure::Killed(_)) if killed < KILLED => {
                        killed += 1;
                        continue;
                    }
                    Err(Failure::Killed(error) | Failure::Other(error)) => {
                        state.give_up(error)?;
                    }
                }
                if at_once && state.idle.is_empty() {
                    return Err(NoWorker::ForNow);
                }
            }
            // One may have become idle since.
            if state.idle.is_empty() {
                self.changed.wait(&mut state);
            }
        }
    }

    /// Starts a worker, while others do what they like with the pool.
    fn start(&self, state: &mut MutexGuard<'_, State>) -> Result<Process, Failure> {
        state.started += 1;
        let process = MutexGuard::unlocked(state, || Process::start(&self.options));
        if process.is_err() {
            state.started -= 1;
            self.changed.notify_all();
        }
        process
    }
}

impl Lease<'_> {
    /// The worker.
    pub(crate) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Gives the worker back. Where there are more than there may be, and another one is idle, it ends.
    pub(crate) fn release(mut self) {
        let mut state = self.pool.state.lock();
        if state.started > state.limit && !state.idle.is_empty() {
            return;
        }
        if let Some(process) = self.process.take() {
            state.idle.push(process);
            drop(state);
            self.pool.changed.notify_one();
            // It counts on.
            std::mem::forget(self);
        }
    }

    /// Takes the worker out of the pool.
    pub(crate) fn discard(mut self) -> Option<Process> {
        self.process.take()
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.pool.state.lock().started -= 1;
        self.pool.changed.notify_one();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let idle = &mut self.state.get_mut().idle;
        // All at once, before any is waited for.
        idle.iter_mut().for_each(Process::close);
        idle.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::greeting::Greeting;

    /// A pool of up to three, whose workers note in `folder` that they start, do `what`, and are workers then.
    fn pool(folder: &Path, what: &str) -> Pool {
        let greet = Greeting::script();
        let script = format!("echo >> \"$0/starts\"; {what}; {greet}; cat > /dev/null");
        let launcher = ["sh", "-c", &script, folder.to_str().unwrap()];
        Pool::new(Options::new().workers(3).launcher(launcher))
    }

    fn starts(folder: &TempDir) -> usize {
        fs::read(folder.path().join("starts")).map_or(0, |starts| starts.len())
    }

    #[test]
    fn who_has_no_worker_waits_for_others_whatever_became_of_their_own() {
        for how in ["exit 3", "kill -KILL $$"] {
            let folder = tempfile::tempdir().unwrap();
            let pool = pool(folder.path(), &format!("mkdir \"$0/first\" 2> /dev/null || {how}"));
            pool.begin();
            let first = pool.acquire(false).unwrap();
            std::thread::scope(|scope| {
                let second = scope.spawn(|| pool.acquire(false).is_ok());
                while starts(&folder) < 2 {
                    std::thread::yield_now();
                }
                first.release();
                assert!(second.join().unwrap(), "it gets the worker of the first one");
            });
        }
    }

    #[test]
    fn who_cannot_wait_is_told_that_others_have_all_workers() {
        for how in ["exit 3", "kill -KILL $$"] {
            let folder = tempfile::tempdir().unwrap();
            let pool = pool(folder.path(), &format!("mkdir \"$0/first\" 2> /dev/null || {how}"));
            pool.begin();
            let first = pool.acquire(true).unwrap();
            assert!(matches!(pool.acquire(true), Err(NoWorker::ForNow)));
            drop(first);
            assert!(matches!(pool.acquire(true), Err(NoWorker::AtAll(_))));
        }
    }

    /// None of the starts ends before all have begun.
    #[test]
    fn who_waited_for_what_could_not_be_started_does_not_start_it_again() {
        let folder = tempfile::tempdir().unwrap();
        let gate = "while [ $(wc -l < \"$0/starts\") -lt 3 ]; do :; done; exit 3";
        let pool = pool(folder.path(), gate);
        pool.begin();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| assert!(matches!(pool.acquire(false), Err(NoWorker::AtAll(_)))));
            }
        });
        assert_eq!(starts(&folder), 3);
        // The next batch tries again.
        pool.begin();
        assert!(pool.acquire(false).is_err());
        assert_eq!(starts(&folder), 4);
    }
}
