//! Records that come between two looks: those of others, and those that this process writes together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memento::{
    Batch, Entry, Environment, Filter, Handover, Key, MemoryDataStore, MemoryMetadataStore,
    MetadataStore, Page, Result, Runner, Storage, Version, Waited, memento,
};

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

/// A store whose next record comes late: who asks for it first is told that there is none.
#[derive(Debug, Default)]
struct Late {
    store: MemoryMetadataStore,
    is_late: Arc<AtomicBool>,
}

impl MetadataStore for Late {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let is_late = self.is_late.swap(false, Ordering::SeqCst);
        if is_late { Ok(None) } else { self.store.get(key) }
    }
    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.store.put(entries)
    }
    fn remove(&self, key: &Key) -> Result<bool> {
        self.store.remove(key)
    }
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.store.remove_all(filter)
    }
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.store.list(filter, from, limit)
    }
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.store.versions(function, limit)
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
    let is_late = Arc::<AtomicBool>::default();
    let metadata = Late { store: <_>::default(), is_late: Arc::clone(&is_late) };
    let storage = Storage::new(MemoryDataStore::default(), metadata);
    let environment = Environment::new(storage, Handing);
    environment.enter(|| {
        assert_eq!((sum(1), leaf(2)), (2, 2));
        assert!(leaf::forget(2).unwrap());
        is_late.store(true, Ordering::SeqCst);
        assert_eq!(sum(1), 2);
    });
    assert!(!is_late.load(Ordering::SeqCst), "it was looked for");
    assert_eq!(RUNS.load(Ordering::SeqCst), 1);
}
