//! What does not wait for the threads of a runner, which compute for somebody else.

use std::sync::atomic::{AtomicU64, Ordering};

use memento::{Environment, LocalRunner, Storage, memento};
use memento_tests::processes::wait_until;

static HELD: AtomicU64 = AtomicU64::new(0);
static OPENED: AtomicU64 = AtomicU64::new(0);

/// Ends when somebody opens for the round.
#[memento]
fn held(n: u64, round: u64) -> u64 {
    HELD.fetch_add(1, Ordering::SeqCst);
    wait_until("it is opened", || OPENED.load(Ordering::SeqCst) >= round);
    n
}

#[memento]
fn found(n: u64) -> u64 {
    n
}

#[test]
fn hits_do_not_wait_for_the_calls_of_others() {
    for (round, cache) in [(1, 0), (2, 1 << 28)] {
        let storage = Storage::memory().memory_cache(cache);
        let environment = &Environment::new(storage, LocalRunner::with_threads(1).unwrap());
        let all = || environment.enter(|| found::try_map((0..5000).map(|n| (n,))).unwrap().len());
        assert_eq!(all(), 5000);
        std::thread::scope(|scope| {
            let calls = || held::try_map([(0, round), (1, round)]).unwrap();
            let batch = scope.spawn(move || environment.enter(calls));
            wait_until("it has the only thread", || HELD.load(Ordering::SeqCst) == 2 * round - 1);
            assert_eq!(all(), 5000);
            OPENED.store(round, Ordering::SeqCst);
            assert_eq!(batch.join().unwrap(), [0, 1]);
        });
        assert_eq!(environment.statistics().computed, 5000 + 2);
    }
}
