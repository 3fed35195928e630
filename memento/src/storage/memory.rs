//! Stores in the memory of this process: the reference for what every store does.

mod data;

use std::collections::{BTreeMap, HashMap};

use parking_lot::RwLock;

use super::{Capabilities, Entry, Filter, MetadataStore, Page, Replacement};
use crate::plugin::{DEFAULT_MEMORY_CACHE, StoragePlugin, Stores};
use crate::{Key, Result, Version};

pub use data::MemoryDataStore;

inventory::submit! {
    StoragePlugin {
        name: "memory",
        provided_by: "memento",
        schemes: &[],
        is_default: false,
        memory_cache: DEFAULT_MEMORY_CACHE,
        open: |_| Ok(Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default())),
    }
}

/// Records in memory.
#[derive(Debug, Default)]
pub struct MemoryMetadataStore {
    records: RwLock<Records>,
}

/// Entries by the order in which they were put, and where each key's entry is in that order.
#[derive(Debug, Default)]
struct Records {
    entries: BTreeMap<u64, Entry>,
    positions: HashMap<Key, u64>,
    next: u64,
    /// The versions of each function, in the order in which they came.
    versions: HashMap<String, Vec<Version>>,
}

impl Records {
    fn get(&self, key: &Key) -> Option<Vec<u8>> {
        self.entries.get(self.positions.get(key)?).map(|entry| entry.record.clone())
    }

    /// The entry of a key, as long as it has the record that was read.
    fn unchanged(&mut self, key: &Key, seen: &[u8]) -> Option<&mut Entry> {
        let entry = self.entries.get_mut(self.positions.get(key)?);
        entry.filter(|entry| entry.record == seen)
    }

    fn remove(&mut self, key: &Key) -> bool {
        let position = self.positions.remove(key);
        position.is_some_and(|position| self.entries.remove(&position).is_some())
    }
}

impl MetadataStore for MemoryMetadataStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default().conditional()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(self.records.read().get(key))
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        let mut records = self.records.write();
        for entry in entries {
            records.remove(&entry.key);
            let versions = records.versions.entry(entry.function.clone()).or_default();
            if !versions.contains(&entry.version) {
                versions.push(entry.version);
            }
            let position = records.next;
            records.next += 1;
            records.positions.insert(entry.key, position);
            records.entries.insert(position, entry.clone());
        }
        Ok(())
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let mut records = self.records.write();
        for Replacement { seen, entry } in replacements {
            if let Some(there) = records.unchanged(&entry.key, seen) {
                there.record.clone_from(&entry.record);
            }
        }
        Ok(())
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        Ok(self.records.write().remove(key))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        let mut records = self.records.write();
        let Records { entries, positions, .. } = &mut *records;
        let mut removed = 0;
        entries.retain(|_, entry| {
            let keep = !filter.admits(entry);
            if !keep {
                positions.remove(&entry.key);
                removed += u64::from(!entry.hidden);
            }
            keep
        });
        Ok(removed)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let records = self.records.read();
        let versions = records.versions.get(function).into_iter().flatten();
        Ok(versions.rev().take(limit).copied().collect())
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        let mut records = self.records.write();
        if records.unchanged(key, damaged).is_some() {
            records.remove(key);
        }
        Ok(())
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let records = self.records.read();
        let from = from.unwrap_or(u64::MAX);
        let mut admitted = (records.entries.range(..=from).rev())
            .filter(|(_, entry)| !entry.hidden && filter.admits(entry));
        let entries =
            admitted.by_ref().take(limit.max(1)).map(|(_, entry)| entry.clone()).collect();
        let next = admitted.next().map(|(position, _)| *position);
        Ok(Page { entries, next })
    }
}
