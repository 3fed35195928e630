//! The memento functions that storage is tested with, in test programs and in [workers](crate::processes) alike.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memento::memento;

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

/// How many bytes a large result has: more than go into a record.
pub const LARGE: usize = 40_000;

/// How often functions of this module ran in this thread.
pub fn runs() -> u64 {
    RUNS.get()
}

/// A result that lives inside its record.
#[memento]
pub fn small(n: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    expected_small(n)
}

/// A result that lives in the data store.
#[memento]
pub fn large(n: u64) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    expected_large(n)
}

/// A result that is decoded while it is read.
#[memento]
pub fn long(n: u64) -> String {
    RUNS.set(RUNS.get() + 1);
    expected_long(n)
}

/// A function that takes long enough to be claimed, and writes its argument into a file when it begins. It does not
/// come to an end while there is a file of that name with the ending `stuck`.
///
/// # Panics
///
/// Where the file cannot be written.
#[memento]
pub fn logged(n: u64, log: PathBuf) -> u64 {
    let began = Instant::now();
    let mut file = OpenOptions::new().append(true).create(true).open(&log).expect("a file");
    file.write_all(format!("{n}\n").as_bytes()).expect("room in it");
    while log.with_extension("stuck").exists() || began.elapsed() < Duration::from_millis(2) {
        std::thread::yield_now();
    }
    n * 3
}

/// What [`logged()`] has written so far.
pub fn lines(log: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// What [`small()`] has to return.
pub fn expected_small(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// What [`long()`] has to return: five megabytes.
pub fn expected_long(n: u64) -> String {
    format!("{n:016x}").repeat(5 << 16)
}

/// What [`large()`] has to return: bytes that no other argument gives.
pub fn expected_large(n: u64) -> Vec<u8> {
    let words = (0..LARGE as u64 / 8).map(|i| expected_small(n << 32 | i).to_le_bytes());
    words.flatten().collect()
}
