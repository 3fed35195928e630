//! One computation of a key at a time, and never a thread that waits for itself.

use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Caller, Environment, ErrorKind, LocalRunner, Storage, memento};
use memento_tests::memory;
use rayon::prelude::*;

/// A place where the threads of a test meet.
struct Meeting {
    runs: AtomicU64,
    arrived: parking_lot::Mutex<u64>,
    changed: parking_lot::Condvar,
}

impl Meeting {
    const fn new() -> Self {
        Self {
            runs: AtomicU64::new(0),
            arrived: parking_lot::Mutex::new(0),
            changed: parking_lot::Condvar::new(),
        }
    }

    fn arrive(&self) {
        *self.arrived.lock() += 1;
        self.changed.notify_all();
    }

    fn wait_for(&self, count: u64) {
        let mut arrived = self.arrived.lock();
        while *arrived < count {
            self.changed.wait(&mut arrived);
        }
    }
}

static SHARED: Meeting = Meeting::new();

/// Ends when all threads have begun their calls.
#[memento]
fn shared(threads: u64) -> u64 {
    SHARED.runs.fetch_add(1, Ordering::Relaxed);
    SHARED.wait_for(threads);
    threads
}

#[test]
fn many_threads_compute_once() {
    for storage in [Storage::memory(), Storage::memory().memory_cache(0)] {
        SHARED.runs.store(0, Ordering::Relaxed);
        *SHARED.arrived.lock() = 0;
        let environment = Environment::new(storage, LocalRunner::new());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    SHARED.arrive();
                    assert_eq!(environment.enter(|| shared(8)), 8);
                });
            }
        });
        assert_eq!(SHARED.runs.load(Ordering::Relaxed), 1);
        let statistics = environment.statistics();
        assert_eq!((statistics.computed, statistics.calls()), (1, 8));
    }
}

static FAILING: Meeting = Meeting::new();

/// Panics in whoever runs it first.
#[memento]
fn fails_once(threads: u64) -> u64 {
    FAILING.wait_for(threads);
    assert!(FAILING.runs.fetch_add(1, Ordering::Relaxed) > 0, "the first one fails");
    threads
}

#[test]
fn when_the_first_panics_the_next_computes() {
    let environment = memory();
    let panics = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                FAILING.arrive();
                match environment.enter(|| fails_once::try_call(4)) {
                    Ok(value) => assert_eq!(value, 4),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Panicked);
                        panics.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!((panics.into_inner(), FAILING.runs.load(Ordering::Relaxed)), (1, 2));
}

static CROSSED: Meeting = Meeting::new();

/// Two of these, each needing what the other one computes, in two threads at once.
#[memento]
fn crossed(n: u64, depth: u64) -> u64 {
    CROSSED.arrive();
    CROSSED.wait_for(2);
    if depth == 0 { n } else { crossed(1 - n, depth - 1) + 1 }
}

#[test]
fn threads_that_wait_for_each_other_come_to_an_end() {
    let environment = memory();
    let barrier = Barrier::new(2);
    std::thread::scope(|scope| {
        for n in 0..2 {
            let (environment, barrier) = (&environment, &barrier);
            scope.spawn(move || {
                barrier.wait();
                let expected = if n == 0 { 6 } else { 7 };
                assert_eq!(environment.enter(|| crossed(n, 6)), expected);
            });
        }
    });
}

static MEETS: Meeting = Meeting::new();

#[memento]
fn meets(n: u64) -> u64 {
    MEETS.arrive();
    MEETS.wait_for(2);
    let results = met::map([(n,), (1 - n,)]);
    results.into_iter().map(|result| result.unwrap_or(0)).sum()
}

#[memento]
fn met(n: u64) -> u64 {
    n + 1
}

#[test]
fn a_true_cycle_among_threads_is_an_error_and_no_standstill() {
    #[memento]
    fn tick(n: u64) -> u64 {
        tock(n)
    }
    #[memento]
    fn tock(n: u64) -> u64 {
        tick(n)
    }
    let environment = memory();
    std::thread::scope(|scope| {
        for start in 0..4 {
            let environment = &environment;
            scope.spawn(move || {
                let call = || if start % 2 == 0 { tick::try_call(1) } else { tock::try_call(1) };
                let error = environment.enter(call).unwrap_err();
                assert!(error.to_string().contains("needs itself"), "{error}");
            });
        }
    });
}

#[test]
fn batches_that_share_items_meet() {
    let environment = Environment::new(Storage::memory(), LocalRunner::with_threads(2).unwrap());
    environment.enter(|| {
        let results = meets::map([(0,), (1,)]);
        assert!(results.into_iter().all(|result| result.unwrap() == 3));
    });
    assert_eq!(environment.statistics().computed, 4);
}

/// Numbers that look random and are the same each time.
fn scramble(mut n: u64) -> u64 {
    n = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    n ^ (n >> 27)
}

/// The nodes below `node` in layer `layer` of graph `graph`: a few of the next layer, shared with its neighbours.
fn below(
    graph: u64,
    layer: u64,
    node: u64,
) -> impl IndexedParallelIterator<Item = (u64, u64, u64)> {
    (0..4_usize).into_par_iter().map(move |edge| {
        let seed = scramble(graph ^ scramble(layer << 32 | node << 8 | edge as u64));
        (graph, layer + 1, seed % 3)
    })
}

const LAYERS: u64 = 5;

fn expected(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == LAYERS {
        return scramble(node) % 1000;
    }
    let below: Vec<_> = below(graph, layer, node).collect();
    below.into_iter().map(|(graph, layer, node)| expected(graph, layer, node)).sum::<u64>() + node
}

/// Calls what is below it through rayon, as anyone would write it.
#[memento]
fn plain(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == LAYERS {
        return scramble(node) % 1000;
    }
    below(graph, layer, node).map(|(graph, layer, node)| plain(graph, layer, node)).sum::<u64>()
        + node
}

/// Calls what is below it through rayon and takes its caller along.
#[memento]
fn carried(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == LAYERS {
        return scramble(node) % 1000;
    }
    let call = memento::carry(|(graph, layer, node)| carried(graph, layer, node));
    below(graph, layer, node).map(call).sum::<u64>() + node
}

/// Calls what is below it as a batch.
#[memento]
fn batched(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == LAYERS {
        return scramble(node) % 1000;
    }
    let below: Vec<_> = below(graph, layer, node).collect();
    batched::map(below).into_iter().map(Result::unwrap).sum::<u64>() + node
}

/// Calls what is below it as a batch whose results come as calls end.
#[memento]
fn streamed(graph: u64, layer: u64, node: u64) -> u64 {
    if layer == LAYERS {
        return scramble(node) % 1000;
    }
    let below: Vec<_> = below(graph, layer, node).collect();
    let mut sum = node;
    streamed::for_each(below.iter().copied(), |_, result| sum += result.unwrap());
    let again = streamed::as_completed(below).map(|(_, result)| result.unwrap());
    assert_eq!(node + again.sum::<u64>(), sum);
    sum
}

#[test]
fn a_pool_never_stands_still() {
    for threads in [1, 2, 3] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            for graph in 0..150 {
                let environment = memory();
                let caller = environment.enter(Caller::current);
                let sums: Vec<[u64; 4]> = (0..6_u64)
                    .into_par_iter()
                    .map(|node| {
                        caller.enter(|| {
                            [
                                plain(graph, 0, node % 3),
                                carried(graph, 0, node % 3),
                                batched(graph, 0, node % 3),
                                streamed(graph, 0, node % 3),
                            ]
                        })
                    })
                    .collect();
                for (node, sums) in (0..).zip(sums) {
                    assert_eq!(sums, [expected(graph, 0, node % 3); 4], "graph {graph}");
                }
            }
        });
    }
}

#[test]
fn callers_are_known_in_the_threads_of_batches_and_of_carried_closures() {
    let environment = memory();
    environment.enter(|| {
        carried(1, 0, 0);
        batched(1, 0, 0);
        for memento in [carried::memento(1, 0, 0), batched::memento(1, 0, 0)] {
            let memento = memento.unwrap().unwrap();
            let distinct: std::collections::BTreeSet<_> =
                below(1, 0, 0).collect::<Vec<_>>().into_iter().collect();
            assert_eq!(memento.provenance.callees().count(), distinct.len());
        }
        let first = batched::memento(1, 0, 0).unwrap().unwrap();
        for (graph, layer, node) in below(1, 0, 0).collect::<Vec<_>>() {
            let callee = batched::memento(graph, layer, node).unwrap().unwrap();
            assert_eq!(callee.provenance.correlation, first.provenance.correlation);
        }
    });
}

#[test]
fn the_same_item_twice_in_a_batch_is_computed_once() {
    let environment = memory();
    environment.enter(|| {
        let results = met::map((0..1000).map(|n| (n % 10,)));
        assert!((0..).zip(results).all(|(n, result)| result.unwrap() == n % 10 + 1));
    });
    let statistics = environment.statistics();
    assert_eq!((statistics.computed, statistics.calls()), (10, 1000));
}

/// How many calls of `counted_leaf` run now, and how many did at most.
static RUNNING: (AtomicU64, AtomicU64) = (AtomicU64::new(0), AtomicU64::new(0));

#[memento]
fn counted_leaf(n: u64) -> u64 {
    let running = RUNNING.0.fetch_add(1, Ordering::SeqCst) + 1;
    RUNNING.1.fetch_max(running, Ordering::SeqCst);
    std::hint::black_box((0..10_000).map(scramble).fold(0, u64::wrapping_add));
    RUNNING.0.fetch_sub(1, Ordering::SeqCst);
    n
}

#[memento]
fn counted_branch(n: u64) -> u64 {
    let leaves = counted_leaf::map((0..20).map(|leaf| (20 * n + leaf,)));
    leaves.into_iter().map(Result::unwrap).sum()
}

#[test]
fn batches_in_batches_share_the_threads_of_their_runner() {
    for threads in [1, 2, 3] {
        RUNNING.1.store(0, Ordering::SeqCst);
        let runner = LocalRunner::with_threads(threads).unwrap();
        let environment = Environment::new(Storage::memory(), runner);
        environment.enter(|| {
            let sums = counted_branch::map((0..20).map(|n| (n,)));
            let sum: u64 = sums.into_iter().map(Result::unwrap).sum();
            assert_eq!(sum, (0..400).sum::<u64>());
        });
        assert_eq!(environment.statistics().computed, 420);
        assert!(RUNNING.1.load(Ordering::SeqCst) <= threads as u64);
    }
}

static BATCH: Meeting = Meeting::new();
static LEADERS: [Meeting; 2] = [Meeting::new(), Meeting::new()];

/// The second one has begun before the batch begins, and needs the pool when the batch has.
#[memento]
fn needs_the_pool(pool: u64, n: u64) -> u64 {
    if n == 0 {
        BATCH.arrive();
    } else {
        LEADERS[usize::try_from(pool).unwrap()].arrive();
        BATCH.wait_for(pool + 1);
        let leaves = counted_leaf::map((0..4).map(|leaf| (1_000 + 10 * pool + leaf,)));
        assert!(leaves.iter().all(Result::is_ok));
    }
    n
}

/// A pool's only thread would wait for a thread that waits for the pool: one outside of all pools, or one of another.
#[test]
fn a_pool_does_not_wait_for_who_waits_for_it() {
    let other = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for pool in 0..2 {
        let runner = LocalRunner::with_threads(1).unwrap();
        let environment = Environment::new(Storage::memory(), runner);
        let lead = || environment.enter(|| needs_the_pool(pool, 1));
        std::thread::scope(|scope| {
            let leader = scope.spawn(|| if pool == 0 { lead() } else { other.install(lead) });
            LEADERS[usize::try_from(pool).unwrap()].wait_for(1);
            let results = environment.enter(|| needs_the_pool::map([(pool, 0), (pool, 1)]));
            assert!(results.into_iter().map(Result::unwrap).eq([0, 1]));
            assert_eq!(leader.join().unwrap(), 1);
        });
    }
}
