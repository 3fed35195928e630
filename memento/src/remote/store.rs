//! The storage of another process, as seen from a worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::de::DeserializeOwned;

use super::data::RemoteDataStore;
use super::link::Link;
use super::question::{MetadataRequest as Request, StoreRequest};
use super::{Bytes, ClaimAnswer, ClusterFacts};
use crate::plugin::Stores;
use crate::storage::{
    Capabilities, Claim, Entry, Filter, HeldClaim, MetadataStore, Page, Replacement, Storage,
};
use crate::worker::Parent;
use crate::{Key, Result, Version};

/// The metadata store of a cluster of the parent.
#[derive(Debug)]
struct RemoteMetadataStore {
    link: Link,
    location: String,
    capabilities: Capabilities,
}

/// Which part of the memory that a worker may have its memory cache takes at most: an eighth. It counts encodings, and
/// values take up to several times as much; each cluster has one; and a limit of the system counts address space, of
/// which program, stacks and allocator reserve more than they use. What is left is for what functions compute, and a
/// call that has too little of it ends its worker, while one that finds nothing here asks the parent.
const PART_OF_MEMORY: u64 = 8;

/// The storage of a cluster of the parent, and whether the parent has anything executed there.
///
/// # Errors
///
/// Where there is no such cluster.
pub(crate) fn open_storage(parent: &Arc<dyn Parent>, cluster: &str) -> Result<(Storage, bool)> {
    let (stores, facts) = open(parent, cluster)?;
    let part = parent.memory_limit().map_or(u64::MAX, |limit| limit / PART_OF_MEMORY);
    let storage = Storage::from(stores).inline_limit(facts.inline_limit);
    Ok((storage.memory_cache(facts.memory_cache.min(part)), facts.executes))
}

/// The right to compute a key, which the parent holds for this worker.
#[derive(Debug)]
struct RemoteClaim {
    link: Link,
    key: Key,
    has_ended: AtomicBool,
}

impl HeldClaim for RemoteClaim {
    fn end(&self) {
        if !self.has_ended.swap(true, Ordering::Relaxed) {
            // Where the parent is gone, so is the claim.
            let _ = self.link.tell(StoreRequest::Release(self.key));
        }
    }
}

impl Drop for RemoteClaim {
    fn drop(&mut self) {
        self.end();
    }
}

/// The stores of a cluster of the parent.
///
/// # Errors
///
/// Where there is no such cluster.
pub(crate) fn open_stores(parent: &Arc<dyn Parent>, cluster: &str) -> Result<Stores> {
    Ok(open(parent, cluster)?.0)
}

fn open(parent: &Arc<dyn Parent>, cluster: &str) -> Result<(Stores, ClusterFacts)> {
    let link = Link { cluster: cluster.into(), parent: Arc::clone(parent) };
    let facts: ClusterFacts = link.ask(StoreRequest::Facts)?;
    let (location, metadata_location) = facts.locations.clone();
    let (capabilities, metadata_capabilities) = facts.capabilities;
    let data = RemoteDataStore { link: link.clone(), location, capabilities };
    let (location, capabilities) = (metadata_location, metadata_capabilities);
    let metadata = RemoteMetadataStore { link, location, capabilities };
    Ok((Stores::new(data, metadata), facts))
}

impl RemoteMetadataStore {
    fn ask<T: DeserializeOwned>(&self, request: Request<'_>) -> Result<T> {
        self.link.ask(StoreRequest::Metadata(request))
    }
}

impl MetadataStore for RemoteMetadataStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        Ok(self.get_many(&[*key])?.pop().flatten())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.ask(Request::Get(keys.to_vec()))
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        self.ask(Request::GetEach(keys.to_vec()))
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.link.tell(StoreRequest::Metadata(Request::Put(entries.to_vec())))
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.ask(Request::Replace(replacements.to_vec()))
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.ask(Request::Remove(*key))
    }

    /// Asked and not told: who forgets is told whether that was done, by the store that is there.
    fn forget(&self, note: &Entry) -> Result<()> {
        self.ask(Request::Forget(note.clone()))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.ask(Request::RemoveAll(filter.clone()))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.ask(Request::List(filter.clone(), from, limit as u64))
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.ask(Request::Versions(function, limit as u64))
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        Ok(match self.link.ask(StoreRequest::Claim(*key))? {
            ClaimAnswer::Granted => {
                let (link, has_ended) = (self.link.clone(), AtomicBool::new(false));
                Some(Box::new(RemoteClaim { link, key: *key, has_ended }))
            }
            ClaimAnswer::Alone => Some(Box::new(())),
            ClaimAnswer::Busy => None,
        })
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.ask(Request::SetAside(*key, Bytes(damaged)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

    use super::*;
    use crate::worker::Within;
    use crate::{Environment, Error, ErrorKind, LocalRunner};

    /// A store that has one record of a newer release among those that it is asked for together, and notes how often it
    /// is asked.
    #[derive(Debug, Default)]
    struct Newer {
        asked: AtomicU64,
    }

    impl MetadataStore for Newer {
        fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
            self.asked.fetch_add(1, Relaxed);
            Ok(None)
        }

        fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
            self.asked.fetch_add(1, Relaxed);
            let newer = || Err(Error::new(ErrorKind::NewerFormat, "read a record"));
            let of = |at: usize| if at == 1 { newer() } else { Ok(Some(vec![1])) };
            Ok((0..keys.len()).map(of).collect())
        }

        fn put(&self, _: &[Entry]) -> Result<()> {
            Ok(())
        }

        fn remove(&self, _: &Key) -> Result<bool> {
            Ok(false)
        }

        fn remove_all(&self, _: &Filter) -> Result<u64> {
            Ok(0)
        }

        fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
            Ok(Page::default())
        }

        fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_record_that_cannot_be_read_has_the_parent_asked_once_for_all() {
        let newer = Arc::new(Newer::default());
        let data = Arc::new(crate::storage::MemoryDataStore::default());
        let stores = Stores { data, metadata: Arc::clone(&newer) as _ };
        let environment = Environment::new(Storage::from(stores), LocalRunner::new());
        let seen = open_stores(&Within::parent(environment, None), "").unwrap().metadata;
        let keys: Vec<Key> = (0..100).map(|byte| Key::from_bytes([byte; 32])).collect();
        let each = seen.get_each(&keys).unwrap();
        assert_eq!(each.iter().filter(|record| record.is_ok()).count(), 99);
        assert_eq!(each[1].as_ref().unwrap_err().kind(), ErrorKind::NewerFormat);
        assert_eq!(newer.asked.load(Relaxed), 1);
    }

    #[test]
    fn a_worker_keeps_in_memory_what_its_parent_does_and_a_part_of_what_it_may_have() {
        let budget = |configured: u64, limit: Option<u64>| {
            let storage = Storage::memory().memory_cache(configured);
            let environment = Environment::new(storage, LocalRunner::new());
            let parent = Within::parent(environment, limit);
            open_storage(&parent, "").unwrap().0.cache.budget()
        };
        assert_eq!(budget(0, None), 0);
        assert_eq!(budget(1 << 20, None), 1 << 20);
        assert_eq!(budget(1 << 20, Some(1 << 30)), 1 << 20);
        assert_eq!(budget(1 << 30, Some(1 << 30)), 1 << 27);
    }
}
