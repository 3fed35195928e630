//! All clusters of a process, and the way from a function to its own.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use parking_lot::{Mutex, RwLock};

use crate::binding::Binding;
use crate::cluster::Cluster;
use crate::configuration::{ClusterOptions, Configuration};
use crate::function::Function;
use crate::runner::Runner;
use crate::statistics::Statistics;
use crate::storage::Storage;
use crate::worker::Parent;
use crate::{Caller, Error, ErrorKind, LocalRunner, NullRunner, Result, remote};

/// All clusters: where the results of each function live, and what computes them.
///
/// There is one of the process, read from `memento.toml` at the first call of a memento function. Others can be
/// built, and used in the same process side by side:
///
/// ```
/// use memento::{Environment, LocalRunner, Storage};
/// let environment = Environment::new(Storage::memory(), LocalRunner::new());
/// environment.enter(|| { /* call memento functions */ });
/// ```
#[derive(Clone)]
pub struct Environment(Arc<Inner>);

struct Inner {
    configuration: Option<Configuration>,
    /// In a worker process: the process that has the clusters.
    parent: Option<Arc<dyn Parent>>,
    /// Storage and runner of clusters that have none of their own.
    shared: OnceLock<Result<Arc<Cluster>>>,
    clusters: Mutex<HashMap<String, Result<Arc<Cluster>>>>,
    /// By the address of the function.
    bindings: RwLock<HashMap<usize, Arc<Binding>>>,
}

static OF_PROCESS: OnceLock<Result<Environment>> = OnceLock::new();

impl Environment {
    /// An environment in which one storage and one runner serve all functions.
    pub fn new(storage: Storage, runner: impl Runner + 'static) -> Self {
        let cluster = Cluster::new(Arc::new(storage), Arc::new(runner));
        Self::with(None, OnceLock::from(Ok(Arc::new(cluster))))
    }

    /// Adds a cluster with a storage and a runner of its own.
    pub fn with_cluster(self, name: &str, storage: Storage, runner: impl Runner + 'static) -> Self {
        let cluster = Cluster::new(Arc::new(storage), Arc::new(runner));
        self.0.clusters.lock().insert(name.to_owned(), Ok(Arc::new(cluster)));
        self
    }

    /// The environment that a configuration file describes, with the variables of this process over it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`]. What a storage or a runner finds wrong with its options is reported at the
    /// first call that needs it.
    pub fn load(file: impl AsRef<Path>) -> Result<Self> {
        Configuration::load_file(file.as_ref())
            .map(|found| Self::with(Some(found), OnceLock::new()))
    }

    /// The environment of the process.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`].
    pub fn of_process() -> Result<Self> {
        let load = || Configuration::load().map(|found| Self::with(Some(found), OnceLock::new()));
        OF_PROCESS.get_or_init(load).clone()
    }

    fn with(configuration: Option<Configuration>, shared: OnceLock<Result<Arc<Cluster>>>) -> Self {
        Self(Arc::new(Inner {
            configuration,
            parent: None,
            shared,
            clusters: Mutex::default(),
            bindings: RwLock::default(),
        }))
    }

    /// The environment of a worker process: clusters and storage are those of `parent`, and what is called runs here.
    pub(crate) fn of_parent(parent: Arc<dyn Parent>) -> Self {
        Self(Arc::new(Inner {
            configuration: None,
            parent: Some(parent),
            shared: OnceLock::new(),
            clusters: Mutex::default(),
            bindings: RwLock::default(),
        }))
    }

    /// Does `work`; the memento functions that it calls use this environment.
    ///
    /// Whoever enters the environment of the process is in the one that is used where none is entered:
    ///
    /// ```
    /// use memento::{Environment, memento};
    ///
    /// #[memento]
    /// fn answer(n: u64) -> u64 {
    ///     n + 41
    /// }
    ///
    /// answer(1);
    /// let environment = Environment::of_process()?;
    /// assert!(environment.enter(|| answer::forget(1))?);
    /// answer(1);
    /// assert_eq!(environment.statistics().computed, 2);
    /// # Ok::<(), memento::Error>(())
    /// ```
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        // Who enters none is in that of the process: there, a function has one binding.
        let environment = (!self.is_of_process()).then(|| self.clone());
        let caller = Caller { environment, ..Caller::current() };
        caller.enter(work)
    }

    /// The environment that a call in this thread would use.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration).
    pub fn current() -> Result<Self> {
        Caller::current().environment.map_or_else(Self::of_process, Ok)
    }

    /// Whether this is the environment of the process.
    pub(crate) fn is_of_process(&self) -> bool {
        matches!(OF_PROCESS.get(), Some(Ok(of_process)) if Arc::ptr_eq(&of_process.0, &self.0))
    }

    /// Makes this the environment of the process.
    pub(crate) fn set_of_process(&self) -> Result<()> {
        OF_PROCESS.set(Ok(self.clone())).map_err(|_| {
            Error::new(ErrorKind::Configuration, "become a worker process")
                .because("memento functions have been called before")
                .help("put `#[memento::main]` on `fn main`, or call `memento::worker::enter()` first in it")
        })
    }

    /// Drops what the memory caches hold.
    pub(crate) fn clear_caches(&self) {
        self.opened().iter().for_each(|cluster| cluster.storage.cache.clear());
    }

    /// The clusters that have been used so far.
    fn opened(&self) -> Vec<Arc<Cluster>> {
        let mut clusters: Vec<_> = self.0.shared.get().into_iter().flatten().cloned().collect();
        clusters.extend(self.0.clusters.lock().values().flatten().cloned());
        clusters
    }

    /// The storage of a cluster; `""` is the default one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`].
    pub fn storage(&self, cluster: &str) -> Result<Arc<Storage>> {
        Ok(Arc::clone(&self.cluster(cluster)?.storage))
    }

    /// The names of the clusters that the configuration has, or else the program; none where all functions share one.
    pub fn clusters(&self) -> Vec<String> {
        match &self.0.configuration {
            Some(configuration) => configuration.clusters.keys().cloned().collect(),
            None => self.0.clusters.lock().keys().cloned().collect(),
        }
    }

    /// The storage of a cluster, opened for whoever asks, without a runner: for programs that look after a storage and
    /// call no functions. `""` is the default one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`], where there is no such cluster, too.
    pub fn open_storage(&self, cluster: &str) -> Result<Arc<Storage>> {
        let Some(configuration) = &self.0.configuration else { return self.storage(cluster) };
        let own = configuration.clusters.get(cluster);
        if own.is_none() && !cluster.is_empty() {
            return Err(self.unknown(cluster, self.clusters()));
        }
        let own = own.and_then(|options| options.storage.clone());
        Cluster::open_storage(own.unwrap_or_else(|| configuration.storage.clone()))
    }

    /// What the clusters that have been used so far did.
    pub fn statistics(&self) -> Statistics {
        let clusters = self.opened();
        let mut sum = Statistics::default();
        for (index, cluster) in clusters.iter().enumerate() {
            if !clusters[..index].iter().any(|other| Arc::ptr_eq(other, cluster)) {
                sum += cluster.counters.read();
            }
        }
        for storage in storages(&clusters) {
            sum += Statistics::of_storage(storage);
        }
        sum
    }

    /// Waits until all that was kept is in all stores that it is to be in, where some are written behind the calls.
    ///
    /// That happens without this, too: when an environment goes, when a thread that has kept something ends, and with
    /// the main thread when the program ends. This says what was lost.
    ///
    /// # Errors
    ///
    /// What the stores report.
    pub fn flush(&self) -> Result<()> {
        let mut flushed = Ok(());
        for storage in storages(&self.opened()) {
            storage.write_waiting();
            flushed = flushed.and(storage.data.flush()).and(storage.metadata.flush());
        }
        flushed
    }

    /// The binding of `function`, made at its first call.
    pub(crate) fn binding(&self, function: &'static Function) -> Result<Arc<Binding>> {
        if let Some(binding) = self.bound(function) {
            return Ok(binding);
        }
        let binding = Arc::new(self.bind(function)?);
        Ok(Arc::clone(self.0.bindings.write().entry(address(function)).or_insert(binding)))
    }

    /// The binding of `function`, if it has been made.
    pub(crate) fn bound(&self, function: &'static Function) -> Option<Arc<Binding>> {
        self.0.bindings.read().get(&address(function)).map(Arc::clone)
    }

    /// A new binding of `function`.
    pub(crate) fn bind(&self, function: &'static Function) -> Result<Binding> {
        function.check_unique()?;
        let cluster = self.cluster(function.cluster());
        let cluster = cluster.map_err(|error| error.with("function", function.path()))?;
        Ok(Binding::new(function, cluster))
    }

    pub(crate) fn cluster(&self, name: &str) -> Result<Arc<Cluster>> {
        if name.is_empty() {
            return self.shared();
        }
        // Held while a cluster is opened, so that it is opened once.
        let mut opened = self.0.clusters.lock();
        if let Some(cluster) = opened.get(name) {
            return cluster.clone();
        }
        if let Some(parent) = &self.0.parent {
            return opened
                .entry(name.to_owned())
                .or_insert_with(|| open_remote(parent, name))
                .clone();
        }
        let clusters = self.0.configuration.as_ref().map(|found| &found.clusters);
        let Some(options) = clusters.and_then(|clusters| clusters.get(name)) else {
            // Who names clusters means to name all of them: a name that is missing is misspelt on one side.
            let named: Vec<String> = match clusters {
                Some(clusters) => clusters.keys().cloned().collect(),
                None => opened.keys().cloned().collect(),
            };
            return if named.is_empty() { self.shared() } else { Err(self.unknown(name, named)) };
        };
        opened.entry(name.to_owned()).or_insert_with(|| self.open_cluster(options)).clone()
    }

    fn shared(&self) -> Result<Arc<Cluster>> {
        let open = || match &self.0.configuration {
            Some(configuration) => {
                let storage = Cluster::open_storage(configuration.storage.clone())?;
                let runner = Cluster::open_runner(configuration.runner.clone())?;
                Ok(Arc::new(Cluster::new(storage, runner)))
            }
            None => match &self.0.parent {
                Some(parent) => open_remote(parent, ""),
                None => Ok(Arc::new(Cluster::null())),
            },
        };
        self.0.shared.get_or_init(open).clone()
    }

    /// A named cluster: its own storage and runner, where it has them.
    fn open_cluster(&self, options: &ClusterOptions) -> Result<Arc<Cluster>> {
        let storage = match options.storage.clone() {
            Some(options) => Cluster::open_storage(options)?,
            None => Arc::clone(&self.shared()?.storage),
        };
        let runner = match options.runner.clone() {
            Some(options) => Cluster::open_runner(options)?,
            None => Arc::clone(&self.shared()?.runner),
        };
        Ok(Arc::new(Cluster::new(storage, runner)))
    }

    fn unknown(&self, name: &str, mut named: Vec<String>) -> Error {
        named.sort_unstable();
        let (place, add) = match &self.0.configuration {
            Some(found) => {
                let file = found.file.as_ref().map(|file| file.display().to_string());
                let place = file.unwrap_or_else(|| "the variables of this process".to_owned());
                (place, format!("`[clusters.{name}]`"))
            }
            None => ("the program".to_owned(), format!("`.with_cluster(\"{name}\", …)`")),
        };
        let here = match &*named {
            [] => "no cluster is named here".to_owned(),
            _ => format!("the clusters here are `{}`", named.join("`, `")),
        };
        Error::new(ErrorKind::Configuration, "find a cluster")
            .with("cluster", name)
            .with("in", place)
            .because("there is no such cluster")
            .help(format!("{here}; add {add}"))
    }
}

/// The storages of `clusters`, each once.
fn storages(clusters: &[Arc<Cluster>]) -> impl Iterator<Item = &Arc<Storage>> {
    let storages = clusters.iter().map(|cluster| &cluster.storage).enumerate();
    storages.filter_map(|(index, storage)| {
        let before = &clusters[..index];
        (!before.iter().any(|other| Arc::ptr_eq(&other.storage, storage))).then_some(storage)
    })
}

/// Where a function is declared, which tells it from all others.
fn address(function: &'static Function) -> usize {
    std::ptr::from_ref(function) as usize
}

/// A cluster of another process, whose functions run here.
fn open_remote(parent: &Arc<dyn Parent>, name: &str) -> Result<Arc<Cluster>> {
    let (storage, executes) = remote::open_storage(parent, name)?;
    let runner: Arc<dyn Runner> =
        if executes { Arc::new(LocalRunner::new()) } else { Arc::new(NullRunner) };
    Ok(Arc::new(Cluster::new(Arc::new(storage), runner)))
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("configuration", &self.0.configuration)
            .field("shared", &self.0.shared.get())
            .finish_non_exhaustive()
    }
}
