//! What was forgotten, refreshed or written to last is what counts, whatever is under way.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use memento::resource::{self, FileContent};
use memento::{Environment, ListOptions, LocalRunner, Prefix, Storage, memento};
use memento_storage_fs::Options;
use memento_tests::folder::Folder;
use memento_tests::memory;
use memento_tests::processes::wait_until;
use serde::{Deserialize, Serialize, Serializer};

/// What is outside of the program, and changes.
struct World {
    now: AtomicU64,
    runs: AtomicU64,
    is_open: AtomicBool,
}

impl World {
    const fn new() -> Self {
        Self { now: AtomicU64::new(1), runs: AtomicU64::new(0), is_open: AtomicBool::new(false) }
    }

    /// What a function sees that runs now.
    fn look(&self) -> u64 {
        self.begin().1
    }

    /// The number of a run that begins now, and what it sees. Who finds it counted may change the world.
    fn begin(&self) -> (u64, u64) {
        let seen = self.now.load(Ordering::SeqCst);
        (self.runs.fetch_add(1, Ordering::SeqCst) + 1, seen)
    }

    fn change(&self) {
        self.now.fetch_add(1, Ordering::SeqCst);
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
    }

    fn wait_until_open(&self) {
        wait_until("somebody opens", || self.is_open.load(Ordering::SeqCst));
    }
}

/// As long as another thread takes to begin to wait, most of the time; nothing is wrong where it does not.
fn take_a_while() {
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(20) {
        thread::yield_now();
    }
}

static QUICK: World = World::new();

#[memento]
fn quick(n: u64) -> u64 {
    n + QUICK.look()
}

#[test]
fn what_is_forgotten_in_the_middle_of_its_batch_stays_forgotten() {
    memory().enter(|| {
        let before = QUICK.runs();
        quick::for_each((0..100).map(|n| (n,)), |index, result| {
            assert!(result.is_ok());
            if index == 5 {
                assert!(quick::memento(5).unwrap().is_some(), "who asks for its record finds it");
                assert!(quick::forget(5).unwrap(), "it is there");
            }
        });
        assert_eq!(QUICK.runs() - before, 100);
        quick(5);
        assert_eq!(QUICK.runs() - before, 101);
    });
}

static SLOW: World = World::new();

/// 1 ends when somebody opens.
#[memento]
fn slow(n: u64) -> u64 {
    let seen = SLOW.look();
    if n == 1 {
        SLOW.wait_until_open();
    }
    seen
}

#[test]
fn what_is_refreshed_while_the_rest_of_its_batch_runs_is_not_replaced_by_it() {
    let place = tempfile::tempdir().unwrap();
    let storage = || memento_storage_fs::storage(&Options::new(place.path()));
    let environment = Environment::new(storage(), LocalRunner::with_threads(2).unwrap());
    thread::scope(|scope| {
        let batch = scope.spawn(|| environment.enter(|| slow::try_map([(0,), (1,)]).unwrap()));
        environment.enter(|| {
            assert_eq!(slow(0), 1, "this call, or the batch, has computed it");
            SLOW.change();
            assert_eq!(slow::with().refresh().call(0), 2);
        });
        SLOW.open();
        batch.join().unwrap();
    });
    Environment::new(storage(), LocalRunner::new()).enter(|| assert_eq!(slow(0), 2));
}

static OVERLAPPING: World = World::new();
static SECOND: World = World::new();

/// The first and the second run end when somebody opens.
#[memento]
fn overlapping(n: u64) -> u64 {
    let (run, seen) = OVERLAPPING.begin();
    match run {
        1 => OVERLAPPING.wait_until_open(),
        2 => SECOND.wait_until_open(),
        _ => {}
    }
    n + seen
}

/// A thread of a pool does not wait for one outside of it, so that runs of one key overlap: here three.
#[test]
fn what_is_refreshed_is_not_replaced_by_runs_that_began_before() {
    let place = tempfile::tempdir().unwrap();
    let storage = || memento_storage_fs::storage(&Options::new(place.path()));
    let environment = Environment::new(storage(), LocalRunner::new());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let refresh = || environment.enter(|| overlapping::with().refresh().call(0));
    let now = || {
        let elsewhere = Environment::new(storage(), LocalRunner::new());
        [environment.enter(|| overlapping(0)), elsewhere.enter(|| overlapping(0))]
    };
    thread::scope(|scope| {
        let outside = scope.spawn(|| environment.enter(|| overlapping(0)));
        wait_until("it runs", || OVERLAPPING.runs() == 1);
        let inside = scope.spawn(|| pool.install(|| environment.enter(|| overlapping(0))));
        wait_until("it runs in the pool, too", || OVERLAPPING.runs() == 2);
        OVERLAPPING.change();
        assert_eq!(pool.install(refresh), 2, "in the other thread of the pool");
        OVERLAPPING.open();
        assert_eq!(outside.join().unwrap(), 1);
        assert_eq!(now(), [2, 2]);
        OVERLAPPING.change();
        assert_eq!(refresh(), 3);
        SECOND.open();
        assert_eq!(inside.join().unwrap(), 1);
        assert_eq!(now(), [3, 3]);
    });
    assert_eq!(OVERLAPPING.runs(), 4);
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

static AWAITED: World = World::new();

#[memento]
fn awaited(n: u64) -> u64 {
    let seen = AWAITED.look();
    if seen == 1 {
        AWAITED.wait_until_open();
        take_a_while();
    }
    n + seen
}

/// What began before the world changed is not what a refreshing call asks for.
#[test]
fn a_refreshing_call_does_not_take_what_began_before_it() {
    let environment = memory();
    thread::scope(|scope| {
        let first = scope.spawn(|| environment.enter(|| awaited(0)));
        wait_until("it runs", || AWAITED.runs() == 1);
        AWAITED.change();
        AWAITED.open();
        assert_eq!(environment.enter(|| awaited::with().refresh().call(0)), 2);
        assert_eq!(first.join().unwrap(), 1);
        assert_eq!(environment.enter(|| awaited(0)), 2, "the later one stays");
    });
}

static READING: World = World::new();

#[memento]
fn reading(path: PathBuf) -> String {
    let text = resource::text(path).unwrap();
    if READING.look() == 1 {
        READING.wait_until_open();
        take_a_while();
    }
    text
}

/// Who has written to a file gets what it holds now, also from a call that others began before.
#[test]
fn who_waits_for_another_call_gets_no_result_of_what_was_there_before() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    fs::write(&path, "before").unwrap();
    let environment = memory();
    thread::scope(|scope| {
        let first = scope.spawn(|| environment.enter(|| reading(path.clone())));
        wait_until("it has read", || READING.runs() == 1);
        fs::write(&path, "since then").unwrap();
        READING.change();
        READING.open();
        assert_eq!(environment.enter(|| reading(path.clone())), "since then");
        assert_eq!(first.join().unwrap(), "before");
    });
}

static FORGETTING: World = World::new();

/// When the world has changed once, its own result is forgotten while it runs.
#[memento]
fn forgetting(path: PathBuf) -> String {
    let text = resource::text(&path).unwrap();
    if FORGETTING.look() == 2 {
        forgetting::forget(path).unwrap();
    }
    text
}

#[test]
fn what_is_forgotten_while_the_next_one_is_computed_does_not_come_back() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    let call = |text: &str| {
        fs::write(&path, text).unwrap();
        assert_eq!(forgetting(path.clone()), text);
        FORGETTING.runs()
    };
    memory().enter(|| {
        assert_eq!(call("one"), 1);
        FORGETTING.change();
        assert_eq!(call("other"), 2);
        assert_eq!(call("one"), 3, "that result was forgotten");
        FORGETTING.change();
        assert_eq!([call("other"), call("one")], [4, 4], "and these were not");
    });
}

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
