//! What a data store does by its other methods unless it can do better.

use std::ops::Range;

use super::{
    Condition, DataStore, ListOptions, Name, Prefix, PutOptions, Source, StoreInfo, object_pages,
};
use crate::Result;

/// Rewrites the object until nobody else has changed it meanwhile.
pub(super) fn append<S: DataStore + ?Sized>(store: &S, name: &Name, content: &[u8]) -> Result<()> {
    if !store.capabilities().conditional && store.capabilities().writable {
        return Err(store.unsupported("append to an object", "conditional"));
    }
    loop {
        let found = store.get(name)?;
        let metadata = match (&found, store.capabilities().metadata) {
            (Some(_), true) => store.properties(name)?.unwrap_or_default().metadata,
            _ => <_>::default(),
        };
        let (condition, whole) = match found {
            None => (Condition::Absent, content.to_vec()),
            Some(found) => {
                let whole = [&found, content].concat();
                (Condition::Content(found), whole)
            }
        };
        if store.put_with(name, &whole, &PutOptions { metadata, condition })? {
            return Ok(());
        }
    }
}

pub(super) fn copy<S: DataStore + ?Sized>(store: &S, from: &Name, to: &Name) -> Result<bool> {
    let Some(mut content) = store.read(from)? else { return Ok(false) };
    let mut options = PutOptions::default();
    if store.capabilities().metadata {
        options.metadata = store.properties(from)?.unwrap_or_default().metadata;
    }
    store.put_from(to, &mut Source::new(&mut content), &options)
}

pub(super) fn set_aside<S: DataStore + ?Sized>(store: &S, name: &Name) -> Result<()> {
    // What the store itself finds damaged is not whole.
    if let Ok(Some(reader)) = store.read(name)
        && name.is_whole(reader)
    {
        return Ok(());
    }
    store.copy(name, &name.of_damaged())?;
    store.remove(name).map(drop)
}

/// The part of `content` that `range` is.
pub(super) fn part<'a>(content: &'a [u8], range: &Range<u64>) -> &'a [u8] {
    let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(content.len());
    content.get(at(range.start)..at(range.end)).unwrap_or_default()
}

pub(super) fn info<S: DataStore + ?Sized>(store: &S) -> Result<StoreInfo> {
    let mut info = StoreInfo::default();
    for listing in object_pages(store, &Prefix::root(), ListOptions::default()) {
        for object in listing?.objects {
            info.objects += 1;
            info.bytes += object.size;
        }
    }
    Ok(info)
}
