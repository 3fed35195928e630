//! The properties, each a promise.

mod claims;
mod forgetting;
mod lists;
mod records;
mod whole;

use super::MetadataStoreSuite;
use crate::suite::properties;

properties! {
    /// What metadata stores promise that keep what is put.
    metadata_store::MetadataStoreSuite, KEEPING, recording_properties, ($):
    records {
        what_is_put_is_found
        an_entry_takes_the_place_of_that_of_its_key
        many_come_in_the_order_asked_for
        each_of_many_comes_by_itself
        streamed_records_come_in_the_order_asked_for
        levels_are_looked_up_until_none_is_asked_for
        what_is_removed_is_gone
        what_is_set_aside_is_gone_and_can_be_put_again
        what_took_the_place_of_the_damaged_stays
        what_was_read_is_replaced
        what_came_since_is_not_replaced
        what_is_forgotten_leaves_a_note
        entries_of_many_writers_are_all_there
        what_changes_is_seen_by_others
    }
    lists {
        lists_hold_what_the_filter_admits
        pages_hold_each_entry_once
        pages_go_on_while_entries_come_and_go
        what_is_hidden_is_found_and_not_listed
        all_that_a_filter_admits_is_removed
        versions_come_the_last_first
    }
    claims {
        what_nobody_else_has_is_claimed
        what_is_given_back_is_claimed_again
        who_waits_for_a_claim_waits_no_longer_than_told
    }
    whole {
        what_is_flushed_is_there
        a_store_is_writable_or_changes_nothing
    }
}

properties! {
    /// What metadata stores promise that tell processes apart which claim the same result.
    metadata_store::MetadataStoreSuite, CLAIMING, claiming_metadata_properties, ($):
    claims {
        what_another_process_has_is_not_claimed
        what_is_ended_is_given_back_once
        of_many_processes_one_has_a_claim
    }
}

properties! {
    /// What metadata stores promise that keep nothing.
    metadata_store::MetadataStoreSuite, FORGETTING, forgetting_metadata_properties, ($):
    forgetting {
        everything_is_accepted_and_nothing_is_there
    }
    claims {
        what_nobody_else_has_is_claimed
    }
}
