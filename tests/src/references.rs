//! Memento functions that take references to others, called in test programs and in
//! [worker processes](memento_runner_process) alike.

use std::path::PathBuf;

use memento::{Bound, memento};

use crate::fates::note;

/// A multiple; `folder` has a file that says of what.
#[memento]
pub fn scaled(folder: PathBuf, factor: u64, n: u64) -> u64 {
    note(&folder, "scaled", n);
    factor * n
}

/// The sum of what a function returns, and the process that adds it.
#[memento]
pub fn total(of: Bound<fn(u64) -> u64>, up_to: u64) -> (u64, u32) {
    ((0..up_to).map(|n| of.call(n)).sum(), std::process::id())
}
