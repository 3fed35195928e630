//! Calls of memento functions, while somebody changes what is in the store.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use memento::storage::{
    DataStore, Entry, ListOptions, MemoryDataStore, MemoryMetadataStore, MetadataStore, Prefix,
};
use memento::{
    Blob, Environment, Explanation, LocalRunner, Miss, Partition, Query, Storage, memento,
};
use memento_storage_layers::{Encryption, Guarded, Keys, Retry, Signing, Transform, Transformed};

use crate::{NEW, OLD, keys, record_of};

static RUNS: AtomicU64 = AtomicU64::new(0);
/// Runs are counted by one test at a time.
static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// The argument for which a function takes so long that who computes claims the result from then on.
const SLOW: u64 = 0;

#[memento]
fn long(n: u64) -> String {
    RUNS.fetch_add(1, Ordering::Relaxed);
    if n == SLOW {
        thread::sleep(Duration::from_millis(2));
    }
    format!("{n} ").repeat(10)
}

fn right(n: u64) -> String {
    format!("{n} ").repeat(10)
}

/// Stores in memory, the environment that keeps results in them by way of a transform, and how often functions run.
struct Lab {
    data: Arc<MemoryDataStore>,
    metadata: Arc<MemoryMetadataStore>,
    environment: Environment,
}

impl Lab {
    /// With results of up to `inline` bytes in their records.
    fn new<T: Transform + Clone>(transform: &T, inline: u64) -> Self {
        Self::at(transform, inline, Arc::default(), Arc::default())
    }

    fn at<T: Transform + Clone>(
        transform: &T,
        inline: u64,
        data: Arc<MemoryDataStore>,
        metadata: Arc<MemoryMetadataStore>,
    ) -> Self {
        let storage = Storage::new(
            Transformed::new(transform.clone(), Arc::clone(&data)),
            Transformed::new(transform.clone(), Arc::clone(&metadata)),
        );
        let storage = storage.memory_cache(0).inline_limit(inline);
        Self { data, metadata, environment: Environment::new(storage, LocalRunner::new()) }
    }

    /// How often functions run, and stores fail, while the results of all these are asked for.
    #[track_caller]
    fn ask(&self, all: impl IntoIterator<Item = u64>) -> (u64, u64) {
        let failures = self.environment.statistics().store_failures;
        RUNS.store(0, Ordering::Relaxed);
        self.environment.enter(|| {
            let all: Vec<_> = all.into_iter().collect();
            if let [n] = *all {
                assert_eq!(long(n), right(n));
            } else {
                let expected: Vec<_> = all.iter().copied().map(right).collect();
                let found = long::map(all.into_iter().map(|n| (n,)));
                let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
                assert_eq!(found, expected);
            }
        });
        (RUNS.load(Ordering::Relaxed), self.environment.statistics().store_failures - failures)
    }

    /// The byte at `index` was changed: the result is computed again, and what is wrong with it is said once.
    #[track_caller]
    fn assert_computed_again(&self, index: usize) {
        assert_eq!(self.ask([1]), (1, 1), "byte {index}");
    }

    /// The only result.
    fn result(&self) -> (memento::Name, Vec<u8>) {
        let prefix = Prefix::new("results").unwrap();
        let listed = self.data.list(&prefix, &ListOptions::default()).unwrap().objects;
        let contents = listed.into_iter().map(|object| {
            let content = self.data.get(&object.name).unwrap().unwrap();
            (object.name, content)
        });
        // What the version was made of is beside it.
        contents.min_by_key(|(_, content)| content.len()).unwrap()
    }

    fn entries(&self) -> Vec<Entry> {
        self.metadata.list(&memento::storage::Filter::default(), None, 1000).unwrap().entries
    }
}

fn each(test: impl Fn(&dyn Fn(u64) -> Lab)) {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    test(&|inline| Lab::new(&Signing::new(keys()), inline));
    test(&|inline| Lab::new(&Encryption::new(keys()), inline));
}

#[test]
fn a_record_that_was_changed_is_computed_again() {
    each(|make| {
        let lab = make(1000);
        assert_eq!(lab.ask([1]), (1, 0));
        let whole = record_of(&*lab.metadata);
        for index in 0..whole.record.len() {
            let mut record = whole.record.clone();
            record[index] ^= 1 << (index % 8);
            lab.metadata.put(&[Entry { record, ..whole.clone() }]).unwrap();
            lab.assert_computed_again(index);
            assert_eq!(lab.ask([1]), (0, 0), "it is there again");
        }
        for length in 0..whole.record.len() {
            let record = whole.record[..length].to_vec();
            lab.metadata.put(&[Entry { record, ..whole.clone() }]).unwrap();
            assert_eq!(lab.ask([1]), (1, 1), "{length} bytes");
        }
    });
}

#[test]
fn a_result_that_was_changed_is_computed_again() {
    each(|make| {
        let lab = make(0);
        assert_eq!(lab.ask([1]), (1, 0));
        let (name, whole) = lab.result();
        assert_eq!(lab.ask([SLOW]), (1, 0));
        for index in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[index] ^= 1 << (index % 8);
            lab.data.put(&name, &damaged).unwrap();
            lab.assert_computed_again(index);
            assert_eq!(lab.ask([1]), (0, 0), "it is there again");
        }
        for length in 0..whole.len() {
            lab.data.put(&name, &whole[..length]).unwrap();
            assert_eq!(lab.ask([1]), (1, 1), "{length} bytes");
        }
    });
}

#[test]
fn a_record_of_another_key_is_not_used() {
    each(|make| {
        let lab = make(1000);
        assert_eq!((lab.ask([1]), lab.ask([2])), ((1, 0), (1, 0)));
        let [two, one] = &*lab.entries() else { panic!("there are two") };
        lab.metadata.put(&[Entry { record: two.record.clone(), ..one.clone() }]).unwrap();
        assert_eq!(lab.ask([1]), (1, 1));
        assert_eq!(lab.ask([1, 2]), (0, 0));
    });
}

/// Of many that are asked for together, it alone is computed.
#[test]
fn one_that_is_not_signed_is_no_reason_to_miss_the_others() {
    each(|make| {
        let lab = make(1000);
        assert_eq!(lab.ask(0..100), (100, 0));
        let plain = Guarded::new(Retry::default(), Arc::clone(&lab.metadata));
        let plain = Storage::new(MemoryDataStore::default(), plain);
        let plain = Environment::new(plain.memory_cache(0), LocalRunner::new());
        // A record that is whole, and that anybody can write.
        RUNS.store(0, Ordering::Relaxed);
        plain.enter(|| assert_eq!(long(50), right(50)));
        assert_eq!(RUNS.load(Ordering::Relaxed), 1);
        let (runs, failures) = lab.ask(0..100);
        assert_eq!(runs, 1);
        assert!(failures >= 1);
        assert_eq!(lab.ask(0..100), (0, 0));
    });
}

/// A list has it, so that whoever looks after the store can name it, and nothing of what is in it.
#[test]
fn one_that_is_not_signed_is_listed_as_damaged() {
    each(|make| {
        let lab = make(1000);
        assert_eq!(lab.ask(0..5), (5, 0));
        // A record that is whole, and that anybody can write.
        let plain = Guarded::new(Retry::default(), Arc::clone(&lab.metadata));
        let plain = Storage::new(MemoryDataStore::default(), plain);
        let plain = Environment::new(plain.memory_cache(0), LocalRunner::new());
        plain.enter(|| assert_eq!(long(3), right(3)));
        let whole = |entries: &[Entry]| entries.iter().filter(|e| e.memento().is_ok()).count();
        assert_eq!(whole(&lab.entries()), 1);
        let stores = lab.environment.storage("").unwrap().stores();
        let listed = stores.metadata.list(&<_>::default(), None, 10).unwrap().entries;
        assert_eq!((listed.len(), whole(&listed)), (5, 4));
        lab.environment.enter(|| assert_eq!(long::list(&Query::new()).unwrap().mementos.len(), 4));
        assert_eq!((lab.entries().len(), whole(&lab.entries())), (5, 1), "it stays");
    });
}

#[memento]
fn total(n: u64) -> usize {
    RUNS.fetch_add(1, Ordering::Relaxed);
    (0..n).map(|n| long(n).len()).sum()
}

/// Of what a result was computed from, what it called with is in the record of the callee: both run, and no other
/// callee.
#[test]
fn one_callee_that_is_not_signed_runs_with_its_caller() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (data, metadata) = (Arc::default(), Arc::default());
    // Another one each time, which has not found anything valid before.
    let make = || Lab::at(&Signing::new(keys()), 1000, Arc::clone(&data), Arc::clone(&metadata));
    let runs = || {
        RUNS.store(0, Ordering::Relaxed);
        make().environment.enter(|| {
            assert_eq!(total(20), (0..20).map(|n| right(n).len()).sum::<usize>());
        });
        RUNS.load(Ordering::Relaxed)
    };
    assert_eq!((runs(), runs()), (21, 0));
    let callee = make().entries().into_iter().find(|entry| entry.function.ends_with("long"));
    metadata.put(&[Entry { record: b"not signed".to_vec(), ..callee.unwrap() }]).unwrap();
    assert_eq!((runs(), runs()), (2, 0));
}

/// Of many results that depend on others, those that do not depend on it are hits.
#[test]
fn one_callee_that_is_not_signed_is_no_reason_to_miss_other_graphs() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (data, metadata) = (Arc::default(), Arc::default());
    let make = || Lab::at(&Signing::new(keys()), 1000, Arc::clone(&data), Arc::clone(&metadata));
    let runs = || {
        RUNS.store(0, Ordering::Relaxed);
        let found = make().environment.enter(|| total::map((0..20).map(|n| (n,))));
        for (n, found) in (0..20).zip(found) {
            assert_eq!(found.unwrap(), (0..n).map(|n| right(n).len()).sum::<usize>());
        }
        RUNS.load(Ordering::Relaxed)
    };
    assert_eq!((runs(), runs()), (20 + 19, 0));
    let of = |n| make().environment.enter(|| long::memento(n).unwrap().unwrap().key);
    // The last one of the totals has it, and no other.
    let key = of(18);
    let callee = make().entries().into_iter().find(|entry| entry.key == key);
    metadata.put(&[Entry { record: b"not signed".to_vec(), ..callee.unwrap() }]).unwrap();
    assert_eq!((runs(), runs()), (1 + 1, 0));
}

/// A wrong key costs time, and nobody else's results.
#[test]
fn with_another_key_everything_is_computed() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let with = |texts: &[&str]| Encryption::new(Keys::new(texts).unwrap());
    let old = Lab::new(&with(&[OLD]), 1000);
    assert_eq!(old.ask([1, 2, 3]), (3, 0));
    let stores = || (Arc::clone(&old.data), Arc::clone(&old.metadata));
    let (data, metadata) = stores();
    let both = Lab::at(&with(&[NEW, OLD]), 1000, data, metadata);
    assert_eq!(both.ask([1, 2, 3]), (0, 0), "results under the old key are used");
    assert_eq!(both.ask([4]), (1, 0));
    let (data, metadata) = stores();
    let new = Lab::at(&with(&[NEW]), 1000, data, metadata);
    assert_eq!(new.ask([4]), (0, 0));
    let listed = new.environment.enter(|| long::list(&Query::new()).unwrap().mementos.len());
    assert_eq!(listed, 1, "those that it cannot read are not listed");
    assert_eq!(old.entries().len(), 4, "and stay");
    let (runs, failures) = new.ask([1]);
    assert_eq!(runs, 1);
    assert!(failures >= 1);
    assert_eq!(both.ask([1, 2, 3, 4]), (0, 0));
}

#[test]
fn a_record_that_is_not_signed_is_explained_and_forgotten() {
    each(|make| {
        let lab = make(1000);
        assert_eq!(lab.ask([1]), (1, 0));
        let whole = record_of(&*lab.metadata);
        lab.metadata.put(&[Entry { record: b"not signed".to_vec(), ..whole }]).unwrap();
        lab.environment.enter(|| {
            assert_eq!(long::explain(1).unwrap(), Explanation::Miss(Miss::Unreadable));
            assert!(long::forget(1).unwrap());
            assert!(!long::forget(1).unwrap());
        });
        assert_eq!(lab.ask([1]), (1, 0));
    });
}

#[memento]
fn parts(n: u64) -> memento::Result<Partition<u64, String>> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    let mut parts = Partition::new();
    for index in 0..n {
        parts.insert(index, &right(index))?;
    }
    Ok(parts)
}

#[memento]
fn file(n: u64) -> io::Result<Blob> {
    RUNS.fetch_add(1, Ordering::Relaxed);
    Blob::from_reader(&*right(n).repeat(10_000).into_bytes())
}

impl Lab {
    /// Changes the last byte of each object that is a result.
    fn spoil(&self) {
        let prefix = Prefix::new("results").unwrap();
        for object in self.data.list(&prefix, &ListOptions::default()).unwrap().objects {
            let mut content = self.data.get(&object.name).unwrap().unwrap();
            *content.last_mut().unwrap() ^= 1;
            self.data.put(&object.name, &content).unwrap();
        }
    }
}

/// The same of one that is streamed.
#[test]
fn a_file_that_was_changed_is_computed_again() {
    let read = || {
        let mut content = Vec::new();
        let ended = file(3).unwrap().open().unwrap().read_to_end(&mut content);
        (ended.map_err(|error| error.kind()), content.len() as u64)
    };
    let length = 10_000 * right(3).len() as u64;
    each(|make| {
        let lab = make(10_000);
        lab.environment.enter(|| {
            RUNS.store(0, Ordering::Relaxed);
            assert_eq!(read().1, length);
            lab.spoil();
            let (ended, got) = read();
            assert_eq!(ended, Err(io::ErrorKind::InvalidData));
            assert!(got < length, "the chunk that was changed is given to nobody");
            assert_eq!(RUNS.load(Ordering::Relaxed), 1);
            assert_eq!((read().1, RUNS.load(Ordering::Relaxed)), (length, 2));
        });
    });
}

/// A part that is not what was signed is moved aside, and there again after the next call.
#[test]
fn a_part_that_was_changed_is_computed_again() {
    each(|make| {
        let lab = make(10_000);
        lab.environment.enter(|| {
            RUNS.store(0, Ordering::Relaxed);
            assert_eq!(parts(3).unwrap().get(&1).unwrap(), Some(right(1)));
            lab.spoil();
            let found = parts(3).unwrap();
            assert_eq!(RUNS.load(Ordering::Relaxed), 1, "nobody has looked at its parts");
            let error = found.get(&1).unwrap_err();
            assert_eq!(error.kind(), memento::ErrorKind::Damaged);
            let found = parts(3).unwrap();
            assert_eq!(RUNS.load(Ordering::Relaxed), 2);
            assert_eq!(found.get(&1).unwrap(), Some(right(1)));
        });
    });
}

/// It stays for those who can read it: to an older release, nothing of it is damaged.
#[test]
fn a_file_that_a_later_release_wrote_is_not_moved_aside() {
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let lab = Lab::new(&Signing::new(keys()), 0);
    let file = lab.environment.enter(|| file(1).unwrap());
    let prefix = Prefix::new("results").unwrap();
    let listed = lab.data.list(&prefix, &ListOptions::default()).unwrap().objects;
    let name = listed.into_iter().max_by_key(|object| object.size).unwrap().name;
    let mut later = lab.data.get(&name).unwrap().unwrap();
    later[4] += 1;
    lab.data.put(&name, &later).unwrap();
    lab.environment.enter(|| {
        let whole = file.read().map(drop);
        let in_pieces = file.open().and_then(|mut file| io::copy(&mut file, &mut io::sink()));
        for error in [whole.unwrap_err(), in_pieces.map(drop).unwrap_err()] {
            assert_eq!(error.kind(), io::ErrorKind::Unsupported, "{error}");
            assert!(error.to_string().contains("its format is 2"), "{error}");
        }
    });
    assert_eq!(lab.data.get(&name).unwrap().unwrap(), later);
}
