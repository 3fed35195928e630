//! What a layer costs that has nothing to do, beside the store without it; and how much signing, encryption and
//! compression do in a second.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use divan::Bencher;
use memento::plugin::Stores;
use memento::storage::{DataStore, MemoryDataStore, NullStore};
use memento::{Digest, Name};
use memento_storage_layers::{
    Breaker, Eviction, Guarded, Metrics, Policy, ReadOnly, Retry, SizeLimit, TimeLimit,
};

fn main() {
    divan::main();
}

fn name() -> Name {
    Name::of_result(&Digest::of(b"small"))
}

/// A store with one small object.
fn store() -> Arc<MemoryDataStore> {
    let store = MemoryDataStore::default();
    store.put(&name(), b"content").expect("it is in memory");
    Arc::new(store)
}

fn get(bencher: Bencher<'_, '_>, store: &dyn DataStore) {
    let name = name();
    bencher.bench_local(|| store.get(&name));
}

fn guarded(bencher: Bencher<'_, '_>, policy: impl Policy) {
    get(bencher, &Guarded::new(policy, store()));
}

#[divan::bench]
fn plain(bencher: Bencher<'_, '_>) {
    get(bencher, &*store());
}

#[divan::bench]
fn retry(bencher: Bencher<'_, '_>) {
    guarded(bencher, Retry::default());
}

#[divan::bench]
fn breaker(bencher: Bencher<'_, '_>) {
    guarded(bencher, Breaker::default());
}

#[divan::bench]
fn read_only(bencher: Bencher<'_, '_>) {
    guarded(bencher, ReadOnly);
}

#[divan::bench]
fn size_limit(bencher: Bencher<'_, '_>) {
    guarded(bencher, SizeLimit::default());
}

#[divan::bench]
fn metrics(bencher: Bencher<'_, '_>) {
    guarded(bencher, Metrics::data("memory"));
}

#[divan::bench]
fn eviction(bencher: Bencher<'_, '_>) {
    let stores = Stores { data: store(), metadata: Arc::new(NullStore) };
    get(bencher, &*Eviction::new().max_size(1 << 40).around(stores).data);
}

#[divan::bench(sample_size = 1000)]
fn time_limit(bencher: Bencher<'_, '_>) {
    get(bencher, &TimeLimit::new(Duration::from_mins(1), store()));
}

/// What `time_limit` has to do at least: another thread takes something over, and gives it back. Both are awake.
#[divan::bench]
fn hand_over(bencher: Bencher<'_, '_>) {
    let (given, taken) = (&AtomicU64::new(0), &AtomicU64::new(0));
    let await_other_than = |number: &AtomicU64, known| loop {
        match number.load(Ordering::Acquire) {
            now if now == known => {}
            now => return now,
        }
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut last = 0;
            while last != u64::MAX {
                last = await_other_than(given, last);
                taken.store(last, Ordering::Release);
            }
        });
        let mut number = 0;
        bencher.bench_local(|| {
            given.store(number + 1, Ordering::Release);
            number = await_other_than(taken, number);
        });
        given.store(u64::MAX, Ordering::Release);
    });
}

/// Objects of 16 MB: what is put, and what is read.
mod transforms {
    use std::sync::Arc;

    use divan::Bencher;
    use divan::counter::BytesCount;
    use memento::storage::{DataStore, MemoryDataStore};
    use memento_storage_layers::{Compression, Encryption, Keys, Signing, Transform, Transformed};

    use super::name;

    const LENGTH: usize = 16_000_000;

    /// Numbers that grow slowly, as in a series of prices: about a third is left of them.
    fn content() -> Vec<u8> {
        let mut state = 1_u64;
        let mut price = 100_000_u64;
        let prices = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            price += state >> 60;
            price.to_le_bytes()
        });
        prices.flatten().take(LENGTH).collect()
    }

    fn keys() -> Keys {
        Keys::new(["a key that everybody knows, as it stands here"]).expect("it is long enough")
    }

    fn over<T: Transform>(transform: T) -> Arc<dyn DataStore> {
        Arc::new(Transformed::new(transform, Arc::new(MemoryDataStore::default())))
    }

    fn stores() -> [(&'static str, Arc<dyn DataStore>); 4] {
        [
            ("plain", Arc::new(MemoryDataStore::default())),
            ("signing", over(Signing::new(keys()))),
            ("encryption", over(Encryption::new(keys()))),
            ("compression", over(Compression::default())),
        ]
    }

    fn store(what: &str) -> Arc<dyn DataStore> {
        let found = stores().into_iter().find(|(name, _)| *name == what);
        found.expect("one of those above").1
    }

    const WHAT: [&str; 4] = ["plain", "signing", "encryption", "compression"];

    #[divan::bench(args = WHAT)]
    fn put(bencher: Bencher<'_, '_>, what: &str) {
        let (store, name, content) = (store(what), name(), content());
        let bencher = bencher.counter(BytesCount::of_slice(&content));
        bencher.bench_local(|| store.put(&name, &content));
    }

    #[divan::bench(args = WHAT)]
    fn get(bencher: Bencher<'_, '_>, what: &str) {
        let (store, name, content) = (store(what), name(), content());
        store.put(&name, &content).expect("it is in memory");
        let bencher = bencher.counter(BytesCount::of_slice(&content));
        bencher.bench_local(|| store.get(&name));
    }

    /// 4 KiB in the middle of it.
    #[divan::bench(args = WHAT)]
    fn get_range(bencher: Bencher<'_, '_>, what: &str) {
        let (store, name, content) = (store(what), name(), content());
        store.put(&name, &content).expect("it is in memory");
        bencher.bench_local(|| store.get_range(&name, 8_000_000..8_004_096));
    }

    /// An object as long as a record.
    #[divan::bench(args = WHAT)]
    fn get_small(bencher: Bencher<'_, '_>, what: &str) {
        let (store, name, content) = (store(what), name(), content());
        store.put(&name, &content[..400]).expect("it is in memory");
        bencher.bench_local(|| store.get(&name));
    }
}
