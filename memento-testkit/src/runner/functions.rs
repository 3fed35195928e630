//! The memento functions that runners are tested with. Those that take a folder leave a line in a file of it.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use memento::memento;
use serde::{Deserialize, Serialize, Serializer};

/// The file in which each execution leaves its argument.
pub(super) const RUNS: &str = "runs";

/// The file in which each execution leaves when it begins and when it ends.
pub(super) const SPANS: &str = "spans";

/// Adds a line to a file that all processes see.
fn note(folder: &Path, file: &str, line: &str) {
    let file = fs::OpenOptions::new().append(true).create(true).open(folder.join(file));
    let written = file.and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    written.expect("a line can be added to a file of the test");
}

/// Returns its argument, doubled.
#[memento]
pub(super) fn double(folder: PathBuf, n: u64) -> u64 {
    note(&folder, RUNS, &n.to_string());
    n * 2
}

/// Returns an error for odd numbers.
#[memento]
pub(super) fn fails_if_odd(folder: PathBuf, n: u64) -> Result<u64, String> {
    note(&folder, RUNS, &n.to_string());
    if n.is_multiple_of(2) { Ok(n) } else { Err(format!("{n} is odd")) }
}

/// Panics for odd numbers.
#[memento]
pub(super) fn panics_if_odd(folder: PathBuf, n: u64) -> u64 {
    note(&folder, RUNS, &n.to_string());
    assert!(n.is_multiple_of(2), "{n} is odd");
    n
}

/// Notes when it begins and ends, and takes a while.
#[memento]
pub(super) fn busy(folder: PathBuf, n: u64) -> u64 {
    note(&folder, SPANS, "begin");
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    note(&folder, RUNS, &n.to_string());
    note(&folder, SPANS, "end");
    n
}

/// How deep [`tree()`] is.
const LAYERS: u64 = 3;

/// Calls itself with what is below, in a batch and one after another.
#[memento]
pub(super) fn tree(folder: PathBuf, layer: u64, node: u64) -> u64 {
    note(&folder, RUNS, &format!("{}", layer * 100 + node));
    let Some(below) = below(layer, node) else { return node };
    let batch = tree::map(below.map(|node| (folder.clone(), layer + 1, node)));
    let batch: u64 = batch.into_iter().map(|value| value.expect("a nested call runs")).sum();
    let single: u64 =
        below.into_iter().rev().map(|node| tree(folder.clone(), layer + 1, node)).sum();
    batch + 2 * single
}

/// What [`tree()`] calls.
fn below(layer: u64, node: u64) -> Option<[u64; 3]> {
    (layer < LAYERS).then(|| [0, 1, 2].map(|other| (node * 3 + other * 5 + layer) % 7))
}

/// What [`tree()`] has to return.
pub(super) fn expected_tree(layer: u64, node: u64) -> u64 {
    let Some(below) = below(layer, node) else { return node };
    below.into_iter().map(|node| 3 * expected_tree(layer + 1, node)).sum()
}

/// Calls [`double()`] with one more, with each number below, and with one more than that.
#[memento]
pub(super) fn calls_in_order(folder: PathBuf, n: u64) -> u64 {
    let batch = double::map((0..n).map(|n| (folder.clone(), n)));
    let sum: u64 = batch.into_iter().map(|value| value.expect("a nested call runs")).sum();
    sum + double(folder.clone(), n + 1) + double(folder, n + 2)
}

/// Its context argument.
#[memento]
pub(super) fn sees_context(n: u64) -> (u64, Option<String>) {
    (n, memento::context("word"))
}

/// What it, what it calls, and what it calls in a batch see of the context.
#[memento]
pub(super) fn passes_context(n: u64) -> Vec<Option<String>> {
    let batch = sees_context::map((0..2).map(|other| (n + 1 + other,)));
    let batch = batch.into_iter().map(|seen| seen.expect("a nested call runs").1);
    [memento::context("word"), sees_context(n).1].into_iter().chain(batch).collect()
}

/// Calls another function, and says what came of it.
#[memento]
pub(super) fn calls_further(folder: PathBuf, n: u64) -> Result<u64, String> {
    double::try_call(folder, n).map_err(|error| error.to_string())
}

/// Calls itself with the same argument.
#[memento]
pub(super) fn calls_itself(n: u64) -> Result<u64, String> {
    calls_itself::try_call(n).map_err(|error| error.to_string())?
}

/// Takes and returns any number of bytes.
#[memento]
pub(super) fn invert(bytes: Vec<u8>) -> Vec<u8> {
    bytes.into_iter().map(|byte| !byte).collect()
}

/// A value that has no encoding.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Opaque(pub(super) u64);

impl Serialize for Opaque {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("it has no encoding"))
    }
}

/// Returns what cannot be recorded.
#[memento]
pub(super) fn opaque(n: u64) -> Opaque {
    Opaque(n)
}

/// An error that no other process can be told of.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plain(pub(super) u64);

/// Returns an error that has no encoding.
#[memento]
pub(super) fn fails_plainly(n: u64) -> Result<u64, Plain> {
    Err(Plain(n))
}

/// A function with arguments that cannot be read back.
#[memento]
pub(super) fn borrows(words: Vec<&str>) -> usize {
    words.len()
}
