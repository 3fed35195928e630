//! `memento export` and `memento import`.

mod damaged;

use std::cell::Cell;
use std::fs;
use std::io::Write as _;
use std::path::Path;

use memento::{Blob, Environment, LocalRunner, Partition, memento};
use memento_storage_fs::Options;
use memento_tests::folder::Folder;
use memento_tests::proxy::Proxy;
use memento_tests::s3::S3Server;
use memento_tests::visit::{Call, Visit};

use crate::copy::{long, team};
use crate::{Place, json};

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

/// How often functions of this file run while `work` is done with a storage in `folder`.
fn runs(folder: &Path, work: impl FnOnce()) -> u64 {
    let before = RUNS.get();
    let storage = memento_storage_fs::storage(&Options::new(folder));
    Environment::new(storage, LocalRunner::new()).enter(work);
    RUNS.get() - before
}

/// A file that is short, and a content of its own all the same.
#[memento]
fn page(n: u64) -> Blob {
    RUNS.set(RUNS.get() + 1);
    let mut page = Blob::create();
    writeln!(page, "page {n}").unwrap();
    page.finish().unwrap()
}

/// A result inside its record, with parts outside; what it was computed from is looked up.
#[memento]
fn book(pages: u64) -> Vec<Blob> {
    RUNS.set(RUNS.get() + 1);
    (0..pages).map(page).collect()
}

/// A result outside of its record, with parts, and a part behind a part, which nothing else names.
#[memento]
fn shelf(books: u64) -> (Vec<u8>, Vec<Vec<Blob>>, Partition<u64, Blob>) {
    RUNS.set(RUNS.get() + 1);
    let mut covers = Partition::new();
    covers.insert(1, &Blob::from_reader(&b"cover"[..]).unwrap()).unwrap();
    (vec![7; 40_000], (1..=books).map(book).collect(), covers)
}

/// What no other function calls.
#[memento]
fn poster(n: u64) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    vec![u8::try_from(n).unwrap(); 40_000]
}

/// Reads all pages on a shelf of three books.
fn read_shelf() {
    let (wood, books, covers) = shelf(3);
    assert_eq!(wood, vec![7; 40_000]);
    assert_eq!(covers.get(&1).unwrap().expect("a cover").read().unwrap(), b"cover");
    for (n, book) in books.iter().enumerate() {
        let pages: Vec<_> = book.iter().map(|page| page.read().unwrap()).collect();
        let expected: Vec<_> = (0..=n).map(|n| format!("page {n}\n").into_bytes()).collect();
        assert_eq!(pages, expected);
    }
}

/// A place with results of two functions and an object in `from`, and all of that in `archive`.
fn exported() -> Place {
    let place = Place::new();
    let folder = Folder::at(place.path("from"));
    assert_eq!(folder.visit(&Call::both(5)), Visit::computed(10));
    place.write("hello", "hello\n");
    place.done(&["--storage", "./from", "blob", "put", "hello", "a/b", "--metadata", "by=me"]);
    place.done(&["--storage", "./from", "export", "archive"]);
    place
}

/// It is nothing that is wrong with the content: without it, the archive would not be what was asked for.
#[test]
fn an_export_ends_where_the_storage_cannot_be_read() {
    let place = Place::new();
    long(&place, 2 << 20);
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    place.write("memento.toml", team(proxy.port(), "retries = 0"));
    place.done(&["copy", "./long", "team"]);
    let export = ["--cluster", "team", "export", "archive"];
    // All replies before are short, so that is in the last part of the content.
    proxy.cut_replies_after(2 << 20);
    let run = place.run(&export);
    assert!(!proxy.is_to_cut() && run.output.is_empty(), "{run:?}");
    run.refused(&["export a storage", "name: results/", "store: s3://"]);
    assert!(!place.path("archive").exists());
    assert!(place.done(&export).starts_with("exported 2 contents, 0 objects, 1 memento ("));
}

#[test]
fn what_is_exported_and_imported_is_found() {
    let place = exported();
    let import = ["--storage", "./to", "import", "archive"];
    let told = place.done(&import);
    assert!(told.starts_with("imported 7 contents, 1 object, 10 mementos ("), "{told}");
    assert!(told.ends_with("; 0 were there already\n"), "{told}");
    let to = Folder::at(place.path("to"));
    assert_eq!(to.visit(&Call::both(5)), Visit::hits(10));
    to.assert_whole();
    let stat = json(&place.done(&["--storage", "./to", "--json", "blob", "stat", "a/b"]));
    assert_eq!((&stat[0]["size"], &stat[0]["metadata"]["by"]), (&6.into(), &"me".into()));

    let before = to.data();
    let told = json(&place.done(&[&["--json"], &import[..]].concat()));
    assert_eq!((&told[0]["present"], &told[0]["bytes"]), (&18.into(), &0.into()));
    assert_eq!(to.data(), before);
    // The same again comes to the same bytes.
    place.done(&["--storage", "./to", "export", "again"]);
    assert_eq!(place.read("again").len(), place.read("archive").len());
}

#[test]
fn contents_come_from_all_tiers() {
    let place = Place::new();
    for (name, calls) in [("near", 2), ("team", 5)] {
        Folder::at(place.path(name)).visit(&Call::both(calls));
    }
    place.write(
        "memento.toml",
        "[storage]\ntiers = ['near', 'team']\n\
         [storage.near]\ntype = 'filesystem'\npath = 'near'\n\
         [storage.team]\ntype = 'filesystem'\npath = 'team'\nwrite = 'never'\n",
    );
    let told = json(&place.done(&["--json", "export", "all"]));
    assert_eq!((&told[0]["contents"], &told[0]["mementos"]), (&7.into(), &10.into()));
    place.done(&["--storage", "./imported", "import", "all"]);
    let imported = Folder::at(place.path("imported"));
    assert_eq!(imported.visit(&Call::both(5)), Visit::hits(10));
    imported.assert_whole();
}

#[test]
fn an_import_that_was_killed_shows_nothing_and_goes_on() {
    let place = exported();
    let import = ["--storage", "./to", "import", "archive"];
    let to = Folder::at(place.path("to"));
    assert_eq!(place.killed_at_rename(4, &import), Some(9));
    assert!(!to.data().is_empty() && !to.database().exists(), "no memento before its content");
    let told = json(&place.done(&[&["--json"], &import[..]].concat()));
    assert_eq!(told[0]["present"].as_u64(), Some(7 - told[0]["contents"].as_u64().unwrap()));
    assert_eq!(to.visit(&Call::both(5)), Visit::hits(10));
    to.assert_whole();
}

#[test]
fn a_part_is_all_that_a_function_needs() {
    let place = Place::new();
    let from = place.path("from");
    assert_eq!(runs(&from, read_shelf), 1 + 3 + 3);
    assert_eq!(runs(&from, || assert_eq!(poster(3), vec![3; 40_000])), 1);
    place.write("hello", "hello\n");
    place.done(&["--storage", "./from", "blob", "put", "hello", "a/b"]);
    let path =
        memento::functions().map(memento::Function::path).find(|path| path.ends_with("shelf"));
    let path = path.expect("its path");
    let export = ["--storage", "./from", "export", "part", "--function", path, "--json"];
    let told = json(&place.done(&export));
    // A result, three pages, a reference to a cover, the cover, and what three functions are made of.
    assert_eq!((&told[0]["contents"], &told[0]["mementos"]), (&9.into(), &7.into()));
    assert_eq!(told[0]["objects"], 0);
    place.done(&["--storage", "./to", "import", "part"]);
    let to = place.path("to");
    assert_eq!(runs(&to, read_shelf), 0);
    assert_eq!(runs(&to, || assert_eq!(book(2).len(), 2)), 0);
    assert_eq!(runs(&to, || assert_eq!(poster(3), vec![3; 40_000])), 1);

    let missing = ["--storage", "./from", "export", "x", "--function", "no::such"];
    place.refused(&missing, &["function: no::such", "there are none", "there are those of", path]);
    assert!(!place.path("x").exists());
}

#[test]
fn nothing_is_replaced_unless_that_is_asked_for() {
    let place = exported();
    let archive = place.read("archive");
    place.refused(&["--storage", "./from", "export", "hello"], &["hello", "a file already"]);
    assert_eq!(place.read("hello"), b"hello\n");
    place.done(&["--storage", "./from", "export", "hello", "--overwrite"]);
    assert_eq!(place.read("hello").len(), archive.len());

    place.write("other", "other\n");
    place.done(&["--storage", "./to", "blob", "put", "other", "a/b"]);
    let import = ["--storage", "./to", "import", "archive"];
    place.refused(&import, &["import an archive", "a/b", "another content", "--overwrite"]);
    let to = Folder::at(place.path("to"));
    assert_eq!((to.data().len(), to.database().exists()), (0, false), "nothing was imported");
    place.done(&[&import[..], &["--overwrite"]].concat());
    assert_eq!(place.done(&["--storage", "./to", "blob", "get", "a/b"]), "hello\n");
    assert_eq!(to.visit(&Call::both(5)), Visit::hits(10));
}

#[test]
fn mementos_that_are_there_stay() {
    let place = exported();
    let to = Folder::at(place.path("to"));
    to.visit(&Call::both(5));
    let records = |folder: &Folder| -> Vec<Vec<u8>> {
        let database = folder.open_database();
        let mut rows = database.prepare("SELECT record FROM mementos ORDER BY key").unwrap();
        rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let before = records(&to);
    place.done(&["--storage", "./to", "import", "archive"]);
    assert!(records(&to) == before);
    place.done(&["--storage", "./to", "import", "archive", "--overwrite"]);
    assert!(records(&to) == records(&Folder::at(place.path("from"))));
}

#[test]
fn what_is_damaged_is_left_out_and_told() {
    let place = exported();
    let from = Folder::at(place.path("from"));
    let damaged = from.results()[2].clone();
    let mut content = fs::read(&damaged).unwrap();
    *content.last_mut().unwrap() ^= 1;
    fs::write(&damaged, content).unwrap();
    let run = place.run(&["--storage", "./from", "export", "rest", "--json"]);
    assert_eq!((run.code, run.errors.lines().count()), (1, 1), "{run:?}");
    assert!(run.errors.contains("results/"), "{run:?}");
    assert_eq!(json(&run.output)[0]["contents"], 6);
    place.done(&["--storage", "./to", "import", "rest"]);
    let visit = Folder::at(place.path("to")).visit(&Call::both(5));
    assert_eq!((visit.computed, visit.hits), (1, 9));
}

#[test]
fn wrong_places_are_refused() {
    let place = exported();
    let into = ["--storage", "./to", "import"];
    place.refused(&[&into[..], &["nowhere"]].concat(), &["read an archive", "nowhere"]);
    place.refused(&["--storage", "./nowhere", "export", "x"], &["there is no such folder"]);
    place.refused(&["--storage", "./from", "export", "no/x"], &["write an archive", "no/x"]);
    place.refused(&["--storage", "null", "import", "archive"], &["it keeps nothing"]);
    assert!(!place.path("to").exists() && !place.path("x").exists());
}
