//! Copies and archives of storages that are signed or encrypted.

use memento_tests::folder::Folder;
use memento_tests::visit::{Call, Visit};

use super::{CALLS, CONTENTS, MEMENTOS, copy, filled};
use crate::{Place, json};

/// What an archive or a copy has of everything, without a problem.
const ALL: [u64; 3] = [CONTENTS, 2, MEMENTOS];

/// A place with a folder of everything, and the cluster `sealed`, which has a copy of it that is encrypted.
fn sealed() -> (Place, Folder, Folder) {
    let (place, folder) = filled();
    place.write(
        "memento.toml",
        "[clusters.sealed.storage]\ntype = 'filesystem'\npath = 'sealed'\n\
         [clusters.sealed.storage.encryption]\nkey = 'a key that is as long as a key has to be'\n",
    );
    let [contents, objects, mementos, _] = copy(&place, &[folder.name(), "sealed"]);
    assert_eq!([contents, objects, mementos], ALL);
    let sealed = Folder::at(place.path("sealed"));
    (place, folder, sealed)
}

/// Copies and exports the cluster `sealed`, of which one thing is damaged, and told with these words, and what comes
/// along are so many contents, objects and mementos.
#[track_caller]
fn without_one(place: &Place, expected: [u64; 3], words: &[&str]) {
    let copy = ["copy", "--json", "sealed", "./to"];
    for command in [&copy[..], &["--cluster", "sealed", "export", "--json", "archive"]] {
        let run = place.run(command);
        assert_eq!((run.code, run.errors.lines().count()), (1, 1), "{run:?}");
        assert!(run.errors.starts_with("memento: cannot "), "{run:?}");
        for word in words {
            assert!(run.errors.contains(word), "no {word:?} in {run:?}");
        }
        let told = &json(&run.output)[0];
        let told = ["contents", "objects", "mementos"].map(|name| told[name].as_u64().unwrap());
        assert_eq!(told, expected, "{run:?}");
    }
    let imported = json(&place.done(&["--storage", "./imported", "import", "--json", "archive"]));
    assert_eq!(imported[0]["mementos"].as_u64(), Some(expected[2]));
}

#[test]
fn snapshots_come_along_both_ways() {
    let (place, folder, _) = sealed();
    let snapshot = |storage: &[&str], words: &[&str]| {
        place.done(&[storage, &["blob", "snapshot", "reports/a"], words].concat())
    };
    let (from, sealed) = (["--storage", folder.name()], ["--cluster", "sealed"]);
    let plain = snapshot(&from, &["--list"]);
    assert_eq!(snapshot(&sealed, &["--get", plain.trim()]), "hello\n");
    let later = snapshot(&sealed, &[]);
    assert_eq!(copy(&place, &["sealed", "./to"]), [CONTENTS, 3, MEMENTOS, 0]);
    let to = ["--storage", "./to"];
    assert_eq!(snapshot(&to, &["--list"]), format!("{plain}{later}"));
    assert_eq!(snapshot(&to, &["--get", later.trim()]), "hello\n");
}

/// Has the memento that came last changed behind the back of its store.
fn spoil_memento(folder: &Folder) {
    let update = "UPDATE mementos SET record = zeroblob(300)
                  WHERE id = (SELECT max(id) FROM mementos)";
    assert_eq!(folder.open_database().execute(update, []).unwrap(), 1);
}

#[test]
fn mementos_that_cannot_be_opened_are_told() {
    let (place, _, sealed) = sealed();
    spoil_memento(&sealed);
    let words = ["decrypt a record", "key: ", "store: ", "it is not encrypted"];
    without_one(&place, [CONTENTS, 2, MEMENTOS - 1], &words);
    let visit = Folder::at(place.path("to")).visit(&Call::both(CALLS));
    assert_eq!((visit.computed, visit.hits), (1, MEMENTOS - 1));
}

#[test]
fn mementos_that_cannot_be_opened_there_come_again() {
    let (place, folder, sealed) = sealed();
    spoil_memento(&sealed);
    let all: u64 = ALL.iter().sum();
    assert_eq!(copy(&place, &[folder.name(), "sealed"]), [0, 0, 1, all - 1]);
    copy(&place, &["sealed", "./to"]);
    assert_eq!(Folder::at(place.path("to")).visit(&Call::both(CALLS)), Visit::hits(MEMENTOS));
}
