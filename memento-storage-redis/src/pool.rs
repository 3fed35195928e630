//! Connections that are used again.

use std::cell::Cell;
use std::time::Duration;

use memento::{Error, ErrorKind, Result};
use parking_lot::{Condvar, Mutex};
use redis::Connection;

/// A bounded number of connections.
pub(crate) struct Pool {
    size: usize,
    /// How long one waits for a connection that another thread has.
    patience: Duration,
    /// The server.
    location: String,
    /// What to do where that was not long enough.
    help: &'static str,
    state: Mutex<State>,
    returned: Condvar,
}

#[derive(Default)]
struct State {
    /// The one used last is at the end.
    idle: Vec<Connection>,
    in_use: usize,
}

thread_local! {
    /// Whether this thread does work for others while it has a connection.
    static HAS_ONE: Cell<bool> = const { Cell::new(false) };
}

/// Does `work` in a thread that has a connection. Requests that come of it do not wait for a place: who has one would
/// wait for itself.
pub(crate) fn with_one<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            HAS_ONE.set(self.0);
        }
    }
    let _restore = Restore(HAS_ONE.replace(true));
    work()
}

/// A place in the pool, and a connection, unless one is still to be made.
pub(crate) struct Place<'a> {
    pool: &'a Pool,
    pub(crate) idle: Option<Connection>,
}

impl Pool {
    pub(crate) fn new(
        size: usize,
        patience: Duration,
        location: String,
        help: &'static str,
    ) -> Self {
        let (size, returned) = (size.max(1), Condvar::new());
        Self { size, patience, location, help, state: Mutex::default(), returned }
    }

    /// A place, when there is one.
    pub(crate) fn place(&self) -> Result<Place<'_>> {
        let mut state = self.state.lock();
        while state.in_use >= self.size && !HAS_ONE.get() {
            let waited = self.returned.wait_for(&mut state, self.patience);
            if waited.timed_out() && state.in_use >= self.size {
                return Err(Error::new(ErrorKind::Storage, "take a connection to a Redis server")
                    .with("server", &self.location)
                    .with("connections", self.size)
                    .because("all are in use")
                    .help(self.help));
            }
        }
        state.in_use += 1;
        Ok(Place { pool: self, idle: state.idle.pop() })
    }

    /// A place, if there is one now.
    pub(crate) fn try_place(&self) -> Option<Place<'_>> {
        let mut state = self.state.lock();
        if state.in_use >= self.size {
            return None;
        }
        state.in_use += 1;
        Some(Place { pool: self, idle: state.idle.pop() })
    }

    /// Closes what is not in use: the server is another one, or has closed it.
    pub(crate) fn clear(&self) {
        let idle = std::mem::take(&mut self.state.lock().idle);
        drop(idle);
    }
}

impl Place<'_> {
    /// Leaves the connection to the next one, if there are not enough.
    pub(crate) fn give_back(self, connection: Connection) {
        let mut state = self.pool.state.lock();
        if state.in_use + state.idle.len() <= self.pool.size {
            state.idle.push(connection);
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.in_use -= 1;
        // One that was taken out and not used stays.
        state.idle.extend(self.idle.take());
        drop(state);
        self.pool.returned.notify_one();
    }
}
