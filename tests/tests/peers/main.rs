//! What users of other systems rely on, one test for each thing, against real stores.
//!
//! The parts are in detail in the conformance suites and in the tests of each store; here is that they are there,
//! together.

mod asked;
mod lmcache;
mod scaler;
mod xt;

use std::cell::Cell;
use std::sync::Arc;

use memento::storage::{DataStore, MemoryDataStore};
use memento::{Environment, Name, memento};
use memento_storage_fs::FileDataStore;
// Nothing else of them is used: they are there because the program depends on them.
use memento_storage_layers as _;
use memento_storage_object::ObjectDataStore;
use memento_storage_redis::RedisDataStore;
use memento_storage_tiers as _;
use memento_tests::redis::RedisServer;
use memento_tests::s3::S3Server;
use tempfile::TempDir;

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

#[memento]
fn double(n: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    n * 2
}

/// A result that lives in the data store.
#[memento]
fn large(n: u8) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    vec![n; 300_000]
}

/// An environment with this `[storage]`, and no memory cache, and the folder that its file is in.
fn environment(storage: &str) -> memento::Result<(TempDir, Environment)> {
    let folder = TempDir::new().expect("a folder");
    let environment = in_folder(&folder, storage)?;
    Ok((folder, environment))
}

/// One more with its file in this folder.
fn in_folder(folder: &TempDir, storage: &str) -> memento::Result<Environment> {
    let file = folder.path().join("memento.toml");
    std::fs::write(&file, format!("[storage]\nmemory_cache = '0B'\n{storage}")).expect("a file");
    let environment = Environment::load(&file)?;
    environment.storage("")?;
    Ok(environment)
}

/// How many functions run for six calls, three of which have large results.
fn runs(environment: &Environment) -> u64 {
    RUNS.set(0);
    environment.enter(|| {
        for n in 0..3 {
            assert_eq!((double(n.into()), large(n)), (u64::from(n) * 2, vec![n; 300_000]));
        }
    });
    RUNS.get()
}

fn name(text: &str) -> Name {
    Name::new(text).expect("a name")
}

/// Does the same with a store of each kind.
fn with_each(work: impl Fn(&dyn DataStore)) {
    let folder = TempDir::new().expect("a folder");
    let prefix = folder.path().file_name().expect("it has one").to_string_lossy().into_owned();
    let redis = memento_storage_redis::Options::new(&RedisServer::shared().url());
    let redis = redis.expect("a URL").key_prefix(&prefix);
    let s3 = S3Server::start();
    let stores: [Arc<dyn DataStore>; 4] = [
        Arc::new(MemoryDataStore::default()),
        Arc::new(FileDataStore::new(&memento_storage_fs::Options::new(folder.path()))),
        Arc::new(RedisDataStore::new(&redis)),
        Arc::new(ObjectDataStore::new(&s3.options())),
    ];
    for store in stores {
        println!("{}", store.location());
        work(&*store);
    }
}
