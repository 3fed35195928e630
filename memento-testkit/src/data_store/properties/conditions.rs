//! What depends on what is there, and what is said about objects.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use memento::storage::{PutOptions, Source, UserMetadata};

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, can, content, done, name, same};
use crate::suite::{in_threads, promised};

/// Whether the store puts conditionally; where not, it says so.
#[track_caller]
fn is_conditional(lab: &Lab) -> bool {
    let has = lab.capabilities().conditional;
    can("conditional", has, || lab.put_if_absent(&name("a/b"), b"content"))
        && can("conditional", has, || lab.append(&name("a/b"), b""))
}

pub(super) fn of_many_writers_one_is_first(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    if !can("conditional", lab.capabilities().conditional, || {
        lab.put_if_absent(&name("a/b"), b"content")
    }) {
        return;
    }
    let promise = "of many who put where nothing is, one is first, and what it put stays";
    for round in 0..20 {
        let name = name(&format!("a/{round}"));
        let (start, first) = (Barrier::new(4), AtomicUsize::new(usize::MAX));
        in_threads(4, |writer| {
            let other = lab.other();
            start.wait();
            if done(other.put_if_absent(&name, &content(writer, 1000)), promise) {
                let before = first.swap(writer, Ordering::Relaxed);
                promised(before == usize::MAX, promise, || {
                    format!("writers {before} and {writer} were told that they are")
                });
            }
        });
        let writer = first.into_inner();
        promised(writer != usize::MAX, promise, || "nobody was told to be".to_owned());
        let found = done(lab.get(&name), promise);
        same(promise, name.as_str(), found.as_deref(), Some(&content(writer, 1000)));
    }
}

pub(super) fn conditions_are_looked_at(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    if !is_conditional(&lab) {
        return;
    }
    let promise = "an object is put where its condition is met, and nowhere else";
    let name = name("a/c");
    let steps = [
        (PutOptions::if_content("none"), &b"0"[..], None),
        (PutOptions::if_content(""), b"1", None),
        (PutOptions::if_absent(), b"2", Some(&b"2"[..])),
        (PutOptions::if_absent(), b"3", Some(b"2")),
        (PutOptions::if_content("other"), b"4", Some(b"2")),
        (PutOptions::if_content("3"), b"5", Some(b"2")),
        (PutOptions::if_content("2"), b"", Some(b"")),
        (PutOptions::if_absent(), b"6", Some(b"")),
        (PutOptions::if_content(""), b"7", Some(b"7")),
    ];
    for (options, content, expected) in steps {
        let is_put = done(lab.put_with(&name, content, &options), promise);
        lab.holds(promise, "a/c", expected);
        let was_put = expected == Some(content);
        promised(is_put == was_put, promise, || format!("{options:?} says {is_put}"));
    }
}

pub(super) fn options_hold_for_streams(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what comes as a stream is put on its condition, and with its metadata";
    let put = |content: &[u8], options: &PutOptions| {
        let mut reader = content;
        done(lab.put_from(&name("a/b"), &mut Source::new(&mut reader), options), promise)
    };
    lab.keep("a/b", b"1");
    if lab.capabilities().conditional {
        let steps: [(PutOptions, &[u8], &[u8]); 3] = [
            (PutOptions::if_absent(), b"2", b"1"),
            (PutOptions::if_content("2"), b"3", b"1"),
            (PutOptions::if_content("1"), b"4", b"4"),
        ];
        for (options, content, expected) in steps {
            let is_put = put(content, &options);
            lab.holds(promise, "a/b", Some(expected));
            promised(is_put == (content == expected), promise, || {
                format!("{options:?} says {is_put}")
            });
        }
    }
    if lab.capabilities().metadata {
        let options = PutOptions::default().metadata("colour", "red");
        put(b"content", &options);
        lab.holds(promise, "a/b", Some(b"content"));
        let found = done(lab.properties(&name("a/b")), promise).unwrap_or_default().metadata;
        promised(found == options.metadata, promise, || format!("{found:?}"));
    }
}

pub(super) fn what_many_append_is_all_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    if !is_conditional(&lab) {
        return;
    }
    let promise = "what many append is all there, each whole, in the order of each";
    done(lab.append(&name("a/b"), b""), promise);
    lab.holds(promise, "a/b", Some(b""));
    in_threads(4, |writer| {
        let other = lab.other();
        for index in 0..25 {
            let line = format!("writer {writer} line {index:02}\n");
            done(other.append(&name("a/b"), line.as_bytes()), promise);
        }
    });
    let found = done(lab.get(&name("a/b")), promise).unwrap_or_default();
    let text = String::from_utf8_lossy(&found);
    for writer in 0..4 {
        let own = format!("writer {writer} ");
        let lines: Vec<_> = text.lines().filter(|line| line.starts_with(&own)).collect();
        let expected: Vec<_> =
            (0..25).map(|index| format!("writer {writer} line {index:02}")).collect();
        promised(lines == expected, promise, || format!("of writer {writer}: {lines:?}"));
    }
    promised(text.lines().count() == 100, promise, || format!("{} lines", text.lines().count()));
}

pub(super) fn user_metadata_is_kept(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let long = "v".repeat(700);
    let options = PutOptions::default()
        .metadata("colour", "red")
        .metadata("a \"name\" of ünïcode\n", &*long)
        .metadata("", "");
    let has = lab.capabilities().metadata;
    if !can("metadata", has, || lab.put_with(&name("a/b"), b"content", &options)) {
        return;
    }
    let promise = "user metadata is that of the last put";
    let is = |text: &str, expected: &UserMetadata| {
        let found = done(lab.properties(&name(text)), promise).unwrap_or_default().metadata;
        promised(found == *expected, promise, || format!("{found:?}"));
    };
    for length in [0, 7, 512, 100_000] {
        done(lab.put_with(&name("a/b"), &content(1, length), &options), promise);
        lab.holds(promise, "a/b", Some(&content(1, length)));
        is("a/b", &options.metadata);
        done(lab.copy(&name("a/b"), &name("b/copy")), promise);
        is("b/copy", &options.metadata);
        lab.holds(promise, "b/copy", Some(&content(1, length)));
        let blue = PutOptions::default().metadata("colour", "blue");
        done(lab.put_with(&name("a/b"), b"blue", &blue), promise);
        is("a/b", &blue.metadata);
        if lab.capabilities().conditional {
            done(lab.append(&name("a/b"), b" and more"), promise);
            is("a/b", &blue.metadata);
            lab.holds(promise, "a/b", Some(b"blue and more"));
        }
        lab.keep("a/b", b"plain");
        is("a/b", &UserMetadata::new());
    }
}
