//! Connections to the database, and what to do about a broken one.

use std::collections::HashMap;
use std::time::Duration;

use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::folder::Folder;
use crate::schema::{self, Found};
use crate::{Durability, Options};

const FILE: &str = "mementos.sqlite";
/// How long a writer waits for one of another process.
const PATIENCE: Duration = Duration::from_secs(10);
/// Pages kept by each connection, in KiB: the index of a million mementos and then some.
const PAGE_CACHE: i64 = 64 << 10;
/// After how many pages the log is copied into the database.
const CHECKPOINT: i64 = 4000;

/// The database of a storage, opened when it is first needed.
///
/// There is no memory map of the file: a file cut short by someone else would end the process.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) folder: Folder,
    /// Sessions that nobody uses. The one used last is taken first: its pages are fresh.
    idle: Mutex<Idle>,
    /// One writer of this process at a time: waiting here is cheaper than in SQLite.
    writing: Mutex<()>,
}

/// A connection, and what is known of its database.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// The numbers of functions.
    pub(crate) functions: HashMap<String, i64>,
}

#[derive(Debug, Default)]
struct Idle {
    sessions: Vec<Session>,
    /// Goes up when the database is replaced: sessions of the one before are closed.
    generation: u64,
}

/// Why something could not be done.
pub(crate) enum Problem {
    /// The database is none, or broken. It has to be moved aside.
    Damaged(ErrorKind, String),
    /// Anything else; the database stays.
    Other(ErrorKind, String),
}

impl Problem {
    pub(crate) fn newer(found: i64, known: i64) -> Self {
        let message = format!("its schema has version {found}, this release knows {known}");
        Self::Other(ErrorKind::NewerFormat, message)
    }
}

impl From<rusqlite::Error> for Problem {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
                Self::Damaged(ErrorKind::Damaged, error.to_string())
            }
            _ => Self::Other(ErrorKind::Storage, error.to_string()),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Other(ErrorKind::Storage, error.to_string())
    }
}

impl Database {
    pub(crate) fn new(options: &Options) -> Self {
        Self { folder: Folder::new(options), idle: Mutex::default(), writing: Mutex::default() }
    }

    /// Does `work`, which only reads; `None` where there is no database yet.
    pub(crate) fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<Option<T>> {
        if self.folder.is_readonly() && !self.folder.path(FILE).exists() {
            return Ok(None);
        }
        self.work(operation, work).map(Some)
    }

    /// Does `work`, which writes.
    pub(crate) fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<T> {
        self.folder.check_writable(operation)?;
        let _writing = self.writing.lock();
        self.work(operation, work)
    }

    /// Does `work` in a session. A database that turns out to be broken is moved aside, so that the next call
    /// makes a new one.
    fn work<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<T> {
        let (session, generation) = {
            let mut idle = self.idle.lock();
            (idle.sessions.pop(), idle.generation)
        };
        let mut session = match session {
            Some(session) => Ok(session),
            None => self.folder.make().and_then(|()| {
                self.open().map_err(|problem| self.report("open the database", problem, generation))
            }),
        }?;
        match work(&mut session) {
            Ok(value) => {
                let mut idle = self.idle.lock();
                if idle.generation == generation {
                    idle.sessions.push(session);
                }
                Ok(value)
            }
            Err(problem) => {
                drop(session);
                Err(self.report(operation, problem, generation))
            }
        }
    }

    /// A new session; the tables are made where there are none.
    fn open(&self) -> Result<Session, Problem> {
        let readonly = self.folder.is_readonly();
        let access = if readonly {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.folder.path(FILE), flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "cache_size", -PAGE_CACHE)?;
        if matches!(schema::inspect(&connection)?, Found::Empty) && !readonly {
            // One process makes the tables; the others wait, and find them.
            let _lock = self.folder.lock()?;
            if matches!(schema::inspect(&connection)?, Found::Empty) {
                schema::create(&connection)?;
            }
        }
        if !readonly {
            let synchronous = match self.folder.durability() {
                Durability::Fast => "normal",
                Durability::Full => "full",
            };
            connection.pragma_update(None, "synchronous", synchronous)?;
            connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
        }
        Ok(Session { connection, functions: HashMap::new() })
    }

    /// The error for `problem`, after a broken database has been moved aside.
    fn report(&self, operation: &'static str, problem: Problem, generation: u64) -> Error {
        let (kind, message, is_damaged) = match problem {
            Problem::Damaged(kind, message) => (kind, message, true),
            Problem::Other(kind, message) => (kind, message, false),
        };
        let error = self.folder.error(kind, operation).with("database", FILE).source(message);
        match kind {
            ErrorKind::NewerFormat => {
                error.help("update this program, or choose another folder with `path`")
            }
            _ if is_damaged && !self.folder.is_readonly() => match self.set_aside(generation) {
                Ok(()) => error.help("it was moved to `damaged`; a new one takes its place"),
                Err(failed) => error.help(format!("it could not be moved to `damaged`: {failed}")),
            },
            _ => error,
        }
    }

    /// Moves the database of this generation aside, unless that has happened.
    fn set_aside(&self, generation: u64) -> std::io::Result<()> {
        let mut idle = self.idle.lock();
        if idle.generation != generation {
            return Ok(());
        }
        let _lock = self.folder.lock()?;
        idle.generation += 1;
        idle.sessions.clear();
        // The log goes first: a database without it is one of before, a log without its database is nothing.
        for suffix in ["-wal", "-shm", ""] {
            self.folder.set_aside(&self.folder.path(&format!("{FILE}{suffix}")))?;
        }
        Ok(())
    }
}
