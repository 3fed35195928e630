//! What hits save: the time that it took to compute what is found.

use std::time::Duration;

use memento::{Caller, Environment, LocalRunner, Storage, memento};
use memento_tests::Runs;
use memento_tests::folder::Folder;
use memento_tests::reasons::{assert_counted, in_process, statistics};

static RUNS: Runs = Runs::new();

/// It does so much that even a coarse clock tells.
#[memento]
fn takes_time(n: u64) -> u64 {
    RUNS.add();
    std::hint::black_box((0..200_000_u64).fold(n, |sum, i| sum.rotate_left(5) ^ i))
}

/// How long it took to compute `takes_time(n)`.
fn took(n: u64) -> Duration {
    let took = takes_time::memento(n).unwrap().unwrap().provenance.total_time;
    assert!(took > Duration::ZERO);
    took
}

#[test]
fn hits_in_memory_save_what_it_took() {
    RUNS.alone(|| {
        takes_time(1);
        takes_time(2);
        assert_eq!(statistics().saved, Duration::ZERO);
        for hits in 1..=3 {
            takes_time(1);
            assert_eq!(statistics().saved, took(1) * hits);
        }
        takes_time(2);
        assert_eq!(statistics().saved, took(1) * 3 + took(2));
        assert_eq!((statistics().memory_hits, RUNS.take()), (4, 2));
        // What is asked for is not saved, and what was saved before stays.
        let before = statistics().saved;
        takes_time::with().refresh().call(1);
        assert_eq!(statistics().saved, before);
        takes_time(1);
        assert_eq!(statistics().saved, before + took(1), "as long as it took last");
    });
}

#[test]
fn hits_in_a_store_save_what_it_took() {
    RUNS.alone(|| {
        let storage = Storage::memory().memory_cache(0).inline_limit(4);
        Environment::new(storage, LocalRunner::new()).enter(|| {
            for _ in 0..4 {
                takes_time(1);
            }
            takes_time::with().ignore_result(1).unwrap();
            assert_eq!((statistics().store_hits, statistics().memory_hits), (4, 0));
            assert_eq!(statistics().saved, took(1) * 4);
        });
        let folder = Folder::new();
        in_process(&folder, || {
            takes_time(1);
            takes_time(2);
            assert_eq!(statistics().saved, Duration::ZERO);
        });
        in_process(&folder, || {
            let found = takes_time::map([(1,), (2,), (1,)]);
            assert!(found.iter().all(Result::is_ok));
            takes_time(2);
            assert_eq!((statistics().hits(), statistics().computed), (4, 0));
            assert_eq!(statistics().saved, took(1) * 2 + took(2) * 2);
        });
    });
}

#[test]
fn whoever_waits_for_another_thread_saves_what_it_took() {
    RUNS.alone(|| {
        let caller = Caller::current();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| caller.enter(|| takes_time(1)));
            }
        });
        assert_eq!((statistics().hits(), RUNS.take()), (7, 1));
        assert_eq!(statistics().saved, took(1) * 7);
        assert_counted(|misses| misses.never_run = 1);
        // Two of the same in one batch.
        takes_time::map([(2,), (2,), (2,)]);
        assert_eq!((statistics().hits(), RUNS.take()), (9, 1));
        assert_eq!(statistics().saved, took(1) * 7 + took(2) * 2);
    });
}
