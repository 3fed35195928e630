//! The methods of a store, each with what it is called with.

use std::io::Write as _;

use memento::storage::{
    DataStore, Entry, Filter, ListOptions, MetadataStore, Prefix, PutOptions, Replacement,
    Snapshot, Source,
};
use memento::{Error, Key, Version};

use crate::name;

/// A method, whether it changes what is in the store, and its error where it is called.
pub(super) struct Method<S: ?Sized> {
    pub(super) name: &'static str,
    pub(super) writes: bool,
    pub(super) call: fn(&S) -> Option<Error>,
}

pub(super) const DATA: &[Method<dyn DataStore>] = &[
    Method { name: "get", writes: false, call: |store| store.get(&name("a")).err() },
    Method { name: "put", writes: true, call: |store| store.put(&name("a"), b"content").err() },
    Method { name: "remove", writes: true, call: |store| store.remove(&name("a")).err() },
    Method {
        name: "list",
        writes: false,
        call: |store| store.list(&Prefix::root(), &ListOptions::default()).err(),
    },
    Method {
        name: "put_with",
        writes: true,
        call: |store| store.put_with(&name("a"), b"content", &PutOptions::default()).err(),
    },
    Method {
        name: "append",
        writes: true,
        call: |store| store.append(&name("a"), b"content").err(),
    },
    Method { name: "copy", writes: true, call: |store| store.copy(&name("a"), &name("b")).err() },
    Method { name: "put_from", writes: true, call: |store| put_from(store) },
    Method { name: "create", writes: true, call: |store| create(store) },
    Method { name: "read", writes: false, call: |store| store.read(&name("a")).err() },
    Method {
        name: "get_range",
        writes: false,
        call: |store| store.get_range(&name("a"), 0..1).err(),
    },
    Method { name: "properties", writes: false, call: |store| store.properties(&name("a")).err() },
    Method {
        name: "get_many",
        writes: false,
        call: |store| store.get_many(&[name("a")]).pop()?.err(),
    },
    Method {
        name: "put_many",
        writes: true,
        call: |store| store.put_many(&[(name("a"), b"content")]).pop()?.err(),
    },
    Method {
        name: "remove_many",
        writes: true,
        call: |store| store.remove_many(&[name("a")]).pop()?.err(),
    },
    Method {
        name: "contains",
        writes: false,
        call: |store| store.contains(&[name("a")]).pop()?.err(),
    },
    Method { name: "snapshot", writes: true, call: |store| store.snapshot(&name("a")).err() },
    Method {
        name: "list_snapshots",
        writes: false,
        call: |store| store.list_snapshots(&name("a")).err(),
    },
    Method {
        name: "read_snapshot",
        writes: false,
        call: |store| store.read_snapshot(&name("a"), &snapshot()).err(),
    },
    Method {
        name: "remove_snapshot",
        writes: true,
        call: |store| store.remove_snapshot(&name("a"), &snapshot()).err(),
    },
    Method {
        name: "create_namespace",
        writes: true,
        call: |store| store.create_namespace(&name("a").namespace()).err(),
    },
    Method { name: "list_namespaces", writes: false, call: |store| store.list_namespaces().err() },
    Method {
        name: "has_namespace",
        writes: false,
        call: |store| store.has_namespace(&name("a").namespace()).err(),
    },
    Method {
        name: "remove_namespace",
        writes: true,
        call: |store| store.remove_namespace(&name("a").namespace()).err(),
    },
    Method { name: "ping", writes: false, call: |store| store.ping().err() },
    Method { name: "info", writes: false, call: |store| store.info().err() },
    Method { name: "url", writes: false, call: |store| store.url(&name("a")).err() },
    Method { name: "set_aside", writes: true, call: |store| store.set_aside(&name("a")).err() },
];

pub(super) const METADATA: &[Method<dyn MetadataStore>] = &[
    Method { name: "get", writes: false, call: |store| store.get(&key()).err() },
    Method { name: "get_many", writes: false, call: |store| store.get_many(&[key(), key()]).err() },
    Method {
        name: "stream",
        writes: false,
        call: |store| store.stream(&[key(), key()], &mut |_| {}).err(),
    },
    Method {
        name: "get_levels",
        writes: false,
        call: |store| store.get_levels(vec![key()], &mut |_| vec![]).err(),
    },
    Method { name: "get_each", writes: false, call: |store| store.get_each(&[key(), key()]).err() },
    Method { name: "put", writes: true, call: |store| store.put(&[entry()]).err() },
    Method {
        name: "replace",
        writes: true,
        call: |store| store.replace(&[Replacement { seen: vec![1], entry: entry() }]).err(),
    },
    Method { name: "remove", writes: true, call: |store| store.remove(&key()).err() },
    Method { name: "forget", writes: true, call: |store| store.forget(&entry()).err() },
    Method {
        name: "remove_all",
        writes: true,
        call: |store| store.remove_all(&Filter::default()).err(),
    },
    Method {
        name: "list",
        writes: false,
        call: |store| store.list(&Filter::default(), None, 1).err(),
    },
    Method { name: "versions", writes: false, call: |store| store.versions("f", 1).err() },
    Method { name: "try_claim", writes: false, call: |store| store.try_claim(&key()).err() },
    Method { name: "set_aside", writes: true, call: |store| store.set_aside(&key(), b"").err() },
];

fn snapshot() -> Snapshot {
    Snapshot::new("one").unwrap()
}

fn put_from(store: &dyn DataStore) -> Option<Error> {
    let mut content = &b"content"[..];
    store.put_from(&name("a"), &mut Source::new(&mut content), &PutOptions::default()).err()
}

/// Where an object can be begun, as in memory, it cannot be kept.
fn create(store: &dyn DataStore) -> Option<Error> {
    let mut staged = match store.create() {
        Ok(staged) => staged,
        Err(error) => return Some(error),
    };
    staged.write_all(b"content").unwrap();
    staged.keep(&name("a"), &PutOptions::default()).err()
}

pub(super) fn key() -> Key {
    Key::from_bytes([1; 32])
}

pub(super) fn entry() -> Entry {
    Entry {
        key: key(),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![1],
    }
}
