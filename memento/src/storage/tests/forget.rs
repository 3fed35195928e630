//! Dropping results: what is left, and who is told.

use std::sync::Arc;
use std::time::Duration;

use super::{Entry, Filter, MetadataStore, Page, failed, of_function};
use crate::function::Function;
use crate::memento::{Arguments, Callee, Dependency, Provenance};
use crate::record::{self, EncodedValue, Head};
use crate::storage::{Capabilities, MemoryDataStore, MemoryMetadataStore, entry};
use crate::{
    Digest, Environment, Error, ErrorKind, Invocation, Key, LocalRunner, Result, Storage, Version,
};

static F: Function = function("p::f", 1);
/// The same function after an edit.
static F_EDITED: Function = function("p::f", 2);
static G: Function = function("p::g", 1);

const fn function(path: &'static str, version: u8) -> Function {
    Function {
        path,
        version: Version::from_bytes([version; 32]),
        code: crate::code::FunctionCode::NONE,
        is_async: false,
        arguments: &[],
        cluster: "",
        ttl: None,
        package_version: "1.2.3",
        file: "src/lib.rs",
        line: 1,
    }
}

fn invocation(byte: u8) -> Invocation {
    Invocation::from_bytes([byte; 32])
}

/// What stands for all invocations of a function.
fn all(function: &Function) -> Invocation {
    Invocation::from_bytes(*Digest::of(function.path().as_bytes()).as_bytes())
}

fn provenance(function: &Function) -> Provenance {
    let callee = Callee {
        function: "p::callee".to_owned(),
        invocation: invocation(9),
        version: Version::from_bytes([9; 32]),
        digest: Some(Digest::of(b"of the callee")),
    };
    Provenance {
        arguments: Some(Arguments::new(vec![0x1d, 0x08, 0x05, 0x00])),
        dependencies: vec![Dependency::Callee(callee)],
        total_time: Duration::from_nanos(77),
        ..Provenance::of_nothing(function)
    }
}

/// Puts the result of an invocation, or its error; the key.
fn put(storage: &Storage, function: &Function, byte: u8, error: Option<&str>) -> Key {
    let key = invocation(byte).key(&function.version());
    let value = EncodedValue { codec: "json", size: 1, inline: Some(b"7") };
    let head = Head {
        key,
        finished: u64::from(byte),
        digest: Digest::of(b"7"),
        took: 0,
        depends: false,
        provenance: Digest::of(b""),
        earlier: &[],
        is_earlier: false,
        error,
        value: error.is_none().then_some(value),
        outline: &[],
    };
    storage.metadata.put(&[entry(head, provenance(function)).unwrap()]).unwrap();
    key
}

/// Whether there is a note in the place of a result.
#[track_caller]
fn is_noted(storage: &Storage, key: &Key) -> bool {
    let Some(bytes) = storage.metadata.get(key).unwrap() else { return false };
    let (head, _) = record::open(key, &bytes).unwrap();
    assert_eq!(storage.memento(key).unwrap().is_none(), head.is_forgotten());
    head.is_forgotten()
}

/// The keys of the mementos that a list shows, in its order.
fn listed(storage: &Storage, filter: &Filter) -> Vec<Key> {
    let (mementos, next) = storage.list(filter, None, usize::MAX).unwrap();
    assert_eq!(next, None);
    mementos.iter().map(|memento| memento.key).collect()
}

#[test]
fn what_never_was_is_not_forgotten() {
    let storage = Storage::memory();
    let key = invocation(1).key(&F.version());
    assert!(!storage.forget_record(&key).unwrap());
    assert_eq!(storage.metadata.get(&key).unwrap(), None, "and nothing is noted");
    assert_eq!(storage.metadata.versions(F.path(), 10).unwrap(), []);
}

#[test]
fn a_forgotten_result_leaves_a_note_of_what_it_was_computed_from() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, None);
    assert!(storage.forget_record(&key).unwrap());
    assert!(is_noted(&storage, &key));
    let record = storage.metadata.get(&key).unwrap().unwrap();
    let (head, encoded) = record::open(&key, &record).unwrap();
    assert_eq!((head.finished, head.digest), (1, Digest::of(b"7")));
    assert_eq!((head.took, head.depends), (77, true));
    let kept = record::provenance(&head, encoded).unwrap();
    assert_eq!(kept.arguments, provenance(&F).arguments);
    assert_eq!(kept.dependencies, provenance(&F).dependencies);
    assert_eq!(storage.metadata.versions(F.path(), 10).unwrap(), [F.version()]);
}

#[test]
fn what_is_forgotten_is_forgotten_once() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, None);
    assert_eq!([(); 3].map(|()| storage.forget_record(&key).unwrap()), [true, false, false]);
    assert!(is_noted(&storage, &key));
    put(&storage, &F, 1, None);
    assert!(!is_noted(&storage, &key));
    assert!(storage.forget_record(&key).unwrap(), "computed again, forgotten again");
}

#[test]
fn a_recorded_error_is_forgotten_as_a_result_is() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, Some("no such file"));
    assert_eq!(listed(&storage, &failed(true)), [key]);
    assert!(storage.forget_record(&key).unwrap());
    assert!(is_noted(&storage, &key));
    assert_eq!(storage.list(&failed(true), None, 10).unwrap().0, []);
    assert!(!storage.forget_record(&key).unwrap());
}

#[test]
fn a_list_does_not_show_what_is_forgotten() {
    let storage = Storage::memory();
    let [a, b, c] = [1, 2, 3].map(|byte| put(&storage, &F, byte, None));
    let d = put(&storage, &G, 4, None);
    assert_eq!(listed(&storage, &Filter::default()), [d, c, b, a]);
    assert!(storage.forget_record(&b).unwrap());
    assert_eq!(listed(&storage, &Filter::default()), [d, c, a]);
    assert_eq!(listed(&storage, &of_function(F.path())), [c, a]);
    assert_eq!(storage.forget_records(&G, &all(&G)).unwrap(), 1);
    assert_eq!(listed(&storage, &Filter::default()), [c, a]);
    assert_eq!(listed(&storage, &of_function(G.path())), []);
    assert_eq!(storage.failures(), 0, "a note is not damaged");
}

#[test]
fn of_a_damaged_record_nothing_is_left() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, None);
    let record = storage.metadata.get(&key).unwrap().unwrap();
    // In its head, then in its provenance.
    for position in [40, record.len() - 1] {
        let mut record = record.clone();
        record[position] ^= 1;
        let (function, version) = (F.path().to_owned(), F.version());
        storage
            .metadata
            .put(&[Entry { key, function, version, failed: false, hidden: false, record }])
            .unwrap();
        assert!(storage.forget_record(&key).unwrap());
        assert_eq!(storage.metadata.get(&key).unwrap(), None);
        assert!(!storage.forget_record(&key).unwrap());
    }
}

#[test]
fn forgetting_all_drops_the_results_of_every_version_and_notes_it() {
    let storage = Storage::memory();
    let keys = [1, 2, 3].map(|byte| put(&storage, &F, byte, None));
    let edited = put(&storage, &F_EDITED, 1, Some("failed"));
    let other = put(&storage, &G, 4, None);
    assert_eq!(storage.forget_records(&F_EDITED, &all(&F_EDITED)).unwrap(), 4);
    for key in keys.iter().chain([&edited]) {
        assert_eq!(storage.metadata.get(key).unwrap(), None);
    }
    assert!(is_noted(&storage, &all(&F_EDITED).key(&F_EDITED.version())));
    assert!(storage.memento(&other).unwrap().is_some(), "others stay");
    let versions = [F_EDITED.version(), F.version()];
    assert_eq!(storage.metadata.versions(F.path(), 10).unwrap(), versions);
}

#[test]
fn forgetting_all_counts_results_and_not_its_own_note() {
    let storage = Storage::memory();
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 0);
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 0);
    put(&storage, &F, 1, None);
    put(&storage, &F, 2, None);
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 2);
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 0);
    assert!(is_noted(&storage, &all(&F).key(&F.version())));
}

#[test]
fn forgetting_all_does_not_count_what_was_forgotten_before() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, None);
    put(&storage, &F, 2, None);
    assert!(storage.forget_record(&key).unwrap());
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 1);
}

#[test]
fn forgetting_all_does_not_count_the_note_of_another_version() {
    let storage = Storage::memory();
    put(&storage, &F, 1, None);
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 1);
    put(&storage, &F_EDITED, 1, None);
    assert_eq!(storage.forget_records(&F_EDITED, &all(&F_EDITED)).unwrap(), 1);
}

/// Puts a new result in the place of the one of an invocation, which stays for the day on which it is valid again; the
/// key that the old one has from then on.
fn replace(storage: &Storage, key: &Key) -> Key {
    let record = storage.metadata.get(key).unwrap().unwrap();
    let (head, encoded) = record::open(key, &record).unwrap();
    let behind = record::set_behind(&head, encoded).unwrap();
    let ((earlier, record), keys) = (behind.record.unwrap(), behind.keys);
    let provenance = provenance(&F);
    let behind = Entry {
        key: earlier,
        function: provenance.function.clone(),
        version: provenance.version,
        failed: false,
        hidden: true,
        record,
    };
    let newer = entry(Head { earlier: &keys, digest: Digest::of(b"8"), ..head }, provenance);
    storage.metadata.put(&[behind, newer.unwrap()]).unwrap();
    earlier
}

#[test]
fn what_a_forgotten_result_took_the_place_of_goes_with_it() {
    let storage = Storage::memory();
    let (key, other) = (put(&storage, &F, 1, None), put(&storage, &F, 2, None));
    let earlier = replace(&storage, &key);
    assert!(storage.metadata.get(&earlier).unwrap().is_some());
    assert_eq!(storage.memento(&earlier).unwrap(), None);
    assert_eq!(listed(&storage, &Filter::default()), [key, other], "it is not listed");
    assert!(storage.forget_record(&key).unwrap());
    assert_eq!(storage.metadata.get(&earlier).unwrap(), None);
    assert!(is_noted(&storage, &key));
    assert_eq!(listed(&storage, &Filter::default()), [other]);
    let record = storage.metadata.get(&key).unwrap().unwrap();
    assert_eq!(record::open(&key, &record).unwrap().0.earlier_keys().count(), 0);
    assert!(!storage.forget_record(&key).unwrap());
}

#[test]
fn forgetting_all_does_not_count_what_results_took_the_place_of() {
    let storage = Storage::memory();
    let key = put(&storage, &F, 1, None);
    let earlier = replace(&storage, &key);
    assert_eq!(storage.forget_records(&F, &all(&F)).unwrap(), 1);
    assert_eq!(storage.metadata.get(&earlier).unwrap(), None);
}

/// A store of records that somebody else keeps.
#[derive(Debug)]
struct ReadOnly(Arc<MemoryMetadataStore>);

impl ReadOnly {
    fn refuse<T>() -> Result<T> {
        Err(Error::new(ErrorKind::ReadOnly, "write").because("it is open for reading only"))
    }
}

impl MetadataStore for ReadOnly {
    fn capabilities(&self) -> Capabilities {
        Capabilities::read_only()
    }
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }
    fn put(&self, _: &[Entry]) -> Result<()> {
        Self::refuse()
    }
    fn remove(&self, _: &Key) -> Result<bool> {
        Self::refuse()
    }
    fn remove_all(&self, _: &Filter) -> Result<u64> {
        Self::refuse()
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.0.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.versions(function, limit)
    }
}

#[test]
fn a_store_that_is_open_for_reading_refuses() {
    let records = Arc::new(MemoryMetadataStore::default());
    let data = Arc::new(MemoryDataStore::default());
    let storage = Storage::from_stores(data, Arc::clone(&records) as _);
    let key = put(&storage, &F, 1, None);
    let readonly = Storage::new(MemoryDataStore::default(), ReadOnly(records));
    assert_eq!(readonly.forget_record(&key).unwrap_err().kind(), ErrorKind::ReadOnly);
    assert_eq!(readonly.forget_records(&F, &all(&F)).unwrap_err().kind(), ErrorKind::ReadOnly);
    assert!(readonly.memento(&key).unwrap().is_some(), "it stays");
    let never = invocation(2).key(&F.version());
    assert!(!readonly.forget_record(&never).unwrap(), "nothing there, nothing to write");
}

/// A worker is told what was done by the store of its parent.
#[test]
fn what_cannot_be_forgotten_is_said_in_a_worker_too() {
    let records = Arc::new(MemoryMetadataStore::default());
    let data = Arc::new(MemoryDataStore::default());
    let storage = Storage::from_stores(data, Arc::clone(&records) as _);
    let key = put(&storage, &F, 1, None);
    let in_worker = |parent: Storage| {
        let environment = Environment::new(parent, LocalRunner::new());
        Storage::from(crate::worker::stores_of(&environment, "").unwrap())
    };
    let readonly = Storage::new(MemoryDataStore::default(), ReadOnly(Arc::clone(&records)));
    let refused = in_worker(readonly).forget_record(&key).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ReadOnly);
    assert!(storage.memento(&key).unwrap().is_some(), "it stays");
    assert!(in_worker(storage).forget_record(&key).unwrap());
    let there = Storage::from_stores(Arc::new(MemoryDataStore::default()), records);
    assert!(is_noted(&there, &key));
}
