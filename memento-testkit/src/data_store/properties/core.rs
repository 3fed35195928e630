//! What is put, found and removed.

use memento::ErrorKind;
use memento::storage::ListOptions;

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name};
use crate::suite::promised;

pub(super) fn what_is_put_is_found(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is put is found, and nothing else";
    lab.holds(promise, "a/b", None);
    lab.keep("a/b", b"content");
    lab.holds(promise, "a/b", Some(b"content"));
    lab.holds(promise, "a/c", None);
    lab.holds(promise, "b/b", None);
    lab.holds(promise, "a/b/c", None);
}

pub(super) fn a_put_takes_the_place_of_what_was_there(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    // The same, longer, shorter, of the same length, empty.
    for content in [&b"one"[..], b"one", b"longer", b"two", b"six", b"", b"last"] {
        lab.keep("a/b", content);
        lab.holds("a put takes the place of what was there", "a/b", Some(content));
    }
}

pub(super) fn what_is_removed_is_gone(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is removed is gone, and was there once";
    let remove = |text: &str, was_there: bool| {
        let removed = done(lab.remove(&name(text)), promise);
        promised(removed == was_there, promise, || {
            format!("removing `{text}` says that it was there: {removed}")
        });
    };
    remove("a/b", false);
    lab.keep("a/b", b"one");
    lab.keep("a/c", b"two");
    remove("a/b", true);
    remove("a/b", false);
    lab.holds(promise, "a/b", None);
    lab.holds(promise, "a/c", Some(b"two"));
    lab.keep("a/b", b"again");
    lab.holds(promise, "a/b", Some(b"again"));
}

pub(super) fn empty_and_large_contents_are_kept(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    // About what systems take at once: blocks, pages, buffers, chunks.
    let lengths = [0, 1, 511, 512, 513, 4096, 65_536, (1 << 20) - 1, 1 << 20, (5 << 20) + 17];
    for length in lengths {
        let text = format!("a/{length}");
        lab.keep(&text, &content(length, length));
        lab.holds("contents of every length are kept", &text, Some(&content(length, length)));
    }
    for length in lengths {
        let promise = "contents stay when others are put";
        lab.holds(promise, &format!("a/{length}"), Some(&content(length, length)));
    }
}

pub(super) fn names_of_every_form_are_kept(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let long = format!("a/{}", "s".repeat(255));
    let deep = ["deep"; 204].join("/");
    let mut names = vec![
        "a/b",
        "A1/b",
        "a/ leading",
        "a/b c",
        "a/#%&+,;=@[]{}'!$()^`~",
        "a/.hidden",
        "a/b..c",
        "a/-b",
        "a/%2e%2e",
        "a/é",
        "日本/語",
        "a/😀",
        "0/0",
        &*long,
        &*deep,
    ];
    for text in &names {
        lab.keep(text, text.as_bytes());
    }
    for text in &names {
        lab.holds("names of every form are kept", text, Some(text.as_bytes()));
    }
    names.sort_unstable();
    let listed = lab.listed("", ListOptions::default());
    promised(listed == names, "names are listed as they were put", || format!("{listed:?}"));
    for text in &names {
        done(lab.remove(&name(text)), "names of every form are removed");
        lab.holds("names of every form are removed", text, None);
    }
}

pub(super) fn names_are_told_apart(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let names =
        ["a/b", "a/bb", "a/b-", "a/b.c", "a/c/b", "ab/b", "a-/b", "a/b%", "b/a", "a/_", "a/%5F"];
    for text in names {
        lab.keep(text, text.as_bytes());
    }
    for text in names {
        lab.holds("each name is that of one object", text, Some(text.as_bytes()));
    }
}

pub(super) fn folders_and_objects_of_one_name(suite: &DataStoreSuite) {
    let nested = [("a/b", "a/b/c"), ("a/b/c", "a/b"), ("a/b", "a/b/c/d"), ("a/b/c/d", "a/b")];
    for (first, second) in nested {
        let lab = Lab::new(suite);
        lab.keep(first, b"first");
        let promise =
            "an object beside a folder of its name is kept, or refused for lack of `nested`";
        match lab.put(&name(second), b"second") {
            Ok(()) => {
                promised(lab.capabilities().nested, promise, || {
                    format!("`{second}` was put beside `{first}` without the capability")
                });
                lab.holds(promise, second, Some(b"second"));
            }
            Err(error) => {
                let is_said = error.kind() == ErrorKind::Unsupported
                    && error.to_string().contains("nested")
                    && !lab.capabilities().nested;
                promised(is_said, promise, || format!("{error:?}"));
                lab.holds(promise, second, None);
            }
        }
        lab.holds(promise, first, Some(b"first"));
        // The place is free when the other one is gone.
        done(lab.remove(&name(first)), promise);
        lab.keep(second, b"again");
        lab.holds(
            "where a folder was there can be an object, and the other way round",
            second,
            Some(b"again"),
        );
    }
}
