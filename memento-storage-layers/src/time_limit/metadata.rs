//! A metadata store that is waited for no longer than a limit.

use std::sync::Arc;
use std::time::Duration;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{Key, Result, Version};

use super::TimeLimit;
use crate::operation::{
    CLAIM, GET_RECORD, GET_RECORDS, LIST_RECORDS, PUT_RECORDS, REMOVE_RECORD, REMOVE_RECORDS,
    REPLACE_RECORDS, SET_RECORD_ASIDE, VERSIONS, WAIT,
};

/// What takes records as they arrive, or level by level, cannot go to another thread: it gets them by `get_many`, each
/// with the limit.
impl<S: MetadataStore + ?Sized + 'static> MetadataStore for TimeLimit<S> {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let key = *key;
        self.within(GET_RECORD, move |store| store.get(&key))
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let keys = keys.to_vec();
        self.within(GET_RECORDS, move |store| store.get_many(&keys))
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let keys = keys.to_vec();
        self.within(GET_RECORDS, move |store| store.get_each(&keys))
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        let entries = entries.to_vec();
        self.within(PUT_RECORDS, move |store| store.put(&entries))
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let replacements = replacements.to_vec();
        self.within(REPLACE_RECORDS, move |store| store.replace(&replacements))
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        let key = *key;
        self.within(REMOVE_RECORD, move |store| store.remove(&key))
    }

    fn forget(&self, note: &Entry) -> Result<()> {
        let note = note.clone();
        self.within(PUT_RECORDS, move |store| store.forget(&note))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        let filter = filter.clone();
        self.within(REMOVE_RECORDS, move |store| store.remove_all(&filter))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let filter = filter.clone();
        self.within(LIST_RECORDS, move |store| store.list(&filter, from, limit))
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let function = function.to_owned();
        self.within(VERSIONS, move |store| store.versions(&function, limit))
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        let key = *key;
        self.within(CLAIM, move |store| store.try_claim(&key))
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        let (key, limit) = (*key, limit.min(self.limit.time));
        // Where it waits for longer than it was told, the claim is asked for again.
        let _ = self.within(WAIT, move |store| {
            store.wait_for_claim(&key, limit);
            Ok(())
        });
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
        self.store.tiers()
    }

    /// It takes as long as what waits takes, each part of which has a limit of its own.
    fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        let (key, damaged) = (*key, damaged.to_vec());
        self.within(SET_RECORD_ASIDE, move |store| store.set_aside(&key, &damaged))
    }
}
