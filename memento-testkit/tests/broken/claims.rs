//! Claims among processes.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::storage::{Claim, Entry, Filter, HeldClaim, MemoryMetadataStore, MetadataStore, Page};
use memento::{Key, Result, Version};
use memento_testkit::metadata_store::{CLAIMING, MetadataStoreSuite};
use parking_lot::Mutex;

use crate::Case;

/// What is wrong with the claims of a metadata store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claiming {
    Nothing,
    GrantsAll,
    KeepsClaims,
    EndsNothing,
    GivesBackTwice,
    IsNotShared,
}

pub(crate) const CLAIMING_CASES: &[Case<Claiming>] = &[
    Case(
        Claiming::GrantsAll,
        &[
            "what_another_process_has_is_not_claimed",
            "what_is_ended_is_given_back_once",
            "of_many_processes_one_has_a_claim",
        ],
        "4 of 4 have it",
    ),
    Case(
        Claiming::KeepsClaims,
        &["what_another_process_has_is_not_claimed", "what_is_ended_is_given_back_once"],
        "it was refused after that",
    ),
    Case(Claiming::EndsNothing, &["what_is_ended_is_given_back_once"], "it was refused after that"),
    Case(
        Claiming::GivesBackTwice,
        &["what_is_ended_is_given_back_once"],
        "somebody else's was given back",
    ),
    Case(
        Claiming::IsNotShared,
        &[
            "what_another_process_has_is_not_claimed",
            "what_is_ended_is_given_back_once",
            "of_many_processes_one_has_a_claim",
        ],
        "the suite does not say so: `.shared()`",
    ),
];

/// A store in memory whose claims are known to all that share its folder, but for what is wrong with them.
#[derive(Debug)]
struct Claims(Claiming, MemoryMetadataStore, Arc<Mutex<HashSet<Key>>>);

/// A claim that is given back when it is dropped.
#[derive(Debug)]
struct Held(Claiming, Key, Arc<Mutex<HashSet<Key>>>, AtomicBool);

impl Held {
    fn give_back(&self) {
        let is_done = self.3.swap(true, Ordering::Relaxed) && self.0 != Claiming::GivesBackTwice;
        if !is_done && self.0 != Claiming::KeepsClaims {
            self.2.lock().remove(&self.1);
        }
    }
}

impl HeldClaim for Held {
    fn end(&self) {
        if self.0 != Claiming::EndsNothing {
            self.give_back();
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl MetadataStore for Claims {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.1.get(key)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.1.put(entries)
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
        let is_new = self.2.lock().insert(*key) || self.0 == Claiming::GrantsAll;
        let held = || Held(self.0, *key, Arc::clone(&self.2), AtomicBool::new(false));
        Ok(is_new.then(|| Box::new(held()) as Claim))
    }
}

#[test]
fn what_is_wrong_with_claims_is_noticed() {
    let suite = |wrong| {
        let folders = Mutex::new(HashMap::<PathBuf, Arc<_>>::new());
        let suite = MetadataStoreSuite::new(move |folder| {
            let held = Arc::clone(folders.lock().entry(folder.to_owned()).or_default());
            Arc::new(Claims(wrong, MemoryMetadataStore::default(), held))
        });
        if wrong == Claiming::IsNotShared { suite } else { suite.shared() }
    };
    crate::check(CLAIMING_CASES, CLAIMING, suite, Claiming::Nothing);
}
