//! One computation of a key at a time.

use std::sync::Barrier;

use crate::runner::functions::{busy, double};
use crate::runner::lab::{Lab, check};
use crate::runner::{RunnerSuite, promised};

/// How many threads ask.
const THREADS: u64 = 4;

/// Does `work` in several threads that begin together; what each came to.
fn together<T: Send>(lab: &Lab, work: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let barrier = Barrier::new(usize::try_from(THREADS).unwrap_or_default());
    let (barrier, work) = (&barrier, &work);
    std::thread::scope(|scope| {
        let ask = |thread| {
            move || {
                barrier.wait();
                lab.environment.enter(|| work(thread))
            }
        };
        let threads: Vec<_> = (0..THREADS).map(|thread| scope.spawn(ask(thread))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a call does not panic")).collect()
    })
}

pub(super) fn threads_that_ask_for_the_same_wait_for_one(suite: &RunnerSuite) {
    check(suite, |lab| {
        for n in 0..20 {
            let values = together(lab, |_| busy::try_call(lab.folder(), n));
            promised(
                values.iter().all(|value| value.as_ref().is_ok_and(|value| *value == n)),
                "all that ask for the same get its result",
                || format!("{values:?}"),
            );
        }
        lab.ran_once_below(20);
    });
}

pub(super) fn batches_of_many_threads_compute_each_key_once(suite: &RunnerSuite) {
    check(suite, |lab| {
        // Each begins elsewhere, so that all meet calls that others are making.
        let results = together(lab, |thread| {
            let numbers = (0..200).map(|n| (n + thread * 50) % 200);
            double::map(numbers.map(|n| (lab.folder(), n)))
        });
        for (thread, results) in (0..THREADS).zip(results) {
            for (n, result) in (0..200).zip(results) {
                let expected = (n + thread * 50) % 200 * 2;
                promised(
                    result.as_ref().is_ok_and(|value| *value == expected),
                    "batches of many threads may have calls in common",
                    || format!("call {n} of thread {thread} gave {result:?}, not {expected}"),
                );
            }
        }
        lab.ran_once_below(200);
    });
}
