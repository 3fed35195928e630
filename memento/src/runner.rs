//! What executes invocations.

mod local;
mod null;

use std::fmt::Debug;

pub use crate::engine::Batch;
pub use local::LocalRunner;
pub use null::NullRunner;

/// Executes batches of invocations that storage has no valid result for.
pub trait Runner: Send + Sync + Debug {
    /// What provenance calls this runner.
    fn name(&self) -> &str;

    /// Brings every invocation of `batch` to its end, each through [`Batch::run_local`] in whatever thread or process
    /// suits, or through [`Batch::refuse`]. A batch of one comes from a call that waits for it: it is best run in the
    /// thread that asks.
    fn run(&self, batch: &Batch<'_>);

    /// Runs `work` in up to as many threads as this runner uses for one batch, with the indices below `count`. Looking
    /// many results up is done in this way.
    fn for_each(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
        (0..count).for_each(work);
    }
}
