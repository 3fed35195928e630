//! Where stores are asked, and what is recorded.

use std::collections::HashSet;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use futures_executor::block_on;
use memento::storage::{
    DataStore, Entry, Filter, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, Page, Prefix,
};
use memento::{Environment, Key, LocalRunner, Name, Result, Storage, Version, memento};
use memento_tests::Runs;
use parking_lot::{Condvar, Mutex};

use super::{Gate, poll_until};

static RUNS: Runs = Runs::new();

/// Stores that note which threads ask, and that can make those wait who put.
#[derive(Clone, Debug, Default)]
struct Watched(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    data: MemoryDataStore,
    metadata: MemoryMetadataStore,
    threads: Mutex<HashSet<ThreadId>>,
    puts: Mutex<Puts>,
    /// How many records were asked for at once.
    requests: Mutex<Vec<usize>>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Puts {
    are_held: bool,
    begun: Option<&'static Gate>,
    ended: u64,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gate")
    }
}

impl Watched {
    /// An environment on these stores, without a memory cache.
    fn environment(&self) -> Environment {
        let storage = Storage::new(self.clone(), self.clone()).inline_limit(0).memory_cache(0);
        Environment::new(storage, LocalRunner::new())
    }

    fn note(&self) -> &Inner {
        self.0.threads.lock().insert(thread::current().id());
        &self.0
    }

    /// The threads that have asked since this was asked last.
    fn threads(&self) -> HashSet<ThreadId> {
        std::mem::take(&mut self.0.threads.lock())
    }

    /// Makes those wait who put records; the first one opens `begun`.
    fn hold_puts(&self, begun: &'static Gate) {
        *self.0.puts.lock() = Puts { are_held: true, begun: Some(begun), ended: 0 };
    }

    /// Lets them go on, and waits for the first one to end.
    fn let_one_put(&self) {
        let mut puts = self.0.puts.lock();
        puts.are_held = false;
        self.0.changed.notify_all();
        while puts.ended == 0 {
            self.0.changed.wait(&mut puts);
        }
    }
}

impl DataStore for Watched {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.note().data.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.note().data.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.note().data.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.note().data.list(prefix, options)
    }
}

impl MetadataStore for Watched {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.note().metadata.get(key)
    }
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.note().requests.lock().push(keys.len());
        self.0.metadata.get_many(keys)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        let mut puts = self.note().puts.lock();
        if let Some(begun) = puts.begun.take() {
            begun.open();
        }
        while puts.are_held {
            self.0.changed.wait(&mut puts);
        }
        let put = self.0.metadata.put(entries);
        puts.ended += 1;
        self.0.changed.notify_all();
        put
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.note().metadata.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.note().metadata.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.note().metadata.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.note().metadata.versions(function, limit)
    }
    fn try_claim(&self, key: &Key) -> Result<Option<memento::storage::Claim>> {
        self.note().metadata.try_claim(key)
    }
}

#[memento]
async fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
async fn sum(n: u64) -> u64 {
    RUNS.add();
    double(n).await + double(n + 1).await
}

#[memento]
async fn fails(n: u64) -> u64 {
    RUNS.add();
    // Long enough to be claimed among processes the next time.
    let began = std::time::Instant::now();
    while began.elapsed() < std::time::Duration::from_millis(2) {
        thread::yield_now();
    }
    assert!(n > 0, "{n} is not enough");
    n
}

#[test]
fn the_thread_of_the_executor_never_asks_a_store() {
    let stores = Watched::default();
    RUNS.alone(|| {
        for expected in [3, 0] {
            stores.environment().enter(|| {
                block_on(async {
                    assert_eq!(sum(1).await, 6);
                    assert_eq!(sum::with().call(1).await, 6);
                    assert!(double::map([(1,), (2,)]).await.iter().all(Result::is_ok));
                    sum::with().ignore_result(1).await.unwrap();
                });
            });
            assert_eq!(RUNS.take(), expected);
            let threads = stores.threads();
            assert!(!threads.is_empty() && !threads.contains(&thread::current().id()));
        }
        stores.environment().enter(|| {
            block_on(async {
                double::with().refresh().call(1).await;
                fails(1).await;
                fails::try_call(0).await.unwrap_err();
            });
        });
        assert_eq!(RUNS.take(), 3);
        assert!(!stores.threads().contains(&thread::current().id()));
    });
}

#[test]
fn a_batch_asks_the_store_once_for_each_chunk() {
    let stores = Watched::default();
    RUNS.alone(|| {
        for expected in [300, 0] {
            let results =
                stores.environment().enter(|| block_on(double::try_map((0..300).map(|n| (n,)))));
            assert_eq!(results.unwrap().len(), 300);
            assert_eq!(RUNS.take(), expected);
            let requests = std::mem::take(&mut *stores.0.requests.lock());
            assert_eq!(
                requests.into_iter().filter(|count| *count > 1).collect::<Vec<_>>(),
                [128, 128, 44]
            );
        }
        assert!(!stores.threads().contains(&thread::current().id()));
    });
}

static RECORDS: Gate = Gate::new();

#[test]
fn what_has_run_is_recorded_even_if_nobody_waits_for_it() {
    let stores = Watched::default();
    RUNS.alone(|| {
        stores.hold_puts(&RECORDS);
        stores.environment().enter(|| {
            let mut call = Box::pin(double(5));
            block_on(poll_until(&mut call, &RECORDS));
            drop(call);
        });
        stores.let_one_put();
        stores.environment().enter(|| assert_eq!(block_on(double(5)), 10));
        assert_eq!(RUNS.take(), 1);
    });
}

static AWAITED: Gate = Gate::new();

#[test]
fn who_waits_gets_what_a_dropped_leader_has_computed() {
    let stores = Watched::default();
    RUNS.alone(|| {
        stores.hold_puts(&AWAITED);
        stores.environment().enter(|| {
            let mut leader = Box::pin(double(5));
            block_on(poll_until(&mut leader, &AWAITED));
            let mut waiter = Box::pin(double(5));
            block_on(super::poll_times(&mut waiter, super::UNTIL_IT_WAITS));
            drop(leader);
            stores.let_one_put();
            assert_eq!(block_on(waiter), 10);
        });
        assert_eq!(RUNS.take(), 1);
    });
}
