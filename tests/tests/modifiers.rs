//! Calls that do something otherwise than usual, and runners that do.

use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Environment, ErrorKind, LocalRunner, NullRunner, Storage, memento};
use memento_tests::Runs;

static RUNS: Runs = Runs::new();

/// What `counted` returns beside its argument: it is not pure, so that a second run shows.
static STATE: AtomicU64 = AtomicU64::new(0);

#[memento]
fn counted(n: u64) -> (u64, u64) {
    RUNS.add();
    (n, STATE.load(Ordering::Relaxed))
}

#[memento]
fn calls_counted(n: u64) -> u64 {
    counted(n).0
}

#[memento]
fn scaled(n: u64) -> u64 {
    RUNS.add();
    n * memento::context::<u64>("scale").unwrap_or(1)
}

#[memento]
fn calls_scaled(n: u64) -> u64 {
    RUNS.add();
    scaled(n)
}

#[test]
fn refresh_runs_and_keeps_the_new_result() {
    RUNS.alone(|| {
        assert_eq!(counted(1), (1, 0));
        STATE.store(5, Ordering::Relaxed);
        assert_eq!(counted(1), (1, 0));
        assert_eq!(counted::with().refresh().call(1), (1, 5));
        STATE.store(0, Ordering::Relaxed);
        assert_eq!(counted(1), (1, 5));
        assert_eq!(RUNS.take(), 2);
        let refreshed = counted::with().refresh().map([(1,), (2,)]);
        assert_eq!(refreshed[0].as_ref().unwrap(), &(1, 0));
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn the_null_runner_serves_hits_and_refuses_the_rest() {
    RUNS.alone(|| {
        let environment = Environment::new(Storage::memory(), NullRunner);
        environment.enter(|| {
            let error = counted::try_call(1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused);
            for part in ["memento-tests::modifiers::counted", "the runner is `null`", ".local()"] {
                assert!(error.to_string().contains(part), "{error}");
            }
            let panic = std::panic::catch_unwind(|| counted(1)).unwrap_err();
            assert!(panic.downcast_ref::<String>().unwrap().contains("the runner is `null`"));
            assert_eq!(RUNS.take(), 0);
            assert_eq!(counted::with().local().call(1).0, 1);
            assert_eq!(counted(1).0, 1);
            let results = counted::map([(1,), (2,)]);
            assert!(results[0].is_ok());
            assert_eq!(results[1].as_ref().unwrap_err().kind(), ErrorKind::Refused);
            assert_eq!(RUNS.take(), 1);
        });
    });
}

#[test]
fn the_null_storage_keeps_nothing() {
    RUNS.alone(|| {
        Environment::new(Storage::null(), LocalRunner::new()).enter(|| {
            counted(1);
            counted(1);
            assert_eq!(counted::memento(1).unwrap(), None);
        });
        assert_eq!(RUNS.take(), 2);
    });
}

#[test]
fn further_calls_can_be_forbidden() {
    RUNS.alone(|| {
        let panic = std::panic::catch_unwind(|| calls_counted::with().no_further_calls().call(1));
        let message = panic.unwrap_err().downcast::<String>().unwrap();
        assert!(message.contains("the caller runs under `no_further_calls`"), "{message}");
        assert_eq!(calls_counted::memento(1).unwrap(), None);
        let error = calls_counted::with().no_further_calls().try_call(1).unwrap_err().to_string();
        assert!(error.contains("the caller runs under `no_further_calls`"), "{error}");
        assert_eq!(counted::with().no_further_calls().try_call(1).unwrap().0, 1);
        assert_eq!(calls_counted(1), 1);
    });
}

#[test]
fn context_is_part_of_the_key_and_comes_along() {
    RUNS.alone(|| {
        assert_eq!(calls_scaled(3), 3);
        assert_eq!(calls_scaled::with().context("scale", 10_u64).call(3), 30);
        assert_eq!(RUNS.take(), 4, "both functions, twice");
        assert_eq!(calls_scaled::with().context("scale", 10_u64).call(3), 30);
        assert_eq!(calls_scaled(3), 3);
        let twice = calls_scaled::with().context("scale", 10_u64).context("scale", 20_u64);
        assert_eq!(twice.call(3), 60);
        assert_eq!(RUNS.take(), 2);
        let mapped = scaled::with().context("scale", 10_u64).map([(3,), (4,)]);
        assert_eq!(mapped.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [30, 40]);
        assert_eq!(RUNS.take(), 1);
        assert_eq!(memento::context::<u64>("scale"), None);
        let mementos = calls_scaled::list(&memento::Query::new()).unwrap().mementos;
        let arguments = mementos[1].provenance.arguments.as_ref().unwrap().to_string();
        assert_eq!(arguments, "(3) {\"scale\": 10}");
    });
}

#[test]
fn a_result_can_be_ignored() {
    RUNS.alone(|| {
        for _ in 0..2 {
            counted::with().ignore_result(1).unwrap();
        }
        assert_eq!(RUNS.take(), 1);
        assert!(counted::memento(1).unwrap().is_some());
        Environment::new(Storage::memory(), NullRunner).enter(|| {
            let error = counted::with().ignore_result(1).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused);
        });
    });
}
