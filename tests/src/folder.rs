//! The folder of a storage, as seen from outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memento::{Code, Key};
use memento_storage_fs::Options;
use rusqlite::{Connection, OpenFlags, params};
use tempfile::TempDir;

use crate::visit::{Call, Visit, visit};
use crate::{records, work};

/// The signature that makes a `CACHEDIR.TAG` one: <https://bford.info/cachedir/>.
const SIGNATURE: &str = "Signature: 8a477f597d28d172789f06886806bc55\n";

/// A folder of a storage, which only one test uses.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// What is removed in the end.
    _parent: Option<TempDir>,
}

/// Files and folders, each with its length and when it was changed.
pub type Listing = BTreeMap<PathBuf, (u64, SystemTime)>;

impl Folder {
    /// One that does not exist yet.
    ///
    /// # Panics
    ///
    /// Where there can be no temporary folder.
    pub fn new() -> Self {
        let parent = TempDir::new().expect("a temporary folder");
        Self { path: parent.path().join("storage"), _parent: Some(parent) }
    }

    /// One with the results of `calls` in it, computed by an environment that is gone.
    ///
    /// # Panics
    ///
    /// Where that fails.
    pub fn with(calls: &[Call]) -> Self {
        let folder = Self::new();
        assert_eq!(folder.visit(calls), Visit::computed(calls.len() as u64));
        folder
    }

    /// The one at `path`.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), _parent: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where it is, as text.
    ///
    /// # Panics
    ///
    /// Where that is not UTF-8.
    pub fn name(&self) -> &str {
        self.path.to_str().expect("a path in UTF-8")
    }

    /// A storage in it.
    pub fn options(&self) -> Options {
        Options::new(&self.path)
    }

    /// Makes these calls in an environment of their own.
    pub fn visit(&self, calls: &[Call]) -> Visit {
        visit(&self.options(), calls)
    }

    /// The files of large results.
    pub fn results(&self) -> Vec<PathBuf> {
        let codes = self.codes();
        self.data().into_iter().filter(|file| !codes.contains(file)).collect()
    }

    /// The files that say what the versions of [`small()`](crate::work::small()) and [`large()`](crate::work::large())
    /// are made of: each is written with the first result of its function.
    pub fn codes(&self) -> Vec<PathBuf> {
        let names = [work::small::dependencies(), work::large::dependencies()].map(|code| {
            let digest = blake3::hash(manifest(&code).as_bytes()).to_string();
            self.path.join("data/results").join(&digest[..2]).join(&digest[2..])
        });
        self.data().into_iter().filter(|file| names.contains(file)).collect()
    }

    /// The file of the database.
    pub fn database(&self) -> PathBuf {
        self.path.join("mementos.sqlite")
    }

    /// All files of the data store: large results, and what versions are made of.
    pub fn data(&self) -> Vec<PathBuf> {
        self.files("data/results")
    }

    /// What was moved out of the way.
    pub fn damaged(&self) -> Vec<PathBuf> {
        self.files("data/damaged")
    }

    /// Files that are being written.
    pub fn temporary(&self) -> Vec<PathBuf> {
        self.files("temporary")
    }

    fn files(&self, name: &str) -> Vec<PathBuf> {
        list(&self.path.join(name)).into_keys().filter(|path| path.is_file()).collect()
    }

    /// All there is in it, itself included; nothing where it does not exist.
    pub fn list(&self) -> Listing {
        list(&self.path)
    }

    /// A connection to the database, for tests that no store of this process has open.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn open_database(&self) -> Connection {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        Connection::open_with_flags(self.database(), flags).expect("a database")
    }

    /// Puts [records of a later release](records::newer) in the place of all that are there.
    ///
    /// # Panics
    ///
    /// Unless there are some.
    pub fn make_newer(&self) {
        let database = self.open_database();
        let mut keys = database.prepare("SELECT key FROM mementos").unwrap();
        let keys = keys.query_map([], |row| row.get(0).map(Key::from_bytes)).unwrap();
        let keys: Vec<Key> = keys.map(Result::unwrap).collect();
        assert!(!keys.is_empty());
        for key in keys {
            let replace = "UPDATE mementos SET record = ?2 WHERE key = ?1";
            let values = params![key.as_bytes().as_slice(), records::newer(&key)];
            database.execute(replace, values).unwrap();
        }
    }

    /// The records that were moved out of the way.
    ///
    /// # Panics
    ///
    /// Where there is no such table.
    pub fn damaged_records(&self) -> Vec<Vec<u8>> {
        let database = self.open_database();
        let mut statement = database.prepare("SELECT CAST(record AS BLOB) FROM damaged").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    /// Checks that everything in it is whole.
    ///
    /// # Panics
    ///
    /// Where something is not.
    #[track_caller]
    pub fn assert_whole(&self) {
        self.assert_results_whole();
        let checked: String = self
            .open_database()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .expect("a database that can be checked");
        assert_eq!(checked, "ok");
        let tag = fs::read_to_string(self.path.join("CACHEDIR.TAG")).expect("a CACHEDIR.TAG");
        assert!(tag.starts_with(SIGNATURE), "CACHEDIR.TAG begins with its signature: {tag:?}");
    }

    /// Checks that each file of the data store is what its name says.
    ///
    /// # Panics
    ///
    /// Where one is not.
    #[track_caller]
    pub fn assert_results_whole(&self) {
        for file in self.data() {
            let content = fs::read(&file).expect("a file");
            let digest = blake3::hash(&content).to_string();
            let name = file.strip_prefix(self.path.join("data/results")).expect("a result");
            assert_eq!(name, Path::new(&digest[..2]).join(&digest[2..]), "whole under its name");
        }
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

/// A line for each piece, as it stands in the data store: its digest, the number of the piece through which it was
/// reached, from 1, and its name.
fn manifest(code: &Code) -> String {
    let mut manifest = String::new();
    for piece in code.pieces() {
        let through = piece.through.map_or(0, |index| index + 1);
        writeln!(manifest, "{} {through} {}", piece.digest, piece.name)
            .expect("a String takes all");
    }
    manifest
}

fn list(path: &Path) -> Listing {
    let mut listing = Listing::new();
    let Ok(metadata) = fs::symlink_metadata(path) else { return listing };
    let modified = metadata.modified().expect("a time of change");
    if metadata.is_dir() {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            listing.extend(list(&entry.path()));
        }
    }
    listing.insert(path.to_owned(), (metadata.len(), modified));
    listing
}
