//! The storage of another process, as seen from a worker.

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::question::StoreRequest;
use super::{Bytes, ClaimAnswer, ClusterFacts, Question, read, write};
use crate::storage::Storage;
use crate::worker::Parent;
use crate::{
    Capabilities, Claim, DataStore, Digest, Entry, Filter, Key, MetadataStore, Page, Result,
    Version,
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

/// The right to compute a key, which the parent holds for this worker.
#[derive(Debug)]
struct RemoteClaim {
    cluster: String,
    parent: Arc<dyn Parent>,
    key: Key,
}

impl Drop for RemoteClaim {
    fn drop(&mut self) {
        let request = StoreRequest::Release(self.key);
        // Where the parent is gone, so is the claim.
        let _ = self.parent.tell(&write(&Question { cluster: &self.cluster, request }));
    }
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

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        Ok(match self.ask(StoreRequest::Claim(*key))? {
            ClaimAnswer::Granted => {
                let (cluster, parent) = (self.cluster.clone(), Arc::clone(&self.parent));
                Some(Box::new(RemoteClaim { cluster, parent, key: *key }))
            }
            ClaimAnswer::Alone => Some(Box::new(())),
            ClaimAnswer::Busy => None,
        })
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.ask(StoreRequest::SetAside(*key, Bytes(damaged)))
    }
}
