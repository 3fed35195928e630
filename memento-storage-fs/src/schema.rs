//! The tables of the database.

use memento::Result;
use rusqlite::{Connection, Error as SqlError};

use crate::problem::Problem;

/// The version of the tables, in `PRAGMA user_version`.
const VERSION: i64 = 2;
/// Tells that a database is one of ours, in `PRAGMA application_id`: "memo".
const APPLICATION: i64 = 0x6d65_6d6f;

/// Rows are appended in the order in which they are put. They are found by the first 64 bits of their key: an index of
/// small numbers is a third of one of whole keys, and two keys that share them only displace each other.
const TABLES: &str = "
    CREATE TABLE functions (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL,
        version BLOB NOT NULL,
        UNIQUE (path, version)
    );
    CREATE TABLE mementos (
        id INTEGER PRIMARY KEY,
        prefix INTEGER NOT NULL UNIQUE,
        key BLOB NOT NULL,
        function INTEGER NOT NULL REFERENCES functions(id),
        failed INTEGER NOT NULL,
        hidden INTEGER NOT NULL,
        record BLOB NOT NULL
    );
    CREATE TABLE damaged (
        id INTEGER PRIMARY KEY,
        key BLOB NOT NULL,
        record BLOB NOT NULL
    );
";

/// How many statements of [`TABLES`] stand in a database as they were given, out of so many.
const TABLES_IN_FORCE: &str = "SELECT count(DISTINCT sql) FROM sqlite_schema WHERE instr(?1, sql)";
const TABLES_GIVEN: i64 = 3;

/// What a database is.
pub(crate) enum Found {
    /// One that this release reads and writes.
    Ready,
    /// One without any table.
    Empty,
}

/// Looks at the database behind `connection`, at one moment: another process may be making its tables.
pub(crate) fn inspect(connection: &Connection) -> Result<Found, Problem> {
    let _moment = connection.unchecked_transaction()?;
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i64 =
        connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    match (application, version) {
        (APPLICATION, VERSION) => {
            let in_force: i64 =
                connection.query_row(TABLES_IN_FORCE, [TABLES], |row| row.get(0))?;
            if in_force == TABLES_GIVEN {
                return Ok(Found::Ready);
            }
            Err(Problem::Damaged("its tables are not those that were made".into()))
        }
        (APPLICATION, newer) if newer > VERSION => Err(Problem::newer(newer, VERSION)),
        (APPLICATION, _) => Err(Problem::Damaged("it is of an older release".into())),
        _ => {
            let tables = "SELECT count(*) FROM sqlite_schema";
            let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
            if tables == 0 {
                return Ok(Found::Empty);
            }
            Err(Problem::Damaged("it is a database of another program".into()))
        }
    }
}

/// Makes the tables in an empty database.
pub(crate) fn create(connection: &Connection) -> Result<(), SqlError> {
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {TABLES}
         PRAGMA application_id = {APPLICATION};
         PRAGMA user_version = {VERSION};
         COMMIT;"
    ))
}
