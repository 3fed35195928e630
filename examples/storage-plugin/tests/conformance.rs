//! The store keeps what data stores promise, and the plugin does what is said of it.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use memento::storage::{DataStore, ListOptions, Prefix};
use memento::{Environment, Name, memento};
// It is there because the program depends on it.
use memento_storage_fs as _;
use memento_storage_onefile::OneFileStore;
use rusqlite::Connection;

memento_testkit::data_store_suite!(
    DataStoreSuite::new(|folder| crate::open(&folder.join("results.sqlite"))).shared()
);

fn open(path: &Path) -> Arc<dyn DataStore> {
    Arc::new(OneFileStore::new(path))
}

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

/// Its result is too large for a record, and lives in the data store.
#[memento]
fn large(n: u8) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    vec![n; 300_000]
}

/// What a person would do: choose it in a configuration.
#[test]
fn the_plugin_is_chosen_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("memento.toml");
    let file = folder.path().join("of-mine.sqlite");
    let data = format!("data = {{ type = 'onefile', path = '{}' }}\n", file.display());
    let metadata = "metadata = { type = 'filesystem', path = 'mementos' }\n";
    fs::write(&configuration, format!("[storage]\n{data}{metadata}")).unwrap();
    for run in 1..=2 {
        // What a process is, as far as the storage can see: nothing is in its memory yet.
        let environment = Environment::load(&configuration).unwrap();
        assert_eq!(environment.enter(|| large(7)), vec![7; 300_000]);
        let statistics = environment.statistics();
        assert_eq!((RUNS.get(), statistics.hits(), statistics.store_failures), (1, run - 1, 0));
    }
    assert!(open(&file).info().unwrap().bytes > 300_000, "it is in the file that was named");
}

#[test]
fn an_option_that_it_does_not_have_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("memento.toml");
    fs::write(&configuration, "[storage]\ntype = 'onefile'\npath = 'x.sqlite'\nfile = 'x'\n")
        .unwrap();
    let opened = Environment::load(&configuration).and_then(|all| all.storage("").map(drop));
    let error = opened.unwrap_err().to_string();
    for part in ["memento.toml:4", "file", "`path`"] {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}

/// A file that is not there yet, or that another one has locked, is trouble of the store, and not of the program.
#[test]
fn where_the_file_cannot_be_opened_calls_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    let configuration = folder.path().join("memento.toml");
    let data = "data = { type = 'onefile', path = 'later/results.sqlite' }\n";
    let metadata = "metadata = { type = 'filesystem', path = 'mementos' }\n";
    fs::write(&configuration, format!("[storage]\n{data}{metadata}")).unwrap();
    let environment = Environment::load(&configuration).unwrap();
    RUNS.set(0);
    assert_eq!(environment.enter(|| large(8)), vec![8; 300_000]);
    assert_eq!(RUNS.get(), 1);
    assert!(environment.statistics().store_failures > 0);
    fs::create_dir(folder.path().join("later")).unwrap();
    assert_eq!(environment.enter(|| large(9)), vec![9; 300_000]);
    let store = open(&folder.path().join("later/results.sqlite"));
    assert!(store.info().unwrap().bytes > 300_000, "it is there by now");
}

#[test]
fn who_reads_waits_for_nobody_who_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.sqlite");
    let (store, name) = (open(&file), Name::new("a/b").unwrap());
    store.put(&name, b"content").unwrap();
    let writer = Connection::open(&file).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM objects").unwrap();
    assert_eq!(store.get(&name).unwrap().unwrap(), b"content");
    assert_eq!(store.list(&Prefix::root(), &ListOptions::default()).unwrap().len(), 1);
}

#[test]
fn what_is_no_name_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("results.sqlite");
    let store = open(&file);
    for name in ["a/b", "c/d", "d/e"] {
        store.put(&Name::new(name).unwrap(), b"content").unwrap();
    }
    let other = Connection::open(&file).unwrap();
    for foreign in ["", "a//x", "b", "c/", "\u{1}", "../x"] {
        other.execute("INSERT INTO objects VALUES (?1, x'00')", [foreign]).unwrap();
    }
    let listed = |options: ListOptions| store.list(&Prefix::root(), &options).unwrap();
    let names: Vec<_> =
        listed(ListOptions::default()).objects.into_iter().map(|o| o.name).collect();
    assert_eq!(names, ["a/b", "c/d", "d/e"].map(|name| Name::new(name).unwrap()));
    let level = listed(ListOptions::one_level());
    let folders = level.folders.iter().map(Prefix::as_str).collect::<Vec<_>>();
    assert_eq!((level.objects.len(), &folders[..]), (0, &["a", "c", "d"][..]));
}

#[test]
fn it_takes_under_150_lines() {
    let lines = include_str!("../src/lib.rs").lines().count();
    assert!(lines < 150, "{lines} lines");
}
