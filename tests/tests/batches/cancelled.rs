//! What is not to begin any more.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::{CancellationToken, Environment, ErrorKind, Explanation, memento};
use memento_tests::Runs;
use parking_lot::Mutex;

use crate::{Gate, panic_of, threads};

static RUNS: Runs = Runs::new();
static TOKEN: Mutex<Option<CancellationToken>> = Mutex::new(None);

/// The fourth number cancels those that come after it.
#[memento]
fn cancels_at_three(n: u64) -> u64 {
    RUNS.add();
    if n == 3
        && let Some(token) = &*TOKEN.lock()
    {
        token.cancel();
    }
    n
}

#[test]
fn a_call_can_cancel_those_that_have_not_begun() {
    RUNS.alone(|| {
        threads(1).enter(|| {
            let token = CancellationToken::new();
            *TOKEN.lock() = Some(token.clone());
            let results = cancels_at_three::with().cancel(&token).map((0..300).map(|n| (n,)));
            *TOKEN.lock() = None;
            assert_eq!(RUNS.take(), 4);
            for (n, result) in results.iter().enumerate() {
                match result {
                    Ok(value) => assert!(n <= 3 && *value == n as u64),
                    Err(error) => assert!(n > 3 && error.kind() == ErrorKind::Cancelled, "{error}"),
                }
            }
            assert_eq!(cancels_at_three::explain(3).unwrap(), Explanation::Hit, "it was running");
            let statistics = Environment::current().unwrap().statistics();
            assert_eq!((statistics.calls(), statistics.misses.total()), (4, 4));
            assert_eq!(cancels_at_three::try_map((0..300).map(|n| (n,))).unwrap().len(), 300);
            assert_eq!(RUNS.take(), 296);
        });
    });
}

#[test]
fn nothing_begins_after_a_cancellation() {
    RUNS.alone(|| {
        cancels_at_three(0);
        RUNS.take();
        let token = CancellationToken::new();
        let child = token.child_token();
        child.cancel();
        assert!(child.is_cancelled() && !token.is_cancelled(), "a child is on its own");
        assert!(cancels_at_three::with().cancel(&token).map([(0,)])[0].is_ok());
        let child = token.child_token();
        token.clone().cancel();
        let with = || cancels_at_three::with().cancel(&child);
        let kind = |result: memento::Result<u64>| result.unwrap_err().kind();
        assert_eq!(
            with().map([(0,), (9,)]).into_iter().map(kind).collect::<Vec<_>>(),
            [ErrorKind::Cancelled; 2]
        );
        assert_eq!(with().ignore_result(9).unwrap_err().kind(), ErrorKind::Cancelled);
        assert!(panic_of(|| _ = with().call(9)).contains("it was cancelled before it began"));
        assert_eq!(with().as_completed((0..).map(|n| (n,))).count(), 1, "the rest is missing");
        assert_eq!(with().try_map((0..).map(|n| (n,))).unwrap_err().kind(), ErrorKind::Cancelled);
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn a_batch_without_end_ends_when_it_is_cancelled() {
    RUNS.alone(|| {
        let token = CancellationToken::new();
        let mut ended = 0;
        cancels_at_three::with().cancel(&token).for_each((0..).map(|n| (n,)), |_, result| {
            match result {
                Ok(_) => ended += 1,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
            }
            if ended == 1000 {
                token.cancel();
            }
        });
        assert!(ended >= 1000);
        assert_eq!(RUNS.take(), ended);
    });
}

/// Opens when the arguments are dropped.
static DROPPED: Gate = Gate::new();
static BEGUN: Gate = Gate::new();
static ENDED: AtomicU64 = AtomicU64::new(0);

/// All but the first number end when the arguments have been dropped.
#[memento]
fn waits_for_drop(n: u64) -> u64 {
    if n > 0 {
        BEGUN.add();
        DROPPED.wait_for(1);
        ENDED.fetch_add(1, Ordering::SeqCst);
    }
    n
}

struct Numbers(std::ops::RangeFrom<u64>);

impl Iterator for Numbers {
    type Item = (u64,);

    fn next(&mut self) -> Option<(u64,)> {
        self.0.next().map(|n| (n,))
    }
}

impl Drop for Numbers {
    fn drop(&mut self) {
        DROPPED.set(1);
    }
}

#[test]
fn who_stops_listening_waits_for_what_runs_and_begins_nothing() {
    let stop: [fn(); 3] = [
        || {
            let mut results = waits_for_drop::as_completed(Numbers(0..));
            assert_eq!(results.next().unwrap().0, 0);
            BEGUN.wait_for(2);
        },
        || {
            let flow = waits_for_drop::try_for_each(Numbers(0..), |index, _| {
                assert_eq!(index, 0);
                BEGUN.wait_for(2);
                ControlFlow::Break(())
            });
            assert!(flow.is_break());
        },
        || {
            let panic = panic_of(|| {
                waits_for_drop::for_each(Numbers(0..), |_, _| {
                    BEGUN.wait_for(2);
                    panic!("in the callback");
                });
            });
            assert_eq!(panic, "in the callback");
        },
    ];
    for stop in stop {
        DROPPED.set(0);
        BEGUN.set(0);
        ENDED.store(0, Ordering::SeqCst);
        let environment = threads(2);
        environment.enter(|| {
            stop();
            // Both threads were inside of a call when the rest was cancelled.
            assert_eq!((BEGUN.get(), ENDED.load(Ordering::SeqCst)), (2, 2));
            assert_eq!(environment.statistics().computed, 3);
            let hits =
                (0..300).filter(|n| waits_for_drop::explain(*n).unwrap() == Explanation::Hit);
            assert_eq!(hits.count(), 3, "what ran is recorded");
        });
    }
}
