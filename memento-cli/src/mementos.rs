//! The records in a metadata store, which prove themselves.

use std::collections::HashSet;

use memento::storage::{Entry, Filter, MetadataStore, entry_pages};
use memento::{ErrorKind, Key, Result};

/// How many records are read and kept together.
pub(crate) const TOGETHER: usize = 256;

/// How many records a page of a list has.
const PAGE: usize = 1000;

/// The keys of the records that `filter` admits, in the order in which they were put, each behind those that it took
/// the place of.
pub(crate) fn keys(metadata: &dyn MetadataStore, filter: &Filter) -> Result<Vec<Key>> {
    let mut keys = Vec::new();
    for page in entry_pages(metadata, filter, PAGE) {
        for entry in page?.entries {
            keys.push(entry.key);
            // Of a damaged one it is not known; it is told when it is read.
            keys.extend(entry.earlier().unwrap_or_default());
        }
    }
    keys.reverse();
    Ok(keys)
}

/// The records of `keys`, each read or with what is wrong with it. Those that are gone are left out.
pub(crate) fn read(metadata: &dyn MetadataStore, keys: &[Key]) -> Result<Vec<Result<Entry>>> {
    let location = metadata.location();
    let read = |key: &Key, record| {
        Entry::read(key, record).map_err(|error| error.with("store", &location))
    };
    let entries = keys.iter().zip(metadata.get_each(keys)?);
    let entries = entries.filter_map(|(key, record)| match record {
        Ok(record) => Some(read(key, record?)),
        Err(error) => Some(Err(error)),
    });
    Ok(entries.collect())
}

/// Which of `entries` a store does not have. One that is damaged there, or was forgotten, is none; one of a newer
/// release, or that is too long to be read, is one, whatever it says.
pub(crate) fn missing(metadata: &dyn MetadataStore, entries: &[Entry]) -> Result<HashSet<Key>> {
    let keys: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
    let there = metadata.get_each(&keys)?;
    let is_there = |entry: &Entry, record: Result<Option<Vec<u8>>>| {
        let read =
            |record: Option<_>| record.map(|bytes| Entry::read(&entry.key, bytes)).transpose();
        match record.and_then(read) {
            Ok(found) => found.is_some_and(|found| entry.hidden || !found.hidden),
            Err(error) => error.kind() != ErrorKind::Damaged,
        }
    };
    let missing = entries.iter().zip(there).filter_map(|(entry, record)| {
        let is_there = is_there(entry, record);
        (!is_there).then_some(entry.key)
    });
    Ok(missing.collect())
}

/// Keeps those of `entries` that are not there, or that are others where `overwrites` says so; how many.
pub(crate) fn put(
    metadata: &dyn MetadataStore,
    mut entries: Vec<Entry>,
    overwrites: bool,
) -> Result<u64> {
    if !overwrites {
        let missing = missing(metadata, &entries)?;
        entries.retain(|entry| missing.contains(&entry.key));
    }
    if !entries.is_empty() {
        metadata.put(&entries)?;
    }
    Ok(entries.len() as u64)
}
