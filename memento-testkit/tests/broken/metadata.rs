//! Metadata stores.

mod store;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memento::storage::{
    Capabilities, Claim, Entry, Filter, MemoryMetadataStore, MetadataStore, Page,
};
use memento::{Key, Result, Version};
use memento_testkit::metadata_store::{FORGETTING, KEEPING, MetadataStoreSuite};
use parking_lot::Mutex;
use store::Broken;

use crate::Case;

/// What is wrong with a metadata store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    LosesTheLast,
    KeepsTheFirst,
    SortsBatches,
    LosesSome,
    LooksUpOneLevel,
    RemovesNothing,
    SetsNothingAside,
    SetsAnythingAside,
    ReplacesNothing,
    ReplacesAnything,
    ReplacesLate,
    IgnoresFilters,
    SkipsBetweenPages,
    CountsPages,
    ListsTheHidden,
    CountsTheHidden,
    RemovesAllOfAFunction,
    ForgetsVersions,
    ForgetsNothing,
    GivesNothingForNothing,
    DoesNotFlush,
    RemembersWhatItRead,
    GrantsOneClaim,
    KeepsClaims,
    WaitsForEver,
    WritesAnyway,
    SaysReadOnly,
}

pub(crate) const KEEPING_CASES: &[Case<Wrong>] = &[
    Case(
        Wrong::LosesTheLast,
        &["what_is_put_is_found", "entries_of_many_writers_are_all_there"],
        "None for another",
    ),
    Case(
        Wrong::KeepsTheFirst,
        &["an_entry_takes_the_place_of_that_of_its_key"],
        "the record of key 1 is Some([49]), not Some([110, 101, 119])",
    ),
    Case(
        Wrong::SortsBatches,
        &[
            "many_come_in_the_order_asked_for",
            "each_of_many_comes_by_itself",
            "streamed_records_come_in_the_order_asked_for",
        ],
        " for key ",
    ),
    Case(Wrong::LosesSome, &["streamed_records_come_in_the_order_asked_for"], "2936 of 3000"),
    Case(
        Wrong::LooksUpOneLevel,
        &["levels_are_looked_up_until_none_is_asked_for"],
        "the levels had [(2, \"12\")]",
    ),
    Case(Wrong::RemovesNothing, &["what_is_removed_is_gone"], "removing it says true"),
    Case(
        Wrong::SetsNothingAside,
        &["what_is_set_aside_is_gone_and_can_be_put_again"],
        "the record of key 1 is Some([49]), not None",
    ),
    Case(
        Wrong::SetsAnythingAside,
        &["what_took_the_place_of_the_damaged_stays"],
        "the record of key 1 is None, not Some([49])",
    ),
    Case(
        Wrong::ReplacesNothing,
        &["what_was_read_is_replaced"],
        "the record of key 1 is Some([49]), not Some([111, 110, 101])",
    ),
    Case(
        Wrong::ReplacesAnything,
        &["what_was_read_is_replaced", "what_came_since_is_not_replaced"],
        "the record of key ",
    ),
    Case(
        Wrong::ReplacesLate,
        &["what_came_since_is_not_replaced"],
        "the record of key 1 is Some([111, 110, 101])",
    ),
    Case(
        Wrong::IgnoresFilters,
        &["lists_hold_what_the_filter_admits"],
        "[6, 5, 4, 3, 2, 1] for Filter { function: Some(\"f\")",
    ),
    Case(Wrong::SkipsBetweenPages, &["pages_hold_each_entry_once"], "of 1000, 1 a page"),
    Case(Wrong::CountsPages, &["pages_go_on_while_entries_come_and_go"], " is in "),
    Case(
        Wrong::ListsTheHidden,
        &["what_is_hidden_is_found_and_not_listed"],
        "[3, 2, 1] are listed",
    ),
    Case(Wrong::CountsTheHidden, &["what_is_hidden_is_found_and_not_listed"], "3 were removed"),
    Case(
        Wrong::RemovesAllOfAFunction,
        &["all_that_a_filter_admits_is_removed"],
        "3 for Filter { function: Some(\"f\"), failed: Some(false) }",
    ),
    Case(Wrong::ForgetsVersions, &["versions_come_the_last_first"], "of `f`, at most 10: []"),
    Case(
        Wrong::ForgetsNothing,
        &["what_is_forgotten_leaves_a_note"],
        "the record of key 1 is Some([49]), not",
    ),
    Case(
        Wrong::GivesNothingForNothing,
        &["lists_hold_what_the_filter_admits"],
        "it did not in 10,000 pages",
    ),
    Case(Wrong::DoesNotFlush, &["what_is_flushed_is_there"], "cannot keep what waits"),
    Case(
        Wrong::GrantsOneClaim,
        &["what_nobody_else_has_is_claimed"],
        "199 of 200 claims were refused",
    ),
    Case(
        Wrong::RemembersWhatItRead,
        &["what_changes_is_seen_by_others"],
        "the record of key 1 is Some([49]) for another, not Some([110, 101, 119])",
    ),
    Case(Wrong::KeepsClaims, &["what_is_given_back_is_claimed_again"], "it was refused to another"),
    Case(
        Wrong::WaitsForEver,
        &["who_waits_for_a_claim_waits_no_longer_than_told"],
        "10 ms were not over in ten seconds",
    ),
    Case(Wrong::WritesAnyway, &["a_store_is_writable_or_changes_nothing"], "`put` gives Ok(())"),
    Case(
        Wrong::SaysReadOnly,
        &["a_store_is_writable_or_changes_nothing"],
        "it says that it is open for reading only",
    ),
];

pub(crate) const FORGETTING_CASES: &[Case<Forgetting>] = &[
    Case(
        Forgetting::SaysOtherwise,
        &["everything_is_accepted_and_nothing_is_there"],
        "it says that it keeps what is put: use `metadata_store_suite!`",
    ),
    Case(
        Forgetting::Remembers,
        &["everything_is_accepted_and_nothing_is_there"],
        "the record of key 1 is Some([49]), not None",
    ),
    Case(
        Forgetting::RefusesClaims,
        &["what_nobody_else_has_is_claimed"],
        "200 of 200 claims were refused",
    ),
];

/// What is wrong with a store that keeps nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgetting {
    Nothing,
    SaysOtherwise,
    Remembers,
    RefusesClaims,
}

/// A store that says that it keeps nothing.
#[derive(Debug)]
struct Forgetful(Forgetting, MemoryMetadataStore);

impl MetadataStore for Forgetful {
    fn capabilities(&self) -> Capabilities {
        match self.0 {
            Forgetting::SaysOtherwise => Capabilities::default(),
            _ => Capabilities::read_only(),
        }
    }
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.1.get(key)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        if self.0 == Forgetting::Remembers { self.1.put(entries) } else { Ok(()) }
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.1.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.1.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.1.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.1.versions(function, limit)
    }
    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        match self.0 {
            Forgetting::RefusesClaims => Ok(None),
            _ => self.1.try_claim(key),
        }
    }
}

#[test]
fn what_is_wrong_with_a_metadata_store_is_noticed() {
    let suite = |wrong| {
        let folders = Mutex::new(HashMap::<PathBuf, (Arc<_>, Arc<_>)>::new());
        let make = move |folder: &Path, is_read_only: bool| -> Arc<dyn MetadataStore> {
            let (records, has_claimed) =
                folders.lock().entry(folder.to_owned()).or_default().clone();
            Arc::new(Broken { wrong, is_read_only, records, has_claimed, seen: Mutex::default() })
        };
        let make = Arc::new(make);
        let read_only = Arc::clone(&make);
        MetadataStoreSuite::new(move |folder| make(folder, false))
            .shared()
            .read_only(move |folder| read_only(folder, true))
    };
    crate::check(KEEPING_CASES, KEEPING, suite, Wrong::Nothing);
}

#[test]
fn what_is_wrong_with_a_metadata_store_that_keeps_nothing_is_noticed() {
    let suite = |wrong| {
        MetadataStoreSuite::new(move |_| Arc::new(Forgetful(wrong, MemoryMetadataStore::default())))
    };
    crate::check(FORGETTING_CASES, FORGETTING, suite, Forgetting::Nothing);
}
