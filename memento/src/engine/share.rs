//! Work of one call that other threads take a share of.

use std::any::Any;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use parking_lot::Mutex;

use crate::flight::{in_pool, while_waiting_for_pool};
use crate::runner::Runner;

/// More threads than that would wait for one another.
static PROCESSORS: LazyLock<usize> =
    LazyLock::new(|| available_parallelism().map_or(1, NonZeroUsize::get));

/// Does `work` with the indices below `count`, in this thread and in threads of `runner`. To wake one takes as long as
/// hundreds of hits do, so this thread does not wait for that: it begins, and others take what is left.
pub(super) fn share(runner: &dyn Runner, count: usize, work: &(dyn Fn(usize) + Sync)) {
    if count == 1 {
        return work(0);
    }
    let others = count.min(*PROCESSORS).saturating_sub(1);
    if in_pool() || others == 0 {
        return runner.for_each(count, work);
    }
    let next = AtomicUsize::new(0);
    let take = || {
        let indices = std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed));
        indices.take_while(|index| *index < count).for_each(work);
    };
    let panicked: Mutex<Option<Box<dyn Any + Send>>> = Mutex::new(None);
    let help = || {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(take)) {
            *panicked.lock() = Some(payload);
        }
    };
    let (take, help) = (&take, &help);
    while_waiting_for_pool(|| {
        runner.scope(Box::new(move |spawn| match spawn {
            None => runner.for_each(count, work),
            Some(spawn) => {
                (0..others).for_each(|_| spawn.spawn(Box::new(help)));
                take();
            }
        }));
    });
    if let Some(payload) = panicked.into_inner() {
        resume_unwind(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LocalRunner;

    /// How often `share` does the work of each index below 300, in a pool of two threads.
    fn counts(share: impl FnOnce(&dyn Runner, &(dyn Fn(usize) + Sync))) -> Vec<usize> {
        let counts: Vec<_> = (0..300).map(|_| AtomicUsize::new(0)).collect();
        let count = |index: usize| {
            counts[index].fetch_add(1, Ordering::Relaxed);
        };
        share(&LocalRunner::with_threads(2).unwrap(), &count);
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn each_share_is_done_once() {
        assert_eq!(counts(|runner, work| share(runner, 300, work)), [1; 300]);
        assert_eq!(counts(|runner, work| share(runner, 0, work)), [0; 300]);
        assert_eq!(counts(|runner, work| share(runner, 1, work)).iter().sum::<usize>(), 1);
        let in_pool = |runner: &dyn Runner, work: &(dyn Fn(usize) + Sync)| {
            runner.for_each(3, &|part| share(runner, 100, &|index| work(part * 100 + index)));
        };
        assert_eq!(counts(in_pool), [1; 300]);
    }

    #[test]
    fn a_panic_comes_out_in_whatever_thread_it_is() {
        for panics in 0..20 {
            let work = |index| assert!(index != panics, "on purpose");
            let runner = LocalRunner::with_threads(2).unwrap();
            let shared = catch_unwind(AssertUnwindSafe(|| share(&runner, 20, &work)));
            assert!(shared.is_err());
        }
    }
}
