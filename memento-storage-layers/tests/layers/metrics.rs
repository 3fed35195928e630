//! What is counted.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use memento::{
    DataStore, Digest, Entry, ErrorKind, Key, MemoryMetadataStore, MetadataStore, PutOptions,
    Source, Version,
};
use memento_storage_layers::{Guarded, Metrics};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};

use crate::name;
use crate::scripted::{Next, Scripted};

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
        counted.list(&memento::Filter::default(), None, 10).unwrap();
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
