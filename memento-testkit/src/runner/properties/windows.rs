//! Batches whose results come as calls end, and what stops them.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use memento::{CancellationToken, ErrorKind, Result};

use crate::runner::functions::{double, panics_if_odd};
use crate::runner::lab::{Lab, check};
use crate::runner::{RunnerSuite, promised};

/// Numbers without end, as calls.
fn endless(lab: &Lab) -> impl Iterator<Item = (std::path::PathBuf, u64)> + 'static {
    let folder = lab.folder();
    (0..).map(move |n| (folder.clone(), n))
}

#[track_caller]
fn is_double(index: usize, result: &Result<u64>) {
    let expected = index as u64 * 2;
    promised(
        result.as_ref().is_ok_and(|value| *value == expected),
        "each result comes with the index of its call",
        || format!("call {index} gave {result:?}, not {expected}"),
    );
}

pub(super) fn results_come_as_calls_end(suite: &RunnerSuite) {
    check(suite, |lab| {
        let mut seen = BTreeSet::new();
        lab.environment.enter(|| {
            for (index, result) in double::with().in_flight(32).as_completed(endless(lab).take(400))
            {
                is_double(index, &result);
                seen.insert(index);
            }
        });
        promised(seen.len() == 400, "each call tells of its end", || {
            format!("{} of 400", seen.len())
        });
        lab.ran_once_below(400);
    });
}

pub(super) fn batches_without_end_stop(suite: &RunnerSuite) {
    check(suite, |lab| {
        let mut seen = 0;
        let flow = lab.environment.enter(|| {
            double::with().in_flight(16).try_for_each(endless(lab), |index, result| {
                is_double(index, &result);
                seen += 1;
                if seen == 100 { ControlFlow::Break(seen) } else { ControlFlow::Continue(()) }
            })
        });
        let ran = lab.runs().len();
        promised(
            flow == ControlFlow::Break(100) && (100..=116).contains(&ran),
            "of a batch without end, no more runs than is asked for and may be on its way",
            || format!("it was stopped after 100 results, with 16 on their way; {ran} ran"),
        );
    });
}

pub(super) fn the_first_failure_stops_a_batch(suite: &RunnerSuite) {
    check(suite, |lab| {
        let folder = lab.folder();
        let calls = (0..).map(move |n: u64| (folder.clone(), if n < 50 { n * 2 } else { n }));
        let failed = lab.environment.enter(|| panics_if_odd::with().in_flight(8).try_map(calls));
        promised(
            failed.as_ref().is_err_and(|error| error.to_string().contains("51 is odd")),
            "the first failure of a batch is its error",
            || format!("call 51 panics; it came to {:?}", failed.map(|values| values.len())),
        );
        let ran = lab.runs().len();
        promised((50..=60).contains(&ran), "after a failure nothing begins", || {
            format!("{ran} ran")
        });
    });
}

pub(super) fn cancelled_calls_do_not_begin(suite: &RunnerSuite) {
    check(suite, |lab| {
        let token = CancellationToken::new();
        token.cancel();
        let calls = (0..50).map(|n| (lab.folder(), n));
        let results = lab.environment.enter(|| double::with().cancel(&token).map(calls));
        for result in results {
            promised(
                result.as_ref().is_err_and(|error| error.kind() == ErrorKind::Cancelled),
                "calls that are cancelled before they begin are errors that say so",
                || format!("{result:?}"),
            );
        }
        promised(lab.runs().is_empty(), "cancelled calls do not run", || {
            format!("these ran: {:?}", lab.runs())
        });
        let value = lab.environment.enter(|| double::try_call(lab.folder(), 0));
        is_double(0, &value);
    });
}

pub(super) fn a_token_stops_a_batch_on_its_way(suite: &RunnerSuite) {
    check(suite, |lab| {
        let token = CancellationToken::new();
        let (mut returned, mut cancelled) = (0, 0);
        lab.environment.enter(|| {
            let with = double::with().cancel(&token).in_flight(16);
            with.for_each(endless(lab), |index, result| match result {
                Err(error) if error.kind() == ErrorKind::Cancelled => cancelled += 1,
                result => {
                    is_double(index, &result);
                    returned += 1;
                    if returned == 40 {
                        token.cancel();
                    }
                }
            });
        });
        let ran = lab.runs().len();
        promised(
            returned == ran && (40..=56).contains(&ran) && cancelled > 0,
            "a token stops a batch; what runs, ends, and what has not begun, does not begin",
            || {
                format!(
                    "cancelled after 40 results: {ran} ran, {returned} returned, {cancelled} did not begin"
                )
            },
        );
    });
}
