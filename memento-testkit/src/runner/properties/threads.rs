//! What runs at the same time.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::runner::functions::{SPANS, busy};
use crate::runner::lab::check;
use crate::runner::{RunnerSuite, promised};

pub(super) fn no_more_calls_run_at_once_than_promised(suite: &RunnerSuite) {
    check(suite, |lab| {
        let results = lab.environment.enter(|| busy::map((0..60).map(|n| (lab.folder(), n))));
        promised(results.iter().all(Result::is_ok), "each call of a batch runs", || {
            format!("{:?}", results.into_iter().find(Result::is_err))
        });
        let (mut running, mut most) = (0_usize, 0);
        for line in lab.lines(SPANS) {
            running = if line == "begin" { running + 1 } else { running.saturating_sub(1) };
            most = most.max(running);
        }
        promised(
            most <= lab.concurrency,
            "no more calls of a batch run at the same time than the suite was told",
            || format!("{most} ran at the same time, {} may", lab.concurrency),
        );
    });
}

pub(super) fn for_each_does_each_index_once(suite: &RunnerSuite) {
    check(suite, |lab| {
        for count in [0, 1, 2, 100] {
            let done: Vec<_> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            lab.runner.for_each(count, &|index| {
                done[index].fetch_add(1, Ordering::SeqCst);
            });
            let done: Vec<_> = done.into_iter().map(AtomicUsize::into_inner).collect();
            promised(
                done.iter().all(|times| *times == 1),
                "`Runner::for_each` has done each index once when it returns",
                || format!("of {count}, these were done so often: {done:?}"),
            );
        }
    });
}

pub(super) fn a_scope_waits_for_what_it_started(suite: &RunnerSuite) {
    check(suite, |lab| {
        let (done, began) = (AtomicUsize::new(0), AtomicUsize::new(0));
        // What is started may be started inside of the pool, where nothing may be started and waited for.
        lab.runner.scope(Box::new(|spawn| {
            began.fetch_add(1, Ordering::SeqCst);
            for _ in 0..20 {
                let work = || {
                    std::thread::yield_now();
                    done.fetch_add(1, Ordering::SeqCst);
                };
                match spawn {
                    Some(spawn) => spawn.spawn(Box::new(work)),
                    None => work(),
                }
            }
        }));
        let found = (began.into_inner(), done.into_inner());
        promised(
            found == (1, 20),
            "when `Runner::scope` returns, its work and all that this started has ended",
            || {
                format!(
                    "the work was done {} times, and 20 that it started {} times",
                    found.0, found.1
                )
            },
        );
    });
}
