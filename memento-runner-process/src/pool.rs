//! Workers that wait for calls.

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::Options;
use crate::process::{Failure, Process};

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

    /// A worker: an idle one, a new one, or the next that becomes idle. A failure where none can be started, and there
    /// is none. For `at_once`, one more is started than there may be: who has the others may be waiting for whoever
    /// asks.
    pub(crate) fn acquire(&self, at_once: bool) -> Result<Lease<'_>, Failure> {
        let mut state = self.state.lock();
        let mut may_exceed = at_once;
        loop {
            while let Some(mut process) = state.idle.pop() {
                if process.is_alive() {
                    return Ok(Lease { pool: self, process: Some(process) });
                }
                state.started -= 1;
            }
            if state.started < state.limit || may_exceed {
                match self.start(&mut state) {
                    Ok(process) => return Ok(Lease { pool: self, process: Some(process) }),
                    // A scheduler may have no room now, or be away. Others do the work, or are about to, and it is not
                    // asked again before one of them ends, or another batch begins.
                    Err(Failure::Other(error)) if state.started > 0 => {
                        state.limit = state.limit.min(state.started);
                        may_exceed = false;
                        tracing::warn!(%error, "a worker could not be started; others go on");
                    }
                    Err(failure) => return Err(failure),
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
