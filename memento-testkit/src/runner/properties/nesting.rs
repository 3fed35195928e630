//! Functions that call others.

use memento::{Correlation, Query};

use crate::runner::functions::{
    calls_further, calls_in_order, calls_itself, double, expected_tree, passes_context, tree,
};
use crate::runner::lab::check;
use crate::runner::{RunnerSuite, promised};

pub(super) fn nested_calls_and_batches_run(suite: &RunnerSuite) {
    check(suite, |lab| {
        let calls = (0..7).map(|node| (lab.folder(), 0, node));
        let results = lab.environment.enter(|| tree::map(calls));
        for (node, result) in (0..7).zip(results) {
            let expected = expected_tree(0, node);
            promised(
                result.as_ref().is_ok_and(|value| *value == expected),
                "functions may call others, alone and in batches, however deep",
                || format!("the tree below {node} is {expected}, and came to {result:?}"),
            );
        }
    });
}

pub(super) fn callees_are_recorded_in_order(suite: &RunnerSuite) {
    check(suite, |lab| {
        lab.environment.enter(|| {
            let value = calls_in_order::try_call(lab.folder(), 40);
            promised(
                value.as_ref().is_ok_and(|value| *value == 40 * 39 + 82 + 84),
                "functions may call others",
                || format!("it came to {value:?}"),
            );
            let key =
                |n| double::memento(lab.folder(), n).ok().flatten().map(|memento| memento.key);
            let expected: Vec<_> = (0..40).chain([41, 42]).map(key).collect();
            let record = calls_in_order::memento(lab.folder(), 40).ok().flatten();
            let callees = record.iter().flat_map(|memento| memento.provenance.callees());
            let callees: Vec<_> = callees.map(|callee| Some(callee.key())).collect();
            let place = expected.iter().zip(&callees).position(|(one, other)| one != other);
            promised(
                callees == expected,
                "a record names what was called, in the order of the calls",
                || {
                    format!(
                        "of {} callees {} are named; the first other one: {place:?}",
                        42,
                        callees.len()
                    )
                },
            );
        });
    });
}

pub(super) fn correlation_is_that_of_the_caller(suite: &RunnerSuite) {
    check(suite, |lab| {
        lab.environment.enter(|| {
            let _ = calls_in_order::try_call(lab.folder(), 5);
            let mut records = double::list(&Query::new()).map_or(Vec::new(), |list| list.mementos);
            records.extend(calls_in_order::memento(lab.folder(), 5).ok().flatten());
            let mut correlations: Vec<Correlation> =
                records.iter().map(|memento| memento.provenance.correlation).collect();
            let count = correlations.len();
            correlations.dedup();
            promised(
                (count, correlations.len()) == (8, 1),
                "what a call computes has its correlation",
                || format!("8 records with one became {count} with {}", correlations.len()),
            );
        });
    });
}

pub(super) fn context_arguments_reach_callees(suite: &RunnerSuite) {
    check(suite, |lab| {
        for word in [Some("first"), None, Some("second")] {
            let with = passes_context::with();
            let with =
                if let Some(word) = word { with.context("word", word.to_owned()) } else { with };
            let results = lab.environment.enter(|| with.map((0..4).map(|n| (n * 10,))));
            let expected = vec![word.map(str::to_owned); 4];
            for result in results {
                promised(
                    result.as_ref().is_ok_and(|seen| *seen == expected),
                    "context arguments are seen by all that is called, and by nothing else",
                    || format!("{expected:?} became {result:?}"),
                );
            }
        }
    });
}

pub(super) fn no_further_calls_is_kept(suite: &RunnerSuite) {
    check(suite, |lab| {
        let calls = |from| (from..from + 4).map(|n| (lab.folder(), n));
        let results =
            lab.environment.enter(|| calls_further::with().no_further_calls().map(calls(0)));
        for result in results {
            promised(
                matches!(&result, Ok(Err(message)) if message.contains("no_further_calls")),
                "a function under `.no_further_calls()` gets an error where it calls another one",
                || format!("{result:?}"),
            );
        }
        promised(lab.runs().is_empty(), "what may not be called does not run", || {
            format!("these ran: {:?}", lab.runs())
        });
        for result in lab.environment.enter(|| calls_further::map(calls(10))) {
            promised(matches!(result, Ok(Ok(_))), "other calls may call others", || {
                format!("{result:?}")
            });
        }
    });
}

pub(super) fn a_call_that_needs_itself_is_an_error(suite: &RunnerSuite) {
    check(suite, |lab| {
        for result in lab.environment.enter(|| calls_itself::map([(1,), (2,)])) {
            promised(
                matches!(&result, Ok(Err(message)) if message.contains("needs itself")),
                "a call that needs its own result is an error that says so",
                || format!("{result:?}"),
            );
        }
    });
}
