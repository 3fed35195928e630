//! Runs in this process.

use std::sync::Arc;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{Batch, Runner};
use crate::plugin::RunnerPlugin;
use crate::{Error, ErrorKind, Result};

inventory::submit! {
    RunnerPlugin {
        name: "local",
        provided_by: "memento",
        open: |options| match options.take::<usize>("threads")? {
            None => Ok(Arc::new(LocalRunner::new())),
            Some(threads) => LocalRunner::with_threads(threads).map(|runner| Arc::new(runner) as _),
        },
    }
}

/// Runs single calls in the calling thread and batches in a rayon pool.
///
/// Batches inside of batches share the pool: however deep they are nested, no more threads run than it has.
#[derive(Debug)]
pub struct LocalRunner {
    /// `None` is rayon's global pool.
    pool: Option<rayon::ThreadPool>,
}

impl LocalRunner {
    /// A runner on rayon's global pool.
    pub const fn new() -> Self {
        Self { pool: None }
    }

    /// A runner on a pool of its own; 0 threads mean as many as there are processors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the threads cannot be started.
    pub fn with_threads(threads: usize) -> Result<Self> {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| {
            Error::new(ErrorKind::Configuration, "start the threads of the local runner")
                .with("threads", threads)
                .source(error)
        })?;
        Ok(Self { pool: Some(pool) })
    }
}

impl Default for LocalRunner {
    fn default() -> Self {
        Self::new()
    }
}

impl Runner for LocalRunner {
    fn name(&self) -> &'static str {
        "local"
    }

    fn run(&self, batch: &dyn Batch) {
        self.for_each(batch.len(), &|index| batch.run_local(index));
    }

    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let all = || (0..count).into_par_iter().with_max_len(1).for_each(work);
        match &self.pool {
            _ if count == 1 => work(0),
            Some(pool) => pool.install(all),
            None => all(),
        }
    }
}
