//! What objects were: copies in the namespace `snapshots`.

use std::hash::{BuildHasher, RandomState};
use std::time::SystemTime;

use super::{DataStore, ListOptions, Name, Snapshot, object_pages};
use crate::Result;

pub(super) fn take<S: DataStore + ?Sized>(store: &S, name: &Name) -> Result<Option<Snapshot>> {
    let snapshot = Snapshot::new(identifier())?;
    let is_taken = store.copy(name, &name.of_snapshot(snapshot.as_str())?)?;
    Ok(is_taken.then_some(snapshot))
}

pub(super) fn list<S: DataStore + ?Sized>(store: &S, name: &Name) -> Result<Vec<Snapshot>> {
    let mut snapshots = Vec::new();
    for listing in object_pages(store, &name.snapshots(), ListOptions::default()) {
        for object in listing?.objects {
            let identifier = object.name.segments().next_back().unwrap_or_default();
            snapshots.extend(Snapshot::new(identifier));
        }
    }
    snapshots.sort();
    Ok(snapshots)
}

/// One that nobody else gives, on other machines neither: the time and a random number.
fn identifier() -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let random = RandomState::new().hash_one(super::unique());
    format!("{:020}-{random:016x}", now.as_nanos())
}
