//! From the start of `main` to the end of the first call, in processes of their own, beside opening a SQLite table.
//!
//! Divan measures in one process; what only the first call in a process costs, it cannot see.

use std::path::Path;
use std::time::{Duration, Instant};

use memento::memento;
use memento_benches::{child, folder, sqlite, time, uncached};

/// How many processes each case gets.
const ROUNDS: usize = 41;
/// How many mementos are in the store that is there already.
const STORED: u64 = 10_000;

#[memento]
fn small(n: u64) -> u64 {
    n * 2
}

fn main() {
    let began = Instant::now();
    match child::case().as_deref() {
        None => compare(),
        Some("memento") => {
            small(1);
            println!("{}", began.elapsed().as_nanos());
        }
        Some(case) => {
            let table = sqlite::open(&child::folder());
            if case == "sqlite get" {
                sqlite::get(&mut sqlite::prepare_get(&table), blake3::hash(b"1").as_bytes());
            } else {
                let value = [1; 500];
                let mut statement = sqlite::prepare_put(&table);
                sqlite::put(&mut statement, blake3::hash(b"1").as_bytes(), &value);
            }
            println!("{}", began.elapsed().as_nanos());
        }
    }
}

/// Starts the processes, one of each case in turn.
fn compare() {
    let stored = folder();
    uncached(stored.path()).enter(|| drop(small::map((0..STORED).map(|n| (n,)))));
    let table = sqlite::copy(stored.path());
    let mut statement = sqlite::prepare_put(&table);
    sqlite::put(&mut statement, blake3::hash(b"1").as_bytes(), &[1; 500]);
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..ROUNDS {
        times[0].push(run("memento", stored.path()));
        times[1].push(run("sqlite get", stored.path()));
        times[2].push(run("memento", folder().path()));
        times[3].push(run("sqlite put", folder().path()));
    }
    let [memento_get, sqlite_get, memento_put, sqlite_put] = times.map(time::median);
    println!("opening, and the first call; medians of {ROUNDS} processes");
    println!(
        "  a store of {STORED}, a hit:     memento {memento_get:.2?}, SQLite {sqlite_get:.2?}"
    );
    println!(
        "  a folder not yet there, a miss: memento {memento_put:.2?}, SQLite {sqlite_put:.2?}"
    );
}

fn run(case: &str, folder: &Path) -> Duration {
    let printed = child::run(case, folder, &[]);
    Duration::from_nanos(printed.parse().expect("a child prints its time"))
}
