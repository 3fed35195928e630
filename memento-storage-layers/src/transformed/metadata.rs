//! A metadata store whose records are transformed.

use std::sync::Arc;
use std::time::Duration;

use memento::{
    Capabilities, Claim, Entry, ErrorKind, Filter, Key, MetadataStore, Page, Result, Version,
};

use super::Transformed;
use crate::transform::opener::open;
use crate::transform::sealer::seal;
use crate::transform::{Subject, Transform};

impl<T: Transform, S: MetadataStore + ?Sized> Transformed<T, S> {
    fn open_record(&self, key: &Key, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.transform, Subject::Record(*key), sealed)
            .map_err(|error| error.with("store", self.store.location()))
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
        let found = self.store.get_many(keys)?.into_iter().zip(keys);
        let open = |sealed: Option<Vec<u8>>, key| {
            sealed.map(|sealed| self.open_record(key, &sealed)).transpose()
        };
        found.map(|(sealed, key)| open(sealed, key)).collect()
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        let seal = |entry: &Entry| {
            let record = seal(&self.transform, &Subject::Record(entry.key), &entry.record)?;
            Ok(Entry { record, function: entry.function.clone(), ..*entry })
        };
        self.store.put(&entries.iter().map(seal).collect::<Result<Vec<_>>>()?)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }

    /// Records that are not what was put are left out, and stay: to whom they are good is not known here.
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let Page { entries, next } = self.store.list(filter, from, limit)?;
        let mut opened = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.open_record(&entry.key, &entry.record) {
                Ok(record) => opened.push(Entry { record, ..entry }),
                Err(error) => tracing::warn!("{error}; it is left out of a list"),
            }
        }
        Ok(Page { entries: opened, next })
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
        self.store.tiers()
    }

    fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    /// What was read is compared; what is moved is what the store has for it.
    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        let Some(sealed) = self.store.get(key)? else { return Ok(()) };
        match self.open_record(key, &sealed) {
            Ok(record) if record == damaged => self.store.set_aside(key, &sealed),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == ErrorKind::Damaged => Ok(()),
            Err(error) => Err(error),
        }
    }
}
