//! Storages that are kept within limits.

mod accounts;
mod faults;
mod limits;
mod meanwhile;
mod order;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use memento::plugin::Stores;
use memento::storage::{
    DataStore, Filter, ListOptions, MemoryDataStore, MemoryMetadataStore, MetadataStore, Object,
    Prefix,
};
use memento::{Environment, LocalRunner, Storage, memento};
use memento_storage_layers::Eviction;

/// What ran since somebody asked.
static RAN: Mutex<BTreeSet<u64>> = Mutex::new(BTreeSet::new());
/// What runs is noted for one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// What runs where all is found.
const NOTHING: [u64; 0] = [];

/// How long a result of [`long`] is, about.
const LONG: u64 = 10_000;

#[memento]
fn long(n: u64) -> String {
    RAN.lock().unwrap().insert(n);
    right(n)
}

fn right(n: u64) -> String {
    let digits = n.to_string();
    digits.repeat(usize::try_from(LONG).unwrap() / digits.len())
}

/// Stores in memory that outlive environments, and a clock that is set.
struct Lab {
    data: Arc<MemoryDataStore>,
    metadata: Arc<MemoryMetadataStore>,
    /// By how many seconds the clock is ahead.
    ahead: Arc<AtomicU64>,
    _alone: MutexGuard<'static, ()>,
}

impl Lab {
    fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        RAN.lock().unwrap().clear();
        let (data, metadata, ahead) = <_>::default();
        Self { data, metadata, ahead, _alone: alone }
    }

    fn stores(&self) -> Stores {
        let (data, metadata) = (Arc::clone(&self.data), Arc::clone(&self.metadata));
        Stores { data, metadata }
    }

    /// An environment over the stores, as another process has it. All results are in records.
    fn environment(&self, eviction: Eviction) -> Environment {
        self.environment_with(eviction, 1 << 20)
    }

    /// As [`environment`](Self::environment), with results in records of up to `inline` bytes.
    fn environment_with(&self, eviction: Eviction, inline: u64) -> Environment {
        let ahead = Arc::clone(&self.ahead);
        let now = move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::Relaxed));
        over(eviction.clock(now).around(self.stores()), inline)
    }

    fn wait(&self, time: Duration) {
        self.ahead.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// How many bytes the mementos and contents have that may be dropped.
    fn size(&self) -> u64 {
        let (entries, contents) = (self.records(), self.listed("results"));
        entries + contents.iter().map(|object| object.size).sum::<u64>()
    }

    fn records(&self) -> u64 {
        let page = self.metadata.list(&Filter::default(), None, usize::MAX).unwrap();
        page.entries.iter().map(|entry| entry.record.len() as u64).sum()
    }

    fn listed(&self, folder: &str) -> Vec<Object> {
        let options = ListOptions::default().limit(100_000);
        self.data.list(&Prefix::new(folder).unwrap(), &options).unwrap().objects
    }
}

/// An environment over these stores, with results in records of up to `inline` bytes.
fn over(stores: Stores, inline: u64) -> Environment {
    let storage = Storage::from(stores).memory_cache(0).inline_limit(inline);
    Environment::new(storage, LocalRunner::new())
}

/// Asks for the results of all `numbers`; those that ran for it.
#[track_caller]
fn ask(environment: &Environment, numbers: impl IntoIterator<Item = u64>) -> Vec<u64> {
    RAN.lock().unwrap().clear();
    environment.enter(|| {
        for n in numbers {
            assert_eq!(long(n), right(n));
        }
    });
    std::mem::take(&mut *RAN.lock().unwrap()).into_iter().collect()
}

/// A limit for so many results of [`long`], with what a memento has beside.
fn room_for(results: u64) -> Eviction {
    Eviction::new().max_size(results * (LONG + 500))
}
