//! Stores that keep nothing.

use std::io::Write as _;

use memento::storage::{ListOptions, PutOptions, StoreInfo};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, done, name, namespace};
use crate::suite::promised;

/// Puts an object in each way that there is.
fn put_all(lab: &Lab) {
    let promise = "a store that keeps nothing accepts everything";
    promised(!lab.capabilities().writable, promise, || {
        "it says that it keeps what is put: use `data_store_suite!`".to_owned()
    });
    let name = name("a/b");
    done(lab.put(&name, b"content"), promise);
    let put = lab.put_with(&name, b"content", &PutOptions::default().metadata("colour", "red"));
    promised(done(put, promise), promise, || "`put_with` says that it did not".to_owned());
    let put = done(lab.put_if_absent(&name, b"content"), promise);
    promised(put, promise, || "something is there".to_owned());
    done(lab.append(&name, b"content"), promise);
    let mut staged = done(lab.create(), promise);
    staged.write_all(b"content").expect(promise);
    done(staged.keep(&name, &PutOptions::default()), promise);
    for put in lab.put_many(&[(name, b"content")]) {
        done(put, promise);
    }
    done(lab.create_namespace(&namespace("b")), promise);
}

pub(super) fn everything_is_accepted(suite: &DataStoreSuite) {
    put_all(&Lab::new(suite));
}

pub(super) fn nothing_is_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    put_all(&lab);
    let promise = "a store that keeps nothing has nothing";
    lab.holds(promise, "a/b", None);
    let removed = done(lab.remove(&name("a/b")), promise);
    promised(!removed, promise, || "something was removed".to_owned());
    done(lab.set_aside(&name("a/b")), promise);
    let copied = done(lab.copy(&name("a/b"), &name("a/c")), promise);
    promised(!copied, promise, || "something was copied".to_owned());
    let snapshot = done(lab.snapshot(&name("a/b")), promise);
    promised(snapshot.is_none(), promise, || "a snapshot was taken".to_owned());
    let listed = lab.listed("", ListOptions::default());
    promised(listed.is_empty(), promise, || format!("{listed:?}"));
    let namespaces = done(lab.list_namespaces(), promise);
    promised(namespaces.is_empty(), promise, || format!("{namespaces:?}"));
    let info = done(lab.info(), promise);
    promised(info == StoreInfo::default(), promise, || format!("{info:?}"));
}
