//! All results in one file, a database of SQLite: a template for storage plugins.
//!
//! To depend on this crate is to have it. In `memento.toml`:
//!
//! ```toml
//! [storage]
//! data = { type = "onefile", path = "results.sqlite" }
//! metadata = { type = "filesystem" }
//! ```

use std::path::{Path, PathBuf};
use std::time::Duration;

use memento::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores, inventory};
use memento::storage::{
    Capabilities, Continuation, DataStore, ListOptions, Listing, MemoryMetadataStore, Object,
    Prefix, PutOptions,
};
use memento::{Error, ErrorKind, Name, Result};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension as _, Row, TransactionBehavior, params};

inventory::submit! {
    StoragePlugin {
        name: "onefile",
        provided_by: "memento-storage-onefile",
        schemes: &[],
        is_default: false,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open: |options| {
            let path = options.take_path("path")?.unwrap_or_else(|| "results.sqlite".into());
            Ok(Stores::new(OneFileStore::new(&path), MemoryMetadataStore::default()))
        },
    }
}

/// Objects in one file.
#[derive(Debug)]
pub struct OneFileStore {
    path: PathBuf,
    database: Mutex<Option<Connection>>,
}

impl OneFileStore {
    /// The store in the file at `path`, which is made where there is none. Nothing is touched before the first use.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), database: Mutex::default() }
    }

    /// Does `work` with the database. Where it cannot be opened, the store has failed, and calls are computed.
    fn with<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut database = self.database.lock();
        let opened = database.take().map_or_else(|| open(&self.path), Ok);
        let done = opened.and_then(|opened| work(database.insert(opened)));
        done.map_err(|error| {
            let failed = Error::new(ErrorKind::Storage, operation);
            failed.with("file", self.path.display()).because(error)
        })
    }
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let database = Connection::open(path)?;
    database.busy_timeout(Duration::from_mins(1))?;
    // No pragma for a write-ahead log: of several who switch to one at once, SQLite has all but one fail at once.
    database.execute_batch(
        "CREATE TABLE IF NOT EXISTS objects(name TEXT PRIMARY KEY, content BLOB NOT NULL);",
    )?;
    Ok(database)
}

fn find(database: &Connection, name: &Name) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = database.prepare_cached("SELECT content FROM objects WHERE name = ?1")?;
    statement.query_row([name.as_str()], |row| row.get(0)).optional()
}

impl DataStore for OneFileStore {
    fn location(&self) -> String {
        self.path.display().to_string()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default().conditional()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.with("read an object", |database| find(database, name))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        if !options.metadata.is_empty() {
            return Err(self.unsupported("put an object with metadata", "metadata"));
        }
        self.with("keep an object", |database| {
            // Nobody else puts anything between the look at it and the put. To read takes none.
            let step = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
            if !options.is_plain() && !options.condition.is_met(find(&step, name)?.as_deref()) {
                return Ok(false);
            }
            let put = "INSERT OR REPLACE INTO objects(name, content) VALUES (?1, ?2)";
            step.execute(put, params![name.as_str(), content])?;
            step.commit().map(|()| true)
        })
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        let remove = "DELETE FROM objects WHERE name = ?1";
        let run = |database: &mut Connection| database.execute(remove, [name.as_str()]);
        Ok(self.with("drop an object", run)? > 0)
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let next = "SELECT name, length(content) FROM objects WHERE name >= ? ORDER BY 1 LIMIT 1";
        let (mut page, start) = (Listing::default(), prefix.start());
        // Each step goes to the next name, or behind the folder that it is in.
        let mut from = options.from.as_ref().map_or(start.clone(), |from| from.as_str().to_owned());
        loop {
            let row = self.with("list objects", |database| {
                let row = |row: &Row<'_>| Ok((row.get::<_, String>(0)?, row.get::<_, u32>(1)?));
                database.prepare_cached(next)?.query_row([&from], row).optional()
            })?;
            let Some((name, size)) = row.filter(|row| row.0.starts_with(&start)) else {
                return Ok(page);
            };
            if page.len() >= options.limit.max(1) {
                page.next = Some(Continuation::new(from));
                return Ok(page);
            }
            let below = name[start.len()..].split_once('/').filter(|_| !options.recursive);
            // What is no name is not memento's, and left out.
            if let Some((folder, _)) = below {
                page.folders.extend(prefix.folder(folder));
                from = format!("{start}{folder}0"); // `0` comes behind `/`.
            } else {
                from = format!("{name}\0");
                let object = |name| Object { name, size: size.into(), modified: None };
                page.objects.extend(Name::new(&name).map(object));
            }
        }
    }
}
