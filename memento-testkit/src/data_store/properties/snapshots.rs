//! Copies and snapshots.

use memento::storage::{ListOptions, Snapshot};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name, read_all, same};
use crate::suite::promised;

pub(super) fn copies_are_objects_of_their_own(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a copy is an object of its own, in whatever namespace";
    let whole = content(1, 2_000_000);
    lab.keep("a/b", &whole);
    lab.keep("b/there", b"before");
    for to in ["a/c", "b/d/e", "b/there", "a/b"] {
        let copied = done(lab.copy(&name("a/b"), &name(to)), promise);
        promised(copied, promise, || format!("there was nothing to copy to `{to}`"));
        lab.holds(promise, to, Some(&whole));
    }
    lab.keep("a/c", b"changed");
    lab.holds(promise, "a/b", Some(&whole));
    lab.keep("a/b", b"changed, too");
    lab.holds(promise, "b/there", Some(&whole));
    done(lab.remove(&name("a/b")), promise);
    lab.holds(promise, "b/d/e", Some(&whole));
    let copied = done(lab.copy(&name("a/b"), &name("b/there")), promise);
    promised(!copied, promise, || "what is not there was copied".to_owned());
    lab.holds(promise, "b/there", Some(&whole));
}

#[track_caller]
fn take(lab: &Lab, text: &str) -> Snapshot {
    let promise = "of what is there, a snapshot can be taken";
    let snapshot = done(lab.snapshot(&name(text)), promise);
    snapshot.unwrap_or_else(|| panic!("broken promise: {promise}\nfound: none was"))
}

#[track_caller]
fn was(lab: &Lab, promise: &str, text: &str, snapshot: &Snapshot, expected: Option<&[u8]>) {
    let mut found = done(lab.read_snapshot(&name(text), snapshot), promise);
    let found = found.as_mut().map(|stream| read_all(promise, stream));
    same(promise, text, found.as_deref(), expected);
}

pub(super) fn snapshots_stay_what_they_were(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a snapshot stays what the object was";
    let none = done(lab.snapshot(&name("a/b")), promise);
    promised(none.is_none(), promise, || "what is not there has one".to_owned());
    let contents = [b"".to_vec(), content(1, 10), content(2, 2_000_000)];
    let mut snapshots = Vec::new();
    for content in &contents {
        lab.keep("a/b", content);
        snapshots.push(take(&lab, "a/b"));
    }
    lab.keep("a/b", b"now");
    lab.keep("b/b", b"of another");
    let of_another = take(&lab, "b/b");
    for is_removed in [false, true] {
        for (snapshot, content) in snapshots.iter().zip(&contents) {
            was(&lab, promise, "a/b", snapshot, Some(content));
        }
        let listed = done(lab.list_snapshots(&name("a/b")), promise);
        let order = "the snapshots of an object are listed, the earliest first";
        promised(listed == snapshots, order, || format!("{listed:?}, not {snapshots:?}"));
        if !is_removed {
            done(lab.remove(&name("a/b")), promise);
        }
    }
    was(&lab, "a snapshot is that of one object", "a/b", &of_another, None);
    let listed = lab.listed("a", ListOptions::default());
    promised(listed.is_empty(), "snapshots are not among the objects", || format!("{listed:?}"));
}

pub(super) fn without_its_snapshot_the_object_stays(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a snapshot goes alone: the object and other snapshots stay";
    lab.keep("a/b", b"content");
    let (first, second) = (take(&lab, "a/b"), take(&lab, "a/b"));
    promised(first != second, promise, || "two snapshots are one".to_owned());
    for expected in [true, false] {
        let removed = done(lab.remove_snapshot(&name("a/b"), &first), promise);
        promised(removed == expected, promise, || format!("removing it says {removed}"));
        lab.holds(promise, "a/b", Some(b"content"));
        was(&lab, promise, "a/b", &first, None);
        was(&lab, promise, "a/b", &second, Some(b"content"));
    }
    let listed = done(lab.list_snapshots(&name("a/b")), promise);
    promised(listed == [second], promise, || format!("{listed:?}"));
}
