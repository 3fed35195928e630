//! What the tests across crates share.

pub mod certificates;
pub mod crossing;
pub mod cutting;
pub mod fates;
pub mod folder;
pub mod graph;
pub mod guests;
pub mod limited;
pub mod load;
pub mod parts;
pub mod place;
pub mod processes;
pub mod project;
pub mod proxy;
pub mod reasons;
pub mod records;
pub mod redis;
pub mod references;
pub mod s3;
pub mod sharing;
pub mod slurm;
pub mod steps;
pub mod survivors;
pub mod tasks;
pub mod visit;
pub mod warnings;
pub mod work;
pub mod wrapped;
pub mod wrapping;

use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Environment, LocalRunner, Storage};
use parking_lot::Mutex;

/// An environment in the memory of this process that no other test sees.
pub fn memory() -> Environment {
    Environment::new(Storage::memory(), LocalRunner::new())
}

/// How often the functions of a test file ran. One test at a time counts.
#[derive(Debug, Default)]
pub struct Runs {
    count: AtomicU64,
    turn: Mutex<()>,
}

impl Runs {
    /// None yet.
    pub const fn new() -> Self {
        Self { count: AtomicU64::new(0), turn: Mutex::new(()) }
    }

    /// Counts one.
    pub fn add(&self) {
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since this was asked last.
    pub fn take(&self) -> u64 {
        self.count.swap(0, Ordering::Relaxed)
    }

    /// Does `test` in an environment of its own, with no other test counting.
    pub fn alone(&self, test: impl FnOnce()) {
        let _turn = self.turn.lock();
        self.take();
        memory().enter(test);
    }
}
