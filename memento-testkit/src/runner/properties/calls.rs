//! Batches of calls, and what becomes of each.

use memento::runner::{Accepted, Batch, Handover, Waited};
use memento::{Error, Function, Key, Result};

use crate::runner::functions::double;
use crate::runner::lab::{Lab, check};
use crate::runner::{RunnerSuite, promised};

/// The calls of [`double()`] with these numbers, as one batch.
fn doubles(lab: &Lab, numbers: impl IntoIterator<Item = u64>) -> Vec<Result<u64>> {
    let calls: Vec<_> = numbers.into_iter().map(|n| (lab.folder(), n)).collect();
    lab.environment.enter(|| double::map(calls))
}

/// Checks that each result is that of its own call.
#[track_caller]
fn in_order(results: &[Result<u64>], numbers: impl IntoIterator<Item = u64>) {
    for (index, n) in numbers.into_iter().enumerate() {
        promised(
            results
                .get(index)
                .is_some_and(|result| result.as_ref().is_ok_and(|value| *value == n * 2)),
            "each result of a batch is that of its own call",
            || match results.get(index) {
                Some(result) => {
                    format!("call {index} should return {}, and gave {result:?}", n * 2)
                }
                None => format!("call {index} has no result"),
            },
        );
    }
}

pub(super) fn each_call_ends_exactly_once(suite: &RunnerSuite) {
    check(suite, |lab| {
        let mut first = 0;
        for count in [1, 2, 10, 400] {
            let results = doubles(lab, first..first + count);
            lab.observed.assert_all_ended();
            in_order(&results, first..first + count);
            first += count;
        }
        lab.ran_once_below(first);
        let calls = lab.observed.calls() as u64;
        promised(calls == first, "a runner gets what storage has no result for", || {
            format!("it got {calls} of {first} calls")
        });
    });
}

pub(super) fn results_come_in_order(suite: &RunnerSuite) {
    check(suite, |lab| {
        let numbers = || (0..300).rev().chain(300..600);
        in_order(&doubles(lab, numbers()), numbers());
    });
}

pub(super) fn a_batch_of_one_runs(suite: &RunnerSuite) {
    check(suite, |lab| {
        in_order(&doubles(lab, [0]), [0]);
        let value = lab.environment.enter(|| double::try_call(lab.folder(), 1));
        in_order(&[value], [1]);
        lab.ran_once_below(2);
    });
}

/// A batch in which nothing may be asked for.
struct Empty;

impl Batch for Empty {
    fn len(&self) -> usize {
        0
    }

    fn function(&self) -> &'static Function {
        let function = memento::functions().find(|function| function.path().ends_with("::double"));
        function.expect("the suite has this function")
    }

    fn key(&self, index: usize) -> Key {
        none(index)
    }

    fn run_local(&self, index: usize) {
        none::<()>(index);
    }

    fn refuse(&self, index: usize, _: Error) {
        none::<()>(index);
    }

    fn request(&self, index: usize, _: bool) -> Handover {
        none(index)
    }

    fn put_back(&self, index: usize) {
        none::<()>(index);
    }

    fn wait(&self, index: usize) -> Waited {
        none(index)
    }

    fn is_awaited(&self) -> bool {
        false
    }

    fn accept(&self, index: usize, _: &[u8]) -> Result<Accepted> {
        none(index)
    }

    fn answer(&self, _: &[u8]) -> Vec<u8> {
        Vec::new()
    }

    fn worker_lost(&self) {}
}

fn none<T>(index: usize) -> T {
    panic!("broken promise: indices are below `Batch::len`\nfound: index {index} of an empty batch")
}

pub(super) fn an_empty_batch_is_nothing(suite: &RunnerSuite) {
    check(suite, |lab| {
        lab.runner.run(&Empty);
        let results = doubles(lab, []);
        promised(results.is_empty(), "an empty batch has no results", || format!("{results:?}"));
    });
}

pub(super) fn equal_calls_of_a_batch_run_once(suite: &RunnerSuite) {
    check(suite, |lab| {
        let numbers = || (0..20).chain(0..20).chain((0..20).rev());
        in_order(&doubles(lab, numbers()), numbers());
        lab.ran_once_below(20);
    });
}

pub(super) fn statistics_are_exact(suite: &RunnerSuite) {
    check(suite, |lab| {
        doubles(lab, 0..60);
        doubles(lab, 0..80);
        let _ = lab.environment.enter(|| double::try_call(lab.folder(), 7));
        let statistics = lab.environment.statistics();
        let found = (statistics.computed, statistics.misses.total(), statistics.hits());
        promised(
            found == (80, 80, 61) && statistics.panics == 0,
            "what runs is counted once, and what is found is a hit",
            || format!("80 computed, 80 misses and 61 hits became {found:?}"),
        );
    });
}

pub(super) fn refreshed_calls_run_again(suite: &RunnerSuite) {
    check(suite, |lab| {
        in_order(&doubles(lab, 0..10), 0..10);
        let calls = (0..10).map(|n| (lab.folder(), n));
        in_order(&lab.environment.enter(|| double::with().refresh().map(calls)), 0..10);
        let runs = lab.runs();
        promised(
            runs.len() == 10 && runs.values().all(|count| *count == 2),
            "a call with `.refresh()` runs, whatever storage has",
            || format!("each of 10 calls should have run twice, and ran so often: {runs:?}"),
        );
    });
}

pub(super) fn the_record_names_the_runner(suite: &RunnerSuite) {
    check(suite, |lab| {
        doubles(lab, 0..3);
        for n in 0..3 {
            let memento = lab.environment.enter(|| double::memento(lab.folder(), n));
            let memento = memento.expect("a store in memory can be read");
            let runner = memento.map(|memento| memento.provenance.runner);
            promised(
                runner.as_deref() == Some(lab.runner.name()),
                "what a runner made is recorded, with its name",
                || format!("the record of call {n} says {runner:?}, not `{}`", lab.runner.name()),
            );
        }
    });
}
