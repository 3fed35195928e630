//! What is counted.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use memento::storage::{
    DataStore, Entry, Filter, ListOptions, MemoryDataStore, MemoryMetadataStore, MetadataStore,
    Prefix, PutOptions, Source,
};
use memento::{Digest, Environment, ErrorKind, Key, LocalRunner, Storage, Version, memento};
use memento_storage_layers::{
    Breaker, Guarded, Keys, Metrics, Retry, Signing, TimeLimit, Transformed,
};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::scripted::{Next, Scripted};
use crate::{fails, name};

/// What a recorder has heard: counts by `metric kind operation`, and how many times of each operation it knows.
fn recorded(work: impl FnOnce()) -> (BTreeMap<String, u64>, BTreeMap<String, usize>) {
    let recorder = DebuggingRecorder::new();
    let heard = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let (mut counts, mut times) = (BTreeMap::new(), BTreeMap::new());
    for (key, unit, description, value) in heard.snapshot().into_vec() {
        assert!(unit.is_some() && description.is_some(), "{key:?} says what it is");
        let (_, key) = key.into_parts();
        let mut labels = key.labels();
        let mut label = |name: &str| {
            let label = labels.next().unwrap();
            assert_eq!(label.key(), name);
            label.value().to_owned()
        };
        assert_eq!(label("store"), "team");
        let of = format!("{} {}", label("kind"), label("operation"));
        let metric = key.name().strip_prefix("memento_store_").unwrap();
        match value {
            DebugValue::Counter(0) => {}
            DebugValue::Counter(count) => drop(counts.insert(format!("{metric} {of}"), count)),
            DebugValue::Histogram(values) => {
                assert_eq!(metric, "operation_duration_seconds");
                assert!(values.iter().all(|value| (0.0..60.0).contains(&value.into_inner())));
                times.insert(of, values.len());
            }
            DebugValue::Gauge(_) => panic!("there are none"),
        }
    }
    (counts, times)
}

fn expected(lines: &[(&str, u64)]) -> BTreeMap<String, u64> {
    lines.iter().map(|(line, count)| ((*line).to_owned(), *count)).collect()
}

#[test]
fn data_are_counted_exactly() {
    let fail = || Next::Fail(ErrorKind::Storage);
    let store = Scripted::new([]);
    let counted = Guarded::new(Metrics::data("team"), Arc::clone(&store));
    let (counts, times) = recorded(|| {
        counted.put(&name("a"), &[1; 100]).unwrap();
        assert!(!counted.put_if_absent(&name("a"), &[1; 10]).unwrap());
        assert!(counted.put_if_absent(&name("e"), &[1; 10]).unwrap());
        store.script.lock().unwrap().push_back(fail());
        counted.put(&name("b"), &[1; 1000]).unwrap_err();
        for text in ["a", "a", "b"] {
            counted.get(&name(text)).unwrap();
        }
        store.script.lock().unwrap().push_back(fail());
        counted.get(&name("a")).unwrap_err();
        store.script.lock().unwrap().push_back(Next::Fail(ErrorKind::Damaged));
        let many = counted.get_many(&["a", "a", "b"].map(name));
        assert!(many[0].is_err() && many[1].is_ok());
        let mut stream = counted.read(&name("a")).unwrap().unwrap();
        stream.read_exact(&mut [0; 30]).unwrap();
        let mut content = &[2; 40][..];
        let mut source = Source::new(&mut content);
        counted.put_from(&name("c"), &mut source, &PutOptions::default()).unwrap();
        let mut staged = counted.create().unwrap();
        staged.write_all(&[3; 50]).unwrap();
        staged.keep(&name("d"), &PutOptions::default()).unwrap();
        counted.contains(&["a", "x", "c"].map(name));
        counted.remove(&name("x")).unwrap();
        counted.properties(&name("x")).unwrap();
    });
    let all = [
        ("operations_total data put", 4),
        ("errors_total data put", 1),
        ("written_bytes_total data put", 110),
        ("operations_total data get", 4),
        ("hits_total data get", 2),
        ("misses_total data get", 1),
        ("errors_total data get", 1),
        ("read_bytes_total data get", 200),
        ("operations_total data get_many", 1),
        ("hits_total data get_many", 1),
        ("misses_total data get_many", 1),
        ("errors_total data get_many", 1),
        ("damaged_total data get_many", 1),
        ("read_bytes_total data get_many", 100),
        ("operations_total data read", 1),
        ("hits_total data read", 1),
        ("read_bytes_total data read", 30),
        ("operations_total data put_from", 1),
        ("written_bytes_total data put_from", 40),
        ("operations_total data create", 1),
        ("operations_total data keep", 1),
        ("written_bytes_total data keep", 50),
        ("operations_total data contains", 1),
        ("hits_total data contains", 2),
        ("misses_total data contains", 1),
        ("operations_total data remove", 1),
        ("operations_total data properties", 1),
        ("misses_total data properties", 1),
    ];
    assert_eq!(counts, expected(&all));
    for (of, count) in times {
        assert_eq!(counts[&format!("operations_total {of}")], count as u64);
    }
}

#[test]
fn records_are_counted_exactly() {
    let counted = Guarded::new(Metrics::metadata("team"), Arc::new(MemoryMetadataStore::default()));
    let entry = |number: u8| Entry {
        key: Key::from_bytes(*Digest::of(&[number]).as_bytes()),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![number; 10],
    };
    let (counts, _) = recorded(|| {
        counted.put(&[entry(1), entry(2)]).unwrap();
        counted.get(&entry(1).key).unwrap();
        counted.get_many(&[1, 2, 3].map(|number| entry(number).key)).unwrap();
        counted.list(&memento::storage::Filter::default(), None, 10).unwrap();
        assert!(counted.try_claim(&entry(1).key).unwrap().is_some());
    });
    let all = [
        ("operations_total metadata put", 1),
        ("written_bytes_total metadata put", 20),
        ("operations_total metadata get", 1),
        ("hits_total metadata get", 1),
        ("read_bytes_total metadata get", 10),
        ("operations_total metadata get_many", 1),
        ("hits_total metadata get_many", 2),
        ("misses_total metadata get_many", 1),
        ("read_bytes_total metadata get_many", 20),
        ("operations_total metadata list", 1),
        ("read_bytes_total metadata list", 20),
        ("operations_total metadata try_claim", 1),
    ];
    assert_eq!(counts, expected(&all));
}

/// What was counted of one kind of trouble.
fn only(counts: BTreeMap<String, u64>, metrics: &[&str]) -> BTreeMap<String, u64> {
    let is_asked_for = |line: &String| metrics.iter().any(|metric| line.starts_with(metric));
    counts.into_iter().filter(|(line, _)| is_asked_for(line)).collect()
}

#[test]
fn what_is_tried_again_and_breakers_that_open_are_counted() {
    let store = Scripted::new(fails(3 + 1 + 1));
    let limited = Arc::new(TimeLimit::new(Duration::MAX, Arc::clone(&store)));
    let breaker = Arc::new(Guarded::new(Breaker::new(4, Duration::ZERO), limited));
    let retry = Retry::default().attempts(3).first_pause(Duration::ZERO);
    let retried = Guarded::new(retry, Arc::clone(&breaker));
    let counted = Guarded::new(Metrics::data("team"), Arc::new(retried));
    let (counts, _) = recorded(|| {
        counted.get(&name("a")).unwrap_err();
        // It opens, and the probe fails, too; the next one succeeds.
        counted.get(&name("a")).unwrap();
        counted.get(&name("a")).unwrap();
        // What nobody has asked for through what counts is nothing that it did.
        store.script.lock().unwrap().extend(fails(4));
        for _ in 0..4 {
            breaker.get(&name("a")).unwrap_err();
        }
        counted.get(&name("a")).unwrap();
    });
    let all = [
        ("operations_total data get", 4),
        ("errors_total data get", 1),
        ("retries_total data get", 2 + 2),
        ("breaker_opened_total data get", 2),
    ];
    let metrics = ["operations_total", "errors_total", "retries_total", "breaker_opened_total"];
    assert_eq!(only(counts, &metrics), expected(&all));
}

/// A result that does not stand in its record.
#[memento]
fn large(n: u8) -> Vec<u8> {
    vec![n; 100_000]
}

#[test]
fn what_memento_finds_damaged_is_counted() {
    let (data, metadata) =
        (Arc::<MemoryDataStore>::default(), Arc::<MemoryMetadataStore>::default());
    let (counts, _) = recorded(|| {
        let counted = Storage::new(
            Guarded::new(Metrics::data("team"), Arc::clone(&data)),
            Guarded::new(Metrics::metadata("team"), Arc::clone(&metadata)),
        );
        let environment = Environment::new(counted.memory_cache(0), LocalRunner::new());
        let call = || environment.enter(|| assert!(large(7) == vec![7; 100_000]));
        call();
        let mut entries = metadata.list(&Filter::default(), None, 10).unwrap().entries;
        entries[0].record[0] ^= 1;
        metadata.put(&entries).unwrap();
        call();
        let contents = data.list(&Prefix::root(), &ListOptions::default()).unwrap().objects;
        let of_result = contents.iter().find(|object| object.size >= 100_000).unwrap();
        data.put(&of_result.name, &vec![8; 100_000]).unwrap();
        call();
        call();
    });
    let all = [("damaged_total data set_aside", 1), ("damaged_total metadata set_aside", 1)];
    assert_eq!(only(counts, &["damaged_total"]), expected(&all));
}

/// Also where it shows in the middle of a stream.
#[test]
fn what_a_layer_finds_damaged_is_counted() {
    let store = Arc::<MemoryDataStore>::default();
    let keys = Keys::new(["a key that everybody knows, as it stands here"]).unwrap();
    let signed = Transformed::new(Signing::new(keys), Arc::clone(&store));
    let counted = Guarded::new(Metrics::data("team"), Arc::new(signed));
    let (counts, _) = recorded(|| {
        counted.put(&name("a"), &vec![7; 1_000_000]).unwrap();
        let mut sealed = store.get(&name("a")).unwrap().unwrap();
        *sealed.last_mut().unwrap() ^= 1;
        store.put(&name("a"), &sealed).unwrap();
        counted.get(&name("a")).unwrap_err();
        let mut stream = counted.read(&name("a")).unwrap().unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap_err();
    });
    let all = [("damaged_total data get", 1), ("damaged_total data read", 1)];
    assert_eq!(only(counts, &["damaged_total"]), expected(&all));
}
