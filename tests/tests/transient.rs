//! Errors that are never kept, and what was computed from them.

use std::fmt;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Environment, Explanation, LocalRunner, Miss, Query, Storage, Transient, memento};
use memento_tests::Runs;
use serde::{Deserialize, Serialize};

static RUNS: Runs = Runs::new();

/// How often a call finds nobody before it gets through.
static FAILURES: AtomicU64 = AtomicU64::new(0);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum FetchError {
    NotFound,
    Disconnected,
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl Transient for FetchError {
    fn is_transient(&self) -> bool {
        *self == Self::Disconnected
    }
}

/// Fails as often as `FAILURES` says; of an odd number, there is nothing.
fn connect(n: u64) -> Result<u64, FetchError> {
    RUNS.add();
    let fails = |left: u64| left.checked_sub(1);
    if FAILURES.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fails).is_ok() {
        return Err(FetchError::Disconnected);
    }
    if n.is_multiple_of(2) { Ok(n) } else { Err(FetchError::NotFound) }
}

#[memento(errors = "replay")]
fn fetch(n: u64) -> Result<u64, FetchError> {
    connect(n)
}

#[memento]
fn fetch_again(n: u64) -> Result<u64, FetchError> {
    connect(n)
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Dropped;

impl Transient for Dropped {}

/// Nothing but `Debug`, in a box, and all of them transient.
#[memento(errors = "replay")]
fn fetch_in_box(n: u64) -> Result<u64, Box<Dropped>> {
    connect(n).map_err(|_| Box::new(Dropped))
}

#[memento(errors = "replay")]
#[allow(clippy::unused_async, reason = "what is awaited is the call")]
async fn fetch_async(n: u64) -> Result<u64, FetchError> {
    connect(n)
}

#[memento]
fn shown(n: u64) -> String {
    RUNS.add();
    fetch(n).map_or_else(|error| error.to_string(), |n| n.to_string())
}

#[memento]
fn shown_again(n: u64) -> String {
    RUNS.add();
    fetch_again(n).map_or_else(|error| error.to_string(), |n| n.to_string())
}

#[memento]
fn page(n: u64) -> String {
    RUNS.add();
    format!("<{}>", shown(n))
}

fn fail(times: u64) {
    FAILURES.store(times, Ordering::Relaxed);
}

#[test]
fn what_lasts_is_replayed_and_what_is_transient_is_not() {
    RUNS.alone(|| {
        fail(2);
        for _ in 0..2 {
            assert_eq!(fetch(3), Err(FetchError::Disconnected));
        }
        let memento = fetch::memento(3).unwrap().unwrap();
        assert_eq!(memento.outcome.error.as_deref(), Some("Disconnected"));
        assert_eq!(memento.outcome.value, None);
        let reason = Miss::Failed("Disconnected".to_owned());
        assert_eq!(fetch::explain(3).unwrap(), Explanation::Miss(reason));
        assert_eq!(fetch::list(&Query::new().failed(true)).unwrap().mementos.len(), 1);
        for _ in 0..3 {
            assert_eq!(fetch(3), Err(FetchError::NotFound));
            assert_eq!(fetch(4), Ok(4));
        }
        assert_eq!(RUNS.take(), 4);
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.errors, statistics.hits()), (4, 3, 4));
    });
}

#[test]
fn a_type_can_be_transient_as_a_whole() {
    RUNS.alone(|| {
        fail(1);
        for _ in 0..3 {
            assert_eq!(fetch_in_box(1), Err(Box::new(Dropped)));
        }
        assert_eq!((RUNS.take(), fetch_in_box(2), fetch_in_box(2)), (3, Ok(2), Ok(2)));
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn what_was_computed_from_an_error_that_is_not_kept_is_tried_again() {
    for stored in [Storage::memory(), Storage::memory().memory_cache(0)] {
        RUNS.alone(|| {
            Environment::new(stored, LocalRunner::new()).enter(|| {
                for (shown, of_page) in
                    [(shown as fn(u64) -> String, true), (shown_again, false), (shown, true)]
                {
                    fail(3);
                    let n = 10 + u64::from(of_page);
                    fetch::forget(n).unwrap();
                    assert_eq!(shown(n), "Disconnected");
                    assert_eq!(RUNS.take(), 2);
                    // The callee fails in the same way: its caller need not run.
                    assert_eq!(shown(n), "Disconnected");
                    assert_eq!(RUNS.take(), 1);
                    if of_page {
                        assert_eq!(page(n), "<Disconnected>");
                        assert_eq!(RUNS.take(), 2);
                        assert_eq!(page(n), "<NotFound>");
                        assert_eq!(RUNS.take(), 3);
                        assert_eq!((page(n), page(n)), ("<NotFound>".into(), "<NotFound>".into()));
                    } else {
                        fail(0);
                        assert_eq!((shown(n), shown(n)), ("10".into(), "10".into()));
                        assert_eq!(RUNS.take(), 2);
                    }
                    assert_eq!(RUNS.take(), 0);
                    page::forget(n).unwrap();
                    shown::forget(n).unwrap();
                }
            });
        });
    }
}

#[test]
fn explain_names_the_callee_that_is_tried_again() {
    RUNS.alone(|| {
        fail(1);
        assert_eq!(page(2), "<Disconnected>");
        RUNS.take();
        let why = page::explain(2).unwrap().to_string();
        assert!(why.contains("::fetch returns, which would run"), "{why}");
        assert!(why.ends_with("it failed, and errors are retried: Disconnected"), "{why}");
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn in_a_batch_each_is_on_its_own() {
    RUNS.alone(|| {
        fail(0);
        assert!(fetch::map((0..10).map(|n| (n,))).into_iter().all(|result| result.is_ok()));
        assert_eq!(RUNS.take(), 10);
        fetch::forget_all().unwrap();
        fail(4);
        let count = |results: Vec<memento::Result<Result<u64, FetchError>>>| {
            let outputs = results.into_iter().map(Result::unwrap);
            outputs.filter(|output| *output == Err(FetchError::Disconnected)).count()
        };
        assert_eq!(count(fetch::map((0..10).map(|n| (n,)))), 4);
        assert_eq!((RUNS.take(), count(fetch::map((0..10).map(|n| (n,))))), (10, 0));
        assert_eq!((RUNS.take(), count(fetch::map((0..10).map(|n| (n,))))), (4, 0));
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn who_waits_for_a_transient_error_tries_by_himself() {
    RUNS.alone(|| {
        fail(3);
        let barrier = Barrier::new(8);
        let environment = Environment::current().unwrap();
        let failed: usize = std::thread::scope(|scope| {
            let call = || {
                environment.enter(|| {
                    usize::from({
                        barrier.wait();
                        fetch(2).is_err()
                    })
                })
            };
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(call)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!((failed, RUNS.take()), (3, 4));
    });
}

#[test]
fn a_refresh_that_fails_leaves_no_former_value() {
    RUNS.alone(|| {
        fail(0);
        assert_eq!((fetch(2), RUNS.take()), (Ok(2), 1));
        fail(2);
        assert_eq!(fetch::with().refresh().call(2), Err(FetchError::Disconnected));
        assert_eq!(fetch(2), Err(FetchError::Disconnected));
        assert_eq!((fetch(2), fetch(2), RUNS.take()), (Ok(2), Ok(2), 3));
    });
}

#[test]
fn async_functions_do_the_same() {
    RUNS.alone(|| {
        fail(2);
        futures_executor::block_on(async {
            for _ in 0..2 {
                assert_eq!(fetch_async(1).await, Err(FetchError::Disconnected));
            }
            for _ in 0..2 {
                assert_eq!(fetch_async(1).await, Err(FetchError::NotFound));
            }
        });
        assert_eq!(RUNS.take(), 3);
    });
}
