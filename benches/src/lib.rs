//! What the benches share: folders, environments on them, and the plain SQLite table that they are compared with.

pub mod calls;
pub mod child;
pub mod counting;
pub mod object;
pub mod program;
pub mod random;
pub mod redis;
pub mod sqlite;
pub mod time;

use std::path::Path;

use memento::{Environment, LocalRunner};
use memento_storage_fs::Options;
use tempfile::TempDir;

/// Makes sure that calls had results: a failure would be measured as a fast one.
///
/// # Panics
///
/// Where one failed.
pub fn check<T>(results: &[memento::Result<T>]) {
    assert!(results.iter().all(Result::is_ok), "every call has a result");
}

/// A folder that goes when it is dropped.
///
/// # Panics
///
/// Where it cannot be made.
pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder can be made")
}

/// An environment on `folder` as it is unless configured.
pub fn cached(folder: &Path) -> Environment {
    Environment::new(memento_storage_fs::storage(&Options::new(folder)), LocalRunner::new())
}

/// An environment on `folder` without a memory cache: every hit comes from the disk.
pub fn uncached(folder: &Path) -> Environment {
    let storage = memento_storage_fs::storage(&Options::new(folder)).memory_cache(0);
    Environment::new(storage, LocalRunner::new())
}
