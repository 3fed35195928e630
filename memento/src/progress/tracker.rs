//! Counts what becomes of the calls of one batch.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use super::{Progress, ProgressObserver};

/// What became of a call.
#[derive(Clone, Copy)]
pub(crate) enum End {
    Hit,
    Computed,
    Failed,
}

/// The counts of one batch, and who is told of them. Dropping it ends the batch.
pub(crate) struct Tracker {
    function: &'static str,
    observers: Vec<Observer>,
    began: Instant,
    began_to_compute: OnceLock<Instant>,
    hits: AtomicU64,
    computed: AtomicU64,
    failed: AtomicU64,
    /// `u64::MAX` where it is not known.
    total: AtomicU64,
    /// How many ends nobody was told of. Who counts the first of them tells of all.
    untold: AtomicU64,
}

struct Observer {
    observer: Arc<dyn ProgressObserver>,
    /// It has not panicked.
    listens: AtomicBool,
}

impl Tracker {
    /// Begins a batch with as many calls as `size_hint` says, if it says so.
    pub(crate) fn begin(
        function: &'static str,
        observers: Vec<Arc<dyn ProgressObserver>>,
        size_hint: (usize, Option<usize>),
    ) -> Self {
        let observer = |observer| Observer { observer, listens: AtomicBool::new(true) };
        let total = size_hint.1.filter(|upper| *upper == size_hint.0);
        let tracker = Self {
            function,
            observers: observers.into_iter().map(observer).collect(),
            began: Instant::now(),
            began_to_compute: OnceLock::new(),
            hits: AtomicU64::new(0),
            computed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            total: AtomicU64::new(total.map_or(u64::MAX, |total| total as u64)),
            untold: AtomicU64::new(0),
        };
        tracker.tell(|observer, progress| observer.started(progress));
        tracker
    }

    /// The batch has so many calls.
    pub(crate) fn set_total(&self, total: usize) {
        self.total.store(total as u64, Ordering::Relaxed);
    }

    /// Functions run from now on.
    pub(crate) fn begin_to_compute(&self) {
        self.began_to_compute.get_or_init(Instant::now);
    }

    /// Counts the end of a call, and tells of it unless another thread is telling: that one tells of this, too.
    pub(crate) fn count(&self, end: End) {
        let count = match end {
            End::Hit => &self.hits,
            End::Computed => &self.computed,
            End::Failed => &self.failed,
        };
        count.fetch_add(1, Ordering::AcqRel);
        if self.untold.fetch_add(1, Ordering::AcqRel) > 0 {
            return;
        }
        let mut told = 1;
        while told > 0 {
            self.tell(|observer, progress| observer.advanced(progress));
            // What was counted meanwhile may not have been in what was told.
            told = self.untold.fetch_sub(told, Ordering::AcqRel) - told;
        }
    }

    fn progress(&self) -> Progress {
        let read = |count: &AtomicU64| count.load(Ordering::Acquire);
        let total = read(&self.total);
        let computing = self.began_to_compute.get().map(Instant::elapsed);
        Progress {
            function: self.function,
            hits: read(&self.hits),
            computed: read(&self.computed),
            failed: read(&self.failed),
            total: (total != u64::MAX).then_some(total),
            elapsed: self.began.elapsed(),
            computing: computing.unwrap_or_default(),
        }
    }

    fn tell(&self, tell: impl Fn(&dyn ProgressObserver, &Progress)) {
        let progress = self.progress();
        for Observer { observer, listens } in &self.observers {
            if !listens.load(Ordering::Relaxed) {
                continue;
            }
            let told = catch_unwind(AssertUnwindSafe(|| tell(&**observer, &progress)));
            if told.is_err() {
                listens.store(false, Ordering::Relaxed);
                tracing::warn!(
                    function = self.function,
                    "the observer of a batch panicked; it is told nothing more"
                );
            }
        }
    }
}

impl Drop for Tracker {
    fn drop(&mut self) {
        self.tell(|observer, progress| observer.finished(progress));
    }
}
