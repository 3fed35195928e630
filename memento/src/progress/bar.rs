//! Progress on a terminal.

#[cfg(test)]
mod tests;

use std::io::{IsTerminal as _, stderr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use parking_lot::Mutex;

use super::{Progress, ProgressObserver};

/// How often the bar moves at most.
const INTERVAL: Duration = Duration::from_millis(100);
const WITH_TOTAL: &str = "{prefix} {bar:30} {pos}/{len}  {msg}";
const WITHOUT_TOTAL: &str = "{prefix} {pos}  {msg}";

/// Whether there is a bar on the terminal. Others find no room beside it: batches inside of its batch, and those of
/// other threads.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// A bar for one batch.
pub(super) struct Bar {
    line: ProgressBar,
    /// When it moved last.
    moved: Mutex<Option<Instant>>,
    holds_terminal: bool,
}

impl Bar {
    /// A bar where people see it, if they do, and if there is none yet.
    pub(super) fn on_terminal() -> Option<Self> {
        if !stderr().is_terminal() || IS_TAKEN.swap(true, Ordering::AcqRel) {
            return None;
        }
        Some(Self::new(ProgressDrawTarget::stderr(), true))
    }

    fn new(target: ProgressDrawTarget, holds_terminal: bool) -> Self {
        let line = ProgressBar::with_draw_target(None, target);
        Self { line, moved: Mutex::default(), holds_terminal }
    }

    fn show(&self, progress: &Progress) {
        let template = if progress.total.is_some() { WITH_TOTAL } else { WITHOUT_TOTAL };
        if let Ok(style) = ProgressStyle::with_template(template) {
            self.line.set_style(style);
        }
        if let Some(total) = progress.total {
            self.line.set_length(total);
        }
        self.line.set_prefix(progress.function);
        self.line.set_position(progress.ended());
        self.line.set_message(message(progress));
    }
}

impl ProgressObserver for Bar {
    fn started(&self, progress: &Progress) {
        self.show(progress);
    }

    fn advanced(&self, progress: &Progress) {
        let mut moved = self.moved.lock();
        if moved.is_none_or(|moved| moved.elapsed() >= INTERVAL) {
            *moved = Some(Instant::now());
            self.show(progress);
        }
    }

    fn finished(&self, progress: &Progress) {
        self.show(progress);
        self.line.abandon();
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if self.holds_terminal {
            IS_TAKEN.store(false, Ordering::Release);
        }
    }
}

/// What stands behind the bar.
fn message(progress: &Progress) -> String {
    let Progress { hits, computed, failed, .. } = progress;
    let counts = format!("hits {hits}  computed {computed}  failed {failed}");
    match progress.time_left().filter(|left| !left.is_zero()) {
        Some(left) => format!("{counts}  {} left", HumanDuration(left)),
        None => format!("{counts}  {}", HumanDuration(progress.elapsed)),
    }
}
