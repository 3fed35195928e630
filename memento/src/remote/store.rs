//! The storage of another process, as seen from a worker.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::content::{RemoteContent, RemoteCreation};
use super::question::StoreRequest;
use super::{Bytes, ClusterFacts, Question, read, write};
use crate::storage::Storage;
use crate::worker::Parent;
use crate::{
    Capabilities, Content, Creation, DataStore, Digest, Entry, Error, ErrorKind, Filter, Key,
    MetadataStore, Page, Result, Version,
};

/// Both stores of a cluster of the parent.
struct RemoteStore {
    cluster: String,
    parent: Arc<dyn Parent>,
    location: String,
    writable: bool,
}

/// The storage of a cluster of the parent, and whether the parent has anything executed there.
///
/// # Errors
///
/// Where there is no such cluster.
pub(crate) fn open_storage(parent: &Arc<dyn Parent>, cluster: &str) -> Result<(Storage, bool)> {
    let question = write(&Question { cluster, request: StoreRequest::Facts });
    let answer = parent.ask(&question)?;
    let ClusterFacts { locations, writable, inline_limit, executes } =
        read::<Result<ClusterFacts>>(&answer)??;
    let store = |location, writable| {
        let (cluster, parent) = (cluster.to_owned(), Arc::clone(parent));
        RemoteStore { cluster, parent, location, writable }
    };
    let (data, metadata) = (store(locations.0, writable.0), store(locations.1, writable.1));
    Ok((Storage::new(data, metadata).inline_limit(inline_limit), executes))
}

impl RemoteStore {
    fn ask<T: DeserializeOwned>(&self, request: StoreRequest<'_>) -> Result<T> {
        let answer = self.parent.ask(&write(&Question { cluster: &self.cluster, request }))?;
        read::<Result<T>>(&answer)?
    }

    fn tell(&self, request: StoreRequest<'_>) -> Result<()> {
        self.parent.tell(&write(&Question { cluster: &self.cluster, request }))
    }

    fn capabilities(&self) -> Capabilities {
        if self.writable { Capabilities::default() } else { Capabilities::read_only() }
    }
}

impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStore")
            .field("cluster", &self.cluster)
            .field("location", &self.location)
            .finish_non_exhaustive()
    }
}

impl DataStore for RemoteStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let request = StoreRequest::GetData(*digest);
        let answer = self.parent.ask(&write(&Question { cluster: &self.cluster, request }))?;
        let content = read::<Result<Option<Bytes<'_>>>>(&answer)??;
        Ok(content.map(|content| content.0.to_vec()))
    }

    fn put(&self, digest: &Digest, content: &[u8]) -> Result<()> {
        self.tell(StoreRequest::PutData(*digest, Bytes(content)))
    }

    fn create(&self) -> Result<Option<Box<dyn Creation>>> {
        let creation = RemoteCreation::new(&self.cluster, &self.parent).map_err(|error| {
            Error::new(ErrorKind::Storage, "make a temporary file").source(error)
        })?;
        Ok(Some(Box::new(creation)))
    }

    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Content>>> {
        RemoteContent::open(&self.cluster, &self.parent, *digest)
            .map(|content| content.map(|content| Box::new(content) as Box<dyn Content>))
    }

    fn contains(&self, digests: &[Digest]) -> Result<Vec<bool>> {
        self.ask(StoreRequest::HasData(digests.to_vec()))
    }

    fn publish(&self, name: &str, digest: &Digest) -> Result<()> {
        self.ask(StoreRequest::PublishData(name, *digest))
    }

    fn is_published(&self, name: &str) -> Result<bool> {
        self.ask(StoreRequest::IsPublished(name))
    }

    fn remove(&self, digest: &Digest) -> Result<bool> {
        self.ask(StoreRequest::RemoveData(*digest))
    }

    fn set_aside(&self, digest: &Digest) -> Result<()> {
        self.ask(StoreRequest::SetDataAside(*digest))
    }
}

impl MetadataStore for RemoteStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities()
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(self.get_many(&[*key])?.pop().flatten())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.ask(StoreRequest::Get(keys.to_vec()))
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.tell(StoreRequest::Put(entries.to_vec()))
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.ask(StoreRequest::Remove(*key))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.ask(StoreRequest::RemoveAll(filter.clone()))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.ask(StoreRequest::List(filter.clone(), from, limit as u64))
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.ask(StoreRequest::Versions(function, limit as u64))
    }

    fn set_aside(&self, key: &Key) -> Result<()> {
        self.ask(StoreRequest::SetAside(*key))
    }
}
