//! The store as a whole.

use memento::storage::{Filter, Replacement};
use memento::{Error, ErrorKind};

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, entry, key};
use crate::suite::promised;

pub(super) fn what_is_flushed_is_there(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what was put is there for all when the store is flushed";
    done(lab.flush(), promise);
    lab.keep(&[entry(1)]);
    done(lab.flush(), promise);
    let found = done(lab.other().get(&key(1)), promise);
    promised(found.as_deref() == Some(b"1"), promise, || format!("{found:?} for another"));
}

pub(super) fn a_store_is_writable_or_changes_nothing(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    promised(lab.capabilities().writable, "a store that keeps what is put says so", || {
        "it says that it is open for reading only".to_owned()
    });
    let Some(store) = lab.read_only() else { return };
    lab.keep(&[entry(1), entry(2)]);
    let promise = "a store that is open for reading changes nothing, and says so";
    promised(!store.capabilities().writable, promise, || "not in its capabilities".to_owned());
    let (there, seen) = (entry(1), entry(1).record);
    let new = memento::storage::Entry { record: b"new".to_vec(), ..entry(1) };
    let replacement = Replacement { seen: seen.clone(), entry: new.clone() };
    let attempts: [(&str, Result<(), Error>); 7] = [
        ("put", store.put(&[new.clone(), entry(3)])),
        ("forget", store.forget(&memento::storage::Entry { hidden: true, ..new })),
        ("replace", store.replace(&[replacement])),
        ("remove", store.remove(&there.key).map(drop)),
        ("remove_all", store.remove_all(&Filter::default()).map(drop)),
        ("set_aside", store.set_aside(&there.key, &seen)),
        ("remove of what is not there", store.remove(&key(3)).map(drop)),
    ];
    for (method, result) in attempts {
        let is_said = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::ReadOnly);
        promised(is_said, promise, || format!("`{method}` gives {result:?}"));
    }
    for (number, record) in [(1, Some(&seen[..])), (2, Some(&b"2"[..])), (3, None)] {
        lab.holds(promise, number, record);
        let found = done(store.get(&key(number)), promise);
        promised(found.as_deref() == record, promise, || format!("{found:?}, not {record:?}"));
    }
}
