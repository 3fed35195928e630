//! What a worker asks its parent: all that its functions need of storage.

use serde::{Deserialize, Serialize};

use super::claims::WorkerClaims;
use super::objects::{self, ContentRequest, ObjectRequest, Transfers};
use super::{Bytes, read, write};
use crate::storage::{Capabilities, Entry, Filter, Replacement, Storage};
use crate::{Environment, Key, Result};

/// A question about a cluster.
#[derive(Serialize, Deserialize)]
pub(crate) struct Question<'a> {
    pub(crate) cluster: &'a str,
    #[serde(borrow)]
    pub(crate) request: StoreRequest<'a>,
}

/// What a storage is asked for.
#[derive(Serialize, Deserialize)]
pub(crate) enum StoreRequest<'a> {
    /// [`ClusterFacts`]
    Facts,
    /// Answered by a [`ClaimAnswer`](super::ClaimAnswer).
    Claim(Key),
    /// Nothing is answered to this one.
    Release(Key),
    #[serde(borrow)]
    Metadata(MetadataRequest<'a>),
    #[serde(borrow)]
    Content(ContentRequest<'a>),
    Object(ObjectRequest),
}

/// What a metadata store is asked to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum MetadataRequest<'a> {
    /// Nothing is answered to this one.
    Put(Vec<Entry>),
    Forget(Entry),
    Replace(Vec<Replacement>),
    Get(Vec<Key>),
    GetEach(Vec<Key>),
    Remove(Key),
    RemoveAll(Filter),
    List(Filter, Option<u64>, u64),
    Versions(&'a str, u64),
    SetAside(Key, #[serde(borrow)] Bytes<'a>),
}

/// What a worker has to know of a cluster.
#[derive(Serialize, Deserialize)]
pub(crate) struct ClusterFacts {
    /// Where data and metadata are.
    pub(crate) locations: (String, String),
    /// What their stores can do.
    pub(crate) capabilities: (Capabilities, Capabilities),
    pub(crate) inline_limit: u64,
    /// How many bytes the memory cache may have.
    pub(crate) memory_cache: u64,
    /// Whether anything is executed there.
    pub(crate) executes: bool,
}

/// What a process holds for the workers that serve it, as long as they do.
#[derive(Default)]
pub(crate) struct Session {
    pub(crate) claims: WorkerClaims,
    transfers: Transfers,
}

/// The answer to a [`Question`], from the clusters of `environment`. What can be said of a store that failed is in the
/// answer; it is counted where the question came from. `session` is that of the workers that ask.
pub(crate) fn answer(
    environment: Result<Environment>,
    session: &Session,
    question: &[u8],
) -> Vec<u8> {
    let read = read::<Question<'_>>(question);
    let found = read.and_then(|question| Ok((environment?.cluster(question.cluster)?, question)));
    let (cluster, question) = match found {
        Ok(found) => found,
        Err(error) => return write(&Result::<()>::Err(error)),
    };
    let storage = &cluster.storage;
    match question.request {
        StoreRequest::Facts => write(&Result::<_>::Ok(ClusterFacts {
            locations: (storage.data.location(), storage.metadata.location()),
            capabilities: (storage.data.capabilities(), storage.metadata.capabilities()),
            inline_limit: storage.inline_limit,
            memory_cache: storage.cache.budget(),
            executes: cluster.runner.executes(),
        })),
        StoreRequest::Claim(key) => write(&Result::<_>::Ok(session.claims.claim(&cluster, key))),
        StoreRequest::Release(key) => {
            session.claims.release(&cluster, &key);
            Vec::new()
        }
        StoreRequest::Metadata(request) => ask_metadata(storage, request),
        StoreRequest::Content(request) => {
            objects::answer_content(storage, &session.transfers, request)
        }
        StoreRequest::Object(request) => objects::answer(storage, request),
    }
}

fn ask_metadata(storage: &Storage, request: MetadataRequest<'_>) -> Vec<u8> {
    use MetadataRequest as Request;
    let metadata = &storage.metadata;
    match &request {
        Request::Get(_) | Request::GetEach(_) => storage.settle(),
        _ => storage.write_waiting(),
    }
    match request {
        // Nobody waits for this, so trouble with it is seen to here.
        Request::Put(entries) => {
            storage.put(&entries, true);
            Vec::new()
        }
        Request::Forget(note) => write(&metadata.forget(&note)),
        Request::Replace(replacements) => write(&metadata.replace(&replacements)),
        Request::Get(keys) => write(&metadata.get_many(&keys)),
        Request::GetEach(keys) => write(&metadata.get_each(&keys)),
        Request::Remove(key) => write(&metadata.remove(&key)),
        Request::RemoveAll(filter) => write(&metadata.remove_all(&filter)),
        Request::List(filter, from, limit) => {
            write(&metadata.list(&filter, from, usize::try_from(limit).unwrap_or(usize::MAX)))
        }
        Request::Versions(function, limit) => {
            write(&metadata.versions(function, usize::try_from(limit).unwrap_or(usize::MAX)))
        }
        Request::SetAside(key, damaged) => write(&metadata.set_aside(&key, damaged.0)),
    }
}
