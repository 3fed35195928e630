//! What takes the place of a result, and what is left of that.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::plugin::Stores;
use memento::resource::{self, FileContent};
use memento::storage::{ListOptions, Prefix};
use memento::{Environment, LocalRunner, Storage, memento};
use memento_storage_fs::Options;
use memento_storage_layers::{Guarded, SizeLimit};
use memento_tests::folder::Folder;
use memento_tests::memory;
use serde::{Deserialize, Serialize, Serializer};

use super::World;

static GROWING: [World; 2] = [World::new(), World::new()];

/// In the world as it was first, it is short.
#[memento]
fn growing(n: usize) -> Vec<u8> {
    vec![0; if GROWING[n].look() == 1 { 10 } else { 100_000 }]
}

/// The memory cache keeps it no more than the store does what is too long for that.
#[test]
fn what_a_refresh_comes_to_takes_the_place_of_what_was_there_also_where_it_is_not_kept() {
    let small_cache = Storage::memory().memory_cache(10_000);
    let Stores { data, metadata } = Storage::memory().stores();
    let data = Arc::new(Guarded::new(SizeLimit::new(1000), data));
    let small_store = Storage::from(Stores { data, metadata }).memory_cache(0);
    for (n, (storage, runs)) in [(small_cache, 2), (small_store, 3)].into_iter().enumerate() {
        Environment::new(storage, LocalRunner::new()).enter(|| {
            assert_eq!(growing(n).len(), 10);
            GROWING[n].change();
            assert_eq!(growing::with().refresh().call(n).len(), 100_000);
            assert_eq!((growing(n).len(), GROWING[n].runs()), (100_000, runs));
        });
    }
}

static LONGER: [World; 2] = [World::new(), World::new()];

/// In the world as it was first, it is short; it always stands in its record.
#[memento]
fn longer(world: usize, n: u64) -> Vec<u8> {
    vec![0; if LONGER[world].look() == 1 || n == 0 { 10 } else { 12_000 }]
}

/// A record that the store does not take leaves none of before, and keeps no other one of its batch from being kept:
/// neither here nor in a worker, whose parent has the store.
#[test]
fn a_record_that_is_too_large_is_missing_alone() {
    let here = |stores: Stores| stores;
    let in_worker = |stores: Stores| {
        let parent = Environment::new(Storage::from(stores), LocalRunner::new());
        memento::worker::stores_of(&parent, "").unwrap()
    };
    for (world, place) in [here, in_worker].into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let limited = || {
            let Stores { data, metadata } =
                memento_storage_fs::storage(&Options::new(folder.path())).stores();
            let metadata = Arc::new(Guarded::new(SizeLimit::new(10_000), metadata));
            let storage = Storage::from(place(Stores { data, metadata })).memory_cache(0);
            Environment::new(storage, LocalRunner::new())
        };
        let lengths = |refresh: bool| {
            let before = LONGER[world].runs();
            let lengths = limited().enter(|| {
                let calls = (0..3).map(|n| (world, n));
                let results =
                    if refresh { longer::with().refresh().map(calls) } else { longer::map(calls) };
                results.into_iter().map(|result| result.unwrap().len()).collect::<Vec<_>>()
            });
            (lengths, LONGER[world].runs() - before)
        };
        assert_eq!(lengths(false), (vec![10; 3], 3));
        LONGER[world].change();
        assert_eq!(lengths(false), (vec![10; 3], 0));
        assert_eq!(lengths(true), (vec![10, 12_000, 12_000], 3));
        assert_eq!(lengths(false), (vec![10, 12_000, 12_000], 2), "0 was kept beside the others");
        let one = || limited().enter(|| longer(world, 1).len());
        assert_eq!((one(), LONGER[world].runs()), (12_000, 9), "its record of before is gone");
    }
}

static SOLD_OUT: World = World::new();

/// What can be had for how much, if it can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Price {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    cents: Option<u64>,
}

#[memento]
fn price(_n: u64) -> Price {
    Price { cents: Some(SOLD_OUT.look()).filter(|seen| *seen == 1) }
}

/// `bincode` would write no price as it writes the next field.
#[test]
fn what_a_refresh_cannot_write_down_takes_the_place_of_what_was_there() {
    memory().enter(|| {
        assert_eq!(price(0).cents, Some(1));
        SOLD_OUT.change();
        assert_eq!(price::with().refresh().call(0).cents, None);
        assert_eq!((price(0).cents, SOLD_OUT.runs()), (None, 3));
    });
}

static CLOSED: AtomicBool = AtomicBool::new(false);

/// What is forgotten when it is dropped; it cannot be written down where it is closed.
#[derive(Clone, Deserialize)]
struct Guard(u64);

impl Serialize for Guard {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if CLOSED.load(Ordering::SeqCst) {
            return Err(serde::ser::Error::custom("closed on purpose"));
        }
        serializer.serialize_newtype_struct("Guard", &self.0)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if CLOSED.load(Ordering::SeqCst) {
            guard::forget(self.0).unwrap();
        }
    }
}

#[memento]
fn guard(n: u64) -> Guard {
    Guard(n)
}

/// The `Drop` of a value may do anything: nothing is held that it could need.
#[test]
fn a_value_whose_drop_forgets_it_is_dropped() {
    memory().enter(|| {
        assert_eq!(guard(1).0, 1);
        CLOSED.store(true, Ordering::SeqCst);
        assert_eq!(guard::with().refresh().call(1).0, 1);
        assert!(guard::memento(1).unwrap().is_none());
    });
}

static BASE: World = World::new();

#[memento]
fn base(n: u64) -> u64 {
    n + BASE.look()
}

#[memento]
fn above(n: u64) -> u64 {
    base(n) + 100
}

/// Whoever is told of a new result finds it below all that was computed from the old one.
#[test]
fn callers_of_what_is_refreshed_see_it_at_once() {
    let _turn = BASE_TURN.lock();
    let nowhere = || Environment::new(Storage::null().memory_cache(1 << 20), LocalRunner::new());
    for environment in [memory(), nowhere()] {
        environment.enter(|| {
            let before = above(0);
            BASE.change();
            let mut seen = Vec::new();
            base::with().refresh().for_each((0..40).map(|n| (n,)), |index, _| {
                if index == 0 {
                    seen.push(above(0));
                }
            });
            assert_eq!((seen, above(0)), (vec![before + 1], before + 1));
            BASE.change();
            base::with().refresh().call(0);
            assert_eq!(above(0), before + 2);
        });
    }
}

static BASE_TURN: parking_lot::Mutex<()> = parking_lot::Mutex::new(());

static LENGTH: World = World::new();

#[memento]
fn length(log: FileContent) -> usize {
    log.read().unwrap().len()
}

/// The first time, somebody writes to the file while it runs.
#[memento]
fn twice_the_length(log: FileContent) -> usize {
    if LENGTH.look() == 1 {
        LENGTH.change();
        fs::write(log.path(), "another content").unwrap();
    }
    2 * length(log.clone())
}

#[test]
fn a_content_that_is_handed_on_is_the_one_that_the_key_was_made_of() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log");
    let call = |path: &Path| twice_the_length::try_call(FileContent::from(path));
    memory().enter(|| {
        fs::write(&path, "content").unwrap();
        let failed = call(&path).unwrap_err().to_string();
        assert!(failed.contains("written to since the function was called"), "{failed}");
        assert_eq!(call(&path).unwrap(), 30);
        fs::write(&path, "content").unwrap();
        assert_eq!(call(&path).unwrap(), 14);
    });
}

static LARGE: World = World::new();

#[memento]
fn large(n: u8) -> Vec<u8> {
    LARGE.look();
    vec![n; 100_000]
}

#[test]
fn a_result_that_is_to_be_there_is_looked_for() {
    let storage = Storage::memory().memory_cache(0);
    let data = storage.stores().data;
    Environment::new(storage, LocalRunner::new()).enter(|| {
        let ensure = || large::with().ignore_result(1).unwrap();
        ensure();
        ensure();
        assert_eq!(LARGE.runs(), 1);
        let digest = large::memento(1).unwrap().unwrap().outcome.digest;
        let results = Prefix::new("results").unwrap();
        let listed = data.list(&results, &ListOptions::default()).unwrap().objects;
        let is_its = |name: &memento::Name| name.result_digest() == Some(digest);
        let names = listed.into_iter().map(|object| object.name).filter(is_its);
        assert_eq!(names.map(|name| data.remove(&name).unwrap()).collect::<Vec<_>>(), [true]);
        ensure();
        assert_eq!(LARGE.runs(), 2);
        assert_eq!(large(1).len(), 100_000);
        assert_eq!(LARGE.runs(), 2);
    });
}

#[memento]
fn text_of(path: PathBuf) -> String {
    resource::text(path).unwrap()
}

/// What a result took the place of stays for as long as something leads to it.
#[test]
fn former_results_do_not_pile_up() {
    let (folder, place) = (Folder::new(), tempfile::tempdir().unwrap());
    let path = place.path().join("file");
    let records = || -> u32 {
        let count = "SELECT count(*) FROM mementos";
        folder.open_database().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let storage = memento_storage_fs::storage(&folder.options());
    Environment::new(storage, LocalRunner::new()).enter(|| {
        for n in 0..20 {
            fs::write(&path, n.to_string()).unwrap();
            assert_eq!(text_of(path.clone()), n.to_string());
        }
        assert_eq!(records(), 1 + 8);
        text_of::with().refresh().call(path.clone());
        assert_eq!(records(), 1);
    });
}

/// A number that nobody can write down, if it is 30.
#[derive(Clone, Deserialize)]
struct Number(u64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert_ne!(self.0, 30, "on purpose");
        serializer.serialize_newtype_struct("Number", &self.0)
    }
}

static NUMBERS: World = World::new();

#[memento]
fn number(n: u64) -> Number {
    NUMBERS.look();
    Number(n)
}

/// What the other calls of a batch have computed is recorded, also where one of them ends the batch by a panic.
#[test]
fn a_panic_while_a_result_is_encoded_loses_no_other_one() {
    let place = tempfile::tempdir().unwrap();
    let environment = || {
        let storage = memento_storage_fs::storage(&Options::new(place.path()));
        Environment::new(storage, LocalRunner::with_threads(1).unwrap())
    };
    let batch = || environment().enter(|| number::map((0..60).map(|n| (n,))).len());
    catch_unwind(AssertUnwindSafe(batch)).unwrap_err();
    let computed = NUMBERS.runs();
    assert!(computed > 1, "{computed}");
    let environment = environment();
    environment.enter(|| {
        let others = number::map((0..60).filter(|n| *n != 30).map(|n| (n,)));
        assert!(others.iter().all(Result::is_ok));
    });
    assert_eq!(environment.statistics().hits(), computed - 1, "all but the one that panicked");
}
