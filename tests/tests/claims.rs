//! One computation of a key at a time, among processes that share a folder.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use memento::storage::{Capabilities, Claim, Entry, Filter, MemoryDataStore, MetadataStore, Page};
use memento::{
    CancellationToken, Environment, ErrorKind, Key, LocalRunner, Result, Storage, Version, memento,
};
use memento_storage_fs::Options;
use memento_tests::folder::Folder;
use memento_tests::processes::{Running, Worker};
use memento_tests::work::{lines, logged};
use parking_lot::Mutex;
use tempfile::TempDir;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// How often each argument was computed in this process.
static RUNS: Mutex<BTreeMap<u64, u64>> = Mutex::new(BTreeMap::new());

/// What one test computes in a thread of its own counts for the waits of others.
static TURN: Mutex<()> = Mutex::new(());

fn note_run(n: u64) {
    *RUNS.lock().entry(n).or_default() += 1;
}

fn runs(of: std::ops::Range<u64>) -> Vec<u64> {
    RUNS.lock().range(of).map(|(_, count)| *count).collect()
}

/// Computes for so long that it is worth a claim.
fn compute() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
}

/// As another process, as far as the folder can see: with files of its own.
fn process(folder: &Folder, threads: usize) -> Environment {
    let runner = LocalRunner::with_threads(threads).unwrap();
    Environment::new(memento_storage_fs::storage(&Options::new(folder.path())), runner)
}

#[memento]
fn slow(n: u64) -> u64 {
    note_run(n);
    compute();
    n * 2
}

#[test]
fn of_two_batches_each_key_is_computed_once() {
    let _turn = TURN.lock();
    let folder = Folder::new();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let environment = process(&folder, 2);
                barrier.wait();
                let values = environment.enter(|| slow::map((0..100).map(|n| (n,))));
                for (n, value) in (0..).zip(values) {
                    assert_eq!(value.unwrap(), n * 2);
                }
            });
        }
    });
    assert_eq!(runs(0..100), [1; 100]);
}

#[test]
fn two_processes_asked_for_the_same_hundred_compute_a_hundred() {
    let _turn = TURN.lock();
    let folder = Folder::new();
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("log");
    let start = |_| Worker::new(WORKER, &folder).logged(&log).waiting().start();
    let mut workers: Vec<_> = (0..2).map(start).collect();
    workers.iter_mut().for_each(Running::begin);
    let visits: Vec<_> = workers.into_iter().map(Running::finish).collect();
    assert_eq!(visits.iter().map(|visit| visit.computed).sum::<u64>(), 100, "{visits:?}");
    let mut computed = lines(&log);
    computed.sort_unstable();
    computed.dedup();
    assert_eq!((computed.len(), lines(&log).len()), (100, 100));
}

/// Tells when a claim is refused.
#[derive(Debug)]
struct Telling {
    store: memento_storage_fs::SqliteMetadataStore,
    refused: Arc<AtomicBool>,
    granted: Arc<AtomicU64>,
}

impl MetadataStore for Telling {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.store.get(key)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.store.put(entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.store.list(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        let claim = self.store.try_claim(key)?;
        match claim {
            None => self.refused.store(true, Ordering::SeqCst),
            Some(_) => drop(self.granted.fetch_add(1, Ordering::SeqCst)),
        }
        Ok(claim)
    }
}

/// An environment on `folder`; whether a claim of it was refused, and how many were granted.
fn telling(folder: &Folder) -> (Environment, Arc<AtomicBool>, Arc<AtomicU64>) {
    let (refused, granted) = (Arc::default(), Arc::default());
    let store = memento_storage_fs::SqliteMetadataStore::new(&Options::new(folder.path()));
    let metadata = Telling { store, refused: Arc::clone(&refused), granted: Arc::clone(&granted) };
    let storage = Storage::new(MemoryDataStore::default(), metadata);
    (Environment::new(storage, LocalRunner::new()), refused, granted)
}

/// A process that computes `n`, and does not end as long as the file `stuck` is there.
struct Holder {
    folder: Folder,
    place: TempDir,
    log: PathBuf,
    stuck: PathBuf,
    process: Running,
    n: u64,
}

impl Holder {
    fn new() -> Self {
        let (folder, place) = (Folder::new(), tempfile::tempdir().unwrap());
        let (log, stuck) = (place.path().join("log"), place.path().join("log.stuck"));
        std::fs::write(&stuck, "").unwrap();
        let process = Worker::new(WORKER, &folder).logged(&log).start();
        while lines(&log).is_empty() {
            std::thread::yield_now();
        }
        let n = lines(&log)[0].parse().unwrap();
        Self { folder, place, log, stuck, process, n }
    }
}

#[test]
fn who_waits_goes_on_when_the_one_that_computes_is_killed() {
    let _turn = TURN.lock();
    let Holder { folder, place: _place, log, stuck, process, n } = Holder::new();
    let begun = || lines(&log).iter().filter(|line| **line == n.to_string()).count();
    let (environment, refused, granted) = telling(&folder);
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| environment.enter(|| logged(n, log.clone())));
        while !refused.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        assert_eq!(begun(), 1, "nobody else computes it");
        process.kill();
        std::fs::remove_file(&stuck).unwrap();
        assert_eq!(waiter.join().unwrap(), n * 3);
    });
    assert_eq!(begun(), 2, "what was killed is computed again");
    assert_eq!(granted.load(Ordering::SeqCst), 1);
}

#[test]
fn who_is_cancelled_does_not_wait_for_another_process() {
    let _turn = TURN.lock();
    let Holder { folder, place: _place, log, process, n, .. } = Holder::new();
    let (environment, refused, _) = telling(&folder);
    let token = CancellationToken::new();
    std::thread::scope(|scope| {
        let waiter = scope
            .spawn(|| environment.enter(|| logged::with().cancel(&token).try_call(n, log.clone())));
        while !refused.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        token.cancel();
        assert_eq!(waiter.join().unwrap().unwrap_err().kind(), ErrorKind::Cancelled);
    });
    let begun = lines(&log).into_iter().filter(|line| *line == n.to_string());
    assert_eq!(begun.count(), 1, "the other one is still at it");
    process.kill();
}

#[memento]
fn panics_once(n: u64) -> u64 {
    note_run(n);
    compute();
    assert!(runs(n..n + 1) != [1], "the first time");
    n
}

#[test]
fn a_claim_ends_with_a_panic() {
    let _turn = TURN.lock();
    let folder = Folder::new();
    let (first, second) = (process(&folder, 1), process(&folder, 1));
    assert!(first.enter(|| panics_once::try_call(1000)).is_err());
    assert_eq!(second.enter(|| panics_once(1000)), 1000);
}

/// Where [`asks_itself()`] asks.
static ELSEWHERE: Mutex<Option<Environment>> = Mutex::new(None);

#[memento]
fn asks_itself(n: u64) -> u64 {
    note_run(n);
    compute();
    let elsewhere = ELSEWHERE.lock().take();
    elsewhere.map_or(n, |elsewhere| elsewhere.enter(|| asks_itself(n)))
}

/// To wait for the claim that one has oneself, in another environment, would never end.
#[test]
fn who_asks_for_itself_in_another_environment_does_not_wait() {
    let _turn = TURN.lock();
    let folder = Folder::new();
    *ELSEWHERE.lock() = Some(process(&folder, 1));
    assert_eq!(process(&folder, 1).enter(|| asks_itself(2000)), 2000);
    assert_eq!(runs(2000..2001), [2]);
}

/// Waits in its pool, whose thread does meanwhile what was spawned before.
#[memento]
fn waits_in_pool(n: u64) -> u64 {
    note_run(n);
    compute();
    rayon::yield_now();
    n
}

/// What rayon has a thread do on top of a computation is none of its calls, and cannot be known by its callers.
#[test]
fn who_stands_on_the_same_key_of_another_environment_does_not_wait_for_it() {
    let _turn = TURN.lock();
    let folder = Folder::new();
    let environments = [process(&folder, 1), process(&folder, 1)];
    // From now on it is worth a claim.
    for (environment, n) in environments.iter().zip([9_000, 9_001]) {
        environment.enter(|| assert_eq!(waits_in_pool(n), n));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let [one, other] = environments;
    let other = memento::carry(move |n| other.enter(|| waits_in_pool(n)));
    let (sender, receiver) = std::sync::mpsc::channel();
    pool.install(|| {
        rayon::spawn(move || sender.send(other(9_002)).unwrap());
        one.enter(|| assert_eq!(waits_in_pool(9_002), 9_002));
    });
    assert_eq!(receiver.recv().unwrap(), 9_002);
    assert_eq!(runs(9_002..9_003), [2], "one stands on the other");
}

#[memento]
fn below(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == 4 {
        return graph + node;
    }
    compute();
    let calls = (0..3).map(|other| (graph, layer + 1, (node * 5 + other * 7 + graph) % 4));
    below::map(calls).into_iter().map(|value| value.unwrap()).sum()
}

/// Every function of a graph waits for others, in pools of two threads of two processes that are asked in opposite
/// orders. A thread of a pool that stands on what the other process needs does not wait for that process.
#[test]
fn processes_asked_in_opposite_orders_come_to_an_end() {
    let _turn = TURN.lock();
    for _ in 0..3 {
        let folder = Folder::new();
        let start = |order: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_program"));
            program.arg("cross").arg(folder.path()).args(order).spawn().unwrap()
        };
        for mut process in [start(&[]), start(&["reversed"])] {
            assert!(process.wait().unwrap().success());
        }
    }
}

/// Every function of a graph waits for others, in pools of two threads of three processes at once.
#[test]
fn processes_that_wait_for_each_other_come_to_an_end() {
    let _turn = TURN.lock();
    for graph in 0..20 {
        let folder = Folder::new();
        let barrier = Barrier::new(3);
        let sums: Vec<Vec<u64>> = std::thread::scope(|scope| {
            let run = |first: u64| {
                let (folder, barrier) = (&folder, &barrier);
                move || {
                    let environment = process(folder, 2);
                    barrier.wait();
                    let calls = (0..4).map(|node| (graph, 0, (node + first) % 4));
                    let values = environment.enter(|| below::map(calls));
                    let mut values: Vec<u64> =
                        values.into_iter().map(|value| value.unwrap()).collect();
                    values.rotate_right(usize::try_from(first).unwrap());
                    values
                }
            };
            let threads: Vec<_> = (0..3).map(|first| scope.spawn(run(first))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let alone = memento_tests::memory();
        let expected: Vec<u64> = alone.enter(|| (0..4).map(|node| below(graph, 0, node)).collect());
        assert!(sums.iter().all(|sums| *sums == expected), "graph {graph}: {sums:?}, {expected:?}");
    }
}
