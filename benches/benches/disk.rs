//! Hits and misses of small results on disk, beside a plain SQLite table with rows of the same size.

use divan::Bencher;
use divan::counter::ItemsCount;
use memento::memento;
use memento_benches::random::SplitMix;
use memento_benches::{cached, check, folder, sqlite, uncached};
use tempfile::TempDir;

/// How many mementos are in the store that single hits go to.
const STORED: u64 = 10_000;
/// How many calls a batch has.
const BATCH: u64 = 100_000;

fn main() {
    divan::main();
}

#[memento]
fn small(n: u64) -> u64 {
    n * 2
}

/// A folder in which `count` results are stored.
fn stored(count: u64) -> TempDir {
    let folder = folder();
    uncached(folder.path()).enter(|| check(&small::map((0..count).map(|n| (n,)))));
    folder
}

/// One hit.
mod hit {
    use super::{Bencher, STORED, SplitMix, cached, sqlite, stored, uncached};

    /// A point read and BLAKE3 of what was read.
    #[divan::bench(sample_count = 100, sample_size = 100)]
    fn sqlite_and_blake3(bencher: Bencher<'_, '_>) {
        let folder = stored(STORED);
        let table = sqlite::copy(folder.path());
        let keys = sqlite::keys(&table);
        let mut statement = sqlite::prepare_get(&table);
        let mut random = SplitMix::new(1);
        bencher
            .with_inputs(|| usize::try_from(random.below(STORED)).expect("it is small"))
            .bench_local_values(|index| sqlite::get(&mut statement, &keys[index]));
    }

    /// Without a memory cache.
    #[divan::bench(sample_count = 100, sample_size = 100)]
    fn memento(bencher: Bencher<'_, '_>) {
        let folder = stored(STORED);
        let mut random = SplitMix::new(1);
        uncached(folder.path()).enter(|| {
            bencher.with_inputs(|| random.below(STORED)).bench_local_values(super::small);
        });
    }

    /// Each key for the first time, so that the value goes into the memory cache.
    #[divan::bench(sample_count = 100, sample_size = 100)]
    fn memento_first(bencher: Bencher<'_, '_>) {
        let folder = stored(STORED);
        let mut keys = (0..STORED).rev();
        cached(folder.path()).enter(|| {
            super::small(0);
            bencher
                .with_inputs(|| keys.next().unwrap_or_default())
                .bench_local_values(super::small);
        });
    }
}

/// 100,000 hits at once.
mod hits {
    use super::{BATCH, Bencher, ItemsCount, check, sqlite, stored, uncached};

    /// In one transaction and one thread.
    #[divan::bench(sample_count = 7, sample_size = 1)]
    fn sqlite_and_blake3(bencher: Bencher<'_, '_>) {
        let folder = stored(BATCH);
        let table = sqlite::copy(folder.path());
        let keys = sqlite::keys(&table);
        let mut statement = sqlite::prepare_get(&table);
        bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
            table.execute_batch("BEGIN").expect("it begins");
            let hashes: Vec<_> = keys.iter().map(|key| sqlite::get(&mut statement, key)).collect();
            table.execute_batch("COMMIT").expect("it ends");
            hashes
        });
    }

    /// `small::map`
    #[divan::bench(sample_count = 7, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        let folder = stored(BATCH);
        uncached(folder.path()).enter(|| {
            bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
                let results = super::small::map((0..BATCH).map(|n| (n,)));
                check(&results);
                results
            });
        });
    }
}

/// One miss.
mod miss {
    use super::{Bencher, cached, folder, sqlite, stored};

    /// A transaction each, as a miss is.
    #[divan::bench(sample_count = 200, sample_size = 100)]
    fn sqlite(bencher: Bencher<'_, '_>) {
        let value = sqlite::any_value(&sqlite::copy(stored(1).path()));
        let folder = folder();
        let table = sqlite::open(folder.path());
        let mut statement = sqlite::prepare_put(&table);
        let mut count = 0_u64;
        let key = || {
            count += 1;
            *blake3::hash(&count.to_le_bytes()).as_bytes()
        };
        bencher
            .with_inputs(key)
            .bench_local_values(|key| sqlite::put(&mut statement, &key, &value));
    }

    #[divan::bench(sample_count = 200, sample_size = 100)]
    fn memento(bencher: Bencher<'_, '_>) {
        let folder = folder();
        let mut count = 0;
        let argument = || {
            count += 1;
            count
        };
        cached(folder.path())
            .enter(|| bencher.with_inputs(argument).bench_local_values(super::small));
    }
}

/// 100,000 misses at once, of a function that takes no time.
mod misses {
    use super::{BATCH, Bencher, ItemsCount, cached, check, folder, sqlite, stored};

    /// In transactions of 512.
    #[divan::bench(sample_count = 7, sample_size = 1)]
    fn sqlite(bencher: Bencher<'_, '_>) {
        let value = sqlite::any_value(&sqlite::copy(stored(1).path()));
        let keys: Vec<_> = (0..BATCH).map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes()).collect();
        bencher.counter(ItemsCount::new(BATCH)).with_inputs(folder).bench_local_refs(|folder| {
            let table = sqlite::open(folder.path());
            let mut statement = sqlite::prepare_put(&table);
            for keys in keys.chunks(512) {
                table.execute_batch("BEGIN").expect("it begins");
                for key in keys {
                    sqlite::put(&mut statement, key, &value);
                }
                table.execute_batch("COMMIT").expect("it ends");
            }
        });
    }

    /// `small::map`
    #[divan::bench(sample_count = 7, sample_size = 1)]
    fn memento(bencher: Bencher<'_, '_>) {
        bencher.counter(ItemsCount::new(BATCH)).with_inputs(folder).bench_local_refs(|folder| {
            cached(folder.path()).enter(|| {
                let results = super::small::map((0..BATCH).map(|n| (n,)));
                check(&results);
                results
            })
        });
    }
}
