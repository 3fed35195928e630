//! What a worker asks its parent: all that its functions need of storage.

use std::io::{Read as _, Seek as _, SeekFrom};

use serde::{Deserialize, Serialize};

use super::{Bytes, read, write};
use crate::storage::{Filter, Storage};
use crate::{DataStore, Digest, Entry, Environment, Error, ErrorKind, Key, MetadataStore, Result};

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
    SetAside(Key),
    /// Nothing is answered to this one.
    PutData(Digest, #[serde(borrow)] Bytes<'a>),
    GetData(Digest),
    RemoveData(Digest),
    SetDataAside(Digest),
    HasData(Vec<Digest>),
    /// Some bytes of a content: from where on, and how many at most.
    ReadData(Digest, u64, u64),
    /// The number of a content that is going to be written.
    CreateData,
    /// Adds to the content of this number. Nothing is answered to this one.
    AppendData(u64, #[serde(borrow)] Bytes<'a>),
    KeepData(u64, Digest),
    /// The content of this number is not wanted any more. Nothing is answered to this one.
    DropData(u64),
    PublishData(&'a str, Digest),
    IsPublished(&'a str),
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
/// answer; it is counted where the question came from.
pub(crate) fn answer(environment: Result<Environment>, question: &[u8]) -> Vec<u8> {
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
        request => ask_store(&cluster.storage, request),
    }
}

fn ask_store(storage: &Storage, request: StoreRequest<'_>) -> Vec<u8> {
    let (data, metadata): (&dyn DataStore, &dyn MetadataStore) =
        (&*storage.data, &*storage.metadata);
    match request {
        StoreRequest::Facts => write(&()),
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
        StoreRequest::SetAside(key) => write(&metadata.set_aside(&key)),
        StoreRequest::GetData(digest) => {
            let content = data.get(&digest);
            write(&content.as_ref().map(|content| content.as_deref().map(Bytes)))
        }
        StoreRequest::RemoveData(digest) => write(&data.remove(&digest)),
        StoreRequest::SetDataAside(digest) => write(&data.set_aside(&digest)),
        StoreRequest::HasData(digests) => write(&data.contains(&digests)),
        StoreRequest::ReadData(digest, from, length) => {
            let content = read_piece(data, &digest, from, length);
            write(&content.as_ref().map(|content| content.as_deref().map(Bytes)))
        }
        StoreRequest::CreateData => write(&storage.uploads.create(&storage.contents)),
        StoreRequest::AppendData(number, bytes) => {
            storage.trouble.note(storage.uploads.append(number, bytes.0));
            Vec::new()
        }
        StoreRequest::KeepData(number, digest) => write(&storage.uploads.keep(number, &digest)),
        StoreRequest::DropData(number) => {
            storage.uploads.drop(number);
            Vec::new()
        }
        StoreRequest::PublishData(name, digest) => write(&data.publish(name, &digest)),
        StoreRequest::IsPublished(name) => write(&data.is_published(name)),
    }
}

/// Some bytes of a content: from where on, and how many at most. `None` where there is no such content.
fn read_piece(
    data: &dyn DataStore,
    digest: &Digest,
    from: u64,
    length: u64,
) -> Result<Option<Vec<u8>>> {
    let Some(mut content) = data.open(digest)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = content.seek(SeekFrom::Start(from));
    let read = read.and_then(|_| content.take(length).read_to_end(&mut bytes));
    read.map_err(|error| {
        Error::new(ErrorKind::Storage, "read a part of a result")
            .with("store", data.location())
            .with("digest", digest)
            .source(error)
    })?;
    Ok(Some(bytes))
}
