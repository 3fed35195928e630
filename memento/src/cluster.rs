//! A named group of functions with its own storage and runner.

use std::sync::Arc;

use crate::configuration::Options;
use crate::flight::{Flights, TaskFlights};
use crate::plugin::{self, RunnerPlugin};
use crate::runner::Runner;
use crate::statistics::Counters;
use crate::storage::Storage;
use crate::{NullRunner, Result};

/// A storage and a runner for some functions.
#[derive(Debug)]
pub(crate) struct Cluster {
    pub(crate) storage: Arc<Storage>,
    pub(crate) runner: Arc<dyn Runner>,
    pub(crate) counters: Counters,
    pub(crate) flights: Flights,
    /// Of async functions.
    pub(crate) task_flights: TaskFlights,
}

impl Cluster {
    pub(crate) fn new(storage: Arc<Storage>, runner: Arc<dyn Runner>) -> Self {
        Self {
            storage,
            runner,
            counters: Counters::default(),
            flights: Flights::default(),
            task_flights: TaskFlights::default(),
        }
    }

    /// A cluster that keeps nothing and executes nothing.
    pub(crate) fn null() -> Self {
        Self::new(Arc::new(Storage::null()), Arc::new(NullRunner))
    }

    /// The runner that `options` describes.
    pub(crate) fn open_runner(mut options: Options) -> Result<Arc<dyn Runner>> {
        let plugin = plugin::choose::<RunnerPlugin>(&mut options, "local")?;
        let runner = (plugin.open)(&mut options)?;
        options.finish()?;
        Ok(runner)
    }

    /// The storage that `options` describes.
    pub(crate) fn open_storage(mut options: Options) -> Result<Arc<Storage>> {
        let (stores, memory_cache) = plugin::open_stores(&mut options)?;
        let mut storage = Storage::from(stores);
        let size = options.take_size("memory_cache")?;
        storage = storage.memory_cache(size.unwrap_or(memory_cache));
        if let Some(size) = options.take_size("inline_limit")? {
            storage = storage.inline_limit(size);
        }
        options.finish()?;
        Ok(Arc::new(storage))
    }
}
