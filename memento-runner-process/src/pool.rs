//! Workers that wait for calls.

use parking_lot::{Condvar, Mutex};

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

    pub(crate) fn options(&self) -> &Options {
        &self.options
    }

    /// A worker: an idle one, a new one, or the next that becomes idle.
    pub(crate) fn acquire(&self) -> Result<Lease<'_>, Failure> {
        let mut state = self.state.lock();
        loop {
            while let Some(mut process) = state.idle.pop() {
                if process.is_alive() {
                    return Ok(Lease { pool: self, process: Some(process) });
                }
                state.started -= 1;
            }
            if state.started < self.options.workers {
                state.started += 1;
                drop(state);
                let mut lease = Lease { pool: self, process: None };
                lease.process = Some(Process::start(&self.options)?);
                return Ok(lease);
            }
            self.changed.wait(&mut state);
        }
    }
}

impl Lease<'_> {
    /// The worker.
    pub(crate) fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Gives the worker back.
    pub(crate) fn release(mut self) {
        if let Some(process) = self.process.take() {
            self.pool.state.lock().idle.push(process);
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
