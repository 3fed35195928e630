//! Progress where nobody looks at a terminal.

use std::sync::atomic::{AtomicU64, Ordering};

use super::{Progress, ProgressObserver};

/// Tells of a batch in [`tracing`](https://docs.rs/tracing) events of the level `info`: when it begins, about each
/// tenth of it, and when it is over. Where its size is not known, it tells each time the number of calls that have
/// ended has doubled. It is for one batch.
#[derive(Debug, Default)]
pub struct ProgressEvents {
    /// The tenths that were told of last, where the size is known.
    tenths: AtomicU64,
    /// The calls that were told of last, where it is not.
    calls: AtomicU64,
}

impl ProgressObserver for ProgressEvents {
    fn started(&self, progress: &Progress) {
        self.tenths.store(0, Ordering::Relaxed);
        self.calls.store(0, Ordering::Relaxed);
        emit(progress, "batch started");
    }

    fn advanced(&self, progress: &Progress) {
        let ended = progress.ended();
        let is_due = match progress.total {
            Some(total) => {
                let tenths = ended.saturating_mul(10).checked_div(total).unwrap_or_default();
                // The last one is told of when the batch is over.
                tenths > self.tenths.swap(tenths, Ordering::Relaxed) && ended < total
            }
            None => {
                let told = self.calls.load(Ordering::Relaxed);
                let is_due = ended >= told.saturating_mul(2).max(1);
                self.calls.store(if is_due { ended } else { told }, Ordering::Relaxed);
                is_due
            }
        };
        if is_due {
            emit(progress, "batch advanced");
        }
    }

    fn finished(&self, progress: &Progress) {
        emit(progress, "batch finished");
    }
}

fn emit(progress: &Progress, message: &'static str) {
    tracing::info!(
        function = progress.function,
        hits = progress.hits,
        computed = progress.computed,
        failed = progress.failed,
        total = progress.total,
        elapsed = ?progress.elapsed,
        time_left = progress.time_left().map(tracing::field::debug),
        "{message}"
    );
}
