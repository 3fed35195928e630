//! The properties, each a promise.

mod calls;
mod handover;
mod nesting;
mod refusing;
mod results;
mod sharing;
mod threads;
mod windows;

use super::RunnerSuite;
use crate::suite::properties;

properties! {
    /// What runners promise that execute functions.
    runner::RunnerSuite, EXECUTING, executing_properties, ($):
    calls {
        each_call_ends_exactly_once
        results_come_in_order
        a_batch_of_one_runs
        an_empty_batch_is_nothing
        equal_calls_of_a_batch_run_once
        statistics_are_exact
        refreshed_calls_run_again
        the_record_names_the_runner
    }
    results {
        returned_errors_are_values
        a_panic_is_the_error_of_its_call
        large_arguments_and_results_come_through
        results_without_encoding_are_returned
        errors_without_encoding_are_returned
        arguments_that_cannot_be_read_back_run
    }
    nesting {
        nested_calls_and_batches_run
        callees_are_recorded_in_order
        correlation_is_that_of_the_caller
        context_arguments_reach_callees
        no_further_calls_is_kept
        a_call_that_needs_itself_is_an_error
    }
    sharing {
        threads_that_ask_for_the_same_wait_for_one
        batches_of_many_threads_compute_each_key_once
    }
    windows {
        results_come_as_calls_end
        batches_without_end_stop
        the_first_failure_stops_a_batch
        cancelled_calls_do_not_begin
        a_token_stops_a_batch_on_its_way
    }
    handover {
        calls_that_have_ended_are_left_alone
        calls_that_cannot_be_handed_over_run_here
        calls_that_others_compute_are_waited_for
        calls_that_come_back_unmade_run_here
        a_response_that_is_none_ends_its_call_alone
    }
    threads {
        no_more_calls_run_at_once_than_promised
        for_each_does_each_index_once
        a_scope_waits_for_what_it_started
    }
}

properties! {
    /// What runners promise that execute nothing.
    runner::RunnerSuite, REFUSING, refusing_properties, ($):
    refusing {
        all_calls_are_refused
        what_is_stored_is_found
        callees_are_refused
        a_batch_without_end_is_refused
    }
    calls {
        an_empty_batch_is_nothing
    }
    threads {
        for_each_does_each_index_once
        a_scope_waits_for_what_it_started
    }
}
