//! A runner that executes nothing.

use memento::{ErrorKind, Result};

use crate::runner::functions::{calls_further, double};
use crate::runner::lab::{Lab, check};
use crate::runner::{RunnerSuite, promised};

/// The calls of [`double()`] with the numbers below `count`, as one batch.
fn doubles(lab: &Lab, count: u64) -> Vec<Result<u64>> {
    lab.environment.enter(|| double::map((0..count).map(|n| (lab.folder(), n))))
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: &Result<T>) {
    let is_refused = |error: &memento::Error| error.kind() == ErrorKind::Refused;
    promised(
        result.as_ref().is_err_and(is_refused),
        "what is not in storage is an error of the kind `Refused`",
        || format!("{result:?}"),
    );
}

#[track_caller]
fn nothing_ran(lab: &Lab) {
    let runs = lab.runs();
    promised(runs.is_empty(), "nothing is executed", || format!("these ran: {runs:?}"));
}

pub(super) fn all_calls_are_refused(suite: &RunnerSuite) {
    check(suite, |lab| {
        promised(!lab.runner.executes(), "`Runner::executes` says what the runner does", || {
            "it says that the runner executes functions: use `runner_suite!`".to_owned()
        });
        for count in [1, 2, 200] {
            doubles(lab, count).iter().for_each(refused);
        }
        refused(&lab.environment.enter(|| double::try_call(lab.folder(), 0)));
        nothing_ran(lab);
        promised(
            lab.environment.statistics().computed == 0,
            "what is refused is not counted as computed",
            || format!("{:?}", lab.environment.statistics()),
        );
    });
}

pub(super) fn what_is_stored_is_found(suite: &RunnerSuite) {
    check(suite, |lab| {
        let stored = lab.environment.enter(|| double::with().local().call(lab.folder(), 3));
        for (n, result) in doubles(lab, 6).iter().enumerate() {
            if n == 3 {
                promised(
                    result.as_ref().is_ok_and(|value| *value == stored),
                    "what is in storage is found",
                    || format!("{result:?}"),
                );
            } else {
                refused(result);
            }
        }
        let runs = lab.runs();
        promised(runs.into_iter().eq([(3, 1)]), "what is found does not run", || {
            format!("these ran: {:?}", lab.runs())
        });
    });
}

pub(super) fn callees_are_refused(suite: &RunnerSuite) {
    check(suite, |lab| {
        let called = lab.environment.enter(|| calls_further::with().local().call(lab.folder(), 1));
        promised(
            called.is_err(),
            "a function that runs all the same gets errors for what it calls",
            || format!("{called:?}"),
        );
        nothing_ran(lab);
    });
}

pub(super) fn a_batch_without_end_is_refused(suite: &RunnerSuite) {
    check(suite, |lab| {
        let folder = lab.folder();
        let calls = (0..).map(move |n| (folder.clone(), n));
        refused(&lab.environment.enter(|| double::try_map(calls)));
        nothing_ran(lab);
    });
}
