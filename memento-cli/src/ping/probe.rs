//! What `memento ping` does to see whether a store keeps what it is given.

use memento::storage::reserved::{DAMAGED, PING};
use memento::storage::{
    DataStore, Entry, ListOptions, MetadataStore, Namespace, Prefix, object_pages, unique,
};
use memento::{Digest, Key, Result, Version};

/// What is put, beside a name that nothing else has.
const CONTENT: &[u8] = b"memento ping";

/// Puts a small object, and removes it.
pub(super) fn write_data(data: &dyn DataStore) -> Result<()> {
    let name = Namespace::new(PING)?.name(&unique())?;
    data.put(&name, CONTENT)?;
    data.remove(&name)?;
    data.flush()
}

/// Puts a record that nobody looks for, lists or counts, and removes it.
pub(super) fn write_metadata(metadata: &dyn MetadataStore) -> Result<()> {
    let key = Key::from_bytes(*Digest::of(unique().as_bytes()).as_bytes());
    let entry = Entry {
        key,
        function: PING.to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: true,
        record: CONTENT.to_vec(),
    };
    metadata.put(&[entry])?;
    metadata.remove(&key)?;
    metadata.flush()
}

/// How many objects were found damaged and moved out of the way.
pub(super) fn damaged(data: &dyn DataStore) -> Result<u64> {
    let mut count = 0;
    for listing in object_pages(data, &Prefix::new(DAMAGED)?, ListOptions::default()) {
        count += listing?.objects.len() as u64;
    }
    Ok(count)
}
