//! Where a property is checked.

use std::ops::Deref;
use std::sync::Arc;

use memento::storage::{Entry, Filter, MetadataStore};
use memento::{Digest, Key, Result, Version};
use tempfile::TempDir;

use super::MetadataStoreSuite;
use crate::suite::promised;

/// A store with nothing in it.
pub(super) struct Lab {
    store: Arc<dyn MetadataStore>,
    suite: MetadataStoreSuite,
    folder: TempDir,
}

impl Deref for Lab {
    type Target = dyn MetadataStore;

    fn deref(&self) -> &Self::Target {
        &*self.store
    }
}

impl Lab {
    pub(super) fn new(suite: &MetadataStoreSuite) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { store: (suite.make)(folder.path()), suite: suite.clone(), folder }
    }

    /// Another way to the same records, where there is one.
    pub(super) fn other(&self) -> Arc<dyn MetadataStore> {
        if self.suite.is_shared {
            (self.suite.make)(self.folder.path())
        } else {
            Arc::clone(&self.store)
        }
    }

    /// What another process has, which says so when it does not share the records with this one.
    #[track_caller]
    pub(super) fn of_another_process(&self) -> Arc<dyn MetadataStore> {
        promised(self.suite.is_shared, "two stores of one folder are two ways to it", || {
            "the suite does not say so: `.shared()`".to_owned()
        });
        self.other()
    }

    /// The same records, open for reading only, where that can be.
    pub(super) fn read_only(&self) -> Option<Arc<dyn MetadataStore>> {
        self.suite.read_only.as_ref().map(|make| make(self.folder.path()))
    }

    /// Puts entries together.
    #[track_caller]
    pub(super) fn keep(&self, entries: &[Entry]) {
        done(self.put(entries), "entries can be put");
    }

    /// Checks the record that is there for a key.
    #[track_caller]
    pub(super) fn holds(&self, promise: &str, number: u64, record: Option<&[u8]>) {
        let found = done(self.get(&key(number)), promise);
        promised(found.as_deref() == record, promise, || {
            format!("the record of key {number} is {found:?}, not {record:?}")
        });
    }

    /// The numbers of the keys of all pages of up to `limit`, of 1 where that is 0.
    #[track_caller]
    pub(super) fn listed(&self, filter: &Filter, limit: usize) -> Vec<u64> {
        let mut numbers = Vec::new();
        let mut from = None;
        for _ in 0..10_000 {
            let page = done(self.list(filter, from, limit), "entries can be listed");
            promised(
                page.entries.len() <= limit.max(1),
                "a page has no more than its limit",
                || format!("{} of at most {limit}", page.entries.len()),
            );
            numbers.extend(page.entries.iter().map(number));
            match page.next {
                None => return numbers,
                next => from = next,
            }
        }
        panic!("broken promise: a list comes to an end\nfound: it did not in 10,000 pages")
    }
}

/// The key with this number: random to all appearances, as keys are, but for its end.
pub(super) fn key(number: u64) -> Key {
    let mut bytes = *Digest::of(&number.to_be_bytes()).as_bytes();
    bytes[24..].copy_from_slice(&number.to_be_bytes());
    Key::from_bytes(bytes)
}

/// The number of the key of an entry.
fn number(entry: &Entry) -> u64 {
    let [.., a, b, c, d, e, f, g, h] = *entry.key.as_bytes();
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

pub(super) fn version(byte: u8) -> Version {
    Version::from_bytes([byte; 32])
}

/// An entry of `f`, with its number as its record.
pub(super) fn entry(number: u64) -> Entry {
    Entry {
        key: key(number),
        function: "f".to_owned(),
        version: version(0),
        failed: false,
        hidden: false,
        record: number.to_string().into_bytes(),
    }
}

pub(super) fn of_function(function: &str) -> Filter {
    Filter { function: Some(function.to_owned()), ..Filter::default() }
}

pub(super) fn failed(failed: bool) -> Filter {
    Filter { failed: Some(failed), ..Filter::default() }
}

/// The value of what has to succeed.
#[track_caller]
pub(super) fn done<T>(result: Result<T>, promise: &str) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("broken promise: {promise}\nfound: {error:?}"),
    }
}
