//! What a worker asks its parent: all that its functions need of storage.

use serde::{Deserialize, Serialize};

use super::{Bytes, WorkerClaims, read, write};
use crate::storage::{Filter, Storage};
use crate::{DataStore, Digest, Entry, Environment, Key, MetadataStore, Result};

/// A question about a cluster.
#[derive(Serialize, Deserialize)]
pub(crate) struct Question<'a> {
    pub(crate) cluster: &'a str,
    #[serde(borrow)]
    pub(crate) request: StoreRequest<'a>,
}

/// What a store is asked to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum StoreRequest<'a> {
    /// [`ClusterFacts`]
    Facts,
    /// Nothing is answered to this one.
    Put(Vec<Entry>),
    Get(Vec<Key>),
    Remove(Key),
    RemoveAll(Filter),
    List(Filter, Option<u64>, u64),
    Versions(&'a str, u64),
    /// Answered by a [`ClaimAnswer`](super::ClaimAnswer).
    Claim(Key),
    /// Nothing is answered to this one.
    Release(Key),
    SetAside(Key, #[serde(borrow)] Bytes<'a>),
    /// Nothing is answered to this one.
    PutData(Digest, #[serde(borrow)] Bytes<'a>),
    GetData(Digest),
    RemoveData(Digest),
    SetDataAside(Digest),
}

/// What a worker has to know of a cluster.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClusterFacts {
    /// Where data and metadata are.
    pub(crate) locations: (String, String),
    /// Whether they are writable.
    pub(crate) writable: (bool, bool),
    pub(crate) inline_limit: u64,
    /// Whether anything is executed there.
    pub(crate) executes: bool,
}

/// The answer to a [`Question`], from the clusters of `environment`. What can be said of a store that failed is in the
/// answer; it is counted where the question came from. `claims` are those of the workers that ask.
pub(crate) fn answer(
    environment: Result<Environment>,
    claims: &WorkerClaims,
    question: &[u8],
) -> Vec<u8> {
    let read = read::<Question<'_>>(question);
    let found = read.and_then(|question| Ok((environment?.cluster(question.cluster)?, question)));
    let (cluster, question) = match found {
        Ok(found) => found,
        Err(error) => return write(&Result::<()>::Err(error)),
    };
    match question.request {
        StoreRequest::Facts => write(&Result::<_>::Ok(ClusterFacts {
            locations: (cluster.storage.data.location(), cluster.storage.metadata.location()),
            writable: (
                cluster.storage.data.capabilities().writable,
                cluster.storage.metadata.capabilities().writable,
            ),
            inline_limit: cluster.storage.inline_limit,
            executes: cluster.runner.executes(),
        })),
        StoreRequest::Claim(key) => write(&Result::<_>::Ok(claims.claim(&cluster, key))),
        StoreRequest::Release(key) => {
            claims.release(&cluster, &key);
            Vec::new()
        }
        request => ask_store(&cluster.storage, request),
    }
}

fn ask_store(storage: &Storage, request: StoreRequest<'_>) -> Vec<u8> {
    let (data, metadata): (&dyn DataStore, &dyn MetadataStore) =
        (&*storage.data, &*storage.metadata);
    match request {
        StoreRequest::Facts | StoreRequest::Claim(_) | StoreRequest::Release(_) => write(&()),
        // Nobody waits for these, so trouble with them is noted here.
        StoreRequest::Put(entries) => {
            storage.trouble.note(metadata.put(&entries));
            Vec::new()
        }
        StoreRequest::PutData(digest, content) => {
            storage.trouble.note(data.put(&digest, content.0));
            Vec::new()
        }
        StoreRequest::Get(keys) => write(&metadata.get_many(&keys)),
        StoreRequest::Remove(key) => write(&metadata.remove(&key)),
        StoreRequest::RemoveAll(filter) => write(&metadata.remove_all(&filter)),
        StoreRequest::List(filter, from, limit) => {
            write(&metadata.list(&filter, from, usize::try_from(limit).unwrap_or(usize::MAX)))
        }
        StoreRequest::Versions(function, limit) => {
            write(&metadata.versions(function, usize::try_from(limit).unwrap_or(usize::MAX)))
        }
        StoreRequest::SetAside(key, damaged) => write(&metadata.set_aside(&key, damaged.0)),
        StoreRequest::GetData(digest) => {
            let content = data.get(&digest);
            write(&content.as_ref().map(|content| content.as_deref().map(Bytes)))
        }
        StoreRequest::RemoveData(digest) => write(&data.remove(&digest)),
        StoreRequest::SetDataAside(digest) => write(&data.set_aside(&digest)),
    }
}
