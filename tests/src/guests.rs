//! More memento functions that are called in [worker processes](memento_runner_process).

use std::fs;
use std::path::PathBuf;
use std::process::id;
use std::thread;
use std::time::Duration;

use memento::memento;
use serde::{Deserialize, Deserializer, Serialize};

use crate::fates::note;

/// A number that is not read if it is 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Picky(pub u64);

impl<'de> Deserialize<'de> for Picky {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let n = u64::deserialize(deserializer)?;
        assert_ne!(n, 3, "who reads {n}?");
        Ok(Self(n))
    }
}

/// Returns what may not be read.
#[memento]
pub fn picky(n: u64) -> Picky {
    Picky(n)
}

/// Which process group it runs in, and whether its process leads it.
#[memento]
pub fn group(_n: u64) -> (u32, bool) {
    let status = fs::read_to_string("/proc/self/stat").expect("what Linux says");
    // The name of the program is in parentheses; behind it come its state, its parent and its group.
    let behind = status.rsplit(") ").next().unwrap_or_default();
    let group = behind.split(' ').nth(2).and_then(|group| group.parse().ok()).expect("a group");
    (group, group == id())
}

/// Takes so long that it is worth a claim.
#[memento]
pub fn slow(folder: PathBuf, n: u64) -> u64 {
    note(&folder, "slow", n);
    thread::sleep(Duration::from_millis(5));
    n
}
