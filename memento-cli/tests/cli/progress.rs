//! What is seen on a terminal of transfers under way.

use std::process::Command;

use memento::storage::DataStore as _;
use memento::{Digest, Name};
use memento_storage_fs::FileDataStore;

use crate::{PROGRAM, Place};

/// How long each content is: it goes in five parts of 8 KiB at most, fewer than the bar draws without a pause in between.
const LENGTH: usize = 40_000;
const TOLD: &str = "39.06 KiB";
const BOTH: &str = "78.12 KiB";

/// What the bar of this name has shown, as `current/total`, where the program runs on a terminal of its own.
fn shown(place: &Place, name: &str, words: &[&str]) -> Vec<(String, String)> {
    // Nothing in the words means anything to a shell.
    let line = format!("stty cols 100; {PROGRAM} {}", words.join(" "));
    let mut script: Command = place.command_of("script", &["-qec", &line, "/dev/null"]);
    let output = script.env("TERM", "xterm").env_remove("NO_COLOR").output().expect("`script`");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let drawn = text.split(['\r', '\n']).filter(|line| line.contains(&format!("{name} ")));
    let bar = |line: &str| {
        let line = line.split(['█', '░']).next_back()?;
        let (current, rest) = line.split_once('/')?;
        let total = rest.split("  ").next()?;
        Some((current.trim().to_owned(), total.to_owned()))
    };
    drawn.filter_map(bar).collect()
}

/// What is told ends with the total, which is told from the beginning, and before that there is less.
#[track_caller]
fn assert_told(place: &Place, name: &str, words: &[&str], total: &str) {
    let shown = shown(place, name, words);
    assert!(shown.iter().all(|(_, told)| told == total), "{shown:?}");
    let (last, before) = shown.split_last().expect("a bar");
    assert_eq!(last.0, total, "{shown:?}");
    assert!(before.iter().any(|(current, _)| current != total), "{shown:?}");
}

#[test]
fn a_bar_tells_how_much_of_all_is_there() {
    let place = Place::new();
    place.write("long", vec![7; LENGTH]);
    assert_told(&place, "a/b", &["--storage", "./s", "blob", "put", "long", "a/b"], TOLD);
    assert_told(&place, "a/b", &["--storage", "./s", "blob", "get", "a/b", "out"], TOLD);
    assert_eq!(place.read("out"), vec![7; LENGTH]);
    // A result, beside the object.
    let store = FileDataStore::new(&memento_storage_fs::Options::new(place.path("s")));
    let content = vec![8; LENGTH];
    store.put(&Name::of_result(&Digest::of(&content)), &content).unwrap();
    assert_told(&place, "copy", &["copy", "./s", "./t"], BOTH);
    // What is there already counts.
    assert_told(&place, "copy", &["copy", "./s", "./t"], BOTH);
    assert_told(&place, "export", &["--storage", "./s", "export", "all"], BOTH);
}

#[test]
fn nothing_is_drawn_where_nobody_watches() {
    let place = Place::new();
    place.write("long", vec![7; LENGTH]);
    // `done` takes no word on standard error.
    assert_eq!(place.done(&["--storage", "./s", "blob", "put", "long", "a/b"]), "");
    assert_eq!(place.done(&["--storage", "./s", "blob", "get", "a/b", "out"]), "");
}
