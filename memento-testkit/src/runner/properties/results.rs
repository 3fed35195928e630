//! What comes back, and what can go to another process.

use memento::ErrorKind;

use crate::runner::functions::{
    Opaque, Plain, borrows, fails_if_odd, fails_plainly, invert, opaque, panics_if_odd,
};
use crate::runner::lab::check;
use crate::runner::{RunnerSuite, promised};

pub(super) fn returned_errors_are_values(suite: &RunnerSuite) {
    check(suite, |lab| {
        let calls = (0..20).map(|n| (lab.folder(), n));
        let results = lab.environment.enter(|| fails_if_odd::map(calls));
        for (n, result) in (0..20).zip(&results) {
            let expected = if n % 2 == 0 { Ok(n) } else { Err(format!("{n} is odd")) };
            promised(
                result.as_ref().is_ok_and(|returned| *returned == expected),
                "what a function returns is a value, also an `Err`",
                || format!("call {n} should return {expected:?}, and gave {result:?}"),
            );
        }
        lab.ran_once_below(20);
        let statistics = lab.environment.statistics();
        promised(statistics.errors == 10, "returned errors are counted", || {
            format!("10 became {}", statistics.errors)
        });
    });
}

pub(super) fn a_panic_is_the_error_of_its_call(suite: &RunnerSuite) {
    check(suite, |lab| {
        let calls = |from| (from..from + 20).map(|n| (lab.folder(), n));
        for from in [0, 20] {
            let results = lab.environment.enter(|| panics_if_odd::map(calls(from)));
            for (n, result) in (from..).zip(&results) {
                let is_kept = match result {
                    Ok(value) => n % 2 == 0 && *value == n,
                    Err(error) => {
                        let says = error.to_string().contains(&format!("{n} is odd"));
                        n % 2 == 1 && error.kind() == ErrorKind::Panicked && says
                    }
                };
                promised(is_kept, "a panic is the error of its call, and of no other one", || {
                    format!("call {n}, of which the odd ones panic, gave {result:?}")
                });
            }
        }
        lab.ran_once_below(40);
        let panics = lab.environment.statistics().panics;
        promised(panics == 20, "panics are counted", || format!("20 became {panics}"));
    });
}

pub(super) fn large_arguments_and_results_come_through(suite: &RunnerSuite) {
    check(suite, |lab| {
        let bytes =
            |n: u8| -> Vec<u8> { (n..250).cycle().take(300_000 * usize::from(n)).collect() };
        let results = lab.environment.enter(|| invert::map((0..6).map(|n| (bytes(n),))));
        for (n, result) in (0..6).zip(results) {
            let expected: Vec<u8> = bytes(n).into_iter().map(|byte| !byte).collect();
            let length = result.as_ref().map(Vec::len);
            promised(
                result.as_ref().is_ok_and(|returned| *returned == expected),
                "arguments and results may be large",
                || format!("{} bytes became others, of length {length:?}", expected.len()),
            );
        }
    });
}

pub(super) fn results_without_encoding_are_returned(suite: &RunnerSuite) {
    check(suite, |lab| {
        let results = lab.environment.enter(|| opaque::map((0..10).map(|n| (n,))));
        for (n, result) in (0..10).zip(results) {
            promised(
                result.as_ref().is_ok_and(|returned| *returned == Opaque(n)),
                "a result that has no encoding is returned all the same",
                || format!("call {n} gave {result:?}"),
            );
        }
    });
}

pub(super) fn errors_without_encoding_are_returned(suite: &RunnerSuite) {
    check(suite, |lab| {
        let results = lab.environment.enter(|| fails_plainly::map((0..10).map(|n| (n,))));
        for (n, result) in (0..10).zip(results) {
            promised(
                result.as_ref().is_ok_and(|returned| *returned == Err(Plain(n))),
                "an error that has no encoding is returned all the same",
                || format!("call {n} gave {result:?}"),
            );
        }
    });
}

pub(super) fn arguments_that_cannot_be_read_back_run(suite: &RunnerSuite) {
    check(suite, |lab| {
        let results = lab.environment.enter(|| borrows::map((0..10).map(|n| (vec!["word"; n],))));
        for (n, result) in results.into_iter().enumerate() {
            promised(
                result.as_ref().is_ok_and(|length| *length == n),
                "a call whose arguments cannot be read back is made where they are",
                || format!("call {n} gave {result:?}"),
            );
        }
    });
}
