//! What every runner promises.
//!
//! Each property is a function that panics where the promise is broken; [`runner_suite!`](crate::runner_suite) makes a
//! test of each.

mod functions;
mod lab;
mod probe;
mod properties;

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use memento::runner::Runner;

pub use properties::{EXECUTING, REFUSING};

use crate::suite::promised;

/// How long a property may take. Nothing is measured by it: it is there so that a runner that stands still is a test
/// that fails.
const PATIENCE: Duration = Duration::from_mins(3);

/// A property by its name, and what checks it.
pub type Property = crate::suite::Property<RunnerSuite>;

/// The runner that is tested, and what is known of it.
#[derive(Clone)]
pub struct RunnerSuite {
    make: Arc<dyn Fn() -> Arc<dyn Runner> + Send + Sync>,
    concurrency: usize,
    patience: Duration,
}

impl RunnerSuite {
    /// The runners that `make` makes: one for each property.
    pub fn new<R: Runner + 'static>(make: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self {
            make: Arc::new(move || Arc::new(make())),
            concurrency: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            patience: PATIENCE,
        }
    }

    /// Of one batch, the runner runs at most so many calls at the same time; as many as there are processors, if
    /// nothing is said.
    pub fn concurrency(mut self, calls: usize) -> Self {
        self.concurrency = calls;
        self
    }

    /// Takes a runner that has not come to an end after this time for one that never does: 3 minutes, if nothing is
    /// said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl fmt::Debug for RunnerSuite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunnerSuite")
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// A test for each promise of a runner that executes functions. The argument is a
/// [`RunnerSuite`](crate::runner::RunnerSuite), which need not be imported.
///
/// ```ignore
/// mod local {
///     memento_testkit::runner_suite!(RunnerSuite::new(memento::LocalRunner::new));
/// }
/// ```
#[macro_export]
macro_rules! runner_suite {
    ($suite:expr) => {
        $crate::executing_properties!($suite);
    };
}

/// A test for each promise of a runner that [executes](memento::runner::Runner::executes) nothing. The argument is a
/// [`RunnerSuite`](crate::runner::RunnerSuite), which need not be imported.
#[macro_export]
macro_rules! refusing_runner_suite {
    ($suite:expr) => {
        $crate::refusing_properties!($suite);
    };
}
