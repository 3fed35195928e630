//! A named group of functions with its own storage and runner.

use std::sync::Arc;

use bytesize::ByteSize;

use crate::configuration::Options;
use crate::flight::{Flights, TaskFlights};
use crate::plugin::{self, Plugin, RunnerPlugin, StoragePlugin, Stores};
use crate::statistics::Counters;
use crate::storage::Storage;
use crate::{NullRunner, Result, Runner};

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

    /// The storage that `options` describes: both stores of one plugin, unless `data` or `metadata` describes another one.
    pub(crate) fn open_storage(mut options: Options) -> Result<Arc<Storage>> {
        let mut parts = (options.take_choice("data")?, options.take_choice("metadata")?);
        let of_data = parts.0.as_mut().unwrap_or(&mut options);
        let plugin = plugin::choose::<StoragePlugin>(of_data, default_storage())?;
        let data = (plugin.data)(of_data)?;
        let of_metadata = parts.1.as_mut().unwrap_or(&mut options);
        let plugin = plugin::choose::<StoragePlugin>(of_metadata, default_storage())?;
        let metadata = (plugin.metadata)(of_metadata)?;
        for part in [parts.0, parts.1].iter().flatten() {
            part.finish()?;
        }
        let Stores { data, metadata } =
            plugin::put_layers(&mut options, Stores { data, metadata })?;
        let mut storage = Storage::from_stores(data, metadata);
        let size = options.take::<ByteSize>("memory_cache")?;
        storage = storage.memory_cache(size.map_or(plugin.memory_cache, |size| size.as_u64()));
        if let Some(size) = options.take::<ByteSize>("inline_limit")? {
            storage = storage.inline_limit(size.as_u64());
        }
        options.finish()?;
        Ok(Arc::new(storage))
    }
}

/// The plugin that is used where nothing is configured: one that keeps results by itself, else memory.
fn default_storage() -> &'static str {
    StoragePlugin::registered()
        .find(|plugin| plugin.is_default)
        .map_or("memory", |plugin| plugin.name)
}
