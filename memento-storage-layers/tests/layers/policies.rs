//! What policies decide.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use memento::storage::{
    DataStore, Entry, Filter, MemoryMetadataStore, MetadataStore, Namespace, Page,
};
use memento::{Error, ErrorKind, Key, Result, Version};
use memento_storage_layers::{Faults, Guarded, Operation, Policy, ReadOnly, Retry};

use crate::scripted::{Next, Scripted};
use crate::{fails, name};

pub(crate) fn retry() -> Retry {
    Retry::default().first_pause(Duration::ZERO)
}

#[test]
fn what_fails_is_tried_again() {
    for (failures, asked, is_done) in [(0, 1, true), (1, 2, true), (2, 3, true), (3, 3, false)] {
        let store = Scripted::new(fails(failures));
        let retried = Guarded::new(retry(), Arc::clone(&store));
        let ended = retried.put(&name("a"), b"content");
        assert_eq!((ended.is_ok(), store.take()), (is_done, asked), "{failures} failures");
        assert_eq!(store.store.get(&name("a")).unwrap().is_some(), is_done);
    }
}

/// What was done and reported as failed is not done twice where that would show.
#[test]
fn what_cannot_be_repeated_is_tried_once() {
    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.append(&name("a"), b"once").is_err());
    assert_eq!((store.take(), retried.get(&name("a")).unwrap().unwrap()), (1, b"once".to_vec()));

    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.put_if_absent(&name("a"), b"mine").is_err());
    assert_eq!(store.take(), 1);

    // Who has made it would be told that somebody else has.
    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.create_namespace(&Namespace::new("mine").unwrap()).is_err());
    assert_eq!(store.take(), 1);

    let store = Scripted::new([Next::DoAndFail]);
    let retried = Guarded::new(retry(), Arc::clone(&store));
    retried.put(&name("a"), b"mine").unwrap();
    assert_eq!(store.take(), 2, "to put the same again is the same");
}

#[test]
fn what_was_dropped_and_reported_as_failed_was_there() {
    let store = Scripted::new([Next::DoAndFail]);
    store.store.put(&name("a"), b"content").unwrap();
    let retried = Guarded::new(retry(), Arc::clone(&store));
    assert!(retried.remove(&name("a")).unwrap());
    assert!(!retried.remove(&name("a")).unwrap(), "nothing has failed, and nothing is there");

    store.store.put(&name("b"), b"content").unwrap();
    store.script.lock().unwrap().push_back(Next::DoAndFail);
    let removed = retried.remove_many(&[name("b"), name("c")]);
    let removed: Vec<_> = removed.into_iter().map(Result::unwrap).collect();
    assert_eq!(removed, [true, false]);
}

/// Of many, those that failed are tried again, and no others.
#[test]
fn each_of_many_has_a_result_of_its_own() {
    let names: Vec<_> = ["a", "b", "c", "d"].map(name).into();
    let script = || [Next::Fail(ErrorKind::Storage), Next::Fail(ErrorKind::Damaged)];
    let store = Scripted::new(script());
    for name in &names {
        store.store.put(name, name.as_str().as_bytes()).unwrap();
    }
    let retried = Guarded::new(retry(), Arc::clone(&store));
    let found = retried.get_many(&names);
    assert_eq!(store.take(), 5, "four, and the first again");
    let kinds: Vec<_> = found.iter().map(|found| found.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::Damaged), None, None]);
    assert_eq!(found[0].as_ref().unwrap().as_deref(), Some(&b"test/a"[..]));

    let alone = Guarded::new(retry().attempts(1), Scripted::new(script()));
    let kinds: Vec<_> =
        alone.contains(&names).iter().map(|found| found.as_ref().err().map(Error::kind)).collect();
    assert_eq!(kinds, [Some(ErrorKind::Storage), Some(ErrorKind::Damaged), None, None]);
}

#[test]
fn a_store_for_reading_only_is_not_changed() {
    let store = Scripted::new([]);
    store.store.put(&name("a"), b"content").unwrap();
    let guarded = Guarded::new(ReadOnly, Arc::clone(&store));
    assert!(!guarded.capabilities().writable);
    assert_eq!(guarded.get(&name("a")).unwrap().unwrap(), b"content");
    let refused = [
        guarded.put(&name("a"), b"").unwrap_err(),
        guarded.remove(&name("a")).unwrap_err(),
        guarded.append(&name("a"), b"").unwrap_err(),
        guarded.copy(&name("a"), &name("b")).unwrap_err(),
        guarded.create().err().unwrap(),
        guarded.set_aside(&name("a")).unwrap_err(),
    ];
    assert!(refused.iter().all(|error| error.kind() == ErrorKind::ReadOnly), "{refused:?}");
    assert_eq!(store.take(), 1);
}

#[test]
fn so_many_operations_fail_on_purpose() {
    let run = |rate, seed| -> Vec<bool> {
        let store = Guarded::new(Faults::new(rate, seed), Scripted::new([]));
        (0..1000).map(|_| store.get(&name("a")).is_err()).collect()
    };
    let failed = |run: &[bool]| run.iter().filter(|failed| **failed).count();
    assert_eq!((failed(&run(0.0, 1)), failed(&run(1.0, 1))), (0, 1000));
    let some = run(0.1, 1);
    assert!((50..200).contains(&failed(&some)), "{}", failed(&some));
    assert_eq!(some, run(0.1, 1), "the same seed fails the same ones");
    assert_ne!(some, run(0.1, 2));
}

/// A policy of somebody else.
#[test]
fn a_policy_that_does_nothing_is_an_error() {
    #[derive(Debug)]
    struct Lazy;
    impl Policy for Lazy {
        fn run(&self, _: Operation, _: &mut dyn FnMut() -> Result<()>) -> Result<()> {
            Ok(())
        }
    }
    let store = Guarded::new(Lazy, Scripted::new([]));
    assert!(store.get(&name("a")).unwrap_err().to_string().contains("has not tried"));
    assert!(store.get_many(&[name("a")])[0].is_err());
}

/// A store that hands over the first level of each request, or the first record, and then fails, so many times.
#[derive(Debug)]
struct Interrupted {
    store: MemoryMetadataStore,
    times: Mutex<u32>,
}

impl MetadataStore for Interrupted {
    fn get_levels(&self, keys: Vec<Key>, next: &mut Levels<'_>) -> Result<()> {
        let mut times = self.times.lock().unwrap();
        if *times == 0 {
            return self.store.get_levels(keys, next);
        }
        *times -= 1;
        next(self.store.get_many(&keys)?);
        Err(Error::new(ErrorKind::Storage, "do what was asked"))
    }

    fn stream(&self, keys: &[Key], take: &mut Take<'_>) -> Result<()> {
        let mut times = self.times.lock().unwrap();
        if *times == 0 {
            return self.store.stream(keys, take);
        }
        *times -= 1;
        take(self.store.get_many(&keys[..1])?);
        Err(Error::new(ErrorKind::Storage, "do what was asked"))
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.store.get(key)
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.store.put(entries)
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.store.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
    }
}

type Levels<'a> = dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key> + 'a;
type Take<'a> = dyn FnMut(Vec<Option<Vec<u8>>>) + 'a;

impl Interrupted {
    fn new(times: u32) -> Self {
        Self { store: <_>::default(), times: Mutex::new(times) }
    }
}

#[test]
fn a_graph_that_is_interrupted_is_read_on_where_it_was() {
    for (times, is_whole) in [(0, true), (1, true), (2, true), (3, false)] {
        let store = Interrupted::new(times);
        let levels: Vec<Key> = (0..4).map(|level| Key::from_bytes([level; 32])).collect();
        let mut left = levels.iter().copied();
        let mut keys: Vec<Key> = left.by_ref().take(1).collect();
        let mut seen = Vec::new();
        let read =
            Guarded::new(retry(), Arc::new(store)).get_levels(keys.clone(), &mut |records| {
                assert_eq!(records.len(), 1);
                seen.append(&mut keys);
                keys = left.by_ref().take(1).collect();
                keys.clone()
            });
        assert_eq!(read.is_ok(), is_whole, "interrupted {times} times");
        let expected = if is_whole { &levels[..] } else { &levels[..3] };
        assert_eq!(seen, expected, "each level once");
    }
}

#[test]
fn a_batch_that_is_interrupted_is_read_on_where_it_was() {
    for (times, is_whole) in [(0, true), (1, true), (2, true), (3, false)] {
        let store = Interrupted::new(times);
        let entry = |byte: u8| Entry {
            key: Key::from_bytes([byte; 32]),
            function: "f".to_owned(),
            version: Version::from_bytes([0; 32]),
            failed: false,
            hidden: false,
            record: vec![byte],
        };
        let entries = [0, 1, 2, 3].map(entry);
        store.put(&entries).unwrap();
        let keys: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
        let mut seen = Vec::new();
        let read = Guarded::new(retry(), Arc::new(store))
            .stream(&keys, &mut |records| seen.extend(records.into_iter().flatten()));
        assert_eq!(read.is_ok(), is_whole, "interrupted {times} times");
        let expected = entries.into_iter().map(|entry| entry.record);
        let expected: Vec<_> = expected.take(if is_whole { 4 } else { 3 }).collect();
        assert_eq!(seen, expected, "each record once");
    }
}
