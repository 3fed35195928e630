//! Disk hits in a store of 1,000,000 mementos beside those in a store of 10,000, and the same of a SQLite table.
//!
//! The rounds of all four take turns, so that noise on the machine meets them alike; divan runs one after another.

use std::time::Duration;

use memento::memento;
use memento_benches::random::SplitMix;
use memento_benches::{folder, sqlite, time, uncached};
use rusqlite::Connection;
use tempfile::TempDir;

const ROUNDS: usize = 11;
/// Rounds before those that count: they open the stores and fill their page caches.
const WARM_UP: usize = 2;
/// Hits in a round.
const HITS: u32 = 10_000;
/// Calls that are made at once while a store is filled.
const CHUNK: u64 = 100_000;

#[memento]
fn small(n: u64) -> u64 {
    n * 2
}

/// A store, a table with the same rows, and their keys.
struct Side {
    count: u64,
    folder: TempDir,
    table: Connection,
    keys: Vec<[u8; 32]>,
    random: SplitMix,
}

impl Side {
    fn new(count: u64) -> Self {
        let folder = folder();
        uncached(folder.path()).enter(|| {
            for from in (0..count).step_by(CHUNK.try_into().expect("it is small")) {
                let results = small::map((from..count.min(from + CHUNK)).map(|n| (n,)));
                assert!(results.iter().all(Result::is_ok), "every call has a result");
            }
        });
        let table = sqlite::copy(folder.path());
        let keys = sqlite::keys(&table);
        Self { count, folder, table, keys, random: SplitMix::new(1) }
    }

    /// The time of a hit of memento, which this is called in the environment for.
    fn hit(&mut self) -> Duration {
        let numbers: Vec<u64> = (0..HITS).map(|_| self.random.below(self.count)).collect();
        time::of(|| numbers.iter().map(|&n| small(n)).sum::<u64>()) / HITS
    }

    /// The time of a point read of SQLite and BLAKE3.
    fn read(&mut self) -> Duration {
        let index = |_| usize::try_from(self.random.below(self.count)).expect("it is small");
        let indices: Vec<usize> = (0..HITS).map(index).collect();
        let mut statement = sqlite::prepare_get(&self.table);
        let mut get = |&index: &usize| sqlite::get(&mut statement, &self.keys[index]);
        time::of(|| indices.iter().map(&mut get).collect::<Vec<_>>()) / HITS
    }
}

fn main() {
    let mut times: [Vec<Duration>; 4] = Default::default();
    let mut sides = [Side::new(10_000), Side::new(1_000_000)];
    let environments = [uncached(sides[0].folder.path()), uncached(sides[1].folder.path())];
    for round in 0..WARM_UP + ROUNDS {
        for (index, side) in sides.iter_mut().enumerate() {
            let hit = environments[index].enter(|| side.hit());
            let read = side.read();
            if round >= WARM_UP {
                times[index].push(hit);
                times[index + 2].push(read);
            }
        }
    }
    let [few, many, few_read, many_read] = times.map(time::median);
    println!("a hit on disk, by the number of mementos; medians of {ROUNDS} rounds of {HITS}");
    let row = |name, few: Duration, many: Duration| {
        let ratio = many.as_secs_f64() / few.as_secs_f64();
        println!("  {name}: {few:.2?} of 10,000, {many:.2?} of 1,000,000, ratio {ratio:.2}");
    };
    row("memento", few, many);
    row("SQLite and BLAKE3", few_read, many_read);
}
