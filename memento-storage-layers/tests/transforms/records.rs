//! Records that are read together, one of which is not what was put.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use memento::storage::{Entry, Filter, MemoryMetadataStore, MetadataStore};
use memento::{ErrorKind, Key, Version};
use memento_storage_layers::{Signing, Transformed};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::signing;

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; 32])
}

fn entry(byte: u8) -> Entry {
    Entry {
        key: key(byte),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![byte],
    }
}

/// A store with five signed records, of which somebody has put the fourth without signing it.
fn one_forged() -> Transformed<Signing, MemoryMetadataStore> {
    let store = Arc::new(MemoryMetadataStore::default());
    let signed = Transformed::new(signing(), Arc::clone(&store));
    signed.put(&[0, 1, 2, 3, 4].map(entry)).unwrap();
    store.put(&[entry(3)]).unwrap();
    signed
}

const KEYS: [u8; 6] = [0, 1, 9, 3, 4, 2];

#[test]
fn the_others_are_found() {
    let store = one_forged();
    let keys = KEYS.map(key);
    let each = store.get_each(&keys).unwrap();
    let kinds = each.iter().map(|record| record.as_ref().err().map(memento::Error::kind));
    let damaged = Some(ErrorKind::Damaged);
    assert_eq!(kinds.collect::<Vec<_>>(), [None, None, None, damaged, None, None]);
    let whole = each.into_iter().map(|record| record.ok().flatten());
    let expected = [Some(0), Some(1), None, None, Some(4), Some(2)];
    assert_eq!(whole.collect::<Vec<_>>(), expected.map(|byte| byte.map(|byte: u8| vec![byte])));
    assert_eq!(store.get_many(&keys).unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn what_comes_before_it_is_handed_over() {
    let store = one_forged();
    let mut seen = Vec::new();
    let ended = store.stream(&KEYS.map(key), &mut |records| seen.extend(records));
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(seen, [Some(vec![0]), Some(vec![1]), None]);
    seen.clear();
    store.stream(&[key(4), key(2)], &mut |records| seen.extend(records)).unwrap();
    assert_eq!(seen, [Some(vec![4]), Some(vec![2])]);

    let mut levels = vec![vec![key(3)], vec![key(4), key(2)], vec![key(1)]];
    seen.clear();
    let ended = store.get_levels(vec![key(0)], &mut |records| {
        seen.extend(records);
        levels.pop().unwrap_or_default()
    });
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(seen, [0, 1, 4, 2].map(|byte| Some(vec![byte])));
}

/// Counts what is said to whoever runs the program.
struct Said(Arc<AtomicU64>);

impl Subscriber for Said {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Relaxed);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// With a wrong key, none can be opened, at each list again. Whoever reads the entries says so.
#[test]
fn a_list_says_nothing_by_itself() {
    let store = one_forged();
    let said = Arc::new(AtomicU64::new(0));
    let page = tracing::subscriber::with_default(Said(Arc::clone(&said)), || {
        store.list(&Filter::default(), None, 10).unwrap()
    });
    let empty = page.entries.iter().filter(|entry| entry.record.is_empty()).count();
    assert_eq!((page.entries.len(), empty, said.load(Relaxed)), (5, 1, 0));
}
