//! Results as calls end, over arguments without end.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU64, Ordering};

use memento::storage::MemoryDataStore;
use memento::{Environment, ErrorKind, LocalRunner, Storage, memento};
use memento_tests::Runs;
use memento_tests::parts::SharedRecords;

use crate::{Gate, threads};

static RUNS: Runs = Runs::new();

#[memento]
fn double(n: u64) -> u64 {
    RUNS.add();
    n * 2
}

#[memento]
fn length(text: &str) -> usize {
    RUNS.add();
    text.len()
}

#[memento]
fn panics_from(limit: u64, n: u64) -> u64 {
    assert!(n < limit, "{n} is not below {limit}");
    n
}

/// Numbers without end, each of which is counted when it is taken.
fn counted(taken: &Cell<u64>) -> impl Iterator<Item = (u64,)> {
    (0..).map(|n| {
        taken.set(taken.get() + 1);
        (n,)
    })
}

#[test]
fn every_result_comes_once_with_its_index() {
    RUNS.alone(|| {
        for runs in [1000, 0] {
            let mut seen = vec![0; 1000];
            double::for_each((0..1000).map(|n| (n + 5,)), |index, result| {
                assert_eq!(result.unwrap(), 2 * (index as u64 + 5));
                seen[index] += 1;
            });
            assert_eq!(seen, [1; 1000]);
            assert_eq!(RUNS.take(), runs);
            let mut all: Vec<_> = double::as_completed((0..1000).map(|n| (n + 5,))).collect();
            all.sort_unstable_by_key(|(index, _)| *index);
            for (expected, (index, result)) in all.iter().enumerate() {
                assert_eq!(
                    (*index, *result.as_ref().unwrap()),
                    (expected, 2 * (*index as u64 + 5))
                );
            }
            assert_eq!((all.len(), RUNS.take()), (1000, 0));
            let mapped = double::try_map((0..1000).map(|n| (n + 5,))).unwrap();
            assert!((0..).zip(mapped).all(|(n, value)| value == 2 * (n + 5)));
        }
    });
}

#[test]
fn arguments_without_end_are_taken_as_there_is_room() {
    RUNS.alone(|| {
        for (limit, count) in
            [(None, 2000), (Some(0), 20), (Some(1), 20), (Some(7), 100), (Some(1000), 3000)]
        {
            let bound = limit.unwrap_or(256).max(1) as u64;
            let with = || limit.map_or_else(double::with, |limit| double::with().in_flight(limit));
            for _ in 0..2 {
                let (taken, mut given) = (Cell::new(0), 0);
                let flow = with().try_for_each(counted(&taken), |_, result| {
                    assert!(taken.get() - given <= bound, "{} taken, {given} given", taken.get());
                    given += 1;
                    result.unwrap();
                    if given == count {
                        ControlFlow::Break(given)
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                assert_eq!(flow, ControlFlow::Break(count));
                assert!(taken.get() < count + bound);
                assert!(RUNS.take() <= taken.get());
            }
        }
    });
}

static TAKEN: AtomicU64 = AtomicU64::new(0);

#[test]
fn an_iterator_over_results_is_lazy_as_well() {
    RUNS.alone(|| {
        let numbers = (0..).map(|n| {
            TAKEN.fetch_add(1, Ordering::Relaxed);
            (n,)
        });
        let mut results = double::with().in_flight(10).as_completed(numbers);
        assert_eq!((TAKEN.load(Ordering::Relaxed), RUNS.take()), (0, 0), "nothing was asked for");
        for given in 0..500 {
            let (index, result) = results.next().unwrap();
            assert_eq!(result.unwrap(), 2 * index as u64);
            assert!(TAKEN.load(Ordering::Relaxed) - given <= 10);
        }
        drop(results);
        assert!(RUNS.take() <= 510);
    });
}

#[test]
fn callbacks_and_arguments_may_borrow() {
    RUNS.alone(|| {
        let texts = ["a", "bb", "ccc"].map(str::to_owned);
        let mut sum = 0;
        length::for_each(texts.iter().map(|text| (text.as_str(),)), |_, result| {
            sum += result.unwrap();
        });
        assert_eq!(sum, 6);
        assert_eq!(length::try_map(texts.iter().map(|text| (&**text,))).unwrap(), [1, 2, 3]);
        let owned = length::as_completed(["dddd"].map(|text| (text,)));
        assert_eq!(owned.map(|(_, result)| result.unwrap()).sum::<usize>(), 4);
    });
}

static SLOW: Gate = Gate::new();

/// The first number ends after the third one.
#[memento]
fn slow_start(n: u64) -> u64 {
    if n == 0 {
        SLOW.wait_for(1);
    }
    n
}

#[test]
fn a_call_that_takes_long_does_not_hold_up_the_others() {
    threads(2).enter(|| {
        let mut order = Vec::new();
        slow_start::for_each([(0,), (1,), (2,)], |index, _| {
            order.push(index);
            if index == 2 {
                SLOW.add();
            }
        });
        order.sort_unstable_by_key(|index| (*index == 0, *index));
        assert_eq!(order, [1, 2, 0]);
    });
}

#[test]
fn a_failure_ends_a_batch_without_end() {
    // With one thread calls begin in their order; with two, up to four of them are on their way, and any may fail
    // first.
    for (count, failures) in [(1, 10..=10), (2, 10..=13)] {
        threads(count).enter(|| {
            let taken = Cell::new(0);
            let numbers = counted(&taken).map(|(n,)| (10, n));
            let error = panics_from::with().in_flight(4).try_map(numbers).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Panicked);
            let is_failure = |n| {
                let parts = [format!("index: {n}"), format!("{n} is not below 10")];
                parts.iter().all(|part| error.to_string().contains(part))
            };
            assert!(failures.clone().any(is_failure), "{error}");
            assert!(taken.get() <= 14);
            assert_eq!(panics_from::try_map((0..10).map(|n| (10, n))).unwrap().len(), 10);
        });
    }
}

static FAILING: Gate = Gate::new();

/// Fails; the first number after the second one has begun to.
#[memento]
fn both_fail(n: u64) -> u64 {
    FAILING.add();
    FAILING.wait_for(2);
    panic!("number {n}");
}

#[test]
fn of_several_failures_that_of_the_first_arguments_counts() {
    for _ in 0..20 {
        threads(2).enter(|| {
            FAILING.set(0);
            let error = both_fail::with().in_flight(4).try_map([(0,), (1,)]).unwrap_err();
            assert!(error.to_string().contains("number 0"), "{error}");
        });
    }
}

/// The first number that is found of a hit and a call that has to be made.
#[memento]
fn first(hit: u64, missing: u64) -> u64 {
    let mut first = None;
    let _ = double::try_for_each([(hit,), (missing,)], |_, result| {
        first = Some(result.unwrap());
        ControlFlow::Break(())
    });
    first.unwrap()
}

/// A thread of the pool makes the calls of its batches itself.
#[test]
fn what_is_there_comes_before_others_are_computed_in_a_pool_too() {
    RUNS.alone(|| {
        double(1);
        assert_eq!(RUNS.take(), 1);
        let results = first::map([(1, 2), (1, 3)]);
        assert!(results.into_iter().all(|first| first.unwrap() == 2));
        assert_eq!(RUNS.take(), 0, "nobody wanted more than the first one");
    });
}

static FLUSHED: Gate = Gate::new();

/// The first two calls end, the others when somebody has flushed.
#[memento]
fn waits_for_flush(n: u64) -> u64 {
    static BEGUN: AtomicU64 = AtomicU64::new(0);
    if BEGUN.fetch_add(1, Ordering::SeqCst) > 1 {
        FLUSHED.wait_for(1);
    }
    n
}

#[test]
fn what_was_told_is_in_the_store_when_it_has_been_flushed() {
    let records = SharedRecords::default();
    let environment = || {
        let storage = Storage::new(MemoryDataStore::default(), records.clone());
        Environment::new(storage, LocalRunner::with_threads(1).unwrap())
    };
    let elsewhere = environment();
    let mut was_there = None;
    environment().enter(|| {
        // It is known from now on that it takes too little to be claimed, and written at once.
        waits_for_flush(9);
        waits_for_flush::for_each([(0,), (1,)], |index, result| {
            result.unwrap();
            if was_there.is_none() {
                let flushed = Environment::current().unwrap().flush();
                let found = elsewhere.enter(|| waits_for_flush::memento(index as u64));
                was_there = Some(flushed.is_ok() && found.is_ok_and(|found| found.is_some()));
                FLUSHED.set(1);
            }
        });
    });
    assert_eq!(was_there, Some(true));
}
