//! Mementos in SQLite.

#[cfg(test)]
mod tests;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{Key, Result, Version};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Statement, ToSql, TransactionBehavior, params};

use crate::Options;
use crate::claims::Claims;
use crate::database::Database;
use crate::sessions::{Functions, Session};

const GET: &str = "SELECT key, record FROM mementos WHERE prefix = ?1";
const KEEP_DAMAGED: &str =
    "INSERT INTO damaged(key, record) SELECT key, record FROM mementos WHERE prefix = ?1";
const VERSIONS: &str = "SELECT version FROM functions WHERE path = ?1 ORDER BY id DESC LIMIT ?2";
const PUT: &str = "INSERT OR REPLACE INTO mementos(prefix, key, function, failed, hidden, record)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
const REPLACE: &str =
    "UPDATE mementos SET record = ?4 WHERE prefix = ?1 AND key = ?2 AND record = ?3";

/// A metadata store in a SQLite database, which several processes can use at once.
#[derive(Debug)]
pub struct SqliteMetadataStore {
    database: Database,
    claims: Claims,
}

/// The number by which a key is found.
fn prefix(key: &Key) -> i64 {
    let [a, b, c, d, e, f, g, h, ..] = *key.as_bytes();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

impl SqliteMetadataStore {
    /// The metadata store in the folder that `options` names. Nothing is touched before the first use.
    pub fn new(options: &Options) -> Self {
        Self { database: Database::new(options), claims: Claims::default() }
    }
}

/// Puts all entries, or none.
fn put(session: &mut Session, entries: &[Entry]) -> Result<(), rusqlite::Error> {
    let Session { connection, functions, .. } = session;
    if let [entry] = entries
        && let Some(&function) = known(functions, entry)
    {
        // A statement is a transaction.
        return insert(connection, entry, function);
    }
    let transaction = connection.transaction()?;
    // Numbers are remembered when they are there to stay.
    let mut new = Functions::new();
    for entry in entries {
        let function = match known(functions, entry).or_else(|| known(&new, entry)) {
            Some(&function) => function,
            None => {
                let function = insert_function(&transaction, entry)?;
                new.entry(entry.function.clone()).or_default().push((entry.version, function));
                function
            }
        };
        insert(&transaction, entry, function)?;
    }
    transaction.commit()?;
    for (path, versions) in new {
        functions.entry(path).or_default().extend(versions);
    }
    Ok(())
}

/// Replaces, in one transaction, each record that is still the one that was read.
fn replace(
    connection: &mut Connection,
    replacements: &[Replacement],
) -> Result<(), rusqlite::Error> {
    let transaction = connection.transaction()?;
    for Replacement { seen, entry } in replacements {
        let key = entry.key.as_bytes().as_slice();
        let values = params![prefix(&entry.key), key, seen, entry.record];
        transaction.prepare_cached(REPLACE)?.execute(values)?;
    }
    transaction.commit()
}

/// The number of the function, in its version, that an entry is of.
fn known<'f>(functions: &'f Functions, entry: &Entry) -> Option<&'f i64> {
    let versions = functions.get(&entry.function)?;
    versions.iter().find(|(version, _)| *version == entry.version).map(|(_, number)| number)
}

fn get(connection: &Connection, key: &Key) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(GET)?;
    find(&mut statement, key)
}

fn get_each(
    connection: &Connection,
    keys: &[Key],
) -> Result<Vec<Option<Vec<u8>>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(GET)?;
    keys.iter().map(|key| find(&mut statement, key)).collect()
}

fn find(statement: &mut Statement<'_>, key: &Key) -> Result<Option<Vec<u8>>, rusqlite::Error> {
    let mut rows = statement.query([prefix(key)])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok((blob(row, 0) == key.as_bytes()).then(|| blob(row, 1).to_vec()))
}

/// The bytes in a column; none where the column holds something else, which is no key and no record.
fn blob<'a>(row: &'a Row<'_>, column: usize) -> &'a [u8] {
    match row.get_ref(column) {
        Ok(ValueRef::Blob(bytes)) => bytes,
        _ => &[],
    }
}

fn insert(connection: &Connection, entry: &Entry, function: i64) -> Result<(), rusqlite::Error> {
    let key = entry.key.as_bytes().as_slice();
    let Entry { failed, hidden, record, .. } = entry;
    let values = params![prefix(&entry.key), key, function, failed, hidden, record];
    connection.prepare_cached(PUT)?.execute(values).map(drop)
}

fn insert_function(connection: &Connection, entry: &Entry) -> Result<i64, rusqlite::Error> {
    let values = params![entry.function, entry.version.as_bytes().as_slice()];
    let insert = "INSERT OR IGNORE INTO functions(path, version) VALUES (?1, ?2)";
    connection.execute(insert, values)?;
    let number = "SELECT id FROM functions WHERE path = ?1 AND version = ?2";
    connection.query_row(number, values, |row| row.get(0))
}

fn versions(
    connection: &Connection,
    path: &str,
    limit: usize,
) -> Result<Vec<Version>, rusqlite::Error> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(VERSIONS)?;
    let mut rows = statement.query(params![path, limit])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        versions.extend(<[u8; 32]>::try_from(blob(row, 0)).map(Version::from_bytes));
    }
    Ok(versions)
}

/// The condition of `filter`, and the values in it.
fn condition(filter: &Filter) -> (String, Vec<Box<dyn ToSql>>) {
    let mut condition = "1".to_owned();
    let mut values: Vec<Box<dyn ToSql>> = Vec::new();
    if let Some(function) = &filter.function {
        condition += " AND function IN (SELECT id FROM functions WHERE path = ?)";
        values.push(Box::new(function.clone()));
    }
    if let Some(failed) = filter.failed {
        condition += " AND failed = ?";
        values.push(Box::new(failed));
    }
    (condition, values)
}

fn list(
    connection: &Connection,
    filter: &Filter,
    from: Option<u64>,
    limit: usize,
) -> Result<Page, rusqlite::Error> {
    let limit = limit.max(1);
    let (mut condition, mut values) = condition(filter);
    if let Some(from) = from {
        condition += " AND mementos.id <= ?";
        values.push(Box::new(i64::try_from(from).unwrap_or(i64::MAX)));
    }
    values.push(Box::new(i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)));
    let mut statement = connection.prepare(&format!(
        "SELECT mementos.id, key, path, failed, record, version
         FROM mementos JOIN functions ON functions.id = mementos.function
         WHERE NOT hidden AND mementos.id > 0 AND {condition} ORDER BY mementos.id DESC LIMIT ?"
    ))?;
    let mut page = Page::default();
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    // Those that are none count, too: what comes behind them is on a page.
    let mut count = 0;
    while let Some(row) = rows.next()? {
        if count == limit {
            let next = row.get::<_, i64>(0)?.unsigned_abs();
            page.next = Some(next).filter(|next| from.is_none_or(|from| *next < from));
            break;
        }
        count += 1;
        let key = <[u8; 32]>::try_from(blob(row, 1));
        let version = <[u8; 32]>::try_from(blob(row, 5));
        let (Ok(key), Ok(version)) = (key, version) else { continue };
        page.entries.push(Entry {
            key: Key::from_bytes(key),
            function: row.get(2)?,
            version: Version::from_bytes(version),
            failed: row.get(3)?,
            hidden: false,
            record: blob(row, 4).to_vec(),
        });
    }
    Ok(page)
}

impl MetadataStore for SqliteMetadataStore {
    fn location(&self) -> String {
        self.database.folder.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.database.folder.capabilities().conditional()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self
            .database
            .look_up("look a memento up", |session| Ok(get(&session.connection, key)?))?;
        Ok(found.flatten())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let found = self.database.read("look mementos up", |session| {
            // One transaction: each on its own would lock and unlock the log.
            let transaction = session.connection.transaction()?;
            let found = get_each(&transaction, keys)?;
            transaction.commit()?;
            Ok(found)
        })?;
        Ok(found.unwrap_or_else(|| vec![None; keys.len()]))
    }

    fn get_levels(
        &self,
        mut keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        self.database.look_up("look mementos up", |session| {
            let transaction = session.connection.transaction()?;
            while !keys.is_empty() {
                keys = next(get_each(&transaction, &keys)?);
            }
            Ok(transaction.commit()?)
        })?;
        // There is no database yet.
        while !keys.is_empty() {
            keys = next(vec![None; keys.len()]);
        }
        Ok(())
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.database.write("keep mementos", |session| Ok(put(session, entries)?))
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.database.write("replace mementos", |session| {
            Ok(replace(&mut session.connection, replacements)?)
        })
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.database.write("drop a memento", |session| {
            let remove = "DELETE FROM mementos WHERE prefix = ?1 AND key = ?2";
            let values = params![prefix(key), key.as_bytes().as_slice()];
            Ok(session.connection.execute(remove, values)? > 0)
        })
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.database.write("drop mementos", |session| {
            let (condition, values) = condition(filter);
            let transaction = session.connection.transaction()?;
            let hidden = format!("DELETE FROM mementos WHERE hidden AND {condition}");
            transaction.execute(&hidden, rusqlite::params_from_iter(&values))?;
            let remove = format!("DELETE FROM mementos WHERE {condition}");
            let removed = transaction.execute(&remove, rusqlite::params_from_iter(&values))?;
            transaction.commit()?;
            Ok(removed as u64)
        })
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let listed = self
            .database
            .read("list mementos", |session| Ok(list(&session.connection, filter, from, limit)?))?;
        Ok(listed.unwrap_or_default())
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let found = self.database.read("look versions up", |session| {
            Ok(versions(&session.connection, function, limit)?)
        })?;
        Ok(found.unwrap_or_default())
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        Ok(self.claims.try_claim(&self.database.folder, key))
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.database.write("move a damaged memento aside", |session| {
            let behavior = TransactionBehavior::Immediate;
            let transaction = session.connection.transaction_with_behavior(behavior)?;
            // Another process may have put a whole one in its place.
            if get(&transaction, key)?.is_some_and(|record| record == damaged) {
                let values = params![prefix(key)];
                // A row may be so odd that it cannot be kept; it goes in any case.
                let _ = transaction.execute(KEEP_DAMAGED, values);
                transaction.execute("DELETE FROM mementos WHERE prefix = ?1", values)?;
            }
            Ok(transaction.commit()?)
        })
    }
}
