//! Calls that do something otherwise than usual, and many calls at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Gate;
use futures_executor::block_on;
use memento::{
    CancellationToken, Environment, ErrorKind, NullRunner, Progress, ProgressObserver, Storage,
    memento,
};
use memento_tests::Runs;
use parking_lot::Mutex;

static RUNS: Runs = Runs::new();

#[memento]
async fn double(n: u64) -> u64 {
    RUNS.add();
    assert!(n != 13, "13 is bad luck");
    n * 2
}

#[memento]
async fn calls_double(n: u64) -> u64 {
    double(n).await
}

#[memento]
async fn scaled(n: u64) -> u64 {
    RUNS.add();
    let scale = || memento::context::<u64>("scale").unwrap_or(1);
    n * scale() + double(n).await * scale()
}

static HIGHEST: AtomicUsize = AtomicUsize::new(0);
static RUNNING: AtomicUsize = AtomicUsize::new(0);

static CROWDED: Gate = Gate::new();

/// The first ones go on when there are three at a time.
#[memento]
async fn crowded(n: u64) -> u64 {
    let running = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
    HIGHEST.fetch_max(running, Ordering::SeqCst);
    if running == 3 {
        CROWDED.open();
    }
    CROWDED.wait().await;
    double(n).await;
    RUNNING.fetch_sub(1, Ordering::SeqCst);
    n
}

#[test]
fn refresh_runs_and_ignore_result_does_not_read() {
    RUNS.alone(|| {
        block_on(async {
            double::with().ignore_result(1).await.unwrap();
            double::with().ignore_result(1).await.unwrap();
            assert_eq!(RUNS.take(), 1);
            assert_eq!(double::with().refresh().call(1).await, 2);
            assert_eq!(double::with().call(1).await, 2);
            assert_eq!(double::with().refresh().try_call(1).await.unwrap(), 2);
            assert_eq!(RUNS.take(), 2);
        });
    });
}

#[test]
fn context_is_seen_behind_awaits_and_is_in_the_key() {
    RUNS.alone(|| {
        block_on(async {
            assert_eq!(scaled::with().context("scale", 10u64).call(1).await, 30);
            assert_eq!(scaled::with().context("scale", 10u64).call(1).await, 30);
            assert_eq!(scaled(1).await, 3);
        });
        assert_eq!(RUNS.take(), 4);
    });
}

#[test]
fn further_calls_can_be_refused() {
    RUNS.alone(|| {
        let panic =
            std::panic::catch_unwind(|| block_on(calls_double::with().no_further_calls().call(1)));
        let panic = panic.unwrap_err();
        assert!(panic.downcast_ref::<String>().unwrap().contains("no_further_calls"));
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn the_null_runner_serves_hits_and_refuses_the_rest() {
    RUNS.alone(|| {
        let environment = Environment::new(Storage::memory(), NullRunner);
        environment.enter(|| {
            let error = block_on(double::try_call(1)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused);
            assert!(error.to_string().contains("the runner is `null`"), "{error}");
            assert_eq!(block_on(double::with().local().call(1)), 2);
            assert_eq!(block_on(double(1)), 2);
        });
        assert_eq!(RUNS.take(), 1);
    });
}

#[test]
fn what_has_not_begun_is_cancelled() {
    RUNS.alone(|| {
        let token = CancellationToken::new();
        token.cancel();
        let results = block_on(double::with().cancel(&token).map((0..3).map(|n| (n,))));
        for result in results {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Cancelled);
        }
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn a_batch_is_in_order_and_computes_equal_calls_once() {
    RUNS.alone(|| {
        block_on(double(3));
        let results = block_on(double::map((0..40).map(|n| (n % 20,))));
        for (n, result) in results.into_iter().enumerate() {
            match result {
                Ok(value) => assert_eq!(value, (n as u64 % 20) * 2),
                Err(error) => assert_eq!((n % 20, error.kind()), (13, ErrorKind::Panicked)),
            }
        }
        assert_eq!(RUNS.take(), 21);
    });
}

#[test]
fn a_batch_runs_so_many_calls_at_a_time_and_no_more() {
    RUNS.alone(|| {
        let batch = crowded::with().in_flight(3);
        let results = block_on(batch.map((100..130).map(|n| (n,))));
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(HIGHEST.load(Ordering::SeqCst), 3);
    });
}

#[derive(Default)]
struct Last(Mutex<Option<Progress>>);

impl ProgressObserver for Last {
    fn advanced(&self, _: &Progress) {}

    fn finished(&self, progress: &Progress) {
        *self.0.lock() = Some(*progress);
    }
}

#[test]
fn a_batch_tells_how_far_it_is() {
    RUNS.alone(|| {
        block_on(double(10));
        let last = Arc::new(Last::default());
        block_on(double::with().observe(Arc::clone(&last)).map((10..14).map(|n| (n,))));
        let progress = last.0.lock().expect("it is over");
        assert_eq!((progress.hits, progress.computed, progress.failed), (1, 2, 1));
        assert_eq!(progress.total, Some(4));
    });
}
