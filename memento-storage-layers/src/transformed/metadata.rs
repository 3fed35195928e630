//! A metadata store whose records are transformed.

use std::sync::Arc;
use std::time::Duration;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{ErrorKind, Key, Result, Version};

use super::Transformed;
use crate::policy::unless_of_all;
use crate::transform::opener::open;
use crate::transform::sealer::seal;
use crate::transform::{Subject, Transform};

impl<T: Transform, S: MetadataStore + ?Sized> Transformed<T, S> {
    fn open_record(&self, key: &Key, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&*self.transform, Subject::Record(*key), sealed)
            .map_err(|error| error.with("store", self.store.location()))
    }

    fn seal_entry(&self, entry: &Entry) -> Result<Entry> {
        let record = seal(&*self.transform, &Subject::Record(entry.key), &entry.record)?;
        Ok(Entry { record, function: entry.function.clone(), ..*entry })
    }

    /// The records of `keys`, of which the store had these.
    fn open_each<'a>(
        &'a self,
        keys: &'a [Key],
        found: impl IntoIterator<Item = Option<Vec<u8>>> + 'a,
    ) -> impl Iterator<Item = Result<Option<Vec<u8>>>> + 'a {
        let open = |(key, sealed): (_, Option<Vec<u8>>)| {
            sealed.map(|sealed| self.open_record(key, &sealed)).transpose()
        };
        keys.iter().zip(found).map(open)
    }

    /// Whether `sealed` is this record.
    fn is_sealed(&self, key: &Key, record: &[u8], sealed: &[u8]) -> Result<bool> {
        match self.open_record(key, sealed) {
            Ok(opened) => Ok(opened == record),
            Err(error) if error.kind() == ErrorKind::Damaged => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl<T: Transform, S: MetadataStore + ?Sized> MetadataStore for Transformed<T, S> {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self.store.get(key)?;
        found.map(|sealed| self.open_record(key, &sealed)).transpose()
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.open_each(keys, self.store.get_many(keys)?).collect()
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let open = |(sealed, key): (Result<Option<Vec<u8>>>, _)| {
            sealed?.map(|sealed| self.open_record(key, &sealed)).transpose()
        };
        let records = self.store.get_each(keys)?.into_iter().zip(keys).map(open);
        records.map(unless_of_all).collect()
    }

    /// What comes behind a record that cannot be opened is not handed over.
    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let (mut left, mut failed) = (keys, None);
        let ended = self.store.stream(keys, &mut |sealed| {
            let (arrived, rest) = left.split_at(left.len().min(sealed.len()));
            left = rest;
            if failed.is_none() {
                let opened = self.open_each(arrived, sealed);
                let whole = opened.map_while(|opened| opened.map_err(|e| failed = Some(e)).ok());
                take(whole.collect());
            }
        });
        failed.map_or(ended, Err)
    }

    fn get_levels(
        &self,
        mut keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        let mut failed = None;
        let ended = self.store.get_levels(keys.clone(), &mut |sealed| {
            let opened: Result<Vec<_>> = self.open_each(&keys, sealed).collect();
            keys = match opened {
                Ok(records) => next(records),
                Err(error) => {
                    failed = Some(error);
                    Vec::new()
                }
            };
            keys.clone()
        });
        failed.map_or(ended, Err)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        let sealed = entries.iter().map(|entry| self.seal_entry(entry));
        self.store.put(&sealed.collect::<Result<Vec<_>>>()?)
    }

    /// What was read is compared; what is replaced is what the store has for it.
    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let keys: Vec<Key> = replacements.iter().map(|replacement| replacement.entry.key).collect();
        let mut sealed = Vec::new();
        for (Replacement { seen, entry }, there) in
            replacements.iter().zip(self.store.get_many(&keys)?)
        {
            if let Some(there) = there
                && self.is_sealed(&entry.key, seen, &there)?
            {
                sealed.push(Replacement { seen: there, entry: self.seal_entry(entry)? });
            }
        }
        self.store.replace(&sealed)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }

    fn forget(&self, note: &Entry) -> Result<()> {
        self.store.forget(&self.seal_entry(note)?)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }

    /// Of records that are not what was put, there is none of the bytes, which could be those of a whole record that
    /// anybody has written: so whoever reads such an entry finds it damaged. To ask for it by its key says why.
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let mut page = self.store.list(filter, from, limit)?;
        for entry in &mut page.entries {
            entry.record = self.open_record(&entry.key, &entry.record).unwrap_or_else(|error| {
                // Whoever reads the entry says that it is damaged, and how often that is worth saying.
                tracing::debug!("{error}; it is listed without its bytes");
                Vec::new()
            });
        }
        Ok(page)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        self.store.try_claim(key)
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        self.store.wait_for_claim(key, limit);
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
        let tiers = self.store.tiers().into_iter();
        tiers.map(|(name, tier)| (name, Arc::new(self.tier(tier)) as _)).collect()
    }

    fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    /// What was read is compared; what is moved is what the store has for it. What could not be read stays: to whom it
    /// is good is not known here.
    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        match self.store.get(key)? {
            Some(there) if self.is_sealed(key, damaged, &there)? => {
                self.store.set_aside(key, &there)
            }
            _ => Ok(()),
        }
    }
}
