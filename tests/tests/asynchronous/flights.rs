//! One computation of a key at a time among tasks.

use std::sync::atomic::{AtomicU64, Ordering};

use futures_executor::block_on;
use futures_util::future::{join, join_all};
use memento::{Environment, ErrorKind, LocalRunner, Storage, memento};
use memento_tests::memory;

use super::{Gate, UNTIL_IT_WAITS, poll_times, poll_until};

/// Defines an async function that begins, and then waits for a test.
macro_rules! gated {
    ($name:ident, $runs:ident, $begun:ident, $go:ident) => {
        static $runs: AtomicU64 = AtomicU64::new(0);
        static $begun: Gate = Gate::new();
        static $go: Gate = Gate::new();

        #[memento]
        async fn $name(n: u64) -> u64 {
            $runs.fetch_add(1, Ordering::Relaxed);
            $begun.open();
            $go.wait().await;
            n + 1
        }
    };
}

gated!(shared, SHARED_RUNS, SHARED_BEGUN, SHARED_GO);

#[test]
fn two_awaits_compute_once() {
    let environment = memory();
    environment.enter(|| {
        block_on(async {
            let mut leader = Box::pin(shared(1));
            poll_until(&mut leader, &SHARED_BEGUN).await;
            let mut waiter = Box::pin(shared(1));
            poll_times(&mut waiter, UNTIL_IT_WAITS).await;
            SHARED_GO.open();
            assert_eq!(join(leader, waiter).await, (2, 2));
        });
    });
    let statistics = environment.statistics();
    assert_eq!((statistics.computed, statistics.hits()), (1, 1));
    assert_eq!(SHARED_RUNS.load(Ordering::Relaxed), 1);
}

static NARROW_RUNS: AtomicU64 = AtomicU64::new(0);

#[memento]
async fn narrow(n: u64) -> u64 {
    NARROW_RUNS.fetch_add(1, Ordering::Relaxed);
    n
}

#[test]
fn many_awaits_compute_once_without_a_memory_cache() {
    let environment = Environment::new(Storage::memory().memory_cache(0), LocalRunner::new());
    let values = environment.enter(|| block_on(join_all((0..50).map(|_| narrow(3)))));
    assert_eq!((values, NARROW_RUNS.load(Ordering::Relaxed)), (vec![3; 50], 1));
}

gated!(abandoned, ABANDONED_RUNS, ABANDONED_BEGUN, ABANDONED_GO);

#[test]
fn a_leader_that_is_dropped_hands_over() {
    memory().enter(|| {
        block_on(async {
            let mut leader = Box::pin(abandoned(1));
            poll_until(&mut leader, &ABANDONED_BEGUN).await;
            let (mut next, mut last) = (Box::pin(abandoned(1)), Box::pin(abandoned(1)));
            poll_times(&mut next, UNTIL_IT_WAITS).await;
            poll_times(&mut last, UNTIL_IT_WAITS).await;
            drop(leader);
            ABANDONED_GO.open();
            assert_eq!(join(next, last).await, (2, 2));
        });
        assert_eq!(ABANDONED_RUNS.load(Ordering::Relaxed), 2);
    });
}

gated!(left, LEFT_RUNS, LEFT_BEGUN, LEFT_GO);

#[test]
fn a_waiter_that_is_dropped_leaves() {
    memory().enter(|| {
        block_on(async {
            let mut leader = Box::pin(left(1));
            poll_until(&mut leader, &LEFT_BEGUN).await;
            let (mut dropped, mut stays) = (Box::pin(left(1)), Box::pin(left(1)));
            poll_times(&mut dropped, UNTIL_IT_WAITS).await;
            poll_times(&mut stays, UNTIL_IT_WAITS).await;
            drop(dropped);
            LEFT_GO.open();
            assert_eq!(join(leader, stays).await, (2, 2));
        });
        assert_eq!(LEFT_RUNS.load(Ordering::Relaxed), 1);
    });
}

gated!(forsaken, FORSAKEN_RUNS, FORSAKEN_BEGUN, FORSAKEN_GO);

#[test]
fn one_that_nobody_polls_any_more_holds_nobody_up() {
    memory().enter(|| {
        block_on(async {
            let mut leader = Box::pin(forsaken(1));
            poll_until(&mut leader, &FORSAKEN_BEGUN).await;
            let (mut unpolled, mut polled) = (Box::pin(forsaken(1)), Box::pin(forsaken(1)));
            poll_times(&mut unpolled, UNTIL_IT_WAITS).await;
            poll_times(&mut polled, UNTIL_IT_WAITS).await;
            drop(leader);
            FORSAKEN_GO.open();
            assert_eq!(polled.await, 2);
            assert_eq!(unpolled.await, 2);
        });
        assert_eq!(FORSAKEN_RUNS.load(Ordering::Relaxed), 2);
    });
}

static FAILING_RUNS: AtomicU64 = AtomicU64::new(0);
static FAILING_BEGUN: Gate = Gate::new();
static FAILING_GO: Gate = Gate::new();

/// Panics the first time.
#[memento]
async fn fails_once(n: u64) -> u64 {
    let run = FAILING_RUNS.fetch_add(1, Ordering::Relaxed);
    FAILING_BEGUN.open();
    FAILING_GO.wait().await;
    assert!(run > 0, "the first one fails");
    n
}

#[test]
fn when_the_leader_panics_the_next_computes() {
    memory().enter(|| {
        block_on(async {
            let mut leader = Box::pin(fails_once::try_call(1));
            poll_until(&mut leader, &FAILING_BEGUN).await;
            let mut waiter = Box::pin(fails_once(1));
            poll_times(&mut waiter, UNTIL_IT_WAITS).await;
            FAILING_GO.open();
            let (first, second) = join(leader, waiter).await;
            assert_eq!((first.unwrap_err().kind(), second), (ErrorKind::Panicked, 1));
        });
        assert_eq!(FAILING_RUNS.load(Ordering::Relaxed), 2);
    });
}

/// Asks for itself.
#[memento]
async fn endless(n: u64) -> bool {
    Box::pin(endless::try_call(n)).await.map_err(|error| error.kind()) == Err(ErrorKind::Recursion)
}

/// Asks for itself by way of another function.
#[memento]
async fn by_way(n: u64) -> bool {
    Box::pin(back(n)).await
}

#[memento]
async fn back(n: u64) -> bool {
    let asked = Box::pin(by_way::try_call(n)).await;
    asked.is_err_and(|error| error.kind() == ErrorKind::Recursion)
}

/// Counts down.
#[memento]
async fn down(n: u64) -> u64 {
    if n == 0 { 0 } else { Box::pin(down(n - 1)).await + 1 }
}

#[test]
fn to_ask_for_oneself_is_an_error() {
    memory().enter(|| {
        assert!(block_on(endless(1)));
        assert!(block_on(by_way(1)));
        assert_eq!(block_on(down(20)), 20);
    });
}

static CROSSED_BEGUN: [Gate; 2] = [Gate::new(), Gate::new()];

/// Two of these ask for each other, each in a task of its own. How many others stand between this and an error; what
/// was made of one is for nobody else.
#[memento]
async fn crossed(n: usize) -> u64 {
    CROSSED_BEGUN[n].open();
    CROSSED_BEGUN[1 - n].wait().await;
    match Box::pin(crossed::try_call(1 - n)).await {
        Ok(depth) => depth + 1,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Recursion);
            0
        }
    }
}

#[test]
fn tasks_that_wait_for_each_other_come_to_an_end() {
    memory().enter(|| {
        assert_eq!(block_on(join(crossed(0), crossed(1))), (1, 1));
    });
}
