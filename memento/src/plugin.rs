//! Storage and runners that crates add at link time.
//!
//! A plugin crate registers itself with `inventory::submit!`; to depend on the crate is all that a user does. The
//! framework knows no plugin by name but those in this crate, which are registered in the same way, and those of this
//! project that its messages advise.
//!
//! Crates whose names begin with `memento-storage-` or `memento-runner-` are kept linked by `#[memento]` and
//! `#[memento::main]`; others by [`plugins!`](crate::plugins). Where there is no link-time registration,
//! [`register_storage`] and [`register_runner`] do it when the program starts.

mod at_end;
mod choice;

use std::fmt::Debug;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::configuration::Options;
use crate::runner::Runner;
use crate::storage::{DataStore, MetadataStore};
use crate::{Error, Result};

pub use at_end::{AtEnd, Ends, at_thread_end, for_another};
pub(crate) use choice::{choose, find, to_add};
pub use inventory;

/// How many bytes the memory cache of a storage holds unless `memory_cache` says otherwise: 256 MiB.
pub const DEFAULT_MEMORY_CACHE: u64 = 256 << 20;

/// A kind of storage, chosen by `type = "…"` in `[storage]`, or by the scheme of `url = "…"`.
#[derive(Debug)]
pub struct StoragePlugin {
    /// What `type` says.
    pub name: &'static str,
    /// The crate that provides it.
    pub provided_by: &'static str,
    /// The schemes of URLs that choose it where there is no `type`, such as `redis` for `redis://host`. Then `open` takes
    /// the option `url`.
    pub schemes: &'static [&'static str],
    /// Whether it keeps results beyond this process with no option set. Such a plugin is what a program uses that
    /// configures nothing.
    pub is_default: bool,
    /// How many bytes the memory cache in front holds unless `memory_cache` says otherwise.
    pub memory_cache: u64,
    /// Opens both stores, of which one may not be used. Options that this does not take are reported as unknown.
    pub open: fn(&mut Options) -> Result<Stores>,
}

/// A kind of runner, chosen by `type = "…"` in `[runner]`.
#[derive(Debug)]
pub struct RunnerPlugin {
    /// What `type` says.
    pub name: &'static str,
    /// The crate that provides it.
    pub provided_by: &'static str,
    /// Makes the runner. Options that this does not take are reported as unknown.
    pub open: fn(&mut Options) -> Result<Arc<dyn Runner>>,
}

/// How a process that a runner started as a worker becomes one: see [`worker`](crate::worker).
#[derive(Debug)]
pub struct WorkerPlugin {
    /// The name of the runner.
    pub name: &'static str,
    /// The crate that provides it.
    pub provided_by: &'static str,
    /// Serves, and exits; gets what the variable says behind the name. Returns where this process is no worker after
    /// all.
    pub serve: fn(&str),
}

/// Both stores of a storage.
#[derive(Clone, Debug)]
pub struct Stores {
    /// Where large results live, and whatever else is kept by name.
    pub data: Arc<dyn DataStore>,
    /// Where mementos live.
    pub metadata: Arc<dyn MetadataStore>,
}

/// What can be put around the stores of a storage, chosen by a table of its name in `[storage]`.
#[derive(Debug)]
pub struct LayerPlugin {
    /// What the table is called.
    pub name: &'static str,
    /// The crate that provides it.
    pub provided_by: &'static str,
    /// Which layer is around which: a layer with a greater number is around those with smaller ones.
    pub order: u32,
    /// Puts the layer around both stores. Options that this does not take are reported as unknown.
    pub wrap: fn(&mut Options, Stores) -> Result<Stores>,
}

impl Stores {
    /// The stores of one storage.
    pub fn new(data: impl DataStore + 'static, metadata: impl MetadataStore + 'static) -> Self {
        Self { data: Arc::new(data), metadata: Arc::new(metadata) }
    }

    /// The stores that `options` describe, with their layers around them: for a plugin that is made of other stores.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration), and what the plugin that is chosen reports.
    /// Options that nobody takes are reported by [`Options::finish`], which is for the caller.
    pub fn open(options: &mut Options) -> Result<Self> {
        open_stores(options).map(|(stores, _)| stores)
    }
}

/// The plugin that makes one storage of several.
const TIERS: &str = "tiers";

inventory::collect!(StoragePlugin);
inventory::collect!(LayerPlugin);
inventory::collect!(RunnerPlugin);
inventory::collect!(WorkerPlugin);

/// Keeps plugin crates linked whose names do not tell what they are.
///
/// ```ignore
/// memento::plugins!(my_store, my_runner);
/// ```
#[macro_export]
macro_rules! plugins {
    ($($name:ident),+ $(,)?) => {
        const _: () = {
            $(extern crate $name as _;)+
        };
    };
}

static STORAGE: Mutex<Vec<&StoragePlugin>> = Mutex::new(Vec::new());
static RUNNERS: Mutex<Vec<&RunnerPlugin>> = Mutex::new(Vec::new());

/// Registers a kind of storage by hand, before the first memento function is called.
pub fn register_storage(plugin: &'static StoragePlugin) {
    STORAGE.lock().push(plugin);
}

/// Registers a kind of runner by hand, before the first memento function is called.
pub fn register_runner(plugin: &'static RunnerPlugin) {
    RUNNERS.lock().push(plugin);
}

/// What the kinds of plugin have in common.
pub(crate) trait Plugin: Debug + Sync + 'static {
    /// What the configuration calls plugins of this kind.
    const KIND: &'static str;
    /// Whether the scheme of a `url` can choose one.
    const HAS_URLS: bool = false;

    fn name(&self) -> &'static str;
    fn provided_by(&self) -> &'static str;
    fn registered() -> impl Iterator<Item = &'static Self>;
    /// The schemes of URLs that choose it.
    fn schemes(&self) -> &'static [&'static str] {
        &[]
    }
}

impl Plugin for StoragePlugin {
    const KIND: &'static str = "storage";
    const HAS_URLS: bool = true;

    fn name(&self) -> &'static str {
        self.name
    }
    fn provided_by(&self) -> &'static str {
        self.provided_by
    }
    fn registered() -> impl Iterator<Item = &'static Self> {
        let by_hand = STORAGE.lock().clone();
        inventory::iter::<Self>.into_iter().chain(by_hand)
    }
    fn schemes(&self) -> &'static [&'static str] {
        self.schemes
    }
}

impl Plugin for RunnerPlugin {
    const KIND: &'static str = "runner";

    fn name(&self) -> &'static str {
        self.name
    }
    fn provided_by(&self) -> &'static str {
        self.provided_by
    }
    fn registered() -> impl Iterator<Item = &'static Self> {
        let by_hand = RUNNERS.lock().clone();
        inventory::iter::<Self>.into_iter().chain(by_hand)
    }
}

impl Plugin for WorkerPlugin {
    const KIND: &'static str = "worker";

    fn name(&self) -> &'static str {
        self.name
    }
    fn provided_by(&self) -> &'static str {
        self.provided_by
    }
    fn registered() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>.into_iter()
    }
}

impl Plugin for LayerPlugin {
    const KIND: &'static str = "layer";

    fn name(&self) -> &'static str {
        self.name
    }
    fn provided_by(&self) -> &'static str {
        self.provided_by
    }
    fn registered() -> impl Iterator<Item = &'static Self> {
        inventory::iter::<Self>.into_iter()
    }
}

/// The stores that `options` describe: both of one plugin, unless `data` or `metadata` describes another one. How many
/// bytes the memory cache in front of them holds unless something else is said.
pub(crate) fn open_stores(options: &mut Options) -> Result<(Stores, u64)> {
    let mut part = |name| {
        let Some(mut part) = options.take_choice(name)? else { return Ok(None) };
        let opened = open_plugin(&mut part)?;
        refuse_layers(&part, name, options)?;
        part.finish()?;
        Ok::<_, Error>(Some(opened))
    };
    let parts = (part("data")?, part("metadata")?);
    let ((Stores { data, .. }, _), (Stores { metadata, .. }, memory_cache)) = match parts {
        (Some(data), Some(metadata)) => (data, metadata),
        (data, metadata) => {
            let own = open_plugin(options)?;
            (data.unwrap_or_else(|| own.clone()), metadata.unwrap_or(own))
        }
    };
    Ok((put_layers(options, Stores { data, metadata })?, memory_cache))
}

/// The stores of the plugin that `options` choose.
fn open_plugin(options: &mut Options) -> Result<(Stores, u64)> {
    let default = if options.is_set(TIERS) { TIERS } else { default_storage() };
    if !["type", "url", TIERS].iter().any(|name| options.is_set(name)) {
        options.offer(&["url", TIERS]);
    }
    let plugin = choose::<StoragePlugin>(options, default)?;
    let stores = (plugin.open)(options)?;
    refuse_other_choices(options, plugin)?;
    Ok((stores, plugin.memory_cache))
}

/// Fails where an option is left that would have chosen another plugin than this one.
fn refuse_other_choices(options: &Options, plugin: &StoragePlugin) -> Result<()> {
    let Some(left) = ["url", TIERS].into_iter().find(|name| options.is_left(name)) else {
        return Ok(());
    };
    let (name, provided_by) = (plugin.name, plugin.provided_by);
    if options.is_set("type") {
        let wrong = format!("`type = \"{name}\"` and `{left}` contradict each other");
        return Err(options.invalid(left, wrong).help(format!("leave out `type` or `{left}`")));
    }
    if left == TIERS {
        let wrong = format!("`url` and `{left}` contradict each other");
        return Err(options.invalid(left, wrong).help(format!("leave out `url` or `{left}`")));
    }
    let wrong = format!("its scheme chooses `{name}` ({provided_by}), which does not take it");
    Err(options.invalid(left, wrong).help("a plugin that has schemes has to take `url`"))
}

/// Fails where there is a layer in a part of a storage, which is `data` or `metadata`.
fn refuse_layers(part: &Options, name: &str, whole: &Options) -> Result<()> {
    let Some(layer) = LayerPlugin::registered().find(|layer| part.is_left(layer.name)) else {
        return Ok(());
    };
    let wrong = format!("a layer is around a whole storage, not around its `{name}` alone");
    let help = format!("write `[{}]`", whole.path_of(layer.name));
    Err(part.invalid(layer.name, wrong).help(help))
}

/// The plugin that is used where nothing is configured: one that keeps results by itself, else memory.
fn default_storage() -> &'static str {
    StoragePlugin::registered()
        .find(|plugin| plugin.is_default)
        .map_or("memory", |plugin| plugin.name)
}

/// The stores with the layers around them that `options` has tables of.
///
/// # Errors
///
/// [`ErrorKind::Ambiguous`](crate::ErrorKind::Ambiguous) where two crates register a name, and those of the layers.
fn put_layers(options: &mut Options, mut stores: Stores) -> Result<Stores> {
    let mut layers: Vec<_> = LayerPlugin::registered().collect();
    layers.sort_by_key(|layer| (layer.order, layer.name));
    for layer in layers {
        if let Some(mut options) = options.take_options(layer.name)? {
            find::<LayerPlugin>(layer.name)?;
            stores = (layer.wrap)(&mut options, stores)?;
            options.finish()?;
        }
    }
    Ok(stores)
}
