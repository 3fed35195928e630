//! Storage on the filesystem for memento: results in files, mementos in SQLite.
//!
//! To depend on this crate is to use it: it is what a program gets that configures nothing. In `memento.toml`:
//!
//! ```toml
//! [storage]
//! type = "filesystem"
//! path = ".memento"        # default: memento/<package> in the user's folder for caches
//! durability = "fast"      # or "full": what is recorded survives a power failure
//! readonly = false         # true: use what is there, keep nothing
//! ```
//!
//! | in the folder           | what                                                                   |
//! | ----------------------- | ---------------------------------------------------------------------- |
//! | `CACHEDIR.TAG`          | tells backup programs to leave the folder out                          |
//! | `mementos.sqlite`       | mementos, with the results that are small                              |
//! | `mementos.sqlite-wal`   | SQLite's log: what is not in there yet, after a program has ended, too |
//! | `mementos.sqlite-shm`   | SQLite's index of that log                                             |
//! | `data/…`                | objects by their names, each a file                                    |
//! | `data/results/ab/cdef…` | results that are not small, by the digest of their encoding            |
//! | `data/damaged`          | what was found damaged and moved out of the way; nothing reads it      |
//! | `temporary`             | objects that are being written                                         |
//! | `locks`                 | empty files, locked while an object gets its name                      |
//! | `lock`                  | held while the database is made or moved                               |
//! | `claims`                | empty: a byte of it is locked while a result is being computed (Linux) |
//!
//! Who copies the folder takes all of it, at a time when no program uses it: what was kept last is in
//! `mementos.sqlite-wal` alone. `memento copy` copies it while it is in use.
//!
//! Several processes can use one folder at once. It must be on a filesystem of this machine: SQLite's write-ahead log
//! does not work across a network.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod claims;
mod data;
mod database;
mod folder;
mod metadata;
mod options;
mod problem;
mod schema;
mod sessions;

pub use data::FileDataStore;
pub use metadata::SqliteMetadataStore;
pub use options::{Durability, Options};

use memento::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores, inventory};

inventory::submit! {
    StoragePlugin {
        name: "filesystem",
        provided_by: "memento-storage-fs",
        schemes: &[],
        is_default: true,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open: |options| {
            let options = Options::take(options)?;
            Ok(Stores::new(FileDataStore::new(&options), SqliteMetadataStore::new(&options)))
        },
    }
}

/// A storage in the folder that `options` names.
pub fn storage(options: &Options) -> memento::Storage {
    memento::Storage::new(FileDataStore::new(options), SqliteMetadataStore::new(options))
}
