//! Stores that keep nothing.

use memento::storage::{Filter, Replacement};

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, entry, key};
use crate::suite::promised;

pub(super) fn everything_is_accepted_and_nothing_is_there(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a store that keeps nothing accepts everything, and has nothing";
    promised(!lab.capabilities().writable, promise, || {
        "it says that it keeps what is put: use `metadata_store_suite!`".to_owned()
    });
    lab.keep(&[entry(1), entry(2)]);
    lab.holds(promise, 1, None);
    let many = done(lab.get_many(&[key(1), key(2)]), promise);
    promised(many == [None, None], promise, || format!("{many:?}"));
    let removed = done(lab.remove(&key(1)), promise);
    promised(!removed, promise, || "something was removed".to_owned());
    let removed = done(lab.remove_all(&Filter::default()), promise);
    promised(removed == 0, promise, || format!("{removed} were removed"));
    let listed = lab.listed(&Filter::default(), 10);
    promised(listed.is_empty(), promise, || format!("{listed:?}"));
    let versions = done(lab.versions("f", 10), promise);
    promised(versions.is_empty(), promise, || format!("{versions:?}"));
    done(lab.set_aside(&key(1), b"1"), promise);
    done(lab.replace(&[Replacement { seen: b"1".to_vec(), entry: entry(1) }]), promise);
    lab.holds(promise, 1, None);
}
