//! Parts where nothing is kept, or not here.

use std::io::{self, Read as _};

use memento::storage::{
    DataStore, ListOptions, Listing, MemoryMetadataStore, Prefix, PutOptions, Source,
};
use memento::{
    Blob, Environment, Error, ErrorKind, LocalRunner, Name, Result, Statistics, Storage, memento,
};
use memento_tests::folder::Folder;
use memento_tests::parts::{RUNS, Stores, by_day, lines, measure, report, table, text};
use memento_tests::reasons::in_process;
use memento_tests::warnings;
use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::run;

/// All parts of a report can be read.
fn check(number: u64) {
    let report = report(number).unwrap();
    assert_eq!(report.tables.get("a").unwrap(), Some(table(number)));
    assert_eq!(report.charts["own"].read().unwrap(), text(number).as_bytes());
    assert_eq!(report.charts["other"].read().unwrap(), text(number + 1).as_bytes());
    let size = measure(report.charts["other"].clone()).unwrap().0;
    assert_eq!(size, text(number + 1).len());
}

fn environment(storage: Storage) -> Environment {
    Environment::new(storage, LocalRunner::new())
}

#[test]
fn in_no_storage_they_live_as_long_as_their_value() {
    RUNS.alone(|| {
        environment(Storage::null()).enter(|| {
            for _ in 0..2 {
                assert_eq!(run(|| check(5)).1, 3, "each call computes");
            }
        });
        let kept = environment(Storage::null()).enter(|| by_day(1).unwrap());
        assert_eq!(kept.get(&3).unwrap(), Some(table(3)), "the environment is gone");
    });
}

#[test]
fn in_memory_alone_they_are_found_again() {
    RUNS.alone(|| {
        for storage in [Storage::memory(), Storage::null().memory_cache(1 << 20)] {
            environment(storage).enter(|| {
                assert_eq!(run(|| check(5)).1, 3);
                assert_eq!(run(|| check(5)).1, 0);
            });
        }
    });
}

#[test]
fn a_storage_for_reading_only_has_those_that_are_there() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || check(5));
        let files = folder.list();
        let storage = memento_storage_fs::storage(&folder.options().readonly());
        let ((), warnings) = warnings::collect(|| {
            environment(storage).enter(|| {
                assert_eq!(run(|| check(5)).1, 0);
                assert_eq!(run(|| check(6)).1, 3);
                assert_eq!(run(|| check(6)).1, 0, "they are in memory");
            });
        });
        assert_eq!(warnings, Vec::<String>::new());
        assert_eq!(folder.data().len(), files.keys().filter(|f| folder.data().contains(f)).count());
    });
}

/// Parts of a value from one storage are copied into another one that keeps a result with them.
#[test]
fn parts_go_from_storage_to_storage() {
    #[memento(cluster = "elsewhere")]
    fn passed_on(number: u64) -> io::Result<(u64, Blob)> {
        RUNS.add();
        Ok((number, lines(number)?))
    }
    RUNS.alone(|| {
        let (here, there) = (Folder::new(), Folder::new());
        let storage = |folder: &Folder| memento_storage_fs::storage(&folder.options());
        let environment = || {
            environment(storage(&here)).with_cluster(
                "elsewhere",
                storage(&there),
                LocalRunner::new(),
            )
        };
        environment().enter(|| assert_eq!(run(|| passed_on(3).unwrap()).1, 2));
        std::fs::remove_dir_all(here.path().join("data")).unwrap();
        environment().enter(|| {
            let (passed, runs) = run(|| passed_on(3).unwrap());
            assert_eq!((passed.1.read().unwrap(), runs), (text(3).into_bytes(), 0));
        });
        there.assert_whole();
    });
}

/// What stands for bytes that are read as soon as they are named.
#[derive(Clone, Debug, PartialEq)]
struct Eager(Vec<u8>);

impl Serialize for Eager {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Blob::from_reader(&*self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Eager {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let file = Blob::deserialize(deserializer)?;
        file.read().map(Self).map_err(D::Error::custom)
    }
}

/// It finds them in the storage of the function that returned it, and asks no other one.
#[test]
fn a_value_that_reads_its_part_while_it_is_read() {
    #[memento(cluster = "elsewhere")]
    fn eager(number: u64) -> Eager {
        RUNS.add();
        Eager(text(number).into_bytes())
    }
    RUNS.alone(|| {
        let (here, there) = (Folder::new(), Folder::new());
        let storage = |folder: &Folder| memento_storage_fs::storage(&folder.options());
        let fresh = || {
            let all = environment(storage(&here));
            all.with_cluster("elsewhere", storage(&there), LocalRunner::new())
        };
        assert_eq!(fresh().enter(|| run(|| eager::map((0..9).map(|n| (n,)))).1), 9);
        let (one, many) = (fresh(), fresh());
        for _ in 0..2 {
            let found = one.enter(|| run(|| eager(3)));
            assert_eq!(found, (Eager(text(3).into_bytes()), 0));
            let (found, runs) = many.enter(|| run(|| eager::map((0..9).map(|n| (n,)))));
            assert_eq!(runs, 0);
            for (n, found) in (0..).zip(found) {
                assert_eq!(found.unwrap().0, text(n).as_bytes());
            }
        }
        for (environment, count) in [(one, 1), (many, 9)] {
            let Statistics { store_hits, memory_hits, store_failures, .. } =
                environment.statistics();
            assert_eq!((store_hits, memory_hits, store_failures), (count, count, 0));
        }
        assert!(!here.database().exists(), "nobody asks there");
    });
}

/// A part that was made where no function runs is kept with the first result that has it.
#[test]
fn parts_from_outside_are_kept_with_results() {
    #[memento]
    fn wrap(file: Blob) -> (u64, Blob) {
        RUNS.add();
        (file.len(), file)
    }
    RUNS.alone(|| {
        let stores = Stores::default();
        let own = || Blob::from_reader(text(4).as_bytes()).unwrap();
        stores.fresh().enter(|| assert_eq!(run(|| wrap(own())).1, 1));
        let found = stores.fresh().enter(|| run(|| wrap(own())));
        assert_eq!((found.0.1.read().unwrap(), found.1), (text(4).into_bytes(), 0));
    });
}

/// A data store that takes so many bytes of a content, and keeps none.
#[derive(Debug)]
struct Full(u64);

fn no_room() -> Error {
    Error::new(ErrorKind::Storage, "keep a result").because("there is no room")
}

impl DataStore for Full {
    fn get(&self, _: &Name) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }
    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        Err(no_room())
    }
    fn remove(&self, _: &Name) -> Result<bool> {
        Ok(false)
    }
    fn list(&self, _: &Prefix, _: &ListOptions) -> Result<Listing> {
        Ok(Listing::default())
    }
    fn put_from(&self, _: &Name, source: &mut Source<'_>, _: &PutOptions) -> Result<bool> {
        io::copy(&mut source.take(self.0), &mut io::sink()).expect("the source can be read");
        Err(no_room())
    }
}

/// Wherever a store fails, the value is whole, and nothing is recorded that names what is not there.
#[test]
fn trouble_of_the_store_is_not_trouble_of_the_value() {
    RUNS.alone(|| {
        for room in [0, 1, 70_000, 200_000, u64::MAX] {
            for cache in [0, 1 << 20] {
                let storage = Storage::new(Full(room), MemoryMetadataStore::default());
                let environment = environment(storage.memory_cache(cache));
                environment.enter(|| {
                    for first in [true, false] {
                        let (blob, runs) = run(|| lines(50_000).unwrap());
                        assert_eq!(blob.read().unwrap(), text(50_000).into_bytes());
                        assert_eq!(runs, u64::from(first || cache == 0));
                        assert_eq!(by_day(0).unwrap().get(&3).unwrap(), Some(table(3)));
                    }
                    assert_eq!(lines::memento(50_000).unwrap(), None);
                });
                assert!(environment.statistics().store_failures > 0);
            }
        }
    });
}

/// Values that live in memory count there for what they are.
#[test]
fn what_is_nowhere_else_counts_in_the_memory_cache() {
    RUNS.alone(|| {
        let size = text(1_000).len() as u64;
        for (cache, runs_again) in [(size, 1), (2 * size, 0)] {
            environment(Storage::null().memory_cache(cache)).enter(|| {
                run(|| lines(1_000).unwrap());
                assert_eq!(run(|| lines(1_000).unwrap()).1, runs_again);
            });
        }
        // In a store, it is the handle that counts.
        environment(Storage::memory().memory_cache(2_000)).enter(|| {
            run(|| lines(10_000).unwrap());
            assert_eq!(run(|| lines(10_000).unwrap()).1, 0);
        });
    });
}
