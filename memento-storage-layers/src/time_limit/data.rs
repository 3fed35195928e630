//! A data store that is waited for no longer than a limit.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, Namespace, Prefix, Properties, PutOptions,
    Snapshot, Source, StoreInfo,
};
use memento::{Error, Name, Result};

use super::TimeLimit;
use super::stream::{TimedReader, put_within};
use crate::Operation;
use crate::operation::{
    APPEND, CONTAINS, COPY, CREATE_NAMESPACE, GET, GET_MANY, GET_RANGE, HAS_NAMESPACE, INFO, LIST,
    LIST_NAMESPACES, LIST_SNAPSHOTS, PING, PROPERTIES, PUT, PUT_FROM, PUT_MANY, READ,
    READ_SNAPSHOT, REMOVE, REMOVE_MANY, REMOVE_NAMESPACE, REMOVE_SNAPSHOT, SET_ASIDE, SNAPSHOT,
    URL,
};

/// A content as a stream, where there is one.
type Stream = Option<Box<dyn Read + Send>>;

impl<S: DataStore + ?Sized + 'static> TimeLimit<S> {
    /// Does one operation on many things, each with its own result.
    fn each_within<T: Send + 'static>(
        &self,
        operation: Operation,
        count: usize,
        work: impl FnOnce(&S) -> Vec<Result<T>> + Send + 'static,
    ) -> Vec<Result<T>> {
        let all = |error: Error| (0..count).map(|_| Err(error.clone())).collect();
        self.within(operation, move |store| Ok(work(store))).unwrap_or_else(all)
    }

    /// Opens a stream, each part of which is waited for.
    fn open_within(
        &self,
        operation: Operation,
        open: impl FnOnce(&S) -> Result<Stream> + Send + 'static,
    ) -> Result<Stream> {
        let content = self.within(operation, open)?;
        Ok(content.map(|content| Box::new(TimedReader::new(&self.limit, operation, content)) as _))
    }
}

impl<S: DataStore + ?Sized + 'static> DataStore for TimeLimit<S> {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let name = name.clone();
        self.within(GET, move |store| store.get(&name))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        let (name, content) = (name.clone(), content.to_vec());
        self.within(PUT, move |store| store.put(&name, &content))
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        let name = name.clone();
        self.within(REMOVE, move |store| store.remove(&name))
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let (prefix, options) = (prefix.clone(), options.clone());
        self.within(LIST, move |store| store.list(&prefix, &options))
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        let (name, content, options) = (name.clone(), content.to_vec(), options.clone());
        self.within(PUT, move |store| store.put_with(&name, &content, &options))
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        let (name, content) = (name.clone(), content.to_vec());
        self.within(APPEND, move |store| store.append(&name, &content))
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        let (from, to) = (from.clone(), to.clone());
        self.within(COPY, move |store| store.copy(&from, &to))
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let (store, name, options) = (Arc::clone(&self.store), name.clone(), options.clone());
        let change = self.begin(PUT_FROM)?;
        put_within(&self.limit, PUT_FROM, &change, source, move |source| {
            store.put_from(&name, source, &options)
        })
    }

    fn read(&self, name: &Name) -> Result<Stream> {
        let name = name.clone();
        self.open_within(READ, move |store| store.read(&name))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let name = name.clone();
        self.within(GET_RANGE, move |store| store.get_range(&name, range))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let name = name.clone();
        self.within(PROPERTIES, move |store| store.properties(&name))
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let names = names.to_vec();
        self.each_within(GET_MANY, names.len(), move |store| store.get_many(&names))
    }

    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let objects: Vec<_> =
            objects.iter().map(|(name, content)| (name.clone(), content.to_vec())).collect();
        self.each_within(PUT_MANY, objects.len(), move |store| {
            let objects: Vec<_> =
                objects.iter().map(|(name, content)| (name.clone(), &**content)).collect();
            store.put_many(&objects)
        })
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        let names = names.to_vec();
        self.each_within(REMOVE_MANY, names.len(), move |store| store.remove_many(&names))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        let names = names.to_vec();
        self.each_within(CONTAINS, names.len(), move |store| store.contains(&names))
    }

    fn snapshot(&self, name: &Name) -> Result<Option<Snapshot>> {
        let name = name.clone();
        self.within(SNAPSHOT, move |store| store.snapshot(&name))
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let name = name.clone();
        self.within(LIST_SNAPSHOTS, move |store| store.list_snapshots(&name))
    }

    fn read_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<Stream> {
        let (name, snapshot) = (name.clone(), snapshot.clone());
        self.open_within(READ_SNAPSHOT, move |store| store.read_snapshot(&name, &snapshot))
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        let (name, snapshot) = (name.clone(), snapshot.clone());
        self.within(REMOVE_SNAPSHOT, move |store| store.remove_snapshot(&name, &snapshot))
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        let namespace = namespace.clone();
        self.within(CREATE_NAMESPACE, move |store| store.create_namespace(&namespace))
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.within(LIST_NAMESPACES, S::list_namespaces)
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        let namespace = namespace.clone();
        self.within(HAS_NAMESPACE, move |store| store.has_namespace(&namespace))
    }

    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        let namespace = namespace.clone();
        self.within(REMOVE_NAMESPACE, move |store| store.remove_namespace(&namespace))
    }

    fn ping(&self) -> Result<()> {
        self.within(PING, S::ping)
    }

    fn info(&self) -> Result<StoreInfo> {
        self.within(INFO, S::info)
    }

    fn url(&self, name: &Name) -> Result<String> {
        let name = name.clone();
        self.within(URL, move |store| store.url(&name))
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        self.store.tiers()
    }

    /// It takes as long as what waits takes, each part of which has a limit of its own.
    fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        let name = name.clone();
        self.within(SET_ASIDE, move |store| store.set_aside(&name))
    }
}
