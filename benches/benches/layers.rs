//! What a layer costs that has nothing to do, beside the store without it.

use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use memento::{DataStore, MemoryDataStore, Name};
use memento_storage_layers::{
    Breaker, Guarded, Metrics, Policy, ReadOnly, Retry, SizeLimit, TimeLimit,
};

fn main() {
    divan::main();
}

fn name() -> Name {
    Name::new("bench/small").expect("a name")
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
fn time_limit(bencher: Bencher<'_, '_>) {
    get(bencher, &TimeLimit::new(Duration::from_mins(1), store()));
}
