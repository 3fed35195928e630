//! Namespaces.

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, done, name, namespace};
use crate::suite::promised;

#[track_caller]
fn are(lab: &Lab, promise: &str, expected: &[&str]) {
    let listed = done(lab.list_namespaces(), promise);
    let listed: Vec<_> = listed.iter().map(memento::storage::Namespace::as_str).collect();
    promised(listed == expected, promise, || format!("{listed:?}, not {expected:?}"));
    for text in ["a", "ab", "b", "c"] {
        let is_there = done(lab.has_namespace(&namespace(text)), promise);
        promised(is_there == expected.contains(&text), promise, || {
            format!("`has_namespace` says {is_there} of `{text}`")
        });
    }
}

pub(super) fn namespaces_come_and_go(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a namespace is there once it was made, or something is in it";
    are(&lab, promise, &[]);
    for expected in [true, false] {
        let made = done(lab.create_namespace(&namespace("b")), promise);
        promised(made == expected, promise, || format!("making it says {made}"));
        are(&lab, promise, &["b"]);
    }
    lab.keep("a/c/d", b"");
    are(&lab, promise, &["a", "b"]);
    let made = done(lab.create_namespace(&namespace("a")), promise);
    promised(!made, promise, || "one with an object in it was made".to_owned());
    done(lab.remove(&name("a/c/d")), promise);
    for expected in [true, false] {
        let removed = done(lab.remove_namespace(&namespace("b")), promise);
        promised(removed == expected, promise, || format!("removing it says {removed}"));
    }
    lab.keep("c/d", b"");
    done(lab.remove(&name("c/d")), promise);
    done(lab.remove_namespace(&namespace("a")), promise);
    are(&lab, promise, &[]);
}

pub(super) fn a_namespace_goes_with_its_objects_alone(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a namespace goes with all objects in it, and no others";
    for text in ["a/b", "a/c/d", "ab/c", "b/a"] {
        lab.keep(text, text.as_bytes());
    }
    for index in 0..1100 {
        lab.keep(&format!("a/many/{index}"), b"");
    }
    let removed = done(lab.remove_namespace(&namespace("a")), promise);
    promised(removed, promise, || "it says that there was none".to_owned());
    for text in ["a/b", "a/c/d", "a/many/0", "a/many/1099"] {
        lab.holds(promise, text, None);
    }
    for text in ["ab/c", "b/a"] {
        lab.holds(promise, text, Some(text.as_bytes()));
    }
    are(&lab, promise, &["ab", "b"]);
}
