//! Metadata stores.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use memento::{
    Capabilities, Claim, Entry, Error, ErrorKind, Filter, Key, MemoryMetadataStore, MetadataStore,
    Page, Replacement, Result, Version,
};
use memento_testkit::metadata_store::{FORGETTING, KEEPING, MetadataStoreSuite};
use parking_lot::Mutex;

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
        &["many_come_in_the_order_asked_for", "streamed_records_come_in_the_order_asked_for"],
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

#[derive(Debug)]
struct Broken {
    wrong: Wrong,
    is_read_only: bool,
    records: Arc<MemoryMetadataStore>,
    has_claimed: Arc<AtomicBool>,
    seen: Mutex<HashMap<Key, Option<Vec<u8>>>>,
}

impl Broken {
    fn check_writable(&self) -> Result<()> {
        if self.is_read_only && self.wrong != Wrong::WritesAnyway {
            return Err(Error::new(ErrorKind::ReadOnly, "change a broken store"));
        }
        Ok(())
    }
}

impl MetadataStore for Broken {
    fn capabilities(&self) -> Capabilities {
        let all = self.records.capabilities();
        let says_so = self.is_read_only || self.wrong == Wrong::SaysReadOnly;
        if says_so { all.not_writable() } else { all }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self.records.get(key)?;
        match self.wrong {
            Wrong::RemembersWhatItRead => Ok(self.seen.lock().entry(*key).or_insert(found).clone()),
            _ => Ok(found),
        }
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut keys = keys.to_vec();
        if self.wrong == Wrong::SortsBatches {
            keys.sort();
        }
        self.records.get_many(&keys)
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let lost = if self.wrong == Wrong::LosesSome { 3 } else { usize::MAX };
        for (index, some) in keys.chunks(64).enumerate() {
            if index != lost {
                take(self.get_many(some)?);
            }
        }
        Ok(())
    }

    fn get_levels(
        &self,
        keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        if self.wrong == Wrong::LooksUpOneLevel {
            next(self.get_many(&keys)?);
            return Ok(());
        }
        self.records.get_levels(keys, next)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.check_writable()?;
        let mut entries = entries.to_vec();
        match self.wrong {
            Wrong::LosesTheLast => drop(entries.pop()),
            Wrong::KeepsTheFirst => {
                entries.retain(|entry| self.get(&entry.key).unwrap().is_none());
            }
            Wrong::ListsTheHidden => entries.iter_mut().for_each(|entry| entry.hidden = false),
            _ => {}
        }
        self.records.put(&entries)
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::ReplacesNothing => return Ok(()),
            Wrong::ReplacesAnything | Wrong::ReplacesLate => {}
            _ => return self.records.replace(replacements),
        }
        for Replacement { seen, entry } in replacements {
            let is_there = || self.records.get(&entry.key).unwrap().as_ref() == Some(seen);
            if self.wrong == Wrong::ReplacesAnything || is_there() {
                // Another one that is at work has time enough, in one of many rounds at least.
                let pause = || std::thread::sleep(Duration::from_millis(1));
                (0..20).take_while(|_| is_there()).for_each(|_| pause());
                self.records.put(std::slice::from_ref(entry))?;
            }
        }
        Ok(())
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::RemovesNothing => Ok(true),
            _ => self.records.remove(key),
        }
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.check_writable()?;
        let mut filter = filter.clone();
        if self.wrong == Wrong::RemovesAllOfAFunction && filter.function.is_some() {
            filter.failed = None;
        }
        let removed = self.records.remove_all(&filter)?;
        Ok(removed + u64::from(self.wrong == Wrong::CountsTheHidden && removed > 0))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        if self.wrong == Wrong::CountsPages {
            let all = self.records.list(filter, None, usize::MAX)?.entries;
            let from = usize::try_from(from.unwrap_or_default()).unwrap();
            let end = (from + limit).min(all.len());
            let entries = all.get(from..end).unwrap_or_default().to_vec();
            return Ok(Page { entries, next: (end < all.len()).then_some(end as u64) });
        }
        let filter = match self.wrong {
            Wrong::IgnoresFilters => &Filter::default(),
            _ => filter,
        };
        let mut page = self.records.list(filter, from, limit)?;
        if self.wrong == Wrong::SkipsBetweenPages {
            page.next = page.next.map(|next| next.saturating_sub(1));
        }
        Ok(page)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let of = Filter { function: Some(function.to_owned()), failed: None };
        let is_forgotten = self.wrong == Wrong::ForgetsVersions
            && self.records.list(&of, None, 1)?.entries.is_empty();
        if is_forgotten { Ok(Vec::new()) } else { self.records.versions(function, limit) }
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        match self.wrong {
            Wrong::GrantsOneClaim | Wrong::KeepsClaims
                if self.has_claimed.swap(true, Ordering::Relaxed) =>
            {
                Ok(None)
            }
            _ => self.records.try_claim(key),
        }
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        if self.wrong == Wrong::WaitsForEver {
            loop {
                std::thread::park();
            }
        }
        self.records.wait_for_claim(key, limit);
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::SetsNothingAside => Ok(()),
            Wrong::SetsAnythingAside => self.records.remove(key).map(drop),
            _ => self.records.set_aside(key, damaged),
        }
    }
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
