//! Connections to the database, and what to do about a broken one.

use std::path::Path;

use memento::storage::unique;
use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};

use crate::folder::{FileIdentity, FileState, Folder};
use crate::problem::Problem;
use crate::schema::{self, Found};
use crate::sessions::{Functions, Purpose, Session, Sessions, State};
use crate::{Durability, Options};

const FILE: &str = "mementos.sqlite";
/// Stands beside the database while a process that may write has it open, and after such a process was killed.
const LOG: &str = "mementos.sqlite-wal";
/// Pages kept by each connection, in KiB: the index of a million mementos and then some.
const PAGE_CACHE: i64 = 64 << 10;

/// The database of a storage, opened when it is first needed.
///
/// There is no memory map of the file: a file cut short by someone else would end the process.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) folder: Folder,
    pub(crate) sessions: Sessions,
    /// One writer of this process at a time: waiting here is cheaper than in SQLite.
    writing: Mutex<()>,
}

impl Database {
    pub(crate) fn new(options: &Options) -> Self {
        Self { folder: Folder::new(options), sessions: Sessions::new(), writing: Mutex::default() }
    }

    /// Does `work`, which looks up a record, or the levels below records; `None` where there is no database yet. That
    /// it was removed or replaced is noticed a moment later: to look each time would take a good part of the time.
    pub(crate) fn look_up<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<Option<T>> {
        // One that nobody writes is read without a lock: it matters at once that somebody does.
        let is_readonly = self.folder.is_readonly();
        let purpose = if is_readonly { Purpose::Read } else { Purpose::LookUp };
        self.do_read(purpose, operation, work)
    }

    /// Does `work`, which only reads; `None` where there is no database yet.
    pub(crate) fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<Option<T>> {
        self.do_read(Purpose::Read, operation, work)
    }

    fn do_read<T>(
        &self,
        purpose: Purpose,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<Option<T>> {
        if self.folder.is_readonly() && self.folder.identity(FILE).is_none() {
            return Ok(None);
        }
        self.work(purpose, operation, |session| {
            if session.is_empty { Ok(None) } else { work(session).map(Some) }
        })
    }

    /// Does `work`, which writes.
    pub(crate) fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<T> {
        self.folder.check_writable(operation)?;
        // Whoever is at it may wait as long for another process: behind several of them, it would never end.
        let Some(_writing) = self.writing.try_lock_for(self.folder.patience) else {
            let patience = self.folder.patience;
            let held =
                format!("other threads of this process were still writing after {patience:?}");
            return Err(self.folder.error(ErrorKind::Storage, operation).because(held));
        };
        self.work(Purpose::Write, operation, work)
    }

    /// What is there now.
    fn state(&self) -> State {
        let unwritten = if self.folder.is_readonly() { self.unwritten() } else { None };
        State { file: self.folder.identity(FILE), unwritten }
    }

    /// The state of the database, if nobody writes it now.
    fn unwritten(&self) -> Option<FileState> {
        if self.folder.path(LOG).exists() { None } else { self.folder.state(FILE) }
    }

    /// Does `work` in a session. A database that turns out to be broken is moved aside, so that the next call
    /// makes a new one.
    fn work<T>(
        &self,
        purpose: Purpose,
        operation: &'static str,
        work: impl FnOnce(&mut Session) -> Result<T, Problem>,
    ) -> Result<T> {
        let mut place = self.sessions.enter(purpose, || self.state());
        let mut session = match place.session.take() {
            Some(session) => session,
            None => {
                let state = self.state();
                if state.file.is_none() {
                    // Someone may have removed the folder with it.
                    self.folder.forget();
                }
                self.folder.make()?;
                self.open(state).map_err(|problem| {
                    self.report("open the database", problem, state.file, place.generation)
                })?
            }
        };
        match work(&mut session) {
            Ok(value) => {
                // There may be tables the next time.
                place.session = (!session.is_empty).then_some(session);
                Ok(value)
            }
            Err(problem) => {
                let file = session.on.file;
                drop(session);
                Err(self.report(operation, problem, file, place.generation))
            }
        }
    }

    /// A new session on what is there, or on a new file; the tables are made where there are none.
    fn open(&self, on: State) -> Result<Session, Problem> {
        let readonly = self.folder.is_readonly();
        let access = if readonly {
            OpenFlags::SQLITE_OPEN_READ_ONLY
        } else {
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE
        };
        let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let path = self.folder.path(FILE);
        let connection = if on.unwritten.is_some() {
            // Else SQLite puts files beside the database, even to read it.
            let uri = format!("{}?immutable=1", uri(&path));
            Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?
        } else {
            Connection::open_with_flags(path, flags)?
        };
        connection.busy_timeout(self.folder.patience)?;
        connection.pragma_update(None, "cache_size", -PAGE_CACHE)?;
        let is_empty = matches!(schema::inspect(&connection)?, Found::Empty);
        if is_empty && !readonly {
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
        }
        let on = State { file: on.file.or_else(|| self.folder.identity(FILE)), ..on };
        let is_empty = is_empty && readonly;
        Ok(Session { connection, functions: Functions::new(), on, is_empty })
    }

    /// The error for `problem` with `file`, after a broken database has been moved aside.
    fn report(
        &self,
        operation: &'static str,
        problem: Problem,
        file: Option<FileIdentity>,
        generation: u64,
    ) -> Error {
        let (kind, message, is_damaged) = match problem {
            Problem::Damaged(message) => (ErrorKind::Damaged, message, true),
            Problem::Other(kind, message) => (kind, message, false),
        };
        let error = self.folder.error(kind, operation).with("database", FILE).because(message);
        match kind {
            ErrorKind::NewerFormat => {
                error.help("update this program, or choose another folder with `path`")
            }
            _ if is_damaged && !self.folder.is_readonly() => match self.set_aside(file, generation)
            {
                Ok(()) => error.help("it was moved to `data/damaged`; a new one takes its place"),
                Err(failed) => {
                    error.help(format!("it could not be moved to `data/damaged`: {failed}"))
                }
            },
            _ => error,
        }
    }

    /// Moves the database of this generation aside, unless that has happened, in this process or another one.
    fn set_aside(&self, file: Option<FileIdentity>, generation: u64) -> std::io::Result<()> {
        // Before the sessions, which others need meanwhile.
        let _lock = self.folder.lock()?;
        self.sessions.end_generation(generation, || {
            if self.folder.identity(FILE) != file {
                return Ok(());
            }
            // The log goes first: a database without it is one of before, a log without its database is nothing.
            for suffix in ["-wal", "-shm", ""] {
                let file = format!("{FILE}{suffix}");
                let name = format!("damaged/{file}.{}", unique());
                self.folder.set_aside(&self.folder.path(&file), &name)?;
            }
            Ok(())
        })
    }
}

/// The URI of a path, as SQLite takes it.
fn uri(path: &Path) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/.-_".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let escaped = bytes.map(|&byte| match byte {
        plain if is_plain(plain) => char::from(plain).to_string(),
        other => format!("%{other:02X}"),
    });
    // A path may begin with two slashes itself, behind which SQLite would look for the name of a machine.
    let path: String = escaped.collect();
    let machine = if path.starts_with('/') { "//" } else { "" };
    format!("file:{machine}{path}")
}
