//! Batches of nothing, of what cannot be called, and with what panics around them.

use std::cell::Cell;
use std::ops::ControlFlow;

use memento::{Environment, ErrorKind, NullRunner, Storage, memento};
use memento_tests::Runs;

use crate::{panic_of, threads};

static RUNS: Runs = Runs::new();

#[memento]
fn panics_at_odd(n: u64) -> u64 {
    RUNS.add();
    assert!(n.is_multiple_of(2), "{n} is odd");
    n * memento::context::<u64>("scale").unwrap_or(1)
}

#[memento]
fn calls_others(count: u64) -> usize {
    let mut errors = 0;
    panics_at_odd::for_each((0..count).map(|n| (n,)), |_, result| {
        errors += usize::from(result.is_err_and(|error| error.kind() == ErrorKind::FurtherCall));
    });
    errors
}

#[test]
fn a_batch_of_nothing() {
    RUNS.alone(|| {
        assert!(panics_at_odd::map([]).is_empty());
        assert!(panics_at_odd::try_map([]).unwrap().is_empty());
        panics_at_odd::for_each([], |_, _| panic!("there is nothing"));
        let mut results = panics_at_odd::as_completed([]);
        assert!(results.next().is_none() && results.next().is_none());
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn calls_that_panic_are_results_like_others() {
    RUNS.alone(|| {
        let (mut even, mut odd) = (0, 0);
        panics_at_odd::for_each((0..500).map(|n| (n,)), |index, result| match result {
            Ok(value) => even += u64::from(value == index as u64),
            Err(error) => {
                assert!(error.to_string().contains(&format!("{index} is odd")), "{error}");
                odd += 1;
            }
        });
        assert_eq!((even, odd, RUNS.take()), (250, 250, 500));
        let results = panics_at_odd::as_completed((0..500).map(|n| (n,)));
        assert_eq!(results.filter(|(_, result)| result.is_err()).count(), 250);
        assert_eq!(RUNS.take(), 250);
    });
}

#[test]
fn arguments_that_panic_end_the_batch() {
    let numbers = || {
        (0..1000).map(|n| {
            assert!(n < 300, "no more numbers");
            (2 * n,)
        })
    };
    RUNS.alone(|| {
        for count in [1, 2] {
            threads(count).enter(|| {
                assert_eq!(panic_of(|| drop(panics_at_odd::map(numbers()))), "no more numbers");
                assert_eq!(RUNS.take(), 0, "all arguments are there before the first call");
                let mut seen = 0;
                let panic = panic_of(|| {
                    panics_at_odd::for_each(numbers(), |_, result| {
                        seen += u64::from(result.is_ok());
                    });
                });
                assert_eq!(panic, "no more numbers");
                let runs = RUNS.take();
                assert!(seen <= runs && runs <= 256, "{seen} of {runs}");
                assert_eq!(panic_of(|| drop(panics_at_odd::try_map(numbers()))), "no more numbers");
                let mut results = panics_at_odd::as_completed(numbers());
                let panic =
                    panic_of(|| results.by_ref().for_each(|(_, result)| assert!(result.is_ok())));
                assert_eq!(panic, "no more numbers");
                assert!(
                    results.all(|(_, result)| result.is_ok()),
                    "what was under way still comes"
                );
            });
            RUNS.take();
        }
    });
}

#[test]
fn what_is_asked_of_a_batch_holds_for_each_call() {
    RUNS.alone(|| {
        let even = || (0..200).map(|n| (2 * n,));
        let scaled = || panics_at_odd::with().context("scale", 10_u64);
        assert_eq!(scaled().try_map(even()).unwrap()[3], 60);
        scaled().for_each(even(), |index, result| assert_eq!(result.unwrap(), 20 * index as u64));
        assert_eq!(RUNS.take(), 200);
        let results = panics_at_odd::with().refresh().as_completed(even());
        assert_eq!(
            results.filter(|(i, result)| *result.as_ref().unwrap() == 2 * *i as u64).count(),
            200
        );
        assert_eq!(RUNS.take(), 200);
        assert_eq!(panics_at_odd::with().refresh().try_map(even()).unwrap().len(), 200);
        assert_eq!(RUNS.take(), 200);
        assert_eq!(calls_others::with().no_further_calls().call(10), 1, "one says it of all");
        assert_eq!(RUNS.take(), 0);
    });
}

#[test]
fn a_runner_that_runs_nothing_and_a_storage_that_keeps_nothing() {
    RUNS.alone(|| {
        Environment::new(Storage::memory(), NullRunner).enter(|| {
            let kinds = panics_at_odd::as_completed((0..300).map(|n| (n,)));
            assert!(
                kinds.map(|(_, r)| r.unwrap_err().kind()).all(|kind| kind == ErrorKind::Refused)
            );
            let local = panics_at_odd::with().local();
            assert_eq!(local.try_map([(0,), (2,)]).unwrap(), [0, 2]);
            let refused = panics_at_odd::try_map([(0,), (4,)]).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::Refused);
            assert!(refused.to_string().contains("index: 1"), "0 is there: {refused}");
        });
        assert_eq!(RUNS.take(), 2);
        Environment::new(Storage::null(), memento::LocalRunner::new()).enter(|| {
            assert_eq!(panics_at_odd::try_map((0..300).map(|n| (2 * n,))).unwrap().len(), 300);
            assert_eq!(panics_at_odd::as_completed((0..300).map(|n| (2 * n,))).count(), 300);
        });
        assert_eq!(RUNS.take(), 600);
    });
}

#[test]
fn what_keeps_all_calls_from_being_made_is_said_once() {
    #[memento(cluster = "nowhere")]
    fn homeless(n: u64) -> u64 {
        n
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "[clusters.somewhere]\nstorage = { type = \"memory\" }\n").unwrap();
    Environment::load(file.path()).unwrap().enter(|| {
        let taken = Cell::new(0);
        let numbers = || {
            taken.set(0);
            (0..).map(|n| (taken.replace(n + 1),))
        };
        let mut told = Vec::new();
        // Who goes on whatever happens comes to an end, too.
        let flow = homeless::try_for_each(numbers(), |index, result| {
            told.push((index, result.unwrap_err().kind()));
            if told.len() == 10 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((flow, taken.get()), (ControlFlow::Continue(()), 1));
        assert_eq!(told, [(0, ErrorKind::Configuration)]);
        assert_eq!(homeless::as_completed((0..10).map(|n| (n,))).count(), 1);
        assert_eq!(homeless::try_map(numbers()).unwrap_err().kind(), ErrorKind::Configuration);
        homeless::for_each([], |_, _| panic!("there is nothing"));
        let results = homeless::map([(1,), (2,)]);
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 2, "one for each");
    });
}
