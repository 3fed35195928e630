//! Each method of a store is asked of it through each layer: what is provided in its place may ask for more.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use memento::storage::{DataStore, MetadataStore};
use memento_storage_layers::{Guarded, Keys, Retry, Signing, TimeLimit, Transformed};

use super::all::{DATA, METADATA, Method};
use super::idle::Idle;

/// Methods that ask nothing, or go by another one in every store; and those that a layer hands on with no word of its
/// own.
const OTHERS: [&str; 9] = [
    "location",
    "capabilities",
    "unsupported",
    "tiers",
    "flush",
    "wait_for_claim",
    "put_if_absent",
    "put_file",
    "get_to",
];

/// What a layer asks for in the place of some methods.
type Instead = &'static [(&'static str, &'static [&'static str])];

/// What a transform changes has another length, and is bound to its own name: so snapshots and namespaces are objects
/// that are put through it like all others.
const OF_TRANSFORMED: Instead = &[
    ("append", &[]),
    ("copy", &["read"]),
    ("create", &["put_from"]),
    ("get_range", &["properties"]),
    ("snapshot", &["read"]),
    ("list_snapshots", &["list"]),
    ("read_snapshot", &["read"]),
    ("remove_snapshot", &["remove"]),
    ("create_namespace", &["properties"]),
    ("info", &["list"]),
    ("url", &[]),
    ("set_aside", &["properties"]),
];

/// What was read is compared with what the store has for it.
const OF_TRANSFORMED_RECORDS: Instead = &[("replace", &["get_many"]), ("set_aside", &["get"])];

/// What is handed over by pieces cannot go to another thread and come back.
const OF_LIMITED: Instead = &[("create", &["put_from"])];

const OF_LIMITED_RECORDS: Instead = &[("stream", &["get_many"]), ("get_levels", &["get_many"])];

/// Has each method called, and compares what was asked of the store with what is called in its place.
fn check<S: ?Sized>(methods: &[Method<S>], instead: Instead, layer: &S, idle: &Idle) {
    for Method { name, call, .. } in methods {
        assert!(call(layer).is_some(), "{name}");
        let expected = instead.iter().find(|(method, _)| method == name);
        let expected = expected.map_or(std::slice::from_ref(name), |(_, asked)| asked);
        assert_eq!(idle.take(), expected, "{name}");
    }
}

fn signing() -> Signing {
    Signing::new(Keys::new(["0123456789abcdef0123456789abcdef"]).unwrap())
}

#[test]
fn what_is_asked_of_a_layer_is_asked_of_its_store() {
    let idle = Arc::new(Idle::default());
    let once = Retry::default().attempts(1);
    let guarded = Guarded::new(once, Arc::clone(&idle));
    check(DATA, &[], &guarded as &dyn DataStore, &idle);
    check(METADATA, &[], &guarded as &dyn MetadataStore, &idle);
    let limited = TimeLimit::new(Duration::from_mins(1), Arc::clone(&idle));
    check(DATA, OF_LIMITED, &limited as &dyn DataStore, &idle);
    check(METADATA, OF_LIMITED_RECORDS, &limited as &dyn MetadataStore, &idle);
    let transformed = Transformed::new(signing(), Arc::clone(&idle));
    check(DATA, OF_TRANSFORMED, &transformed as &dyn DataStore, &idle);
    check(METADATA, OF_TRANSFORMED_RECORDS, &transformed as &dyn MetadataStore, &idle);
}

#[test]
fn what_waits_is_waited_for_through_each_layer() {
    let idle = Arc::new(Idle::default());
    let check = |data: &dyn DataStore, metadata: &dyn MetadataStore| {
        assert!(data.flush().is_err() && metadata.flush().is_err());
        metadata.wait_for_claim(&super::key(), Duration::ZERO);
        assert_eq!(idle.take(), ["flush", "flush", "wait_for_claim"]);
    };
    let guarded = Guarded::new(Retry::default(), Arc::clone(&idle));
    check(&guarded, &guarded);
    let limited = TimeLimit::new(Duration::from_mins(1), Arc::clone(&idle));
    check(&limited, &limited);
    let transformed = Transformed::new(signing(), Arc::clone(&idle));
    check(&transformed, &transformed);
}

/// The names of the methods that a trait has in this file.
fn methods_in(file: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../memento/src/storage").join(file);
    let text = fs::read_to_string(path).unwrap();
    let (_, of_trait) = text.split_once("\npub trait ").unwrap();
    let (of_trait, _) = of_trait.split_once("\n}\n").unwrap();
    let names = of_trait.lines().filter_map(|line| line.strip_prefix("    fn "));
    names.map(|line| line.split(['(', '<']).next().unwrap().to_owned()).collect()
}

#[test]
fn no_method_of_a_store_is_left_out_here() {
    let check = |file: &str, known: Vec<&str>| {
        let known: BTreeSet<&str> = known.into_iter().chain(OTHERS).collect();
        let there = methods_in(file);
        assert!(there.len() > 15, "{there:?}");
        let missing: Vec<_> = there.iter().filter(|name| !known.contains(name.as_str())).collect();
        assert!(missing.is_empty(), "{missing:?}");
    };
    check("data.rs", DATA.iter().map(|method| method.name).collect());
    check("metadata.rs", METADATA.iter().map(|method| method.name).collect());
}
