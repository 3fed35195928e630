//! What is computed, and what is found.

use futures_executor::{LocalPool, block_on};
use futures_util::task::LocalSpawn as _;
use memento::{Dependency, Environment, ErrorKind, LocalRunner, memento};
use memento_tests::Runs;

static RUNS: Runs = Runs::new();

#[memento]
async fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
async fn checked(n: u64) -> Result<u64, String> {
    RUNS.add();
    100u64.checked_div(n).ok_or_else(|| "zero".to_owned())
}

#[memento(errors = "replay")]
async fn replayed(n: u64) -> Result<u64, String> {
    RUNS.add();
    100u64.checked_div(n).ok_or_else(|| "zero".to_owned())
}

#[memento]
async fn maybe(n: u64) -> Option<String> {
    RUNS.add();
    (n > 0).then(|| "x".repeat(50_000))
}

#[memento]
async fn fails(n: u64) -> u64 {
    RUNS.add();
    assert!(n > 0, "{n} is not enough");
    n
}

#[test]
fn a_second_call_finds_the_result() {
    RUNS.alone(|| {
        assert_eq!(
            block_on(async { (double(2).await, double(2).await, double(3).await) }),
            (4, 4, 6)
        );
        assert_eq!(RUNS.take(), 2);
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.hits()), (2, 1));
    });
}

#[test]
fn a_hit_in_memory_ends_in_the_first_poll() {
    use std::task::{Context, Poll, Waker};
    RUNS.alone(|| {
        block_on(double(2));
        let mut again = Box::pin(double(2));
        let polled = again.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert_eq!((polled, RUNS.take()), (Poll::Ready(4), 1));
    });
}

#[test]
fn nothing_runs_before_it_is_awaited() {
    RUNS.alone(|| {
        drop(double(2));
        assert_eq!(RUNS.take(), 0);
        assert!(double::memento(2).unwrap().is_none());
    });
}

#[test]
fn an_error_is_recorded_and_retried() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!(block_on(checked(0)), Err("zero".to_owned()));
            assert_eq!(block_on(checked(5)), Ok(20));
        }
        assert_eq!(RUNS.take(), 3);
        assert!(checked::memento(0).unwrap().is_some());
    });
}

#[test]
fn an_error_can_be_replayed() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!(block_on(replayed(0)), Err("zero".to_owned()));
        }
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn options_and_large_results_are_kept() {
    RUNS.alone(|| {
        for _ in 0..2 {
            assert_eq!(block_on(maybe(0)), None);
            assert_eq!(block_on(maybe(1)).unwrap().len(), 50_000);
        }
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn a_panic_reaches_the_caller_and_is_not_kept() {
    RUNS.alone(|| {
        let panic = std::panic::catch_unwind(|| block_on(fails(0))).unwrap_err();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "0 is not enough");
        let error = block_on(fails::try_call(0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.to_string().contains("0 is not enough"), "{error}");
        assert_eq!(RUNS.take(), 2);
        assert!(fails::memento(0).unwrap().is_none());
        assert_eq!(block_on(fails::try_call(3)).unwrap(), 3);
    });
}

#[test]
fn a_later_process_finds_the_result_on_the_filesystem() {
    let folder = tempfile::tempdir().unwrap();
    let environment = || {
        let storage = memento_storage_fs::storage(&memento_storage_fs::Options::new(folder.path()));
        Environment::new(storage, LocalRunner::new())
    };
    RUNS.alone(|| {
        for _ in 0..2 {
            environment().enter(|| {
                assert_eq!(block_on(double(2)), 4);
                assert_eq!(block_on(maybe(1)).unwrap().len(), 50_000);
            });
        }
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn what_can_be_asked_is_asked_without_an_executor() {
    RUNS.alone(|| {
        assert_eq!(double::explain(2).unwrap().to_string(), "it has never run");
        block_on(double(2));
        assert_eq!(double::explain(2).unwrap().to_string(), "hit");
        let memento = double::memento(2).unwrap().unwrap();
        assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(2)");
        assert_eq!(memento.provenance.runner, "local");
        assert!(double::forget(2).unwrap());
        block_on(double(2));
        assert_eq!((double::forget_all().unwrap(), RUNS.take()), (1, 2));
        assert!(!double::dependencies().pieces().is_empty());
    });
}

#[test]
fn a_tokio_runtime_of_one_thread_will_do() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    RUNS.alone(|| {
        assert_eq!(runtime.block_on(async { double(2).await + double(2).await }), 8);
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn a_tokio_runtime_of_many_threads_computes_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    RUNS.alone(|| {
        let spawned: Vec<_> =
            (0..50).map(|n| runtime.spawn(memento::carry_future(double(n % 5)))).collect();
        for (n, task) in spawned.into_iter().enumerate() {
            assert_eq!(runtime.block_on(task).unwrap(), (n as u64 % 5) * 2);
        }
        assert_eq!(RUNS.take(), 5);
    });
}

#[test]
fn spawned_tasks_on_a_local_pool_share_results() {
    RUNS.alone(|| {
        let mut pool = LocalPool::new();
        for _ in 0..20 {
            let task = async { assert_eq!(double(7).await, 14) };
            pool.spawner().spawn_local_obj(Box::pin(task).into()).unwrap();
        }
        pool.run();
        assert_eq!(RUNS.take(), 1);
    });
}

#[memento]
async fn calls_double(n: u64) -> u64 {
    double(n).await + 1
}

#[test]
fn explain_says_that_an_async_callee_is_not_repeated() {
    RUNS.alone(|| {
        block_on(calls_double(2));
        double::forget(2).unwrap();
        let explanation = calls_double::explain(2).unwrap().to_string();
        assert!(
            explanation.contains("it is async, which only its caller can await"),
            "{explanation}"
        );
        assert_eq!(block_on(calls_double(2)), 5);
        assert_eq!(RUNS.take(), 2);
        let memento = calls_double::memento(2).unwrap().unwrap();
        assert!(matches!(&memento.provenance.dependencies[..], [Dependency::Callee(_)]));
    });
}
