//! Memento functions whose results have parts, and a data store that counts what is asked of it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write as _};
use std::process::id;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, Prefix, Properties,
};
use memento::{Blob, Environment, LocalRunner, Name, Named, Partition, Result, Storage, memento};
use serde::{Deserialize, Serialize};

use crate::Runs;

/// How often the functions here ran.
pub static RUNS: Runs = Runs::new();

/// Tables by day, from day 0 on: those of the years before are not computed again.
///
/// # Errors
///
/// Where a table has no encoding.
#[memento]
pub fn by_day(year: u64) -> Result<Partition<u64, Vec<u64>>> {
    RUNS.add();
    let mut days = match year.checked_sub(1) {
        Some(before) => Partition::extending(&by_day(before)?),
        None => Partition::new(),
    };
    for day in year * 10..(year + 1) * 10 {
        days.insert(day, &table(day))?;
    }
    Ok(days)
}

/// What [`by_day()`] has for a day.
pub fn table(day: u64) -> Vec<u64> {
    (day..day + 100).collect()
}

/// Lines of text.
///
/// # Errors
///
/// Where they cannot be written.
#[memento]
pub fn lines(count: u64) -> io::Result<Blob> {
    RUNS.add();
    let mut file = Blob::create();
    for n in 0..count {
        writeln!(file, "{n}")?;
    }
    file.finish()
}

/// What [`lines()`] has in it.
pub fn text(count: u64) -> String {
    (0..count).flat_map(|n| [n.to_string(), "\n".to_owned()]).collect()
}

/// Parts of several kinds, nested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Which one.
    pub number: u64,
    /// A part with parts.
    pub tables: Partition<String, Vec<u64>>,
    /// A part in a collection.
    pub charts: BTreeMap<String, Blob>,
    /// A part that may be there.
    pub log: Option<Blob>,
    /// The process that made it.
    pub process: u32,
}

/// A report with parts of its own and of others.
///
/// # Errors
///
/// Where a part cannot be written.
#[memento]
pub fn report(number: u64) -> io::Result<Report> {
    RUNS.add();
    let mut tables = Partition::new();
    tables.insert("a".to_owned(), &table(number))?;
    tables.insert("b".to_owned(), &table(number + 1))?;
    let own = Blob::from_reader(text(number).as_bytes())?;
    let charts = [("own".to_owned(), own), ("other".to_owned(), lines(number + 1)?)];
    Ok(Report { number, tables, charts: charts.into(), log: None, process: id() })
}

/// How many bytes a file has, and the process that read it.
///
/// # Errors
///
/// Where it cannot be read.
#[memento]
pub fn measure(file: Blob) -> io::Result<(usize, u32)> {
    RUNS.add();
    Ok((file.read()?.len(), id()))
}

/// Whether a file can be read to its end, and the process that tried.
#[memento]
pub fn is_readable(file: Blob) -> (bool, u32) {
    RUNS.add();
    let read = file.open().and_then(|mut file| io::copy(&mut file, &mut io::sink()));
    (read.is_ok(), id())
}

/// As [`measure()`], with a storage of its own where there is one.
///
/// # Errors
///
/// Where it cannot be read.
#[memento(cluster = "elsewhere")]
pub fn measure_elsewhere(file: Blob) -> io::Result<usize> {
    RUNS.add();
    Ok(file.read()?.len())
}

/// What [`measure_elsewhere()`] says.
///
/// # Errors
///
/// Where it cannot be read.
#[memento]
pub fn ask_elsewhere(file: Blob) -> io::Result<(usize, u32)> {
    RUNS.add();
    Ok((measure_elsewhere(file)?, id()))
}

/// A file that is always the same, and one that it was made from, by number.
///
/// # Errors
///
/// Where it cannot be written.
#[memento]
pub fn first_line(number: u64) -> io::Result<Blob> {
    RUNS.add();
    let all = lines(number)?;
    let mut first = all.read()?;
    first.truncate(2);
    Blob::from_reader(&first[..])
}

/// A value with a name.
#[memento(codec = "json")]
pub fn named(name: String, n: u64) -> Named<Vec<u64>> {
    RUNS.add();
    Named::new(name, vec![n, n + 1])
}

/// A file with a name.
///
/// # Errors
///
/// Where it cannot be written.
#[memento]
pub fn named_file(name: String, count: u64) -> io::Result<Named<Blob>> {
    RUNS.add();
    Ok(Named::new(name, Blob::from_reader(text(count).as_bytes())?))
}

/// A data store in memory that storages share, and that counts what is asked of it.
#[derive(Clone, Debug, Default)]
pub struct Counting(Arc<Counted>);

#[derive(Debug, Default)]
struct Counted {
    data: MemoryDataStore,
    reads: AtomicU64,
    writes: AtomicU64,
    looks: AtomicU64,
}

/// What was asked of a data store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// Contents read.
    pub reads: u64,
    /// Contents written.
    pub writes: u64,
    /// Requests that look whether contents are there.
    pub looks: u64,
}

impl Counting {
    /// What was asked since this was asked last.
    pub fn take(&self) -> Asked {
        let take = |count: &AtomicU64| count.swap(0, Ordering::Relaxed);
        let Counted { reads, writes, looks, .. } = &*self.0;
        Asked { reads: take(reads), writes: take(writes), looks: take(looks) }
    }

    fn count(count: &AtomicU64) {
        count.fetch_add(1, Ordering::Relaxed);
    }
}

impl DataStore for Counting {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        Self::count(&self.0.reads);
        self.0.data.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        Self::count(&self.0.writes);
        self.0.data.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.data.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.data.list(prefix, options)
    }
    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        Self::count(&self.0.reads);
        self.0.data.read(name)
    }
    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        Self::count(&self.0.looks);
        self.0.data.contains(names)
    }
    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.0.data.copy(from, to)
    }
    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.0.data.properties(name)
    }
}

/// Records in memory that storages share.
#[derive(Clone, Debug, Default)]
pub struct SharedRecords(Arc<MemoryMetadataStore>);

impl MetadataStore for SharedRecords {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    fn get(&self, key: &memento::Key) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }
    fn put(&self, entries: &[memento::storage::Entry]) -> Result<()> {
        self.0.put(entries)
    }
    fn remove(&self, key: &memento::Key) -> Result<bool> {
        self.0.remove(key)
    }
    fn remove_all(&self, filter: &memento::storage::Filter) -> Result<u64> {
        self.0.remove_all(filter)
    }
    fn list(
        &self,
        filter: &memento::storage::Filter,
        from: Option<u64>,
        limit: usize,
    ) -> Result<memento::storage::Page> {
        self.0.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<memento::Version>> {
        self.0.versions(function, limit)
    }
}

/// Stores in memory that outlive environments.
#[derive(Clone, Debug, Default)]
pub struct Stores {
    /// The contents.
    pub data: Counting,
    records: SharedRecords,
}

impl Stores {
    /// An environment that has the stores and nothing in memory, as a new process would.
    pub fn fresh(&self) -> Environment {
        let storage = Storage::new(self.data.clone(), self.records.clone());
        Environment::new(storage, LocalRunner::new())
    }
}
