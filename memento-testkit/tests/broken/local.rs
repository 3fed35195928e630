//! Runners that make calls in this process.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use memento::runner::{Batch, InScope, Runner, Spawn};
use memento::{Error, ErrorKind, LocalRunner};
use memento_testkit::runner::{EXECUTING, REFUSING, RunnerSuite};
use parking_lot::Mutex;

use crate::Case;

/// What is wrong with a runner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    DropsTheLast,
    DropsSingleCalls,
    RunsTwice,
    RefusesTheSecond,
    RefusesThenRuns,
    TakesAThreadForEachCall,
    SkipsAnIndex,
    ForgetsWhatScopesStart,
    StandsStillInNestedBatches,
    AsksForMore,
    HasManyNames,
}

pub(crate) const EXECUTING_CASES: &[Case<Wrong>] = &[
    Case(
        Wrong::DropsTheLast,
        &[
            "each_call_ends_exactly_once",
            "results_come_in_order",
            "equal_calls_of_a_batch_run_once",
            "statistics_are_exact",
            "refreshed_calls_run_again",
            "nested_calls_and_batches_run",
            "callees_are_recorded_in_order",
            "correlation_is_that_of_the_caller",
            "batches_of_many_threads_compute_each_key_once",
            "results_come_as_calls_end",
            "batches_without_end_stop",
            "the_first_failure_stops_a_batch",
            "a_token_stops_a_batch_on_its_way",
        ],
        "call 1 of 2 of `double` was left without an end",
    ),
    Case(
        Wrong::DropsSingleCalls,
        &[
            "a_batch_of_one_runs",
            "cancelled_calls_do_not_begin",
            "threads_that_ask_for_the_same_wait_for_one",
        ],
        "the runner returned before the function had run",
    ),
    Case(
        Wrong::RunsTwice,
        &["each_call_ends_exactly_once", "large_arguments_and_results_come_through"],
        "was brought to its end 2 times",
    ),
    Case(
        Wrong::RefusesTheSecond,
        &[
            "returned_errors_are_values",
            "a_panic_is_the_error_of_its_call",
            "large_arguments_and_results_come_through",
            "results_without_encoding_are_returned",
            "errors_without_encoding_are_returned",
            "arguments_that_cannot_be_read_back_run",
            "context_arguments_reach_callees",
            "no_further_calls_is_kept",
            "a_call_that_needs_itself_is_an_error",
            "the_record_names_the_runner",
        ],
        "call 1 should return Err(\"1 is odd\"), and gave Err(Refused: cannot run",
    ),
    Case(
        Wrong::RefusesThenRuns,
        &["calls_that_have_ended_are_left_alone"],
        "a call with an error became Err(Refused: cannot run",
    ),
    Case(
        Wrong::TakesAThreadForEachCall,
        &["no_more_calls_run_at_once_than_promised"],
        "ran at the same time, 2 may",
    ),
    Case(
        Wrong::SkipsAnIndex,
        &["for_each_does_each_index_once"],
        "of 1, these were done so often: [0]",
    ),
    Case(
        Wrong::ForgetsWhatScopesStart,
        &["a_scope_waits_for_what_it_started"],
        "the work was done 1 times, and 20 that it started 0 times",
    ),
    Case(
        Wrong::StandsStillInNestedBatches,
        &["nested_calls_and_batches_run"],
        "a runner never stands still\nfound: after 2s, of a batch of ",
    ),
    Case(Wrong::AsksForMore, &["an_empty_batch_is_nothing"], "index 0 of an empty batch"),
    Case(
        Wrong::HasManyNames,
        &["the_record_names_the_runner"],
        "the record of call 0 says Some(\"name ",
    ),
];

pub(crate) const REFUSING_CASES: &[Case<Refusal>] = &[
    Case(
        Refusal::SaysOtherwise,
        &["all_calls_are_refused"],
        "it says that the runner executes functions: use `runner_suite!`",
    ),
    Case(
        Refusal::RunsTheFirst,
        &[
            "all_calls_are_refused",
            "what_is_stored_is_found",
            "callees_are_refused",
            "a_batch_without_end_is_refused",
        ],
        "what is not in storage is an error of the kind `Refused`\nfound: Ok(0)",
    ),
    Case(Refusal::DropsAll, &["all_calls_are_refused"], "was left without an end"),
    Case(Refusal::AsksForMore, &["an_empty_batch_is_nothing"], "index 0 of an empty batch"),
    Case(Refusal::SkipsAnIndex, &["for_each_does_each_index_once"], "done so often: [0]"),
    Case(Refusal::ForgetsWhatScopesStart, &["a_scope_waits_for_what_it_started"], "0 times"),
];

/// A runner like [`LocalRunner`], but for what is wrong with it.
#[derive(Debug)]
struct Broken {
    wrong: Wrong,
    right: LocalRunner,
    turn: Mutex<()>,
    names: AtomicUsize,
}

impl Broken {
    fn suite(wrong: Wrong) -> RunnerSuite {
        let make = move || Self {
            wrong,
            right: LocalRunner::with_threads(2).unwrap(),
            turn: Mutex::default(),
            names: AtomicUsize::new(0),
        };
        let suite = RunnerSuite::new(make).concurrency(2);
        match wrong {
            Wrong::StandsStillInNestedBatches => suite.patience(Duration::from_secs(2)),
            _ => suite,
        }
    }
}

fn refusal() -> Error {
    Error::new(ErrorKind::Refused, "run a memento function")
}

impl Runner for Broken {
    fn name(&self) -> &str {
        const NAMES: [&str; 4] = ["name 0", "name 1", "name 2", "name 3"];
        match self.wrong {
            Wrong::HasManyNames => NAMES[self.names.fetch_add(1, Ordering::Relaxed) % 4],
            _ => "broken",
        }
    }

    fn run(&self, batch: &dyn Batch) {
        let count = batch.len();
        let run = |index| batch.run_local(index);
        match self.wrong {
            Wrong::DropsTheLast if count > 1 => self.right.for_each(count - 1, &run),
            Wrong::DropsSingleCalls if count == 1 => {}
            Wrong::RunsTwice => self.right.for_each(count, &|index| {
                run(index);
                run(index);
            }),
            Wrong::RefusesTheSecond => self.right.for_each(count, &|index| match index {
                1 => batch.refuse(index, refusal()),
                _ => run(index),
            }),
            Wrong::RefusesThenRuns => self.right.for_each(count, &|index| {
                batch.refuse(index, refusal());
                run(index);
            }),
            Wrong::TakesAThreadForEachCall => std::thread::scope(|scope| {
                (0..count).for_each(|index| drop(scope.spawn(move || run(index))));
            }),
            Wrong::StandsStillInNestedBatches => {
                let _turn = self.turn.lock();
                (0..count).for_each(run);
            }
            Wrong::AsksForMore => {
                run(0);
                self.right.for_each(count - 1, &|index| run(index + 1));
            }
            _ => self.right.for_each(count, &run),
        }
    }

    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        match self.wrong {
            Wrong::SkipsAnIndex => (1..count).for_each(work),
            _ => self.right.for_each(count, work),
        }
    }

    fn scope(&self, work: InScope<'_>) {
        match self.wrong {
            Wrong::ForgetsWhatScopesStart => work(Some(&Forgetful)),
            _ => self.right.scope(work),
        }
    }

    fn spawner(&self) -> Option<&dyn Spawn<'static>> {
        self.right.spawner()
    }
}

/// Starts nothing.
struct Forgetful;

impl<'scope> Spawn<'scope> for Forgetful {
    fn spawn(&self, work: Box<dyn FnOnce() + Send + 'scope>) {
        drop(work);
    }
}

/// What a runner does that should do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Nothing,
    SaysOtherwise,
    RunsTheFirst,
    DropsAll,
    AsksForMore,
    SkipsAnIndex,
    ForgetsWhatScopesStart,
}

impl Runner for Refusal {
    fn name(&self) -> &'static str {
        "refusing"
    }

    fn executes(&self) -> bool {
        *self == Self::SaysOtherwise
    }

    fn run(&self, batch: &dyn Batch) {
        for index in 0..batch.len() {
            match self {
                Self::RunsTheFirst if index == 0 => batch.run_local(index),
                Self::DropsAll => {}
                _ => batch.refuse(index, refusal()),
            }
        }
        if *self == Self::AsksForMore && batch.is_empty() {
            batch.run_local(0);
        }
    }

    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (usize::from(*self == Self::SkipsAnIndex)..count).for_each(work);
    }

    fn scope(&self, work: InScope<'_>) {
        work(if *self == Self::ForgetsWhatScopesStart { Some(&Forgetful) } else { None });
    }
}

#[test]
fn runners_that_break_a_promise_are_noticed() {
    crate::check(EXECUTING_CASES, EXECUTING, Broken::suite, Wrong::Nothing);
}

#[test]
fn runners_that_execute_what_they_should_refuse_are_noticed() {
    let suite = |refusal| RunnerSuite::new(move || refusal);
    crate::check(REFUSING_CASES, REFUSING, suite, Refusal::Nothing);
}

/// One that is not wrong in anything keeps all promises, with what the trait provides in place of threads of its own.
mod refusing {
    memento_testkit::refusing_runner_suite!(RunnerSuite::new(|| super::Refusal::Nothing));
}
