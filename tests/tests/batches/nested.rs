//! Batches inside of batches.

use std::sync::atomic::{AtomicU64, Ordering};

use memento::memento;
use parking_lot::Mutex;

use crate::threads;

/// One test at a time counts.
static TURN: Mutex<()> = Mutex::new(());

/// How many calls of `leaf` run now, and how many did at most.
static RUNNING: (AtomicU64, AtomicU64) = (AtomicU64::new(0), AtomicU64::new(0));

#[memento]
fn leaf(n: u64) -> u64 {
    let running = RUNNING.0.fetch_add(1, Ordering::SeqCst) + 1;
    RUNNING.1.fetch_max(running, Ordering::SeqCst);
    std::hint::black_box((0..5_000_u64).fold(n, |sum, n| sum.wrapping_mul(31) ^ n));
    RUNNING.0.fetch_sub(1, Ordering::SeqCst);
    n
}

/// Makes a batch of each kind; the kinds share some of their calls.
#[memento]
fn branch(n: u64) -> u64 {
    let leaves = |from: u64| (10 * n + from..10 * n + from + 10).map(|n| (n,));
    let mut sum = leaf::map(leaves(0)).into_iter().map(Result::unwrap).sum::<u64>();
    sum += leaf::try_map(leaves(5)).unwrap().into_iter().sum::<u64>();
    leaf::with().in_flight(3).for_each(leaves(10), |_, result| sum += result.unwrap());
    sum + leaf::as_completed(leaves(15)).map(|(_, result)| result.unwrap()).sum::<u64>()
}

#[memento]
fn trunk(n: u64) -> u64 {
    let mut sum = 0;
    branch::for_each((5 * n..5 * n + 5).map(|n| (n,)), |_, result| sum += result.unwrap());
    sum
}

fn expected(n: u64) -> u64 {
    let sum = |from: u64| (10 * n + from..10 * n + from + 10).sum::<u64>();
    [0, 5, 10, 15].into_iter().map(sum).sum()
}

#[test]
fn batches_in_batches_share_the_threads_of_their_runner() {
    let _turn = TURN.lock();
    for count in [1, 2, 3] {
        RUNNING.1.store(0, Ordering::SeqCst);
        let environment = threads(count);
        environment.enter(|| {
            let results = trunk::as_completed((0..4).map(|n| (n,)));
            let sum: u64 = results.map(|(_, result)| result.unwrap()).sum();
            assert_eq!(sum, (0..20).map(expected).sum::<u64>());
        });
        assert_eq!(environment.statistics().computed, 4 + 20 + 215);
        assert!(RUNNING.1.load(Ordering::SeqCst) <= count as u64);
    }
}

#[test]
fn callbacks_and_arguments_may_make_batches_themselves() {
    let _turn = TURN.lock();
    for count in [1, 2] {
        threads(count).enter(|| {
            let arguments = (0..50).map(|n| (leaf::map([(n,), (n + 1,)]).len() as u64 + n,));
            let mut sum = 0;
            leaf::with().in_flight(4).for_each(arguments, |_, result| {
                sum += leaf::try_map([(result.unwrap() + 100,)]).unwrap()[0];
            });
            assert_eq!(sum, (0..50).map(|n| n + 102).sum::<u64>());
        });
    }
}

#[test]
fn a_batch_in_a_pool_of_somebody_else_comes_to_an_end() {
    let _turn = TURN.lock();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for count in [1, 2] {
        let environment = threads(count);
        pool.install(|| {
            environment.enter(|| {
                assert_eq!(trunk::as_completed([(0,)]).count(), 1);
                assert_eq!(trunk::try_map([(1,)]).unwrap(), [(5..10).map(expected).sum::<u64>()]);
            });
        });
    }
}
