//! A metadata store behind a policy.

use std::sync::Arc;
use std::time::Duration;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{Key, Result, Version};

use crate::operation::{
    CLAIM, GET_RECORD, GET_RECORDS, LIST_RECORDS, PUT_RECORDS, REMOVE_RECORD, REMOVE_RECORDS,
    REPLACE_RECORDS, SET_RECORD_ASIDE, VERSIONS,
};
use crate::policy::{chosen, unless_of_all};
use crate::tally::Tallied;
use crate::{Found, Guarded, Operation, Policy, Tally};

impl<P: Policy, S: MetadataStore + ?Sized> MetadataStore for Guarded<P, S> {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.policy.capabilities(self.store.capabilities())
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let record = self.call(GET_RECORD, || self.store.get(key))?;
        Ok(record.inspect(|_| self.policy.found(Found::Record(key))))
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let records = self.call(GET_RECORDS, || self.store.get_many(keys))?;
        self.records_found(keys, &records);
        Ok(records)
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let ask = |open: &[usize]| {
            let records = self.store.get_each(&chosen(keys, open));
            records.unwrap_or_else(|error| open.iter().map(|_| Err(error.clone())).collect())
        };
        let records = self.call_each(GET_RECORDS, keys.len(), |_| 0, ask);
        let found = keys.iter().zip(&records);
        for (key, _) in found.filter(|(_, record)| matches!(record, Ok(Some(_)))) {
            self.policy.found(Found::Record(key));
        }
        records.into_iter().map(unless_of_all).collect()
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let (mut left, mut tally) = (keys, Tally::default());
        // Another attempt goes on where the one before ended.
        let ended = self.run(GET_RECORDS, || {
            self.store.stream(left, &mut |records| {
                let (found, rest) = left.split_at(left.len().min(records.len()));
                self.records_found(found, &records);
                records.add_to(&mut tally);
                left = rest;
                take(records);
            })
        });
        tally.add(GET_RECORDS, &ended, 0);
        self.policy.note(GET_RECORDS, tally);
        ended
    }

    fn get_levels(
        &self,
        mut keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        let mut tally = Tally::default();
        // Another attempt goes on where the one before ended.
        let ended = self.run(GET_RECORDS, || {
            self.store.get_levels(keys.clone(), &mut |records| {
                self.records_found(&keys, &records);
                records.add_to(&mut tally);
                keys = next(records);
                keys.clone()
            })
        });
        tally.add(GET_RECORDS, &ended, 0);
        self.policy.note(GET_RECORDS, tally);
        ended
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.put_all(PUT_RECORDS, entries.iter(), || self.store.put(entries))
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let entries = replacements.iter().map(|replacement| &replacement.entry);
        self.put_all(REPLACE_RECORDS, entries, || self.store.replace(replacements))
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.remove_with(REMOVE_RECORD, || self.store.remove(key))
    }

    fn forget(&self, note: &Entry) -> Result<()> {
        self.put_all(PUT_RECORDS, std::iter::once(note), || self.store.forget(note))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.call(REMOVE_RECORDS, || self.store.remove_all(filter))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.call(LIST_RECORDS, || self.store.list(filter, from, limit))
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.call(VERSIONS, || self.store.versions(function, limit))
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        self.call(CLAIM, || self.store.try_claim(key))
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        self.store.wait_for_claim(key, limit);
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
        self.store.tiers()
    }

    fn flush(&self) -> Result<()> {
        self.policy.flush().and(self.store.flush())
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.call(SET_RECORD_ASIDE, || self.store.set_aside(key, damaged))
    }
}

impl<P: Policy, S: MetadataStore + ?Sized> Guarded<P, S> {
    /// Does an operation that puts records.
    fn put_all<'e>(
        &self,
        operation: Operation,
        entries: impl Iterator<Item = &'e Entry> + Clone,
        put: impl FnMut() -> Result<()>,
    ) -> Result<()> {
        let lengths = entries.map(|entry| entry.record.len() as u64);
        self.check(operation, lengths.clone().max().unwrap_or_default())?;
        self.call_with(operation, lengths.sum(), put)
    }

    /// Tells the policy which of `keys` have a record.
    fn records_found(&self, keys: &[Key], records: &[Option<Vec<u8>>]) {
        for (key, _) in keys.iter().zip(records).filter(|(_, record)| record.is_some()) {
            self.policy.found(Found::Record(key));
        }
    }
}
