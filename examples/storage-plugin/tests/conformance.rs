//! The store keeps what data stores promise, and the plugin does what is said of it.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use memento::{DataStore, Environment, memento};
// It is there because the program depends on it.
use memento_storage_fs as _;
use memento_storage_onefile::OneFileStore;

memento_testkit::data_store_suite!(
    DataStoreSuite::new(|folder| crate::open(&folder.join("results.sqlite"))).shared()
);

fn open(path: &Path) -> Arc<dyn DataStore> {
    Arc::new(OneFileStore::open(path).expect("a store"))
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

#[test]
fn it_takes_under_150_lines() {
    let lines = include_str!("../src/lib.rs").lines().count();
    assert!(lines < 150, "{lines} lines");
}
