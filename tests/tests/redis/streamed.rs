//! Batches whose records are looked at while others are on their way, by a connection that nobody else has.

use memento::storage::{DataStore as _, MemoryDataStore};
use memento::{Name, Storage, memento};
use memento_storage_redis::{RedisDataStore, RedisMetadataStore, storage};
use memento_tests::parts::{RUNS, lines, named, text};
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::{expected_small, small};
use serde::{Deserialize, Deserializer, Serialize};

use super::on;

/// More than come at once.
const CALLS: u64 = 300;

/// One storage without a memory cache, whose stores have one connection each.
fn visitor(server: &RedisServer) -> Visitor {
    Visitor::on(storage(&on(server).connection_pool_size(1)).memory_cache(0))
}

/// A number that asks another memento function for something when it is read.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Asking(u64);

impl<'de> Deserialize<'de> for Asking {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u64::deserialize(deserializer)?;
        assert_eq!(small(number), expected_small(number));
        Ok(Self(number))
    }
}

#[memento]
fn asking(n: u64) -> Asking {
    Asking(n)
}

/// Who has the only connection does not wait for one.
#[test]
fn values_that_call_when_they_are_read_are_read() {
    let server = RedisServer::start();
    let all = || {
        for (n, result) in (0..).zip(asking::map((0..CALLS).map(|n| (n,)))) {
            assert_eq!(result.unwrap(), Asking(n));
        }
    };
    assert_eq!(visitor(&server).measure(CALLS, all), Visit::computed(CALLS));
    let visited = visitor(&server).measure(2 * CALLS, all);
    assert_eq!(visited, Visit { computed: CALLS, ..Visit::hits(CALLS) }, "each calls `small` once");
    assert_eq!(visitor(&server).measure(2 * CALLS, all), Visit::hits(2 * CALLS));
}

/// Short values may have long parts, which are asked for when nothing else is on its way.
#[test]
fn parts_are_there_or_missed() {
    RUNS.alone(|| {
        let server = RedisServer::start();
        let all = || {
            for (count, file) in (0..).zip(lines::map((0..CALLS).map(|count| (count,)))) {
                let mut read = String::new();
                let file = file.unwrap().unwrap();
                std::io::Read::read_to_string(&mut file.open().unwrap(), &mut read).unwrap();
                assert_eq!(read, text(count));
            }
        };
        assert_eq!(visitor(&server).measure(CALLS, all), Visit::computed(CALLS));
        assert_eq!(visitor(&server).measure(CALLS, all), Visit::hits(CALLS));
        let part = Name::of_result(&visitor(&server).enter(|| lines(7).unwrap().digest()));
        assert!(RedisDataStore::new(&on(&server)).remove(&part).unwrap());
        let visited = visitor(&server).measure(CALLS, all);
        assert_eq!((visited.computed, visited.hits), (1, CALLS - 1));
        assert_eq!(visitor(&server).measure(CALLS, all), Visit::hits(CALLS));
    });
}

/// Their copies are looked for, and made again.
#[test]
fn names_are_given_again() {
    RUNS.alone(|| {
        let server = RedisServer::start();
        let name = |n: u64| format!("copies/{n}.json");
        let all = || {
            for (n, value) in (0..).zip(named::map((0..CALLS).map(|n| (name(n), n)))) {
                assert_eq!(value.unwrap().into_inner(), [n, n + 1]);
            }
        };
        assert_eq!(visitor(&server).measure(CALLS, all), Visit::computed(CALLS));
        let data = RedisDataStore::new(&on(&server));
        let copy = Name::new(&format!("named/{}", name(7))).unwrap();
        assert_eq!(data.get(&copy).unwrap().unwrap(), b"[7,8]");
        assert!(data.remove(&copy).unwrap());
        assert_eq!(visitor(&server).measure(CALLS, all), Visit::hits(CALLS));
        assert_eq!(data.get(&copy).unwrap().unwrap(), b"[7,8]");
    });
}

/// Values of all lengths, some in their records and some in the data store.
#[memento]
fn long(n: u64) -> Vec<u64> {
    vec![n; usize::try_from(n * n % 3000).unwrap()]
}

#[test]
fn long_values_come_in_their_places() {
    let server = RedisServer::start();
    let all = || {
        for (n, result) in (0..).zip(long::map((0..CALLS).map(|n| (n,)))) {
            let expected = usize::try_from(n * n % 3000).unwrap();
            assert_eq!(result.unwrap(), vec![n; expected]);
        }
    };
    assert_eq!(visitor(&server).measure(CALLS, all), Visit::computed(CALLS));
    assert_eq!(visitor(&server).measure(CALLS, all), Visit::hits(CALLS));
}

/// What is not there is computed, wherever in the batch it is.
#[test]
fn some_are_missing() {
    let server = RedisServer::start();
    let stores = || {
        let metadata = RedisMetadataStore::new(&on(&server).connection_pool_size(1));
        Visitor::on(Storage::new(MemoryDataStore::default(), metadata).memory_cache(0))
    };
    let batch = |numbers: Vec<u64>| {
        move || {
            for (n, result) in numbers.iter().zip(small::map(numbers.iter().map(|n| (*n,)))) {
                assert_eq!(result.unwrap(), expected_small(*n));
            }
        }
    };
    let some: Vec<_> = (0..CALLS).filter(|n| n % 7 != 3).collect();
    let count = some.len() as u64;
    assert_eq!(stores().measure(count, batch(some)), Visit::computed(count));
    let visited = stores().measure(CALLS, batch((0..CALLS).collect()));
    assert_eq!(visited, Visit { computed: CALLS - count, ..Visit::hits(count) });
    assert_eq!(stores().measure(CALLS, batch((0..CALLS).collect())), Visit::hits(CALLS));
}
