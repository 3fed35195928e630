//! What a function that makes batches has in its record.

use memento::{Callee, Environment, memento};
use memento_tests::Runs;

use crate::threads;

static RUNS: Runs = Runs::new();

#[memento]
fn leaf(n: u64) -> u64 {
    RUNS.add();
    n
}

#[memento]
fn by_map(count: u64) -> u64 {
    leaf::map((0..count).map(|n| (n % 200,))).into_iter().map(Result::unwrap).sum()
}

/// The last number first.
#[memento]
fn backwards(count: u64) -> u64 {
    let results: Vec<u64> =
        in_context::map((0..count).rev().map(|n| (n,))).into_iter().map(Result::unwrap).collect();
    let added = memento::context::<u64>("added").unwrap_or_default();
    assert!(results.iter().eq(&(0..count).rev().map(|n| n + added).collect::<Vec<_>>()));
    results[0]
}

#[memento]
fn in_context(n: u64) -> u64 {
    RUNS.add();
    n + memento::context::<u64>("added").unwrap_or_default()
}

#[memento]
fn by_try_map(count: u64) -> u64 {
    leaf::try_map((0..count).map(|n| (n % 200,))).unwrap().into_iter().sum()
}

#[memento]
fn by_for_each(count: u64) -> u64 {
    let mut sum = 0;
    leaf::for_each((0..count).map(|n| (n % 200,)), |_, result| sum += result.unwrap());
    sum
}

#[memento]
fn by_as_completed(count: u64) -> u64 {
    let results = leaf::with().in_flight(20).as_completed((0..count).map(|n| (n % 200,)));
    results.map(|(_, result)| result.unwrap()).sum()
}

/// Makes a batch whose results nobody looks at to the end, and then one of the calls by itself.
#[memento]
fn gives_up(n: u64) -> u64 {
    let mut results = leaf::as_completed((0..100).map(|n| (n,)));
    assert!(results.next().is_some_and(|(_, result)| result.is_ok()));
    std::mem::forget(results);
    leaf(n)
}

#[test]
fn callees_are_recorded_in_the_order_of_the_arguments() {
    RUNS.alone(|| {
        for count in [1, 2, 3] {
            threads(count).enter(|| {
                // Some are there already.
                for n in [150, 7, 30, 31] {
                    leaf(n);
                }
                let expected = 199 * 100 + 149 * 75;
                for sum in [by_map(350), by_try_map(350), by_for_each(350), by_as_completed(350)] {
                    assert_eq!(sum, expected);
                    leaf::forget_all().unwrap();
                    leaf(90);
                }
                let mementos = [
                    by_map::memento(350),
                    by_try_map::memento(350),
                    by_for_each::memento(350),
                    by_as_completed::memento(350),
                ];
                for memento in mementos {
                    let provenance = memento.unwrap().unwrap().provenance;
                    let callees = provenance.callees().map(Callee::key);
                    let expected = (0..200).map(|n| {
                        leaf(n);
                        leaf::memento(n).unwrap().unwrap().key
                    });
                    assert!(callees.eq(expected), "with {count} threads");
                    assert!(provenance.own_time <= provenance.total_time);
                }
            });
        }
    });
}

/// A long one is looked up in several threads, some of which find nothing.
#[test]
fn a_long_batch_is_in_order_wherever_it_is_looked_up() {
    let here = || (0..5000).filter(|n| n % 7 != 0 && !(3000..3200).contains(n));
    let count = here().count() as u64;
    RUNS.alone(|| {
        for number_of_threads in [1, 2, 4] {
            threads(number_of_threads).enter(|| {
                in_context::map(here().map(|n| (n,)));
                assert_eq!(RUNS.take(), count);
                assert_eq!((backwards(5000), RUNS.take()), (4999, 5000 - count));
                let statistics = Environment::current().unwrap().statistics();
                assert_eq!(statistics.memory_hits, count);

                let provenance = backwards::memento(5000).unwrap().unwrap().provenance;
                let key = |n| in_context::memento(n).unwrap().unwrap().key;
                assert!(provenance.callees().map(Callee::key).eq((0..5000).rev().map(key)));

                let with_context = backwards::with().context("added", 7_u64);
                assert_eq!((with_context.call(5000), RUNS.take()), (5006, 5000));
            });
        }
    });
}

#[test]
fn a_call_is_recorded_after_a_batch_that_was_never_ended() {
    RUNS.alone(|| {
        leaf::try_map((0..100).map(|n| (n,))).unwrap();
        for n in [0, 50, 99] {
            assert_eq!(gives_up(n), n);
            let callees = gives_up::memento(n).unwrap().unwrap().provenance;
            let key = leaf::memento(n).unwrap().unwrap().key;
            assert!(callees.callees().any(|callee| callee.key() == key));
        }
    });
}

#[test]
fn every_call_is_counted_once() {
    RUNS.alone(|| {
        let calls: [fn(); 4] = [
            || drop(leaf::map((0..1000).map(|n| (n % 300,)))),
            || drop(leaf::try_map((0..1000).map(|n| (n % 300,)))),
            || leaf::for_each((0..1000).map(|n| (n % 300,)), |_, result| assert!(result.is_ok())),
            || assert_eq!(leaf::as_completed((0..1000).map(|n| (n % 300,))).count(), 1000),
        ];
        for call in calls {
            threads(2).enter(|| {
                call();
                let statistics = Environment::current().unwrap().statistics();
                assert_eq!((RUNS.take(), statistics.computed), (300, 300), "equal calls once");
                assert_eq!((statistics.misses.total(), statistics.hits()), (300, 700));
                call();
                let statistics = Environment::current().unwrap().statistics();
                assert_eq!((RUNS.take(), statistics.calls()), (0, 2000));
            });
        }
    });
}
