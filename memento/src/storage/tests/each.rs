//! Records that are asked for together, one of which the store itself finds damaged.

use super::{entry, key};
use crate::storage::{Entry, Filter, MemoryMetadataStore, MetadataStore, Page, entry_pages};
use crate::{Error, ErrorKind, Key, Result, Version};

/// A store that fails with this error for the second key, and for the second page, and has no better way for many.
#[derive(Debug)]
struct OneFails(MemoryMetadataStore, ErrorKind);

impl MetadataStore for OneFails {
    fn get(&self, asked: &Key) -> Result<Option<Vec<u8>>> {
        if *asked == key(2) {
            return Err(Error::new(self.1, "read a record"));
        }
        self.0.get(asked)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.0.put(entries)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.0.remove(key)
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.0.remove_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        match from {
            None => self.0.list(filter, from, limit),
            Some(_) => Err(Error::new(self.1, "list records")),
        }
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.versions(function, limit)
    }
}

#[test]
fn the_others_are_found_beside_one_that_fails_by_itself() {
    let asked = [1, 2, 9, 3].map(key);
    let each = |kind| {
        let store = OneFails(MemoryMetadataStore::default(), kind);
        store.put(&[1, 2, 3].map(|byte| entry(byte, "f", false, &[byte]))).unwrap();
        store.get_each(&asked)
    };
    for kind in [ErrorKind::Damaged, ErrorKind::NewerFormat] {
        let found = each(kind).unwrap().into_iter();
        let found: Vec<_> = found.map(|record| record.map_err(|error| error.kind())).collect();
        assert_eq!(found, [Ok(Some(vec![1])), Err(kind), Ok(None), Ok(Some(vec![3]))]);
    }
    assert_eq!(each(ErrorKind::Storage).unwrap_err().kind(), ErrorKind::Storage);
}

#[test]
fn pages_end_with_the_first_error() {
    let store = OneFails(MemoryMetadataStore::default(), ErrorKind::Storage);
    store.put(&[1, 2, 3].map(|byte| entry(byte, "f", false, &[byte]))).unwrap();
    let filter = Filter::default();
    let came =
        |limit| entry_pages(&store, &filter, limit).map(|page| page.map(|page| page.entries.len()));
    let came = |limit| came(limit).map(Result::ok).collect::<Vec<_>>();
    assert_eq!(came(2), [Some(2), None]);
    assert_eq!(came(3), [Some(3)]);
}
