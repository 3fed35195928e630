//! A tier that is never written, as programs see it that look after storages.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, DataStore, Entry, Filter, ListOptions, Listing, MetadataStore, Namespace, Page,
    Prefix, Properties, PutOptions, Snapshot, Source, Staged, StoreInfo,
};
use memento::{Error, ErrorKind, Key, Name, Result, Version};

/// A store that its tiers do not write, whoever else does: it says so, and refuses what would change it.
#[derive(Debug)]
pub(crate) struct Unwritten<S: ?Sized>(pub(crate) Arc<S>);

fn refused(operation: &'static str, location: String) -> Error {
    Error::new(ErrorKind::ReadOnly, operation)
        .with("store", location)
        .because("it is a tier that is never written")
        .help("say `write = \"through\"` for this tier")
}

impl DataStore for Unwritten<dyn DataStore> {
    fn location(&self) -> String {
        self.0.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities().not_writable()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }

    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        Err(refused("put an object", self.location()))
    }

    fn put_with(&self, name: &Name, content: &[u8], _: &PutOptions) -> Result<bool> {
        self.put(name, content).map(|()| true)
    }

    fn remove(&self, _: &Name) -> Result<bool> {
        Err(refused("drop an object", self.location()))
    }

    // Nothing of what is to be kept is read before.

    fn append(&self, _: &Name, _: &[u8]) -> Result<()> {
        Err(refused("append to an object", self.location()))
    }

    fn copy(&self, _: &Name, _: &Name) -> Result<bool> {
        Err(refused("copy an object", self.location()))
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        Err(refused("put an object", self.location()))
    }

    fn put_from(&self, _: &Name, _: &mut Source<'_>, _: &PutOptions) -> Result<bool> {
        Err(refused("put an object", self.location()))
    }

    fn snapshot(&self, _: &Name) -> Result<Option<Snapshot>> {
        Err(refused("take a snapshot", self.location()))
    }

    fn create_namespace(&self, _: &Namespace) -> Result<bool> {
        Err(refused("make a namespace", self.location()))
    }

    fn set_aside(&self, _: &Name) -> Result<()> {
        Err(refused("move a damaged object aside", self.location()))
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.list(prefix, options)
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.0.read(name)
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.0.get_range(name, range)
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.0.properties(name)
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        self.0.get_many(names)
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        self.0.contains(names)
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        self.0.list_snapshots(name)
    }

    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        self.0.read_snapshot(name, snapshot)
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.0.list_namespaces()
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.0.has_namespace(namespace)
    }

    fn ping(&self) -> Result<()> {
        self.0.ping()
    }

    fn info(&self) -> Result<StoreInfo> {
        self.0.info()
    }

    fn url(&self, name: &Name) -> Result<String> {
        self.0.url(name)
    }

    /// Those below are not written, either.
    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        let tiers = self.0.tiers().into_iter();
        tiers.map(|(name, store)| (name, Arc::new(Unwritten(store)) as _)).collect()
    }
}

impl MetadataStore for Unwritten<dyn MetadataStore> {
    fn location(&self) -> String {
        self.0.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities().not_writable()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.0.get_many(keys)
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        self.0.get_each(keys)
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        self.0.stream(keys, take)
    }

    fn get_levels(
        &self,
        keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        self.0.get_levels(keys, next)
    }

    fn put(&self, _: &[Entry]) -> Result<()> {
        Err(refused("keep mementos", self.location()))
    }

    fn remove(&self, _: &Key) -> Result<bool> {
        Err(refused("drop a memento", self.location()))
    }

    fn remove_all(&self, _: &Filter) -> Result<u64> {
        Err(refused("drop mementos", self.location()))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.0.list(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.0.versions(function, limit)
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
        let tiers = self.0.tiers().into_iter();
        tiers.map(|(name, store)| (name, Arc::new(Unwritten(store)) as _)).collect()
    }
}
