//! What holds for each method of a store.

use std::io::{Read, Write as _};
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use memento::{
    Claim, DataStore, Entry, Error, ErrorKind, Filter, Key, ListOptions, Listing, MetadataStore,
    Name, Namespace, Page, Prefix, Properties, PutOptions, Replacement, Result, Snapshot, Source,
    StoreInfo, Version,
};
use memento_storage_layers::{Guarded, ReadOnly, TimeLimit};

use crate::name;

/// A store that does nothing but note what it is asked, and that hangs meanwhile where it is to.
#[derive(Debug, Default)]
struct Idle {
    asked: Mutex<Vec<&'static str>>,
    hangs: Mutex<bool>,
    goes_on: Condvar,
}

impl Idle {
    fn asked<T>(&self, method: &'static str) -> Result<T> {
        self.asked.lock().unwrap().push(method);
        let hangs = self.hangs.lock().unwrap();
        drop(self.goes_on.wait_while(hangs, |hangs| *hangs).unwrap());
        Err(Error::new(ErrorKind::Storage, "do what was asked"))
    }

    fn hang(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.goes_on.notify_all();
    }

    /// What it was asked since this was asked last.
    fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// A method, whether it changes what is in the store, and its error where it is called.
struct Method<S: ?Sized> {
    name: &'static str,
    writes: bool,
    call: fn(&S) -> Option<Error>,
}

const DATA: &[Method<dyn DataStore>] = &[
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

const METADATA: &[Method<dyn MetadataStore>] = &[
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

impl DataStore for Idle {
    fn get(&self, _: &Name) -> Result<Option<Vec<u8>>> {
        self.asked("get")
    }
    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        self.asked("put")
    }
    fn remove(&self, _: &Name) -> Result<bool> {
        self.asked("remove")
    }
    fn list(&self, _: &Prefix, _: &ListOptions) -> Result<Listing> {
        self.asked("list")
    }
    fn put_with(&self, _: &Name, _: &[u8], _: &PutOptions) -> Result<bool> {
        self.asked("put_with")
    }
    fn append(&self, _: &Name, _: &[u8]) -> Result<()> {
        self.asked("append")
    }
    fn copy(&self, _: &Name, _: &Name) -> Result<bool> {
        self.asked("copy")
    }
    fn put_from(&self, _: &Name, _: &mut Source<'_>, _: &PutOptions) -> Result<bool> {
        self.asked("put_from")
    }
    fn read(&self, _: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked("read")
    }
    fn get_range(&self, _: &Name, _: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.asked("get_range")
    }
    fn properties(&self, _: &Name) -> Result<Option<Properties>> {
        self.asked("properties")
    }
    fn get_many(&self, asked: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        asked.iter().map(|_| self.asked("get_many")).collect()
    }
    fn put_many(&self, asked: &[(Name, &[u8])]) -> Vec<Result<()>> {
        asked.iter().map(|_| self.asked("put_many")).collect()
    }
    fn remove_many(&self, asked: &[Name]) -> Vec<Result<bool>> {
        asked.iter().map(|_| self.asked("remove_many")).collect()
    }
    fn contains(&self, asked: &[Name]) -> Vec<Result<bool>> {
        asked.iter().map(|_| self.asked("contains")).collect()
    }
    fn snapshot(&self, _: &Name) -> Result<Option<Snapshot>> {
        self.asked("snapshot")
    }
    fn list_snapshots(&self, _: &Name) -> Result<Vec<Snapshot>> {
        self.asked("list_snapshots")
    }
    fn read_snapshot(&self, _: &Name, _: &Snapshot) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked("read_snapshot")
    }
    fn remove_snapshot(&self, _: &Name, _: &Snapshot) -> Result<bool> {
        self.asked("remove_snapshot")
    }
    fn create_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("create_namespace")
    }
    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.asked("list_namespaces")
    }
    fn has_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("has_namespace")
    }
    fn remove_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("remove_namespace")
    }
    fn ping(&self) -> Result<()> {
        self.asked("ping")
    }
    fn info(&self) -> Result<StoreInfo> {
        self.asked("info")
    }
    fn url(&self, _: &Name) -> Result<String> {
        self.asked("url")
    }
    fn set_aside(&self, _: &Name) -> Result<()> {
        self.asked("set_aside")
    }
}

impl MetadataStore for Idle {
    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
        self.asked("get")
    }
    fn get_many(&self, _: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.asked("get_many")
    }
    fn put(&self, _: &[Entry]) -> Result<()> {
        self.asked("put")
    }
    fn replace(&self, _: &[Replacement]) -> Result<()> {
        self.asked("replace")
    }
    fn remove(&self, _: &Key) -> Result<bool> {
        self.asked("remove")
    }
    fn remove_all(&self, _: &Filter) -> Result<u64> {
        self.asked("remove_all")
    }
    fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
        self.asked("list")
    }
    fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
        self.asked("versions")
    }
    fn try_claim(&self, _: &Key) -> Result<Option<Claim>> {
        self.asked("try_claim")
    }
    fn set_aside(&self, _: &Key, _: &[u8]) -> Result<()> {
        self.asked("set_aside")
    }
    fn wait_for_claim(&self, _: &Key, _: Duration) {
        let _ = self.asked::<()>("wait_for_claim");
    }
}

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

fn key() -> Key {
    Key::from_bytes([1; 32])
}

fn entry() -> Entry {
    Entry {
        key: key(),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![1],
    }
}

/// What comes of `work`, unless that hangs.
fn in_time<T: Send + 'static>(method: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    let ended = receiver.recv_timeout(Duration::from_secs(10));
    ended.unwrap_or_else(|_| panic!("`{method}` is waited for without end"))
}

/// Calls each method of a store that hangs, behind a time limit of its own.
fn check_hanging<S: ?Sized + Send + 'static>(
    methods: &[Method<S>],
    limited: impl Fn(Arc<Idle>) -> Box<S>,
) {
    for method in methods {
        let idle = Arc::new(Idle::default());
        idle.hang(true);
        let (store, call) = (limited(Arc::clone(&idle)), method.call);
        let error = in_time(method.name, move || call(&*store)).expect(method.name);
        assert!(error.to_string().contains("took longer than 1ms"), "{}: {error}", method.name);
        idle.hang(false);
    }
}

#[test]
fn no_method_is_waited_for_longer_than_the_limit() {
    let limit = Duration::from_millis(1);
    check_hanging(DATA, |idle| Box::new(TimeLimit::new(limit, idle)));
    check_hanging(METADATA, |idle| Box::new(TimeLimit::new(limit, idle)));
    let idle = Arc::new(Idle::default());
    idle.hang(true);
    // It comes back, whatever the store makes of its limit.
    let limited = TimeLimit::new(limit, Arc::clone(&idle));
    in_time("wait_for_claim", move || limited.wait_for_claim(&key(), Duration::MAX));
    idle.hang(false);
}

/// Calls each method behind `ReadOnly`: what changes something is not asked of the store, and all else is.
fn check_read_only<S: ?Sized>(methods: &[Method<S>], store: &S, idle: &Idle) {
    for Method { name, writes, call } in methods {
        let kind = call(store).expect(name).kind();
        let expected = if *writes { ErrorKind::ReadOnly } else { ErrorKind::Storage };
        assert_eq!((kind, idle.take().is_empty()), (expected, *writes), "{name}");
    }
}

#[test]
fn nothing_that_changes_a_store_for_reading_only_is_asked_of_it() {
    let idle = Arc::new(Idle::default());
    let guarded = Guarded::new(ReadOnly, Arc::clone(&idle));
    check_read_only(DATA, &guarded as &dyn DataStore, &idle);
    check_read_only(METADATA, &guarded as &dyn MetadataStore, &idle);
    assert!(!DataStore::capabilities(&guarded).writable);
    assert!(!MetadataStore::capabilities(&guarded).writable);
}
