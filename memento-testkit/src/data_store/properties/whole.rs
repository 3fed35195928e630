//! The store as a whole.

use memento::storage::{ListOptions, PutOptions, StoreInfo};
use memento::{Digest, Error, ErrorKind, Name};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, can, content, done, name, namespace, same};
use crate::suite::promised;

pub(super) fn info_counts_what_is_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "the objects and bytes of a store are counted";
    let is = |objects, bytes| {
        let info = done(lab.info(), promise);
        let expected = StoreInfo { objects, bytes, ..info };
        promised(info == expected, promise, || format!("{info:?}, not {expected:?}"));
    };
    is(0, 0);
    for index in 0..30 {
        lab.keep(&format!("{}/{index}", ["a", "b"][index % 2]), &content(index, 1000));
    }
    is(30, 30_000);
    lab.keep("a/0", b"new");
    is(30, 29_003);
    done(lab.remove(&name("a/0")), promise);
    is(29, 29_000);
}

pub(super) fn a_store_answers(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a store that can be reached answers, and says where it is";
    done(lab.ping(), promise);
    lab.keep("a/b", b"content");
    done(lab.ping(), promise);
    promised(!lab.location().is_empty(), promise, || "it is nowhere".to_owned());
}

pub(super) fn what_is_flushed_is_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what was put is there for all when the store is flushed";
    done(lab.flush(), promise);
    lab.keep("a/b", b"content");
    done(lab.flush(), promise);
    let found = done(lab.other().get(&name("a/b")), promise);
    same(promise, "a/b", found.as_deref(), Some(b"content"));
}

pub(super) fn urls_are_told(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    if !can("url", lab.capabilities().url, || lab.url(&name("a/b"))) {
        return;
    }
    let promise = "each object has a URL of its own";
    let names = ["a/b", "a/b c", "a/b%20c", "a/ü", "a/#"];
    let mut urls: Vec<_> = names.iter().map(|text| done(lab.url(&name(text)), promise)).collect();
    let is_url = |url: &String| {
        let scheme = url.split_once("://").map_or("", |(scheme, _)| scheme);
        let is_plain = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}#".contains(c);
        !scheme.is_empty() && url.chars().all(is_plain)
    };
    promised(urls.iter().all(is_url), promise, || format!("{urls:?}"));
    urls.sort();
    urls.dedup();
    promised(urls.len() == names.len(), promise, || format!("{urls:?}"));
}

pub(super) fn what_is_set_aside_can_be_looked_at(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is set aside is out of the way, and can be looked at";
    for round in 1..=2 {
        lab.keep("a/b/c", b"damaged");
        lab.keep("a/b/d", b"whole");
        done(lab.set_aside(&name("a/b/c")), promise);
        lab.holds(promise, "a/b/c", None);
        lab.holds(promise, "a/b/d", Some(b"whole"));
        // Nothing happens where there is nothing.
        done(lab.set_aside(&name("a/b/c")), promise);
        let aside = lab.listed("damaged", ListOptions::default());
        promised(aside.len() == round, promise, || format!("{aside:?} after {round} times"));
        for text in aside {
            lab.holds(promise, &text, Some(b"damaged"));
        }
    }
    lab.keep("a/b/c", b"new");
    lab.holds(promise, "a/b/c", Some(b"new"));
}

pub(super) fn what_is_whole_again_is_not_set_aside(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a content that somebody has put anew is not set aside, and a damaged one is";
    for content in [content(1, 100), content(2, 3_000_000)] {
        let name = Name::of_result(&Digest::of(&content));
        lab.keep(name.as_str(), &content);
        done(lab.set_aside(&name), promise);
        lab.holds(promise, name.as_str(), Some(&content));
        let other = Name::of_result(&Digest::of(&content[1..]));
        lab.keep(other.as_str(), &content);
        done(lab.set_aside(&other), promise);
        lab.holds(promise, other.as_str(), None);
    }
}

pub(super) fn a_store_is_writable_or_changes_nothing(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    promised(lab.capabilities().writable, "a store that keeps what is put says so", || {
        "it says that it is open for reading only".to_owned()
    });
    let Some(store) = lab.read_only() else { return };
    lab.keep("a/b", b"content");
    let promise = "of what is there, a snapshot can be taken";
    let Some(snapshot) = done(lab.snapshot(&name("a/b")), promise) else {
        panic!("broken promise: {promise}\nfound: there is nothing");
    };
    let before = lab.listed("", ListOptions::default());
    let promise = "a store that is open for reading changes nothing, and says so";
    promised(!store.capabilities().writable, promise, || "not in its capabilities".to_owned());
    let (there, new) = (name("a/b"), name("a/c"));
    let attempts: [(&str, Result<(), Error>); 12] = [
        ("put", store.put(&there, b"new")),
        ("put_with", store.put_with(&there, b"new", &PutOptions::default()).map(drop)),
        ("put_if_absent", store.put_if_absent(&new, b"new").map(drop)),
        ("put_many", store.put_many(&[(there.clone(), b"new")]).pop().unwrap_or(Ok(()))),
        ("append", store.append(&there, b"new")),
        ("copy", store.copy(&there, &new).map(drop)),
        ("remove", store.remove(&there).map(drop)),
        ("set_aside", store.set_aside(&there)),
        ("snapshot", store.snapshot(&there).map(drop)),
        ("remove_snapshot", store.remove_snapshot(&there, &snapshot).map(drop)),
        ("create_namespace", store.create_namespace(&namespace("new")).map(drop)),
        ("remove_namespace", store.remove_namespace(&namespace("a")).map(drop)),
    ];
    for (method, result) in attempts {
        let is_said = result.as_ref().is_err_and(|error| error.kind() == ErrorKind::ReadOnly);
        promised(is_said, promise, || format!("`{method}` gives {result:?}"));
    }
    lab.holds(promise, "a/b", Some(b"content"));
    let after = lab.listed("", ListOptions::default());
    promised(after == before, promise, || format!("{after:?}, not {before:?}"));
    let found = done(store.get(&there), promise);
    promised(found.as_deref() == Some(b"content"), promise, || format!("{found:?}"));
}
