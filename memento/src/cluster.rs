//! A named group of functions with its own storage and runner.

use std::sync::Arc;

use bytesize::ByteSize;

use crate::configuration::Options;
use crate::flight::{Flights, TaskFlights};
use crate::plugin::{self, Plugin, RunnerPlugin, StoragePlugin, Stores};
use crate::statistics::Counters;
use crate::storage::Storage;
use crate::{Error, ErrorKind, NullRunner, Result, Runner};

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

    /// The storage that `options` describes: one plugin, or one for data and one for metadata.
    pub(crate) fn open_storage(mut options: Options) -> Result<Arc<Storage>> {
        let parts = (options.take_options("data")?, options.take_options("metadata")?);
        let (data, metadata, memory_cache) = match parts {
            (None, None) => {
                let plugin = plugin::choose::<StoragePlugin>(&mut options, default_storage())?;
                let data = (plugin.data)(&mut options)?;
                (data, (plugin.metadata)(&mut options)?, plugin.memory_cache)
            }
            (Some(mut data), Some(mut metadata)) => {
                let data_plugin = plugin::choose::<StoragePlugin>(&mut data, default_storage())?;
                let plugin = plugin::choose::<StoragePlugin>(&mut metadata, default_storage())?;
                let stores = ((data_plugin.data)(&mut data)?, (plugin.metadata)(&mut metadata)?);
                data.finish()?;
                metadata.finish()?;
                (stores.0, stores.1, plugin.memory_cache)
            }
            _ => {
                return Err(Error::new(ErrorKind::Configuration, "open a storage of two stores")
                    .with("set by", options.origin_of("data"))
                    .help("set both `data` and `metadata`, or `type` alone"));
            }
        };
        let Stores { data, metadata } =
            plugin::put_layers(&mut options, Stores { data, metadata })?;
        let mut storage = Storage::from_stores(data, metadata);
        let size = options.take::<ByteSize>("memory_cache")?;
        storage = storage.memory_cache(size.map_or(memory_cache, |size| size.as_u64()));
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
