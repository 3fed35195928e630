//! A result is valid as long as what it was computed from comes to the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::storage::{
    DataStore, Entry, Filter, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, Page, Prefix,
};
use memento::{
    Environment, Explanation, Key, LocalRunner, Miss, Name, Result, Storage, Version, memento,
};
use memento_tests::Runs;

static RUNS: Runs = Runs::new();

/// What [`measured()`] finds in the world.
static WORLD: AtomicU64 = AtomicU64::new(0);

#[memento]
fn leaf(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento]
fn sum(count: u64) -> u64 {
    RUNS.add();
    leaf::map((0..count).map(|n| (n,))).into_iter().map(Result::unwrap).sum()
}

#[memento]
fn chain(n: u64) -> u64 {
    RUNS.add();
    if n == 0 { 0 } else { chain(n - 1) + 1 }
}

#[memento]
fn measured(n: u64) -> u64 {
    RUNS.add();
    n + WORLD.load(Ordering::Relaxed)
}

#[memento]
fn twice_measured(n: u64) -> u64 {
    RUNS.add();
    2 * measured(n)
}

#[memento(ttl = "0s")]
fn brief(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento]
fn of_brief(n: u64) -> u64 {
    RUNS.add();
    brief(n) + 1
}

#[memento]
fn chain_measured(n: u64) -> u64 {
    RUNS.add();
    if n == 0 { measured(0) } else { chain_measured(n - 1) + 1 }
}

/// Stores that several storages share, and that count what is asked of them.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Stores>);

#[derive(Debug, Default)]
struct Stores {
    data: MemoryDataStore,
    metadata: MemoryMetadataStore,
    look_ups: AtomicU64,
}

impl Shared {
    /// An environment that has the stores and nothing in memory, as a new process would.
    fn fresh(&self) -> Environment {
        Environment::new(Storage::new(self.clone(), self.clone()), LocalRunner::new())
    }

    /// How many requests for records there were since this was asked last.
    fn look_ups(&self) -> u64 {
        self.0.look_ups.swap(0, Ordering::Relaxed)
    }

    fn count(&self) {
        self.0.look_ups.fetch_add(1, Ordering::Relaxed);
    }
}

impl DataStore for Shared {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.data.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.data.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.data.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.data.list(prefix, options)
    }
}

impl MetadataStore for Shared {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.count();
        self.0.metadata.get(key)
    }
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.count();
        self.0.metadata.get_many(keys)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.0.metadata.put(entries)
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.0.metadata.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.0.metadata.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.0.metadata.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.metadata.versions(function, limit)
    }
}

/// What `call` returns, and how many functions ran for it.
fn run<T>(call: impl FnOnce() -> T) -> (T, u64) {
    RUNS.take();
    (call(), RUNS.take())
}

#[test]
fn a_hundred_thousand_callees_are_verified_with_two_requests() {
    RUNS.alone(|| {
        let (stores, count) = (Shared::default(), 100_000);
        let expected = (0..count).sum();
        assert_eq!(run(|| stores.fresh().enter(|| sum(count))), (expected, count + 1));
        stores.look_ups();
        stores.fresh().enter(|| {
            assert_eq!(run(|| sum(count)), (expected, 0));
            assert_eq!(stores.look_ups(), 2, "its own record, and those of all callees");
            assert_eq!(run(|| sum(count)), (expected, 0));
            assert_eq!(stores.look_ups(), 0, "it is verified once in a process");
        });
    });
}

#[test]
fn a_chain_of_callees_takes_no_space_on_the_stack() {
    RUNS.alone(|| {
        let (stores, length) = (Shared::default(), 10_000);
        stores.fresh().enter(|| (0..=length).for_each(|n| assert_eq!(chain(n), n)));
        let verify = || stores.fresh().enter(|| chain(length));
        let on_small_stack = std::thread::Builder::new().stack_size(128 << 10);
        let verified = std::thread::scope(|scope| {
            on_small_stack.spawn_scoped(scope, || run(verify)).unwrap().join().unwrap()
        });
        assert_eq!(verified, (length, 0));
    });
}

#[test]
fn a_batch_is_verified_with_two_requests() {
    RUNS.alone(|| {
        let stores = Shared::default();
        let batch = || of_chain::map((0..100).map(|n| (n,)));
        let values: Vec<u64> = (0..100).map(|n| n + 1).collect();
        let call = || batch().into_iter().map(Result::unwrap).collect::<Vec<u64>>();
        assert_eq!(run(|| stores.fresh().enter(call)), (values.clone(), 200));
        stores.look_ups();
        assert_eq!(run(|| stores.fresh().enter(call)), (values, 0));
        assert_eq!(stores.look_ups(), 2, "one for the batch, and one for all its callees");
    });
}

#[memento]
fn sometimes_of_leaf(n: u64) -> u64 {
    RUNS.add();
    if n.is_multiple_of(3) { leaf(n) + 1 } else { n }
}

#[test]
fn a_batch_of_which_some_depend_on_callees_is_verified_with_two_requests() {
    RUNS.alone(|| {
        let stores = Shared::default();
        let batch = || sometimes_of_leaf::map((0..1000).map(|n| (n,)));
        let call = || batch().into_iter().map(Result::unwrap).collect::<Vec<u64>>();
        let (values, runs) = run(|| stores.fresh().enter(call));
        assert_eq!(runs, 1000 + 334);
        stores.look_ups();
        assert_eq!(run(|| stores.fresh().enter(call)), (values, 0));
        assert_eq!(stores.look_ups(), 2, "one for the batch, and one for all its callees");
    });
}

/// The arguments of a batch.
fn each(numbers: &[u64]) -> impl Iterator<Item = (u64,)> {
    numbers.iter().map(|n| (*n,))
}

/// Calls [`leaf`] with each of some numbers, and counts the results.
type CountAll = fn(&[u64]) -> usize;

#[test]
fn calls_that_go_together_are_one_request() {
    RUNS.alone(|| {
        let stores = Shared::default();
        let numbers: Vec<u64> = (0..2048).collect();
        assert_eq!(run(|| stores.fresh().enter(|| leaf::map(each(&numbers)).len())), (2048, 2048));
        // One for each 1,024 calls where all arguments are there; else for each 128.
        let count_all: [(CountAll, u64); 4] = [
            (|numbers| leaf::map(each(numbers)).len(), 2),
            (|numbers| leaf::try_map(each(numbers)).unwrap().len(), 16),
            (|numbers| leaf::as_completed(each(numbers).collect::<Vec<_>>()).count(), 16),
            (
                |numbers| {
                    let mut count = 0;
                    leaf::for_each(each(numbers), |_, result| count += usize::from(result.is_ok()));
                    count
                },
                16,
            ),
        ];
        for (count, requests) in count_all {
            stores.look_ups();
            assert_eq!(run(|| stores.fresh().enter(|| count(&numbers))), (2048, 0));
            assert_eq!(stores.look_ups(), requests);
        }
    });
}

#[memento]
fn of_chain(n: u64) -> u64 {
    RUNS.add();
    leaf(n) + 1
}

/// Calls [`pong()`], or is called by it, as the world has it.
#[memento]
fn ping(n: u64) -> u64 {
    RUNS.add();
    if WORLD.load(Ordering::Relaxed) == 0 { pong(n) } else { n }
}

#[memento]
fn pong(n: u64) -> u64 {
    RUNS.add();
    if WORLD.load(Ordering::Relaxed) == 0 { n } else { ping(n) }
}

#[test]
fn records_that_call_each_other_are_no_end() {
    RUNS.alone(|| {
        let stores = Shared::default();
        WORLD.store(0, Ordering::Relaxed);
        stores.fresh().enter(|| ping(3));
        // Each is a callee of the other now, in the records.
        WORLD.store(1, Ordering::Relaxed);
        stores.fresh().enter(|| pong::with().refresh().call(3));
        let callees = |provenance: memento::Provenance| provenance.callees().count();
        stores.fresh().enter(|| {
            assert_eq!(
                ping::memento(3).unwrap().map(|memento| callees(memento.provenance)),
                Some(1)
            );
            assert_eq!(
                pong::memento(3).unwrap().map(|memento| callees(memento.provenance)),
                Some(1)
            );
        });
        for world in [0, 1] {
            WORLD.store(world, Ordering::Relaxed);
            stores.fresh().enter(|| assert_eq!((ping(3), pong(3)), (3, 3)));
            stores.fresh().enter(|| assert_eq!((pong(3), ping(3)), (3, 3)));
        }
    });
}

#[test]
fn callers_follow_a_callee_that_is_refreshed() {
    RUNS.alone(|| {
        let stores = Shared::default();
        let refresh = |world| {
            WORLD.store(world, Ordering::Relaxed);
            measured::with().refresh().call(1)
        };
        stores.fresh().enter(|| {
            refresh(0);
            assert_eq!(run(|| twice_measured(1)), (2, 1));
            refresh(10);
            let explained = twice_measured::explain(1).unwrap();
            assert!(matches!(explained, Explanation::Miss(Miss::CalleeChanged(_))), "{explained}");
            assert_eq!(run(|| twice_measured(1)), (22, 1), "in the same process");
            refresh(10);
            assert_eq!(run(|| twice_measured(1)), (22, 0), "it returned the same");
            refresh(0);
            assert_eq!(run(|| twice_measured(1)), (2, 0), "as it was before");
            refresh(10);
        });
        stores.fresh().enter(|| assert_eq!(run(|| twice_measured(1)), (22, 0), "in another one"));
    });
}

#[test]
fn what_goes_through_a_long_chain_is_looked_at_once_for_each_link() {
    RUNS.alone(|| {
        let (stores, length) = (Shared::default(), 500);
        WORLD.store(0, Ordering::Relaxed);
        stores.fresh().enter(|| (0..=length).for_each(|n| assert_eq!(chain_measured(n), n)));
        WORLD.store(7, Ordering::Relaxed);
        stores.fresh().enter(|| measured::with().refresh().call(0));
        stores.look_ups();
        let call = || stores.fresh().enter(|| chain_measured(length));
        assert_eq!(run(call), (length + 7, length + 1));
        let look_ups = stores.look_ups();
        assert!(look_ups < 10 * length, "{look_ups} look-ups for {length} links");
    });
}

#[test]
fn a_callee_that_is_forgotten_runs_again_and_its_caller_does_not() {
    RUNS.alone(|| {
        let stores = Shared::default();
        stores.fresh().enter(|| {
            of_chain(5);
            assert!(leaf::forget(5).unwrap());
            let explained = of_chain::explain(5).unwrap();
            assert!(matches!(explained, Explanation::Undecided(_)), "{explained}");
            assert_eq!(run(|| of_chain(5)), (6, 1), "in the same process");
            assert!(leaf::forget(5).unwrap());
        });
        stores.fresh().enter(|| assert_eq!(run(|| of_chain(5)), (6, 1), "in another one"));
    });
}

#[test]
fn a_caller_runs_where_the_store_has_lost_a_callee() {
    RUNS.alone(|| {
        let stores = Shared::default();
        let key = stores.fresh().enter(|| {
            of_chain(5);
            leaf::memento(5).unwrap().unwrap().key
        });
        assert!(MetadataStore::remove(&stores, &key).unwrap());
        stores.fresh().enter(|| {
            let explained = of_chain::explain(5).unwrap();
            let expected = "its callee memento-tests::verification::leaf has to run again \
                (its record, or what that names, is gone or damaged), and its arguments were not kept";
            assert_eq!(explained.to_string(), expected);
            assert_eq!(run(|| of_chain(5)), (6, 2));
        });
    });
}

#[test]
fn a_callee_that_has_expired_runs_again_and_its_caller_does_not() {
    RUNS.alone(|| {
        let stores = Shared::default();
        stores.fresh().enter(|| {
            assert_eq!(run(|| of_brief(1)), (2, 2));
            assert_eq!(run(|| of_brief(1)), (2, 1), "in the same process");
        });
        stores.fresh().enter(|| assert_eq!(run(|| of_brief(1)), (2, 1), "in another one"));
    });
}
