//! Data stores.

use std::collections::HashMap;
use std::io::{self, Cursor, Read, Write};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use memento::{
    Capabilities, Condition, DataStore, Error, ErrorKind, ListOptions, Listing, MemoryDataStore,
    Name, Namespace, Prefix, PutOptions, Result, Snapshot, Source, Staged, StoreInfo, Target,
};
use memento_testkit::data_store::{DataStoreSuite, FORGETTING, KEEPING};
use parking_lot::Mutex;

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
    SaysNoTotal,
    ListsNeighbours,
    ListsFoldersTwice,
    SkipsBetweenPages,
    CountsPages,
    SaysSizesWrong,
    CopiesNothing,
    SnapshotsFollow,
    SnapshotsTakeObjects,
    MakesNoNamespaces,
    CountsTwice,
    DoesNotAnswer,
    HasOneUrl,
    SetsNothingAside,
    WritesAnyway,
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
    Case(Wrong::SaysNoTotal, &["transfers_tell_how_far_they_are"], "None)"),
    Case(Wrong::ListsNeighbours, &["lists_hold_what_is_below"], "\"ab/c\""),
    Case(Wrong::ListsFoldersTwice, &["one_level_has_objects_and_folders"], "\"a/d/\", \"a/d/\"]"),
    Case(Wrong::SkipsBetweenPages, &["pages_hold_each_object_once"], "943 by pages of 7, of 1100"),
    Case(Wrong::CountsPages, &["pages_go_on_while_objects_come_and_go"], " is in "),
    Case(Wrong::SaysSizesWrong, &["lists_tell_sizes_and_times"], "size: 1"),
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
    Case(Wrong::MakesNoNamespaces, &["namespaces_come_and_go"], "[], not [\"b\"]"),
    Case(Wrong::CountsTwice, &["info_counts_what_is_there"], "objects: 60, bytes: 60000"),
    Case(Wrong::DoesNotAnswer, &["a_store_answers"], "cannot reach the store"),
    Case(Wrong::HasOneUrl, &["urls_are_told"], "broken:///"),
    Case(
        Wrong::SetsNothingAside,
        &["what_is_set_aside_can_be_looked_at"],
        "`a/b/c` is \"damaged\", not not there",
    ),
    Case(Wrong::WritesAnyway, &["a_store_for_reading_changes_nothing"], "`put` gives Ok(())"),
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

/// A store with something wrong. What another one made of the same folder has, it has, too.
#[derive(Debug)]
struct Broken {
    wrong: Wrong,
    is_read_only: bool,
    objects: Arc<MemoryDataStore>,
}

impl Broken {
    fn check_writable(&self) -> Result<()> {
        if self.is_read_only && self.wrong != Wrong::WritesAnyway {
            return Err(Error::new(ErrorKind::ReadOnly, "change a broken store"));
        }
        Ok(())
    }

    /// The name under which it keeps what is named so.
    fn place(&self, name: &Name) -> Name {
        match self.wrong {
            Wrong::IgnoresDashes => Name::new(&name.as_str().replace('-', "")).unwrap(),
            Wrong::LowersNames => Name::new(&name.as_str().to_lowercase()).unwrap(),
            _ => name.clone(),
        }
    }

    fn list_wrongly(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let mut page = self.objects.list(prefix, options)?;
        match self.wrong {
            Wrong::ListsNeighbours => {
                page = self.objects.list(&Prefix::root(), options)?;
                let start = prefix.as_str();
                page.objects.retain(|object| object.name.as_str().starts_with(start));
            }
            Wrong::ListsFoldersTwice => {
                if let Some(folder) = page.folders.first().filter(|_| page.len() < options.limit) {
                    page.folders.push(folder.clone());
                }
            }
            Wrong::SkipsBetweenPages if options.from.is_some() => drop(page.objects.remove(0)),
            Wrong::CountsPages => {
                let all = ListOptions { limit: usize::MAX, from: None, ..options.clone() };
                let all = self.objects.list(prefix, &all)?.objects;
                let from = options.from.as_ref().map_or(0, |from| from.as_str().parse().unwrap());
                let end = (from + options.limit).min(all.len());
                page.objects = all.get(from..end).unwrap_or_default().to_vec();
                page.next = (end < all.len()).then(|| memento::Continuation::new(end.to_string()));
            }
            Wrong::SaysSizesWrong => {
                page.objects.iter_mut().for_each(|object| object.size += 1);
            }
            _ => {}
        }
        Ok(page)
    }
}

impl DataStore for Broken {
    fn capabilities(&self) -> Capabilities {
        let all = self.objects.capabilities().url();
        match self.wrong {
            _ if self.is_read_only => all.not_writable(),
            Wrong::SaysNotNested => all.not_nested(),
            Wrong::LacksInSilence => Capabilities::default(),
            _ => all,
        }
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let mut found = self.objects.get(&self.place(name))?;
        if let Some(content) = &mut found {
            match self.wrong {
                Wrong::CutsOff => content.truncate(65_536),
                Wrong::ReadsInPieces if content.len() > 1000 => {
                    content.truncate(1000);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.check_writable()?;
        let mut options = options.clone();
        match self.wrong {
            Wrong::LosesPuts => return Ok(true),
            Wrong::KeepsTheFirst if self.objects.get(name)?.is_some() => return Ok(true),
            Wrong::IgnoresConditions => options.condition = Condition::Always,
            Wrong::DropsMetadata => options.metadata.clear(),
            _ => {}
        }
        self.objects.put_with(&self.place(name), content, &options)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let mut content = Vec::new();
        match source.read_to_end(&mut content) {
            Err(error) if self.wrong != Wrong::KeepsParts => {
                Err(Error::new(ErrorKind::Storage, "read a source").source(error))
            }
            _ => self.put_with(name, &content, options),
        }
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::RemovesNothing => Ok(true),
            _ => self.objects.remove(&self.place(name)),
        }
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.list_wrongly(prefix, options)
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::LosesAppends if content.starts_with(b"writer 0") => Ok(()),
            _ => self.objects.append(name, content),
        }
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::CopiesNothing => Ok(true),
            Wrong::CutsOff => {
                let content = self.get(from)?.unwrap_or_default();
                self.put(to, &content).map(|()| true)
            }
            _ => self.objects.copy(from, to),
        }
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        self.check_writable()?;
        Ok(Box::new(InTheOpen { store: self, content: Vec::new() }))
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        if self.wrong == Wrong::StreamsWhatIsThere && self.objects.get(name)?.is_some() {
            let (objects, name) = (Arc::clone(&self.objects), name.clone());
            return Ok(Some(Box::new(WhatIsThere { objects, name, position: 0 })));
        }
        Ok(self.get(name)?.map(|content| Box::new(Cursor::new(content)) as _))
    }

    fn get_to(&self, name: &Name, target: &mut Target<'_>) -> Result<Option<u64>> {
        let Some(content) = self.get(name)? else { return Ok(None) };
        let length = content.len() as u64;
        if self.wrong != Wrong::SaysNoTotal {
            target.expect(length);
        }
        target.write_all(&content).unwrap();
        Ok(Some(length))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let end = range.end - u64::from(self.wrong == Wrong::EndsRangesEarly && range.end > 0);
        self.objects.get_range(name, range.start..end)
    }

    fn properties(&self, name: &Name) -> Result<Option<memento::Properties>> {
        let found = self.objects.properties(&self.place(name))?;
        Ok(found.map(|mut properties| {
            if self.wrong == Wrong::CutsOff {
                properties.size = properties.size.min(65_536);
            }
            properties
        }))
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let mut names = names.to_vec();
        if self.wrong == Wrong::SortsBatches {
            names.sort();
        }
        self.objects.get_many(&names)
    }

    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        match self.wrong {
            Wrong::SnapshotsFollow => self.read(name),
            _ => self.objects.read_snapshot(name, snapshot),
        }
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        if self.wrong == Wrong::SnapshotsTakeObjects {
            self.remove(name)?;
        }
        self.check_writable()?;
        self.objects.remove_snapshot(name, snapshot)
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::MakesNoNamespaces => Ok(true),
            _ => self.objects.create_namespace(namespace),
        }
    }

    fn ping(&self) -> Result<()> {
        match self.wrong {
            Wrong::DoesNotAnswer => Err(Error::new(ErrorKind::Storage, "reach the store")),
            _ => Ok(()),
        }
    }

    fn info(&self) -> Result<StoreInfo> {
        let StoreInfo { objects, bytes } = self.objects.info()?;
        let times = if self.wrong == Wrong::CountsTwice { 2 } else { 1 };
        Ok(StoreInfo { objects: objects * times, bytes: bytes * times })
    }

    fn url(&self, name: &Name) -> Result<String> {
        let path = match self.wrong {
            Wrong::HasOneUrl => String::new(),
            _ => name.as_str().bytes().map(|byte| format!("{byte:02x}")).collect(),
        };
        Ok(format!("broken:///{path}"))
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::SetsNothingAside => Ok(()),
            _ => {
                self.copy(name, &name.of_damaged())?;
                self.remove(name).map(drop)
            }
        }
    }
}

/// An object that is written; where the store is wrong about that, everybody sees it.
struct InTheOpen<'a> {
    store: &'a Broken,
    content: Vec<u8>,
}

impl Write for InTheOpen<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.content.extend_from_slice(content);
        if self.store.wrong == Wrong::StagesInTheOpen {
            let name = Name::new("staged/1").unwrap();
            self.store.objects.put(&name, &self.content).unwrap();
        }
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Staged for InTheOpen<'_> {
    fn keep(self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        self.store.put_with(name, &self.content, options)
    }
}

/// A stream of whatever the object is at the moment.
struct WhatIsThere {
    objects: Arc<MemoryDataStore>,
    name: Name,
    position: u64,
}

impl Read for WhatIsThere {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.position + buffer.len() as u64;
        let range = self.objects.get_range(&self.name, self.position..end).unwrap();
        let range = range.unwrap_or_default();
        buffer[..range.len()].copy_from_slice(&range);
        self.position += range.len() as u64;
        Ok(range.len())
    }
}

fn keeping(wrong: Wrong) -> DataStoreSuite {
    let folders = Arc::new(Mutex::new(HashMap::<PathBuf, Arc<MemoryDataStore>>::new()));
    let make = move |folder: &std::path::Path, is_read_only: bool| -> Arc<dyn DataStore> {
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
