//! Runs in this process.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{Batch, InScope, Runner, Spawn};
use crate::configuration::Options;
use crate::flight::{in_pool, name_pool, while_waiting_for_pool};
use crate::plugin::RunnerPlugin;
use crate::{Error, ErrorKind, Result};

inventory::submit! {
    RunnerPlugin { name: "local", provided_by: "memento", open }
}

/// The runner that a configuration describes: on a pool of its own if anything is said about it.
fn open(options: &mut Options) -> Result<Arc<dyn Runner>> {
    let threads = options.take::<usize>("threads")?;
    let stack_size = options.take_size("stack_size")?;
    if threads.is_none() && stack_size.is_none() {
        return Ok(Arc::new(LocalRunner::new()));
    }
    let mut pool = rayon::ThreadPoolBuilder::new().num_threads(threads.unwrap_or_default());
    if let Some(size) = stack_size {
        pool = pool.stack_size(usize::try_from(size).unwrap_or(usize::MAX));
    }
    Ok(Arc::new(LocalRunner::on(build(pool)?)))
}

fn build(pool: rayon::ThreadPoolBuilder) -> Result<rayon::ThreadPool> {
    pool.build().map_err(|error| {
        Error::new(ErrorKind::Configuration, "start the threads of the local runner")
            .because(error)
            .help("set `threads` or `stack_size` in `[runner]` to less")
    })
}

/// Runs single calls in the calling thread and batches in a rayon pool.
///
/// Batches inside of batches share the pool: however deep they are nested, no more threads run than it has.
///
/// While calls run in the pool, results are looked up outside of it: a call may take long, and rayon ends what it has
/// begun before it begins what comes from elsewhere.
#[derive(Debug)]
pub struct LocalRunner {
    /// `None` is rayon's global pool.
    own: Option<Own>,
}

/// A pool of its own.
#[derive(Debug)]
struct Own {
    pool: rayon::ThreadPool,
    running: Arc<AtomicUsize>,
}

/// Batches and calls that run in rayon's global pool, or are to.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

/// Something that runs in a pool, until it is dropped. `None` is rayon's global one.
struct Running(Option<Arc<AtomicUsize>>);

impl Running {
    fn count(&self) -> &AtomicUsize {
        self.0.as_deref().unwrap_or(&RUNNING)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.count().fetch_sub(1, Ordering::Relaxed);
    }
}

impl LocalRunner {
    /// A runner on rayon's global pool.
    pub const fn new() -> Self {
        Self { own: None }
    }

    /// A runner on a pool of its own; 0 threads mean as many as there are processors.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where the threads cannot be started.
    pub fn with_threads(threads: usize) -> Result<Self> {
        build(rayon::ThreadPoolBuilder::new().num_threads(threads)).map(Self::on)
    }

    /// A runner on this pool.
    pub fn on(pool: rayon::ThreadPool) -> Self {
        name_pool(&pool);
        Self { own: Some(Own { pool, running: Arc::default() }) }
    }

    fn pool(&self) -> Option<&rayon::ThreadPool> {
        self.own.as_ref().map(|own| &own.pool)
    }

    /// Notes that something runs in the pool from now on.
    fn begin(&self) -> Running {
        let running = Running(self.own.as_ref().map(|own| Arc::clone(&own.running)));
        running.count().fetch_add(1, Ordering::Relaxed);
        running
    }

    /// Whether the pool has something to do that may take long.
    fn is_running(&self) -> bool {
        let running = self.own.as_ref().map_or(&RUNNING, |own| &own.running);
        running.load(Ordering::Relaxed) > 0
    }

    /// Does `work` with the indices below `count` in the pool.
    fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        let all = || (0..count).into_par_iter().with_max_len(1).for_each(work);
        match self.pool() {
            _ if count == 1 => work(0),
            Some(pool) if pool.current_thread_index().is_some() => all(),
            Some(pool) => while_waiting_for_pool(|| pool.install(all)),
            None if in_pool() => all(),
            None => while_waiting_for_pool(all),
        }
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
        let run = |index| batch.run_local(index);
        let _running = (batch.len() > 1).then(|| self.begin());
        self.share(batch.len(), &run);
    }

    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        if self.is_running() && !in_pool() {
            return (0..count).for_each(work);
        }
        self.share(count, work);
    }

    fn scope<'scope>(&self, work: InScope<'scope>) {
        // To stand still in a pool keeps work from being done that it may be waiting for.
        if in_pool() || self.is_running() {
            return work(None);
        }
        let work = |scope: &rayon::Scope<'scope>| work(Some(scope));
        match self.pool() {
            Some(pool) => pool.in_place_scope(work),
            None => rayon::in_place_scope(work),
        }
    }

    fn spawner(&self) -> Option<&dyn Spawn<'static>> {
        (!in_pool()).then_some(self)
    }
}

impl<'scope> Spawn<'scope> for rayon::Scope<'scope> {
    fn spawn(&self, work: Box<dyn FnOnce() + Send + 'scope>) {
        self.spawn(|_| work());
    }
}

impl Spawn<'static> for LocalRunner {
    fn spawn(&self, work: Box<dyn FnOnce() + Send>) {
        let running = self.begin();
        let work = move || {
            let _running = running;
            work();
        };
        match self.pool() {
            Some(pool) => pool.spawn(work),
            None => rayon::spawn(work),
        }
    }
}
