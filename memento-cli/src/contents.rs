//! What is in a data store: contents by their digests, and objects that may change.

use std::collections::HashSet;
use std::io::{self, Read};
use std::sync::Arc;

use memento::storage::reserved::{DAMAGED, PING, RESULTS, USAGE};
use memento::storage::{
    CheckedReader, Condition, DataStore, ListOptions, Object, Prefix, PutOptions, Source,
    UserMetadata, object_pages,
};
use memento::{Digest, Error, ErrorKind, Name, Result};

use crate::storage;

/// What nobody takes along: what was found damaged, how a store is used, and whether it can be written.
const STAYING: [&str; 3] = [DAMAGED, USAGE, PING];

/// How long a content is at most that goes together with others.
const SHORT: u64 = 1 << 20;
/// How many bytes go together at most.
const BYTES_TOGETHER: u64 = 8 << 20;
/// How many contents go together at most.
const TOGETHER: usize = 256;

/// How a content or an object is called, and what is said about it.
pub(crate) struct Item<'a> {
    pub(crate) name: &'a Name,
    pub(crate) size: u64,
    pub(crate) metadata: &'a UserMetadata,
}

/// Does `each` with all contents, a page at a time. Of tiers, each one is looked into: a list of all together has what
/// the last one has.
pub(crate) fn results(
    data: &Arc<dyn DataStore>,
    mut each: impl FnMut(&[Object]) -> Result<()>,
) -> Result<()> {
    let results = Prefix::new(RESULTS)?;
    let leaves = storage::data_leaves(data);
    let mut seen = HashSet::new();
    for leaf in &leaves {
        for listing in object_pages(&*leaf.store, &results, ListOptions::default()) {
            let mut objects = listing?.objects;
            if leaves.len() > 1 {
                objects.retain(|object| {
                    object.name.result_digest().is_none_or(|digest| seen.insert(digest))
                });
            }
            each(&objects)?;
        }
    }
    Ok(())
}

/// The other folders that a copy of a store has, in the order of their names.
pub(crate) fn folders(data: &dyn DataStore) -> Result<Vec<Prefix>> {
    let mut folders = Vec::new();
    for listing in object_pages(data, &Prefix::root(), ListOptions::one_level()) {
        let below = listing?.folders.into_iter();
        folders.extend(below.filter(|folder| is_taken(folder.as_str())));
    }
    folders.sort_unstable();
    Ok(folders)
}

/// Whether an object that a copy of a store has may be called this: contents have names of their own.
pub(crate) fn is_object(name: &Name) -> bool {
    is_taken(name.namespace().as_str())
}

/// Whether a copy of a store has what is in this namespace, besides contents.
fn is_taken(namespace: &str) -> bool {
    namespace != RESULTS && !STAYING.contains(&namespace)
}

/// The digest of what has this name, if anything has.
pub(crate) fn digest(data: &dyn DataStore, name: &Name) -> Result<Option<Digest>> {
    let Some(reader) = data.read(name)? else { return Ok(None) };
    let digest = digest_of(reader).map_err(|error| {
        unreadable("read an object", name, error).with("store", data.location())
    })?;
    Ok(Some(digest))
}

fn digest_of(reader: impl Read) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(reader)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}

/// Whether what has this name comes to this digest, or nothing has where there is none. What is damaged does not.
///
/// # Errors
///
/// Where the store cannot be read, which says nothing of what it has.
pub(crate) fn comes_to(
    data: &dyn DataStore,
    name: &Name,
    expected: Option<Digest>,
) -> Result<bool> {
    match digest(data, name) {
        Err(error) if error.kind().is_of_one() => Ok(false),
        found => Ok(found? == expected),
    }
}

/// Whether an object with these bytes, about which this is said, is there; `None` where there is none. One that is
/// damaged there is another one.
pub(crate) fn is_same(
    data: &dyn DataStore,
    item: &Item<'_>,
    bytes: impl FnOnce() -> Result<Option<Digest>>,
) -> Result<Option<bool>> {
    let there = match data.properties(item.name) {
        Err(error) if error.kind().is_of_one() => return Ok(Some(false)),
        there => there?,
    };
    let Some(properties) = there else { return Ok(None) };
    if properties.size != item.size || properties.metadata != *item.metadata {
        return Ok(Some(false));
    }
    comes_to(data, item.name, bytes()?).map(Some)
}

/// Whether what has this name is a content of so many bytes that goes together with others: where a store is far away,
/// a request for each takes long.
pub(crate) fn is_short(name: &Name, size: u64) -> bool {
    size <= SHORT && name.result_digest().is_some()
}

/// Whether so many short contents of so many bytes go together, and no more.
pub(crate) fn is_full(count: usize, bytes: u64) -> bool {
    count >= TOGETHER || bytes + SHORT > BYTES_TOGETHER
}

/// Contents in the groups in which they go: short ones together, each other one by itself.
pub(crate) fn groups<'o>(objects: impl IntoIterator<Item = &'o Object>) -> Vec<Vec<&'o Object>> {
    let (mut groups, mut short, mut bytes) = (Vec::new(), Vec::new(), 0);
    for object in objects {
        if !is_short(&object.name, object.size) {
            groups.push(vec![object]);
            continue;
        }
        short.push(object);
        bytes += object.size;
        if is_full(short.len(), bytes) {
            groups.push(std::mem::take(&mut short));
            bytes = 0;
        }
    }
    groups.extend((!short.is_empty()).then_some(short));
    groups
}

/// Keeps short contents, whose bytes are known to be right.
pub(crate) fn put_together(data: &dyn DataStore, contents: &[(Name, Vec<u8>)]) -> Result<()> {
    let contents: Vec<_> =
        contents.iter().map(|(name, content)| (name.clone(), &**content)).collect();
    data.put_many(&contents).into_iter().collect()
}

/// The error of an object whose name has another content already.
pub(crate) fn conflict(operation: &'static str, name: &Name, data: &dyn DataStore) -> Error {
    Error::new(ErrorKind::Storage, operation)
        .with("name", name)
        .with("store", data.location())
        .because("there is one already with another content or other metadata")
        .help("add `--overwrite` to replace it")
}

/// Keeps what `reader` has, and tells `advanced` how much of it has gone. What has a digest in its name comes to it, or
/// is not kept: the error then is of the kind [`ErrorKind::Damaged`]. Where `reader` fails, that is the error.
pub(crate) fn put(
    operation: &'static str,
    data: &dyn DataStore,
    item: &Item<'_>,
    reader: &mut dyn Read,
    advanced: &mut dyn FnMut(u64, Option<u64>),
) -> Result<()> {
    let options = PutOptions { metadata: item.metadata.clone(), condition: Condition::Always };
    let mut named = Named { reader, operation, name: item.name };
    let mut put = |reader: &mut dyn Read| {
        let mut source = Source::new(reader).total(item.size).progress(advanced);
        data.put_from(item.name, &mut source, &options).map(drop)
    };
    let Some(digest) = item.name.result_digest() else { return put(&mut named) };
    let mut checked = CheckedReader::new(&mut named, digest);
    let put = put(&mut checked);
    if checked.is_damaged() { Err(damaged(operation, item.name)) } else { put }
}

/// A reader whose errors say what was read, and what is wrong with it: a store returns them as they are.
struct Named<'r> {
    reader: &'r mut dyn Read,
    operation: &'static str,
    name: &'r Name,
}

impl Read for Named<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.reader.read(buffer).map_err(|error| match error.kind() {
            io::ErrorKind::Interrupted => error,
            _ => unreadable(self.operation, self.name, error).into(),
        })
    }
}

/// The error of a stream that failed, of the kind that its store says. What is gone before its end, as where the store
/// has lost a part of it, is damaged, too.
pub(crate) fn unreadable(operation: &'static str, name: &Name, error: io::Error) -> Error {
    let said = error.get_ref().and_then(|error| error.downcast_ref::<Error>()).map(Error::kind);
    let kind = said.unwrap_or(match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::NotFound => ErrorKind::Damaged,
        _ => ErrorKind::Storage,
    });
    Error::new(kind, operation).with("name", name).because(error)
}

/// The error of a content that is not what its name says.
pub(crate) fn damaged(operation: &'static str, name: &Name) -> Error {
    Error::new(ErrorKind::Damaged, operation)
        .with("name", name)
        .because("its bytes are not those that were written")
}
