//! What policies refuse is said with the store that it is about: one of several fails, and the error says which.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::{DataStore, Entry, MemoryMetadataStore, PutOptions, Source};
use memento::{ErrorKind, Key, Result, Version};
use memento_storage_layers::{
    Breaker, Eviction, Faults, Guarded, Operation, Policy, ReadOnly, SizeLimit,
};

use crate::policies::retry;
use crate::scripted::{Next, Scripted};
use crate::{fails, name};

const STORE: &str = "(store: a://store)";

/// The message of an error.
#[track_caller]
fn said<T>(ended: Result<T>) -> String {
    ended.err().unwrap().to_string()
}

/// How often a message names a store.
fn names(message: &str) -> usize {
    message.matches("store: a://store").count()
}

/// Says that it is done, and does nothing.
#[derive(Debug)]
struct Idle;

impl Policy for Idle {
    fn run(&self, _: Operation, _: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        Ok(())
    }
}

#[test]
fn what_a_policy_refuses_names_the_store() {
    let breaker = Guarded::new(Breaker::new(1, Duration::MAX), Scripted::new(fails(1)));
    breaker.get(&name("a")).unwrap_err();
    assert!(said(breaker.get(&name("a"))).contains(STORE));
    for refused in breaker.get_many(&[name("a"), name("b")]) {
        assert!(said(refused).contains(STORE));
    }
    let read_only = Guarded::new(ReadOnly, Scripted::new([]));
    assert!(said(read_only.put(&name("a"), b"")).contains(STORE));
    assert!(said(read_only.remove_many(&[name("a")]).remove(0)).contains(STORE));
    let faults = Guarded::new(Faults::new(1.0, 1), Scripted::new([]));
    for _ in 0..20 {
        assert!(said(faults.get(&name("a"))).contains(STORE), "done or not");
    }
    let idle = Guarded::new(Idle, Scripted::new([]));
    assert!(said(idle.get(&name("a"))).contains(STORE));
    assert!(said(idle.get_many(&[name("a")]).remove(0)).contains(STORE));
}

/// It is named by each layer that adds something, and by no other.
#[test]
fn what_the_store_says_is_left_as_it_is() {
    let store = Scripted::new((0..9).map(|_| Next::Fail(ErrorKind::Storage)));
    let retried =
        Guarded::new(retry(), Arc::new(Guarded::new(Breaker::new(4, Duration::MAX), store)));
    assert_eq!(said(retried.get(&name("a"))), "cannot do what was asked");
    let message = said(retried.get(&name("a")));
    assert_eq!(names(&message), 1, "{message}");
}

/// In the order in which they are told.
const RAISE: [&str; 2] =
    ["raise `limit` of `size_limit`, or", "raise `max_size` of `eviction`, or"];

fn check_too_long(store: &dyn DataStore, raise: &str) {
    let long = [7; 11];
    let put_from = |total: Option<u64>| {
        let mut content = &long[..];
        let source = Source::new(&mut content);
        let mut source = if let Some(total) = total { source.total(total) } else { source };
        store.put_from(&name("a"), &mut source, &PutOptions::default())
    };
    let mut staged = store.create().unwrap();
    // A stream ends there.
    let _ = staged.write_all(&long);
    for message in [
        said(store.put(&name("a"), &long)),
        said(store.put_if_absent(&name("a"), &long)),
        said(store.append(&name("a"), &long)),
        said(store.put_many(&[(name("a"), &long)]).remove(0)),
        said(put_from(None)),
        said(put_from(Some(11))),
        said(staged.keep(&name("a"), &PutOptions::default())),
    ] {
        assert_eq!(names(&message), 1, "{message}");
        assert!(message.contains("limit: 10 bytes"), "{message}");
        assert!(message.contains(raise), "{message}");
    }
}

#[test]
fn what_is_too_long_names_the_store_and_the_limit() {
    let limited = Guarded::new(SizeLimit::new(10), Scripted::new([]));
    check_too_long(&limited, RAISE[0]);
    let metadata = Arc::new(MemoryMetadataStore::default());
    let stores = Stores { data: Scripted::new([]), metadata };
    let evicted = Eviction::new().max_size(10).around(stores);
    check_too_long(&*evicted.data, RAISE[1]);
    let entry = Entry {
        key: Key::from_bytes([1; 32]),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![7; 11],
    };
    let message = said(evicted.metadata.put(&[entry]));
    assert!(message.contains("store: ") && message.contains(RAISE[1]), "{message}");
}
