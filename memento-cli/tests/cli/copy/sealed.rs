//! Copies and archives of storages that are signed or encrypted.

use std::fs;
use std::path::Path;

use memento_tests::folder::Folder;
use memento_tests::visit::{Call, Visit};

use super::{CALLS, CONTENTS, MEMENTOS, copy, filled, long};
use crate::{Place, json};

/// What an archive or a copy has of everything, without a problem.
const ALL: [u64; 3] = [CONTENTS, 2, MEMENTOS];

/// A place with a folder of everything, and the cluster `sealed`, which has a copy of it that is encrypted.
fn sealed() -> (Place, Folder, Folder) {
    let (place, folder) = filled();
    place.write(
        "memento.toml",
        "[clusters.sealed.storage]\ntype = 'filesystem'\npath = 'sealed'\n\
         [clusters.sealed.storage.encryption]\nkey = 'a key that is as long as a key has to be'\n\
         [clusters.raw.storage]\ntype = 'filesystem'\npath = 'sealed'\n",
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
    for folder in ["to", "imported"].map(|folder| place.path(folder)).iter().filter(|f| f.exists())
    {
        fs::remove_dir_all(folder).unwrap();
    }
    let copy = ["copy", "--json", "sealed", "./to"];
    let export = ["--cluster", "sealed", "export", "--json", "--overwrite", "archive"];
    for command in [&copy[..], &export] {
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

/// Changes the memento that came last behind the back of its store.
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

fn spoil_end(file: &Path) {
    let mut content = fs::read(file).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(file, content).unwrap();
}

#[test]
fn contents_that_cannot_be_opened_are_told() {
    let (place, _, sealed) = sealed();
    let file = sealed.results()[4].clone();
    spoil_end(&file);
    let expected = [CONTENTS - 1, 2, MEMENTOS];
    without_one(&place, expected, &["results/", "store: ", "it is not what was encrypted"]);
    fs::write(&file, "short").unwrap();
    without_one(&place, expected, &["decrypt an object", "results/", "store: "]);
    let visit = Folder::at(place.path("imported")).visit(&Call::both(CALLS));
    assert_eq!((visit.computed, visit.hits), (1, MEMENTOS - 1));
}

/// Changes an object behind the back of its store: it is shorter than any, or is not encrypted, or has another end.
fn spoil_object(place: &Place, how: usize) {
    let raw = ["--cluster", "raw", "blob"];
    place.done(&[&raw[..], &["get", "reports/a", "spoiled"]].concat());
    match how {
        0 => place.write("spoiled", "short"),
        1 => place.write("spoiled", [b'x'; 100]),
        _ => spoil_end(&place.path("spoiled")),
    }
    place.done(&[&raw[..], &["put", "spoiled", "reports/a"]].concat());
}

#[test]
fn objects_that_cannot_be_opened_are_told() {
    for how in 0..3 {
        let (place, ..) = sealed();
        spoil_object(&place, how);
        let words = ["name: reports/a, store: ", "decrypt an object"];
        without_one(&place, [CONTENTS, 1, MEMENTOS], &words);
    }
}

#[test]
fn objects_that_cannot_be_opened_there_are_others() {
    for how in 0..3 {
        let (place, folder, _) = sealed();
        spoil_object(&place, how);
        let run = place.run(&["copy", folder.name(), "sealed"]);
        let all: u64 = ALL.iter().sum();
        let told = format!("; {} were there already", all - 1);
        assert!(run.output.contains(&told), "all else is looked at: {run:?}");
        run.refused(&["copy from storage", "reports/a", "another content", "--overwrite"]);
        let again = copy(&place, &["--overwrite", folder.name(), "sealed"]);
        assert_eq!(again[1], 1);
        let get = ["--cluster", "sealed", "blob", "get", "reports/a"];
        assert_eq!(place.done(&get), "hello\n");
    }
}

/// Those that go together, and one that goes alone since it is long, or since there is no other.
#[test]
fn verifying_mends_what_cannot_be_opened_there() {
    let (place, folder, sealed) = sealed();
    spoil_end(&sealed.results()[3]);
    let all: u64 = ALL.iter().sum();
    let verify = |from: &str| copy(&place, &["--verify", from, "sealed"]);
    assert_eq!(verify(folder.name()), [1, 0, 0, all - 1]);
    assert_eq!(verify(folder.name()), [0, 0, 0, all]);

    long(&place, 2 << 20);
    fs::remove_dir_all(sealed.path()).unwrap();
    assert_eq!(copy(&place, &["./long", "sealed"]), [2, 0, 1, 0]);
    for file in sealed.data() {
        spoil_end(&file);
        assert_eq!(verify("./long"), [1, 0, 0, 2]);
        fs::write(&file, "short").unwrap();
        assert_eq!(verify("./long"), [1, 0, 0, 2]);
    }
    assert_eq!(verify("./long"), [0, 0, 0, 3]);
}

/// A list of tiers has what the last one has, also where they are a tier themselves; and what is stored is longer.
#[test]
fn contents_of_all_tiers_come_along_as_they_were_put() {
    let place = Place::new();
    long(&place, 2 << 20);
    let signing = "signing = { key = 'a key that is as long as a key has to be' }\n";
    let folder = |table: &str| {
        let path = table.rsplit('.').next().unwrap_or(table);
        format!("[clusters.{table}]\ntype = 'filesystem'\npath = '{path}'\n{signing}")
    };
    place.write(
        "memento.toml",
        format!(
            "[clusters.first.storage]\ntype = 'filesystem'\npath = 'a'\n{signing}\
             [clusters.all.storage]\ntiers = ['near', 'far']\n\
             [clusters.all.storage.near]\ntype = 'tiers'\ntiers = ['a', 'b']\n{}{}{}",
            folder("all.storage.near.a"),
            folder("all.storage.near.b"),
            folder("all.storage.far")
        ),
    );
    let told = |from: &str, to: &str| {
        let told = json(&place.done(&["copy", "--json", from, to]));
        ["contents", "bytes"].map(|name| told[0][name].as_u64().unwrap())
    };
    let [contents, bytes] = told("./long", "first");
    assert!(contents == 2 && bytes > 2 << 20);
    assert_eq!(told("all", "./to"), [contents, bytes]);
}
