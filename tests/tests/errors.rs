//! Functions that return errors, and functions that panic.

use memento::{Environment, ErrorKind, Explanation, Miss, Query, memento};
use memento_tests::Runs;
use std::io;

static RUNS: Runs = Runs::new();

#[memento]
fn parse(text: &str) -> io::Result<u64> {
    RUNS.add();
    text.parse().map_err(io::Error::other)
}

#[memento(errors = "replay")]
fn parse_once(text: &str) -> Result<u64, String> {
    RUNS.add();
    text.parse().map_err(|error| format!("{error}"))
}

#[memento]
fn panics_above(limit: u64, n: u64) -> u64 {
    RUNS.add();
    assert!(n <= limit, "{n} is above {limit}");
    n
}

#[memento]
fn panics_within(n: u64) -> u64 {
    panics_above(0, n)
}

#[test]
fn an_error_is_recorded_and_the_function_runs_again() {
    RUNS.alone(|| {
        for _ in 0..3 {
            assert!(parse("x").is_err());
            assert_eq!(parse("1").unwrap(), 1);
        }
        assert_eq!(RUNS.take(), 4);
        let memento = parse::memento("x").unwrap().unwrap();
        assert_eq!(memento.outcome.error.as_deref(), Some("invalid digit found in string"));
        assert_eq!(memento.outcome.value, None);
        let reason = Miss::Failed("invalid digit found in string".to_owned());
        assert_eq!(parse::explain("x").unwrap(), Explanation::Miss(reason));
        let failed = parse::list(&Query::new().failed(true)).unwrap().mementos;
        assert_eq!(failed.len(), 1);
        let statistics = Environment::current().unwrap().statistics();
        assert_eq!((statistics.computed, statistics.errors, statistics.hits()), (4, 3, 2));
    });
}

#[test]
fn an_error_is_replayed_where_asked_for() {
    RUNS.alone(|| {
        for _ in 0..3 {
            assert_eq!(parse_once("x").unwrap_err(), "invalid digit found in string");
            assert_eq!(parse_once("1"), Ok(1));
        }
        assert_eq!(RUNS.take(), 2);
        let memento = parse_once::memento("x").unwrap().unwrap();
        assert!(memento.outcome.error.is_some() && memento.outcome.value.is_some());
    });
}

#[test]
fn a_panic_reaches_the_caller_and_is_never_kept() {
    RUNS.alone(|| {
        for _ in 0..2 {
            let caught = std::panic::catch_unwind(|| panics_above(1, 2)).unwrap_err();
            assert_eq!(caught.downcast_ref::<String>().unwrap(), "2 is above 1");
        }
        assert_eq!(RUNS.take(), 2);
        assert_eq!(panics_above::memento(1, 2).unwrap(), None);
        let error = panics_above::try_call(1, 2).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Panicked);
        assert!(error.to_string().ends_with("it panicked: 2 is above 1"), "{error}");
        assert_eq!(Environment::current().unwrap().statistics().panics, 3);
    });
}

#[test]
fn a_panic_in_a_callee_goes_through_its_callers() {
    RUNS.alone(|| {
        let caught = std::panic::catch_unwind(|| panics_within(3)).unwrap_err();
        assert_eq!(caught.downcast_ref::<String>().unwrap(), "3 is above 0");
        assert_eq!(panics_within::memento(3).unwrap(), None);
        assert_eq!(panics_within(0), 0);
    });
}

#[test]
fn one_bad_item_does_not_sink_the_others() {
    RUNS.alone(|| {
        let results = panics_above::map((0..100).map(|n| (49, n)));
        for (n, result) in (0..).zip(&results) {
            match result {
                Ok(value) => assert!(n <= 49 && *value == n),
                Err(error) => {
                    assert!(n > 49 && error.kind() == ErrorKind::Panicked);
                    assert!(error.to_string().contains(&format!("{n} is above 49")));
                }
            }
        }
        assert_eq!((results.len(), RUNS.take()), (100, 100));
        panics_above::map((0..100).map(|n| (49, n)));
        assert_eq!(RUNS.take(), 50);
        let texts = ["1", "x", "2", "y"];
        let results = parse::map(texts.map(|text| (text,)));
        let values: Vec<_> = results.iter().map(|r| r.as_ref().unwrap().as_ref().ok()).collect();
        assert_eq!(values, [Some(&1), None, Some(&2), None]);
    });
}

/// Who prints an error and all that are below it, as many a program does in the end, reads each of them once.
#[test]
fn what_is_below_an_error_is_said_once() {
    let disk = std::io::Error::other("the disk is full");
    let store = memento::Error::new(memento::ErrorKind::Storage, "keep an object").because(disk);
    let error = memento::Error::new(memento::ErrorKind::Storage, "copy it").because(store);
    assert_eq!(error.to_string(), "cannot copy it: cannot keep an object: the disk is full");
    assert!(error.reason().unwrap().is::<memento::Error>());
    let below = std::iter::successors(std::error::Error::source(&error), |error| error.source());
    assert_eq!(below.filter(|error| error.to_string().contains("disk")).count(), 0);
}
