use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::Environment;
use crate::cluster::Cluster;
use crate::configuration::{ClusterOptions, Configuration, Options};
use crate::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, MemoryMetadataStore, Prefix,
};
use crate::{ErrorKind, LocalRunner, Name, Result, Storage};

/// An environment whose configuration has these clusters.
fn configured(clusters: impl IntoIterator<Item = (&'static str, ClusterOptions)>) -> Environment {
    let clusters: BTreeMap<_, _> =
        clusters.into_iter().map(|(name, options)| (name.to_owned(), options)).collect();
    let configuration = Configuration {
        storage: Options::new().with("type", "memory"),
        runner: Options::new(),
        clusters,
        file: Some("/project/memento.toml".into()),
    };
    Environment::with(Some(configuration), OnceLock::new())
}

fn options(storage: Option<&str>, runner: Option<&str>) -> ClusterOptions {
    let choose = |name| Options::new().with("type", name);
    ClusterOptions { storage: storage.map(choose), runner: runner.map(choose) }
}

#[test]
fn a_cluster_shares_what_it_has_none_of() {
    let environment = configured([
        ("empty", options(None, None)),
        ("stored", options(Some("memory"), None)),
        ("run", options(None, Some("null"))),
    ]);
    let shared = environment.cluster("").unwrap();
    let empty = environment.cluster("empty").unwrap();
    assert!(Arc::ptr_eq(&empty.storage, &shared.storage));
    assert!(Arc::ptr_eq(&empty.runner, &shared.runner));
    let stored = environment.cluster("stored").unwrap();
    assert!(!Arc::ptr_eq(&stored.storage, &shared.storage));
    assert!(Arc::ptr_eq(&stored.runner, &shared.runner));
    let run = environment.cluster("run").unwrap();
    assert!(Arc::ptr_eq(&run.storage, &shared.storage));
    assert_eq!(run.runner.name(), "null");
    assert!(Arc::ptr_eq(&stored, &environment.cluster("stored").unwrap()));
}

#[test]
fn a_cluster_that_the_configuration_does_not_name_is_refused() {
    let environment = configured([("a", options(None, None)), ("b", options(None, None))]);
    for _ in 0..2 {
        let error = environment.cluster("c").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert_eq!(
            error.to_string(),
            "cannot find a cluster (cluster: c, in: /project/memento.toml): there is no such \
             cluster; the clusters here are `a`, `b`; add `[clusters.c]`"
        );
    }
}

#[test]
fn where_no_cluster_is_named_all_share() {
    let environment = configured([]);
    let shared = environment.cluster("").unwrap();
    for name in ["a", "b", "a"] {
        assert!(Arc::ptr_eq(&environment.cluster(name).unwrap(), &shared), "{name}");
    }
}

#[test]
fn where_a_program_names_no_cluster_all_share() {
    let environment = Environment::new(Storage::memory(), LocalRunner::new());
    let shared = environment.cluster("").unwrap();
    for name in ["a", "b", "a"] {
        assert!(Arc::ptr_eq(&environment.cluster(name).unwrap(), &shared), "{name}");
    }
}

#[test]
fn a_cluster_that_a_program_does_not_name_is_refused() {
    let environment = Environment::new(Storage::memory(), LocalRunner::new()).with_cluster(
        "a",
        Storage::memory(),
        LocalRunner::new(),
    );
    let shared = environment.cluster("").unwrap();
    assert!(!Arc::ptr_eq(&environment.cluster("a").unwrap().storage, &shared.storage));
    for unknown in ["b", "c"] {
        let message = environment.cluster(unknown).unwrap_err().to_string();
        let expected = format!(
            "cannot find a cluster (cluster: {unknown}, in: the program): there is no such \
             cluster; the clusters here are `a`; add `.with_cluster(\"{unknown}\", …)`"
        );
        assert_eq!(message, expected);
    }
}

#[test]
fn a_storage_is_opened_without_the_runner() {
    let environment = configured([
        ("plain", options(None, Some("nobody"))),
        ("stored", options(Some("null"), Some("nobody"))),
    ]);
    assert_eq!(environment.clusters(), ["plain", "stored"]);
    assert!(environment.storage("stored").is_err(), "there is no such runner");
    let writable = |cluster| environment.open_storage(cluster).unwrap().is_writable();
    assert_eq!(["", "plain", "stored"].map(writable), [true, true, false]);
    let error = environment.open_storage("other").unwrap_err().to_string();
    assert!(error.contains("the clusters here are `plain`, `stored`"), "{error}");
    let error = configured([]).open_storage("other").unwrap_err().to_string();
    assert!(error.contains("no cluster is named here; add `[clusters.other]`"), "{error}");
}

/// A store that counts how often it is flushed.
#[derive(Debug, Default)]
struct Flushed(MemoryDataStore, Arc<AtomicU64>);

impl DataStore for Flushed {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.list(prefix, options)
    }
    fn flush(&self) -> Result<()> {
        self.1.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn a_storage_that_clusters_share_is_flushed_once() {
    let flushed = Flushed::default();
    let count = Arc::clone(&flushed.1);
    let storage = Arc::new(Storage::new(flushed, MemoryMetadataStore::default()));
    let cluster = || {
        let runner = Arc::new(LocalRunner::new());
        Ok(Arc::new(Cluster::new(Arc::clone(&storage), runner)))
    };
    let environment = Environment::with(None, OnceLock::from(cluster()));
    environment.0.clusters.lock().extend(["a", "b"].map(|name| (name.to_owned(), cluster())));
    environment.flush().unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
}
