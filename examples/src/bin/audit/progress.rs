//! How far the job is, for who watches it.

use std::io::{IsTerminal as _, stderr};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use memento::Environment;

use crate::tree::Tree;

/// How often the bar moves.
const INTERVAL: Duration = Duration::from_millis(100);
const TEMPLATE: &str = "{bar:40} {percent}%  {msg}  {elapsed}";

/// A bar that moves until this is dropped. Then it disappears.
pub(crate) struct Progress {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Shows how many of the calls that `tree` may take have come to an end; nothing where nobody watches.
///
/// It asks the environment for its statistics: the functions need not know that they are watched.
pub(crate) fn begin(environment: &Environment, tree: &Tree) -> Option<Progress> {
    if !stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new((tree.files() + tree.crates.len() + 1) as u64);
    bar.set_style(ProgressStyle::with_template(TEMPLATE).ok()?);
    let environment = environment.clone();
    let (stop, stopped) = mpsc::channel::<()>();
    let show = move || {
        while matches!(stopped.recv_timeout(INTERVAL), Err(RecvTimeoutError::Timeout)) {
            let statistics = environment.statistics();
            bar.set_position(statistics.calls());
            bar.set_message(format!(
                "computed {}  hits {}",
                statistics.computed,
                statistics.hits()
            ));
        }
        bar.finish_and_clear();
    };
    Some(Progress { stop: Some(stop), thread: Some(thread::spawn(show)) })
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
