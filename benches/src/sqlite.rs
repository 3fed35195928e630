//! What disk hits and misses are compared with: a plain table of keys and values in SQLite.
//!
//! It has the pragmas of `memento-storage-fs` and none of its work: the key is the primary key, nothing is encoded,
//! nothing else is indexed.

use std::path::Path;

use blake3::Hash;
use rusqlite::{Connection, Statement};

/// The database of a filesystem storage.
const STORE: &str = "mementos.sqlite";
const GET: &str = "SELECT value FROM entries WHERE key = ?1";
const PUT: &str = "INSERT INTO entries(key, value) VALUES (?1, ?2)";

/// Opens the database in `folder`, and makes it where there is none.
///
/// # Panics
///
/// As all functions here, where SQLite fails.
pub fn open(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("table.sqlite")).expect("the database opens");
    let pragmas = "PRAGMA journal_mode = wal; PRAGMA synchronous = normal;
                   PRAGMA cache_size = -65536;
                   CREATE TABLE IF NOT EXISTS entries(key BLOB PRIMARY KEY, value BLOB)";
    connection.execute_batch(pragmas).expect("the table is made");
    connection
}

/// A table in `folder` with the keys and records of the storage that is there, put in the same order.
///
/// # Panics
///
/// Where SQLite fails.
pub fn copy(folder: &Path) -> Connection {
    let connection = open(folder);
    let store = folder.join(STORE);
    let store = store.to_str().expect("the path is text");
    connection.execute("ATTACH ?1 AS store", [store]).expect("the store opens");
    let copy = "INSERT INTO entries SELECT key, record FROM store.mementos ORDER BY id";
    connection.execute(copy, []).expect("the records are copied");
    connection.execute("DETACH store", []).expect("the store closes");
    connection
}

/// All keys, in the order in which they were put.
///
/// # Panics
///
/// Where SQLite fails.
pub fn keys(connection: &Connection) -> Vec<[u8; 32]> {
    let mut all = connection.prepare("SELECT key FROM entries ORDER BY rowid").expect("it parses");
    let keys = all.query_map([], |row| row.get(0)).expect("it runs");
    keys.collect::<Result<_, _>>().expect("each key has 32 bytes")
}

/// The value of any entry.
///
/// # Panics
///
/// Where SQLite fails, or there is no entry.
pub fn any_value(connection: &Connection) -> Vec<u8> {
    let any = "SELECT value FROM entries LIMIT 1";
    connection.query_row(any, [], |row| row.get(0)).expect("there is an entry")
}

/// The length of all values together.
///
/// # Panics
///
/// Where SQLite fails, or there is no entry.
pub fn size(connection: &Connection) -> i64 {
    let size = "SELECT sum(length(value)) FROM entries";
    connection.query_row(size, [], |row| row.get(0)).expect("there is an entry")
}

/// The statement that [`get`] takes.
///
/// # Panics
///
/// Where SQLite fails.
pub fn prepare_get(connection: &Connection) -> Statement<'_> {
    connection.prepare(GET).expect("it parses")
}

/// The statement that [`put`] takes.
///
/// # Panics
///
/// Where SQLite fails.
pub fn prepare_put(connection: &Connection) -> Statement<'_> {
    connection.prepare(PUT).expect("it parses")
}

/// Reads an entry where it lies, and hashes its value.
///
/// # Panics
///
/// Where SQLite fails, or there is no such entry.
pub fn get(statement: &mut Statement<'_>, key: &[u8; 32]) -> Hash {
    let mut rows = statement.query([key.as_slice()]).expect("it runs");
    let row = rows.next().expect("it runs").expect("the entry is there");
    let value = row.get_ref(0).expect("there is a value");
    blake3::hash(value.as_blob().expect("it is a blob"))
}

/// Adds an entry.
///
/// # Panics
///
/// Where SQLite fails.
pub fn put(statement: &mut Statement<'_>, key: &[u8; 32], value: &[u8]) {
    statement.execute((key.as_slice(), value)).expect("it runs");
}
