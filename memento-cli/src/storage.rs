//! Which storage a command is about.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use memento::configuration::Options;
use memento::plugin::{StoragePlugin, Stores, inventory};
use memento::storage::{DataStore, MetadataStore};
use memento::{Environment, Error, ErrorKind, Result};

// The storages and layers that this program knows: one line for each crate that provides them.
use memento_storage_fs as _;
use memento_storage_layers as _;
use memento_storage_object as _;
use memento_storage_redis as _;
use memento_storage_tiers as _;

/// The storage that commands are about: that of `memento.toml`, unless something else is said.
#[derive(Args, Clone, Debug)]
pub(crate) struct Choice {
    /// Read this configuration in place of the one that programs here read
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Use the storage of this cluster
    #[arg(long, global = true, value_name = "NAME", conflicts_with = "storage")]
    cluster: Option<String>,
    /// Use this storage: a URL, a folder, the name of a cluster, or a type
    #[arg(long, global = true)]
    storage: Option<String>,
}

/// What is done with a storage that is a folder, which does not come to be by reading it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

impl Choice {
    /// Whether it is another one than that of the configuration.
    pub(crate) fn is_made(&self) -> bool {
        self.storage.is_some() || self.cluster.is_some()
    }

    /// The stores that the command is about.
    pub(crate) fn stores(&self, access: Access) -> Result<Stores> {
        match &self.storage {
            Some(storage) => self.open(storage, access),
            None => self.open_cluster(self.cluster.as_deref().unwrap_or_default()),
        }
    }

    /// The stores that `text` stands for: a URL, a folder, the name of a cluster, or a type.
    pub(crate) fn open(&self, text: &str, access: Access) -> Result<Stores> {
        if is_url(text) {
            return open(Options::new().with("url", text));
        }
        if text.contains(['/', '\\']) || text.starts_with('.') {
            return open_folder(text, access);
        }
        let clusters = self.environment()?.clusters();
        if clusters.iter().any(|cluster| cluster == text) {
            return self.open_cluster(text);
        }
        let types: Vec<_> = inventory::iter::<StoragePlugin>().map(|plugin| plugin.name).collect();
        if types.contains(&text) {
            return open(Options::new().with("type", text));
        }
        if Path::new(text).is_dir() {
            return open_folder(text, access);
        }
        Err(unknown(text, &clusters, types))
    }

    fn open_cluster(&self, name: &str) -> Result<Stores> {
        check_place(self.environment()?.open_storage(name)?.stores())
    }

    fn environment(&self) -> Result<Environment> {
        match &self.config {
            Some(file) => Environment::load(file),
            None => Environment::of_process(),
        }
    }
}

fn open(mut options: Options) -> Result<Stores> {
    let stores = Stores::open(&mut options)?;
    options.finish()?;
    check_place(stores)
}

/// Fails where nobody says in which folder results are: without that, each program has one of its own, of its name.
fn check_place(stores: Stores) -> Result<Stores> {
    let own = memento::default_folder();
    if stores.data.location() != own.display().to_string() {
        return Ok(stores);
    }
    let of_programs = own.parent().unwrap_or(&own);
    let entries = fs::read_dir(of_programs).into_iter().flatten().flatten();
    let mut folders: Vec<_> =
        entries.map(|entry| format!("`--storage {}`", entry.path().display())).collect();
    folders.sort_unstable();
    let choose = match &*folders {
        [] => "write `--storage`, or name it in `memento.toml`".to_owned(),
        _ => format!("write {}, or name another one in `memento.toml`", folders.join(" or ")),
    };
    Err(Error::new(ErrorKind::Configuration, "find a storage")
        .because("no configuration says where results are, and each program has a folder of its own then")
        .help(choose))
}

fn open_folder(path: &str, access: Access) -> Result<Stores> {
    if access == Access::Read && !Path::new(path).is_dir() {
        return Err(Error::new(ErrorKind::Storage, "open a storage")
            .with("folder", path)
            .because("there is no such folder"));
    }
    open(Options::new().with("type", "filesystem").with("path", path))
}

/// Whether it begins with a scheme. One letter is a drive.
fn is_url(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.len() > 1
        && scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn unknown(text: &str, clusters: &[String], mut types: Vec<&str>) -> Error {
    types.sort_unstable();
    let clusters = match clusters {
        [] => "the configuration names no clusters".to_owned(),
        _ => format!("the clusters are `{}`", clusters.join("`, `")),
    };
    Error::new(ErrorKind::Configuration, "find a storage")
        .with("name", text)
        .because("it is neither a cluster, nor a type, nor a folder")
        .help(format!("{clusters}, the types `{}`; or write a URL", types.join("`, `")))
}

/// Whether both are the same stores. Tiers are compared one by one: where they are, taken together, is only what they
/// are called.
pub(crate) fn are_same(one: &Stores, other: &Stores) -> bool {
    data_locations(&one.data) == data_locations(&other.data)
        && metadata_locations(&one.metadata) == metadata_locations(&other.metadata)
}

fn data_locations(data: &Arc<dyn DataStore>) -> Vec<String> {
    data_leaves(data).iter().map(|leaf| leaf.store.location()).collect()
}

fn metadata_locations(metadata: &Arc<dyn MetadataStore>) -> Vec<String> {
    metadata_leaves(metadata).iter().map(|leaf| leaf.store.location()).collect()
}

/// A store that is made of no others.
pub(crate) struct Leaf<S: ?Sized> {
    pub(crate) store: Arc<S>,
    /// Which tier it is, where it is one.
    pub(crate) tier: Option<String>,
}

/// What a data store is made of, the nearest first: of tiers of tiers, the innermost ones. Itself, if it has none.
pub(crate) fn data_leaves(data: &Arc<dyn DataStore>) -> Vec<Leaf<dyn DataStore>> {
    leaves(Leaf { store: Arc::clone(data), tier: None }, <dyn DataStore>::tiers)
}

/// As [`data_leaves`], of a metadata store.
pub(crate) fn metadata_leaves(metadata: &Arc<dyn MetadataStore>) -> Vec<Leaf<dyn MetadataStore>> {
    leaves(Leaf { store: Arc::clone(metadata), tier: None }, <dyn MetadataStore>::tiers)
}

/// Stores by the names of their tiers.
type Tiers<S> = Vec<(String, Arc<S>)>;

fn leaves<S: ?Sized>(whole: Leaf<S>, tiers: fn(&S) -> Tiers<S>) -> Vec<Leaf<S>> {
    let found = tiers(&whole.store);
    if found.is_empty() {
        return vec![whole];
    }
    let found = found.into_iter().map(|(name, store)| Leaf { store, tier: Some(name) });
    found.flat_map(|leaf| leaves(leaf, tiers)).collect()
}

/// Fails where a storage keeps nothing.
pub(crate) fn check_writable(stores: &Stores, operation: &'static str) -> Result<()> {
    let Stores { data, metadata } = stores;
    check_data_writable(&**data, operation)?;
    if !metadata.capabilities().writable {
        return Err(read_only(metadata.location(), operation));
    }
    Ok(())
}

/// Fails where a data store keeps nothing.
pub(crate) fn check_data_writable(data: &dyn DataStore, operation: &'static str) -> Result<()> {
    if data.capabilities().writable { Ok(()) } else { Err(read_only(data.location(), operation)) }
}

fn read_only(location: String, operation: &'static str) -> Error {
    Error::new(ErrorKind::ReadOnly, operation).with("store", location).because(
        "it keeps nothing of what is put: it is open for reading only, or of the type `null`",
    )
}

/// Waits until all that was put is where it is to be.
pub(crate) fn flush(stores: &Stores) -> Result<()> {
    stores.data.flush().and(stores.metadata.flush())
}
