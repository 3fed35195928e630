//! Where a property is checked.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};

use memento::runner::Runner;
use memento::{Environment, Storage};
use tempfile::TempDir;

use super::functions::RUNS;
use super::probe::{Disturbance, Observed, Probe};
use super::{RunnerSuite, promised};

/// An environment with the runner behind a [`Probe`], and a folder in which executions are counted.
pub(super) struct Lab {
    pub(super) environment: Environment,
    pub(super) runner: Arc<dyn Runner>,
    pub(super) observed: Arc<Observed>,
    pub(super) concurrency: usize,
    folder: TempDir,
}

impl Lab {
    /// The folder that functions get.
    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// How often a function ran with each argument, in whatever process.
    pub(super) fn runs(&self) -> BTreeMap<u64, usize> {
        let mut runs = BTreeMap::new();
        for line in self.lines(RUNS) {
            *runs.entry(line.parse().expect("a number was noted")).or_default() += 1;
        }
        runs
    }

    /// What was noted in a file.
    pub(super) fn lines(&self, file: &str) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(file)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Checks that a function ran with the numbers below `count`, once with each.
    #[track_caller]
    pub(super) fn ran_once_below(&self, count: u64) {
        let runs = self.runs();
        promised(
            runs.len() as u64 == count && (0..count).all(|n| runs.get(&n) == Some(&1)),
            "each call is executed exactly once",
            || {
                let wrong = (0..count).map(|n| (n, runs.get(&n).copied().unwrap_or_default()));
                let wrong: Vec<_> = wrong.filter(|(_, runs)| *runs != 1).collect();
                format!("of {count} calls, these ran so often (argument, times): {wrong:?}")
            },
        );
    }
}

/// Checks `property` in an environment with a runner of `suite`, and that every call came to its end.
pub(super) fn check(suite: &RunnerSuite, property: impl FnOnce(&Lab) + Send + 'static) {
    check_disturbed(suite, Disturbance::None, property);
}

/// The same with something that happens to batches on their way.
pub(super) fn check_disturbed(
    suite: &RunnerSuite,
    disturbance: Disturbance,
    property: impl FnOnce(&Lab) + Send + 'static,
) {
    let runner = (suite.make)();
    let observed = Arc::new(Observed::default());
    let probe = Probe::new(Arc::clone(&runner), Arc::clone(&observed), disturbance);
    let lab = Lab {
        environment: Environment::new(Storage::memory(), probe),
        runner,
        observed: Arc::clone(&observed),
        concurrency: suite.concurrency,
        folder: tempfile::tempdir().expect("a temporary folder"),
    };
    let (sender, ended) = mpsc::channel();
    let work = move || {
        let checked = catch_unwind(AssertUnwindSafe(|| {
            property(&lab);
            lab.observed.assert_all_ended();
        }));
        // The runner ends with the laboratory, and it has to come to an end, too.
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(lab)));
        let _ = sender.send(checked.and(dropped));
    };
    std::thread::Builder::new().spawn(work).expect("a thread starts");
    match ended.recv_timeout(suite.patience) {
        Ok(Ok(())) => {}
        Ok(Err(payload)) => resume_unwind(payload),
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
            promised(false, "a runner never stands still", || {
                format!("after {:?}, {}", suite.patience, observed.describe())
            });
        }
    }
}
