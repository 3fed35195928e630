//! Calls that are special when the runner gets them.

use memento::Result;

use crate::runner::functions::double;
use crate::runner::lab::{Lab, check_disturbed};
use crate::runner::probe::Disturbance;
use crate::runner::{RunnerSuite, promised};

/// Ten calls, the first one of which is disturbed.
fn calls(lab: &Lab) -> Vec<Result<u64>> {
    lab.environment.enter(|| double::map((0..10).map(|n| (lab.folder(), n))))
}

/// Checks that the calls from `first` on have their results.
#[track_caller]
fn others(results: &[Result<u64>], first: usize, promise: &str) {
    for (n, result) in results.iter().enumerate().skip(first) {
        promised(result.as_ref().is_ok_and(|value| *value == n as u64 * 2), promise, || {
            format!("call {n} of 10 gave {result:?}")
        });
    }
}

pub(super) fn calls_that_have_ended_are_left_alone(suite: &RunnerSuite) {
    check_disturbed(suite, Disturbance::Ended, |lab| {
        let results = calls(lab);
        let promise = "a call that has ended is left as it is";
        let error = |error: &memento::Error| error.to_string().contains("had ended before");
        promised(results[0].as_ref().is_err_and(error), promise, || {
            format!("a call with an error became {:?}", results[0])
        });
        promised(!lab.runs().contains_key(&0), promise, || "it was executed".to_owned());
        others(&results, 1, "one call that has ended does not keep others from running");
    });
}

pub(super) fn calls_that_cannot_be_handed_over_run_here(suite: &RunnerSuite) {
    check_disturbed(suite, Disturbance::Local, |lab| {
        others(&calls(lab), 0, "what cannot be handed over (`Handover::Local`) runs locally");
        lab.ran_once_below(10);
    });
}

pub(super) fn calls_that_others_compute_are_waited_for(suite: &RunnerSuite) {
    check_disturbed(suite, Disturbance::Busy, |lab| {
        others(&calls(lab), 0, "who finds a call with others (`Handover::Busy`) asks again later");
        lab.ran_once_below(10);
    });
}

pub(super) fn calls_that_come_back_unmade_run_here(suite: &RunnerSuite) {
    check_disturbed(suite, Disturbance::Unusable, |lab| {
        others(&calls(lab), 0, "what comes back unmade (`Accepted::Local`) runs locally");
    });
}

pub(super) fn a_response_that_is_none_ends_its_call_alone(suite: &RunnerSuite) {
    check_disturbed(suite, Disturbance::Damaged, |lab| {
        others(&calls(lab), 1, "a response that makes no sense is the end of its own call only");
    });
}
