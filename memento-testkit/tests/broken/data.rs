//! Data stores.

mod store;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, MemoryDataStore, Prefix, PutOptions,
};
use memento::{Error, ErrorKind, Name, Result};
use memento_testkit::data_store::{DataStoreSuite, FORGETTING, KEEPING};
use parking_lot::Mutex;
use store::Broken;

use crate::Case;

/// What is wrong with a data store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    LosesPuts,
    KeepsTheFirst,
    RemovesNothing,
    CutsOff,
    IgnoresDashes,
    LowersNames,
    SaysNotNested,
    ReadsInPieces,
    StreamsWhatIsThere,
    IsNotShared,
    IgnoresConditions,
    LacksInSilence,
    LosesAppends,
    DropsMetadata,
    SortsBatches,
    EndsRangesEarly,
    StagesInTheOpen,
    KeepsParts,
    BlamesItself,
    SaysNoTotal,
    ListsNeighbours,
    ListsFoldersTwice,
    SkipsBetweenPages,
    CountsPages,
    AddsToSizes,
    CopiesNothing,
    SnapshotsFollow,
    SnapshotsTakeObjects,
    SnapshotsComeBackwards,
    StreamsHaveNoOptions,
    MakesNoNamespaces,
    CountsTwice,
    DoesNotAnswer,
    DoesNotFlush,
    GivesNothingForNothing,
    HasOneUrl,
    SetsNothingAside,
    SetsAllAside,
    WritesAnyway,
    SaysReadOnly,
}

pub(crate) const KEEPING_CASES: &[Case<Wrong>] = &[
    Case(
        Wrong::LosesPuts,
        &["what_is_put_is_found", "objects_of_many_writers_are_all_there"],
        "`a/b` is not there, not \"content\"",
    ),
    Case(
        Wrong::KeepsTheFirst,
        &["a_put_takes_the_place_of_what_was_there"],
        "`a/b` is \"one\", not \"longer\"",
    ),
    Case(
        Wrong::RemovesNothing,
        &["what_is_removed_is_gone", "a_namespace_goes_with_its_objects_alone"],
        "removing `a/b` says that it was there: true",
    ),
    Case(
        Wrong::CutsOff,
        &[
            "empty_and_large_contents_are_kept",
            "streams_bring_and_take_the_whole",
            "files_are_put_whole",
            "copies_are_objects_of_their_own",
        ],
        "`a/1048575` is a content of 65536 bytes, not a content of 1048575 bytes",
    ),
    Case(Wrong::LowersNames, &["names_of_every_form_are_kept"], "\"a1/b\""),
    Case(Wrong::IgnoresDashes, &["names_are_told_apart"], "`a/b` is \"a-/b\", not \"a/b\""),
    Case(
        Wrong::SaysNotNested,
        &["folders_and_objects_of_one_name"],
        "`a/b/c` was put beside `a/b` without the capability",
    ),
    Case(
        Wrong::ReadsInPieces,
        &["a_reader_sees_what_one_writer_wrote"],
        "a content that nobody wrote, of length Some(1000)",
    ),
    Case(
        Wrong::StreamsWhatIsThere,
        &["a_reader_goes_on_with_what_it_began"],
        "`a/b` is a content of 3145728 bytes, not a content of 3145728 bytes",
    ),
    Case(Wrong::IsNotShared, &["what_is_put_is_seen_by_others"], "`a/b` is not there"),
    Case(
        Wrong::IgnoresConditions,
        &["of_many_writers_one_is_first", "conditions_are_looked_at"],
        "were told that they are",
    ),
    Case(
        Wrong::LacksInSilence,
        &["of_many_writers_one_is_first", "conditions_are_looked_at", "user_metadata_is_kept"],
        "without `conditional`: None",
    ),
    Case(Wrong::LosesAppends, &["what_many_append_is_all_there"], "of writer 0: []"),
    Case(Wrong::DropsMetadata, &["user_metadata_is_kept"], "{}"),
    Case(Wrong::SortsBatches, &["each_of_a_batch_has_its_own_result"], "`a/1199` is "),
    Case(Wrong::EndsRangesEarly, &["ranges_are_parts_of_the_content"], "`a/b[0..1]` is \"\""),
    Case(
        Wrong::StagesInTheOpen,
        &["what_is_staged_is_not_there_before"],
        "[\"staged/1\"] is listed",
    ),
    Case(Wrong::KeepsParts, &["a_source_that_fails_changes_nothing"], "Ok(true)"),
    Case(
        Wrong::BlamesItself,
        &["a_source_that_fails_changes_nothing"],
        "Err(Storage: cannot read a source: cannot read from another store",
    ),
    Case(Wrong::SaysNoTotal, &["transfers_tell_how_far_they_are"], "None)"),
    Case(Wrong::ListsNeighbours, &["lists_hold_what_is_below"], "\"ab/c\""),
    Case(Wrong::ListsFoldersTwice, &["one_level_has_objects_and_folders"], "\"a/d/\", \"a/d/\"]"),
    Case(Wrong::SkipsBetweenPages, &["pages_hold_each_object_once"], "943 by pages of 7, of 1100"),
    Case(Wrong::CountsPages, &["pages_go_on_while_objects_come_and_go"], " is in "),
    Case(Wrong::AddsToSizes, &["lists_tell_sizes_and_times"], "size: 1"),
    Case(
        Wrong::CopiesNothing,
        &["copies_are_objects_of_their_own"],
        "`a/c` is not there, not a content of 2000000 bytes",
    ),
    Case(Wrong::SnapshotsFollow, &["snapshots_stay_what_they_were"], "`a/b` is \"now\", not \"\""),
    Case(
        Wrong::SnapshotsTakeObjects,
        &["without_its_snapshot_the_object_stays"],
        "`a/b` is not there, not \"content\"",
    ),
    Case(Wrong::SnapshotsComeBackwards, &["snapshots_stay_what_they_were"], "], not ["),
    Case(Wrong::StreamsHaveNoOptions, &["options_hold_for_streams"], "`a/b` is \"2\", not \"1\""),
    Case(Wrong::MakesNoNamespaces, &["namespaces_come_and_go"], "[], not [\"b\"]"),
    Case(Wrong::CountsTwice, &["info_counts_what_is_there"], "objects: 60, bytes: 60000"),
    Case(Wrong::DoesNotAnswer, &["a_store_answers"], "cannot reach the store"),
    Case(Wrong::DoesNotFlush, &["what_is_flushed_is_there"], "cannot keep what waits"),
    Case(
        Wrong::GivesNothingForNothing,
        &["lists_hold_what_is_below", "one_level_has_objects_and_folders"],
        "by pages of 0: [], not",
    ),
    Case(Wrong::HasOneUrl, &["urls_are_told"], "broken:///"),
    Case(
        Wrong::SetsNothingAside,
        &["what_is_set_aside_can_be_looked_at"],
        "`a/b/c` is \"damaged\", not not there",
    ),
    Case(
        Wrong::SetsAllAside,
        &["what_is_whole_again_is_not_set_aside"],
        "is not there, not a content of 100 bytes",
    ),
    Case(Wrong::WritesAnyway, &["a_store_is_writable_or_changes_nothing"], "`put` gives Ok(())"),
    Case(
        Wrong::SaysReadOnly,
        &["a_store_is_writable_or_changes_nothing"],
        "it says that it is open for reading only",
    ),
    Case(Wrong::CutsOff, &["contents_are_kept_however_they_are_put"], "is another one"),
    Case(Wrong::IsNotShared, &["contents_are_kept_however_they_are_put"], "is another one"),
    Case(Wrong::RemovesNothing, &["contents_that_are_removed_are_gone"], "not not there"),
];

/// What is wrong with a store that keeps nothing.
pub(crate) const FORGETTING_CASES: &[Case<Forgetting>] = &[
    Case(
        Forgetting::SaysOtherwise,
        &["everything_is_accepted"],
        "it says that it keeps what is put: use `data_store_suite!`",
    ),
    Case(Forgetting::Remembers, &["nothing_is_there"], "`a/b` is \"content\", not not there"),
    Case(Forgetting::DoesNotAnswer, &["a_store_answers"], "cannot reach the store"),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Forgetting {
    Nothing,
    SaysOtherwise,
    Remembers,
    DoesNotAnswer,
}

fn keeping(wrong: Wrong) -> DataStoreSuite {
    let folders = Arc::new(Mutex::new(HashMap::<PathBuf, Arc<MemoryDataStore>>::new()));
    let make = move |folder: &Path, is_read_only: bool| -> Arc<dyn DataStore> {
        let objects = match wrong {
            Wrong::IsNotShared => Arc::default(),
            _ => Arc::clone(folders.lock().entry(folder.to_owned()).or_default()),
        };
        Arc::new(Broken { wrong, is_read_only, objects })
    };
    let read_only = make.clone();
    DataStoreSuite::new(move |folder| make(folder, false))
        .shared()
        .read_only(move |folder| read_only(folder, true))
}

/// A store that says that it keeps nothing.
#[derive(Debug)]
struct Forgetful(Forgetting, MemoryDataStore);

impl DataStore for Forgetful {
    fn capabilities(&self) -> Capabilities {
        match self.0 {
            Forgetting::SaysOtherwise => Capabilities::default(),
            _ => Capabilities::read_only(),
        }
    }
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.1.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        if self.0 == Forgetting::Remembers { self.1.put(name, content) } else { Ok(()) }
    }
    fn put_with(&self, name: &Name, content: &[u8], _: &PutOptions) -> Result<bool> {
        self.put(name, content).map(|()| true)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.1.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.1.list(prefix, options)
    }
    fn ping(&self) -> Result<()> {
        match self.0 {
            Forgetting::DoesNotAnswer => Err(Error::new(ErrorKind::Storage, "reach the store")),
            _ => Ok(()),
        }
    }
}

fn forgetting(wrong: Forgetting) -> DataStoreSuite {
    DataStoreSuite::new(move |_| Arc::new(Forgetful(wrong, MemoryDataStore::default())))
}

#[test]
fn what_is_wrong_with_a_data_store_is_noticed() {
    crate::check(KEEPING_CASES, KEEPING, keeping, Wrong::Nothing);
}

#[test]
fn what_is_wrong_with_a_store_that_keeps_nothing_is_noticed() {
    crate::check(FORGETTING_CASES, FORGETTING, forgetting, Forgetting::Nothing);
}
