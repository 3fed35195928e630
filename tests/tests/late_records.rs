//! Records that come and go between two looks.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use memento::resource::{self, Resource, Stamp, State};
use memento::runner::{Batch, Handover, Runner, Waited};
use memento::storage::{
    Entry, Filter, MemoryDataStore, MemoryMetadataStore, MetadataStore, Page, Replacement,
};
use memento::{Environment, Key, LocalRunner, Result, Storage, Version, memento};

static RUNS: AtomicU64 = AtomicU64::new(0);

#[memento]
fn leaf(n: u64) -> u64 {
    n
}

/// Takes so long that it is worth a claim.
#[memento]
fn sum(n: u64) -> u64 {
    RUNS.fetch_add(1, Ordering::SeqCst);
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2) {
        std::hint::spin_loop();
    }
    leaf(n) + 1
}

/// What is known now, whatever it was computed from.
#[memento]
fn latest(n: u64) -> u64 {
    n + LATEST.load(Ordering::SeqCst)
}

static LATEST: AtomicU64 = AtomicU64::new(1);

/// A table whose revision goes up, and whose rows stay the same.
struct Table;

static REVISION: AtomicU64 = AtomicU64::new(0);

impl Resource for Table {
    const KIND: &'static str = "table";

    fn name(&self) -> String {
        "the only one".to_owned()
    }

    fn from_name(_: &str) -> Result<Self> {
        Ok(Self)
    }

    fn state(&self) -> State {
        State::of(b"rows")
    }

    fn stamp(&self) -> Option<(Stamp, SystemTime)> {
        let revision = REVISION.load(Ordering::SeqCst);
        Some((Stamp::of(&revision.to_le_bytes()), SystemTime::UNIX_EPOCH))
    }
}

resource::register!(Table);

/// What is known now, whatever else there is in the table.
#[memento]
fn rows(n: u64) -> u64 {
    resource::observe(&Table).unwrap();
    n + ROWS.load(Ordering::SeqCst)
}

static ROWS: AtomicU64 = AtomicU64::new(1);

/// A store that does something, once, with a record that has been read and is not yet returned. Clones are the same
/// one.
#[derive(Clone, Debug, Default)]
struct Interrupted(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    store: MemoryMetadataStore,
    interlude: Mutex<Interlude>,
    reads: AtomicU64,
    replaced: AtomicU64,
}

#[derive(Default)]
struct Interlude(Option<Box<dyn FnOnce(Record) -> Record + Send>>);

type Record = Option<Vec<u8>>;

impl fmt::Debug for Interlude {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an interlude")
    }
}

impl Interrupted {
    /// A storage with an empty memory cache.
    fn storage(&self) -> Storage {
        Storage::new(MemoryDataStore::default(), self.clone())
    }

    fn environment(&self) -> Environment {
        Environment::new(self.storage(), LocalRunner::new())
    }

    /// Does something with the next record that is read.
    fn interrupt(&self, interlude: impl FnOnce(Record) -> Record + Send + 'static) {
        self.0.interlude.lock().unwrap().0 = Some(Box::new(interlude));
    }

    /// Does something with the record that is read when so many more have been.
    fn interrupt_after(
        &self,
        reads: u64,
        interlude: impl FnOnce(Record) -> Record + Send + 'static,
    ) {
        if reads == 0 {
            return self.interrupt(interlude);
        }
        let store = self.clone();
        self.interrupt(move |found| {
            store.interrupt_after(reads - 1, interlude);
            found
        });
    }

    /// Whether all that was to be done was done.
    fn was_interrupted(&self) -> bool {
        self.0.interlude.lock().unwrap().0.is_none()
    }

    /// How many records were asked for.
    fn reads(&self) -> u64 {
        self.0.reads.load(Ordering::SeqCst)
    }

    /// How many records were to be replaced.
    fn replaced(&self) -> u64 {
        self.0.replaced.load(Ordering::SeqCst)
    }
}

impl MetadataStore for Interrupted {
    fn get(&self, key: &Key) -> Result<Record> {
        self.0.reads.fetch_add(1, Ordering::SeqCst);
        let found = self.0.store.get(key)?;
        let interlude = self.0.interlude.lock().unwrap().0.take();
        Ok(match interlude {
            Some(interlude) => interlude(found),
            None => found,
        })
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.0.store.put(entries)
    }
    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.0.replaced.fetch_add(replacements.len() as u64, Ordering::SeqCst);
        self.0.store.replace(replacements)
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.0.store.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.0.store.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.0.store.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.store.versions(function, limit)
    }
}

/// Hands each call over, as a runner does that has worker processes, and makes it here.
#[derive(Debug)]
struct Handing;

impl Runner for Handing {
    fn name(&self) -> &'static str {
        "handing"
    }

    fn run(&self, batch: &dyn Batch) {
        for index in 0..batch.len() {
            let mut times = 0;
            loop {
                times += 1;
                assert!(times < 100, "call {index} is busy each time, and nobody makes it");
                match batch.request(index, false) {
                    Handover::Ended => break,
                    Handover::Busy => match batch.wait(index) {
                        Waited::Ended => break,
                        Waited::Free => {}
                        Waited::Alone => return batch.run_local(index),
                    },
                    Handover::Request(_) | Handover::Local => {
                        batch.put_back(index);
                        batch.run_local(index);
                        break;
                    }
                }
            }
        }
    }
}

/// What is in memory has to be verified again, since something was forgotten, and the record is not there when it is
/// looked for, but when it is claimed.
#[test]
fn a_record_that_comes_late_is_found_though_memory_has_one_that_is_to_be_verified() {
    let store = Interrupted::default();
    Environment::new(store.storage(), Handing).enter(|| {
        assert_eq!((sum(1), leaf(2)), (2, 2));
        assert!(leaf::forget(2).unwrap());
        store.interrupt(|_| None);
        assert_eq!(sum(1), 2);
    });
    assert!(store.was_interrupted(), "it was looked for");
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
}

/// Ways to ask for one result.
const ASK: [fn(); 3] = [
    || assert_eq!(leaf(1), 1),
    || assert_eq!(leaf::try_map([(1,)]).unwrap(), [1]),
    || leaf::for_each([(1,)], |_, result| assert_eq!(result.unwrap(), 1)),
];

#[test]
fn what_is_forgotten_while_it_is_read_does_not_come_back() {
    let one: fn() -> u64 = || leaf::forget(1).unwrap().into();
    for forget in [one, || leaf::forget_all().unwrap()] {
        for ask in ASK {
            let store = Interrupted::default();
            store.environment().enter(|| leaf(1));
            let environment = store.environment();
            let other = environment.clone();
            store.interrupt(move |found| {
                assert_eq!(other.enter(forget), 1);
                found
            });
            environment.enter(ask);
            assert!(store.was_interrupted());
            assert_eq!(environment.statistics().computed, 0, "it was there when it was read");
            environment.enter(ask);
            assert_eq!(environment.statistics().computed, 1, "and is forgotten");
        }
    }
}

#[test]
fn what_is_refreshed_while_it_is_read_is_the_last_word() {
    let store = Interrupted::default();
    store.environment().enter(|| assert_eq!(latest(1), 2));
    let environment = store.environment();
    let other = environment.clone();
    store.interrupt(move |found| {
        LATEST.store(2, Ordering::SeqCst);
        other.enter(|| assert_eq!(latest::with().refresh().call(1), 3));
        found
    });
    environment.enter(|| {
        assert_eq!(latest(1), 2, "it was there when it was read");
        assert_eq!(latest(1), 3);
    });
    assert_eq!(environment.statistics().computed, 1);
}

/// The results of a table with another revision and the same rows are written down in other words. The last record that
/// is read is the one that these are to replace.
#[test]
fn what_came_since_is_not_replaced_by_other_words() {
    let forget = || assert!(rows::forget(1).unwrap());
    let refresh = || {
        ROWS.store(2, Ordering::SeqCst);
        assert_eq!(rows::with().refresh().call(1), 3);
    };
    // How many records are read until a result is renewed, where something else happens before the last one.
    let renew = |store: &Interrupted, other: Option<(u64, fn())>| {
        ROWS.store(1, Ordering::SeqCst);
        store.environment().enter(|| assert_eq!(rows(1), 2));
        REVISION.fetch_add(1, Ordering::SeqCst);
        if let Some((reads, other)) = other {
            let environment = store.environment();
            store.interrupt_after(reads - 1, move |found| {
                environment.enter(other);
                found
            });
        }
        let (environment, before) = (store.environment(), store.reads());
        environment.enter(|| assert_eq!(rows(1), 2));
        assert_eq!(environment.statistics().computed, 0);
        assert!(store.was_interrupted());
        store.reads() - before
    };
    let plain = Interrupted::default();
    let reads = renew(&plain, None);
    assert_eq!(plain.replaced(), 1);

    // What is computed afterwards, and what comes of it.
    for (other, computed, value) in [(forget as fn(), 1, 2), (refresh, 0, 3)] {
        let store = Interrupted::default();
        renew(&store, Some((reads, other)));
        let environment = store.environment();
        environment.enter(|| assert_eq!(rows(1), value));
        assert_eq!(environment.statistics().computed, computed);
    }
}

/// Of a batch, each that has been computed may drop another one from a memory cache that is full.
#[test]
fn a_full_memory_cache_has_no_store_asked_twice() {
    let reads = |memory_cache: u64| {
        let store = Interrupted::default();
        let storage = store.storage().memory_cache(memory_cache);
        let environment = Environment::new(storage, LocalRunner::new());
        environment.enter(|| leaf::try_map((0..100).map(|n| (n,))).unwrap());
        assert_eq!(environment.statistics().computed, 100);
        store.reads()
    };
    let (with_room, full) = (reads(1 << 20), reads(2_000));
    // Keys share counts of changes; that two of so few do is rare.
    assert!(with_room.abs_diff(full) < 20, "{with_room} reads, and {full}");
}
