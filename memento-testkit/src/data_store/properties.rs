//! The properties, each a promise.

mod atomic;
mod batches;
mod conditions;
mod contents;
mod core;
mod forgetting;
mod lists;
mod namespaces;
mod snapshots;
mod streams;
mod whole;

use super::DataStoreSuite;
use crate::suite::properties;

properties! {
    /// What data stores promise that keep what is put.
    data_store::DataStoreSuite, KEEPING, keeping_properties, ($):
    core {
        what_is_put_is_found
        a_put_takes_the_place_of_what_was_there
        what_is_removed_is_gone
        empty_and_large_contents_are_kept
        names_of_every_form_are_kept
        names_are_told_apart
        folders_and_objects_of_one_name
    }
    atomic {
        a_reader_sees_what_one_writer_wrote
        a_reader_goes_on_with_what_it_began
        objects_of_many_writers_are_all_there
        what_is_put_is_seen_by_others
    }
    conditions {
        of_many_writers_one_is_first
        conditions_are_looked_at
        options_hold_for_streams
        what_many_append_is_all_there
        user_metadata_is_kept
    }
    batches {
        each_of_a_batch_has_its_own_result
        ranges_are_parts_of_the_content
    }
    contents {
        contents_are_kept_however_they_are_put
        contents_that_are_removed_are_gone
    }
    streams {
        streams_bring_and_take_the_whole
        files_are_put_whole
        what_is_staged_is_not_there_before
        a_source_that_fails_changes_nothing
        transfers_tell_how_far_they_are
    }
    lists {
        lists_hold_what_is_below
        one_level_has_objects_and_folders
        pages_hold_each_object_once
        pages_go_on_while_objects_come_and_go
        lists_tell_sizes_and_times
    }
    snapshots {
        copies_are_objects_of_their_own
        snapshots_stay_what_they_were
        without_its_snapshot_the_object_stays
    }
    namespaces {
        namespaces_come_and_go
        a_namespace_goes_with_its_objects_alone
    }
    whole {
        info_counts_what_is_there
        a_store_answers
        what_is_flushed_is_there
        urls_are_told
        what_is_set_aside_can_be_looked_at
        what_is_whole_again_is_not_set_aside
        a_store_is_writable_or_changes_nothing
    }
}

properties! {
    /// What data stores promise that keep nothing.
    data_store::DataStoreSuite, FORGETTING, forgetting_properties, ($):
    forgetting {
        everything_is_accepted
        nothing_is_there
    }
    whole {
        a_store_answers
    }
}
