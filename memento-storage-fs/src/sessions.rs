//! The sessions of a database: how many there are at once, and whether they are on what is there now.

use std::cell::Cell;
use std::collections::HashMap;
use std::time::{Duration, Instant};

use memento::Version;
use parking_lot::{Condvar, Mutex};
use rusqlite::Connection;

use crate::folder::{FileIdentity, FileState};

/// How many sessions there are at once, at least, and of each processor: each takes files that the program may need,
/// and memory, and more of them than processors are of use only while they wait for the disk.
const MOST: (usize, usize) = (8, 4);
/// For how long a look-up may miss that the database was removed or replaced: to look takes half as long as a hit.
const PAUSE: Duration = Duration::from_millis(100);

/// The numbers of the functions that are known to a session: of each path, by version.
pub(crate) type Functions = HashMap<String, Vec<(Version, i64)>>;

/// A connection, and what is known of its database.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: Connection,
    pub(crate) functions: Functions,
    /// What it is open on, whatever has that name by now.
    pub(crate) on: State,
    /// Whether there are no tables, and none may be made.
    pub(crate) is_empty: bool,
}

impl Session {
    /// Whether it is on the database that is there now, as it is.
    fn is_on(&self, now: &State) -> bool {
        let is_unchanged = self.on.unwritten.is_none() || self.on.unwritten == now.unwritten;
        self.on.file.is_some() && self.on.file == now.file && is_unchanged
    }
}

/// What is there of a database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct State {
    pub(crate) file: Option<FileIdentity>,
    /// The state of a database that nobody writes, which is read without a lock and without a file beside it.
    pub(crate) unwritten: Option<FileState>,
}

/// What a session is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Of a record, or of the levels below records. These are mostly short, so that a look at the folder would take a
    /// fifth of the time or more; how far they go, nobody knows before.
    LookUp,
    Read,
    Write,
}

/// The sessions on a database.
#[derive(Debug)]
pub(crate) struct Sessions {
    pool: Mutex<Pool>,
    given_back: Condvar,
    pub(crate) most: usize,
    pub(crate) pause: Duration,
}

#[derive(Debug, Default)]
struct Pool {
    /// Sessions that nobody uses. The one used last is taken first: its pages are fresh.
    idle: Vec<Session>,
    in_use: usize,
    waiting: usize,
    /// Goes up when the database is replaced: sessions of the one before are closed, those in use when they are given
    /// back.
    generation: u64,
    /// The file that was there when it was last looked.
    seen: Option<FileIdentity>,
    /// When a look-up last looked what is there.
    looked: Option<Instant>,
}

thread_local! {
    /// How many places this thread has, of whatever database. Who has one waits for no other: it may be that all who
    /// have one wait.
    static PLACES: Cell<usize> = const { Cell::new(0) };
}

/// The right to a session; given back when it is dropped.
pub(crate) struct Place<'a> {
    sessions: &'a Sessions,
    pub(crate) generation: u64,
    /// What whoever is next goes on with: `None` where a session has to be opened, or must not be used again.
    pub(crate) session: Option<Session>,
}

impl Sessions {
    pub(crate) fn new() -> Self {
        let (fewest, each) = MOST;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let most = fewest.max(each * processors);
        Self { pool: Mutex::default(), given_back: Condvar::new(), most, pause: PAUSE }
    }

    /// Waits for a place, with a session that is on what is there `now`, if one is idle.
    ///
    /// Who writes does not wait, since only one does at a time, and those who have a place may wait for it.
    pub(crate) fn enter(&self, purpose: Purpose, now: impl FnOnce() -> State) -> Place<'_> {
        let mut pool = self.pool.lock();
        if purpose != Purpose::Write && PLACES.get() == 0 {
            while pool.in_use >= self.most {
                pool.waiting += 1;
                self.given_back.wait(&mut pool);
                pool.waiting -= 1;
            }
        }
        if purpose != Purpose::LookUp || pool.is_time(self.pause) {
            pool.leave(&now());
        }
        pool.in_use += 1;
        PLACES.set(PLACES.get() + 1);
        Place { sessions: self, generation: pool.generation, session: pool.idle.pop() }
    }

    /// Does `work` and closes the sessions of this generation, if it is still that of now.
    pub(crate) fn end_generation<E>(
        &self,
        generation: u64,
        work: impl FnOnce() -> Result<(), E>,
    ) -> Result<(), E> {
        let mut pool = self.pool.lock();
        if pool.generation != generation {
            return Ok(());
        }
        pool.generation += 1;
        pool.idle.clear();
        work()
    }

    /// How many are idle, and how many wait for one.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> (usize, usize) {
        let pool = self.pool.lock();
        (pool.idle.len(), pool.waiting)
    }
}

impl Pool {
    /// Whether it was last looked so long ago; from now on, it was not.
    fn is_time(&mut self, pause: Duration) -> bool {
        let now = Instant::now();
        let is_time = self.looked.is_none_or(|looked| now.duration_since(looked) >= pause);
        if is_time {
            self.looked = Some(now);
        }
        is_time
    }

    /// Closes the sessions that are on something else than what is there now: what they find is not there any more, and
    /// nobody else would see what is put there.
    fn leave(&mut self, now: &State) {
        self.idle.retain(|session| session.is_on(now));
        if self.seen != now.file {
            self.seen = now.file;
            self.generation += 1;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        PLACES.set(PLACES.get() - 1);
        let mut pool = self.sessions.pool.lock();
        pool.in_use -= 1;
        if pool.generation == self.generation && pool.idle.len() < self.sessions.most {
            pool.idle.extend(self.session.take());
        }
        let is_awaited = pool.waiting > 0;
        drop(pool);
        if is_awaited {
            self.sessions.given_back.notify_one();
        }
    }
}
