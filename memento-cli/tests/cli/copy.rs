//! `memento copy`.

mod sealed;

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::process::Stdio;

use memento::{Environment, LocalRunner, memento, resource};
use memento_storage_fs::Options;
use memento_tests::folder::Folder;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;
use memento_tests::s3::{BUCKET, KEY, S3Server, endpoint};
use memento_tests::visit::{Call, Visit};
use memento_tests::work;

use crate::{Place, json};

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

/// How many calls of each function there are; the contents are the results of one of them and what both are made of.
const CALLS: u64 = 20;
const CONTENTS: u64 = CALLS + 2;
const MEMENTOS: u64 = 2 * CALLS;

/// A folder with results and objects, a place, and what came of copying.
fn filled() -> (Place, Folder) {
    let (place, folder) = (Place::new(), Folder::with(&Call::both(CALLS)));
    place.write("hello", "hello\n");
    let put = ["blob", "put", "hello", "reports/a", "--metadata", "by=me"];
    place.done(&[&["--storage", folder.name()], &put[..]].concat());
    place.done(&["--storage", folder.name(), "blob", "snapshot", "reports/a"]);
    (place, folder)
}

/// What `memento copy` says: contents, objects, mementos, and what was there.
fn copy(place: &Place, words: &[&str]) -> [u64; 4] {
    let told = json(&place.done(&[&["copy", "--json"], words].concat()));
    ["contents", "objects", "mementos", "present"].map(|name| told[0][name].as_u64().unwrap())
}

#[test]
fn from_a_folder_to_redis_and_back() {
    let (place, folder) = filled();
    let server = RedisServer::start();
    let url = server.url();
    assert_eq!(copy(&place, &[folder.name(), &url]), [CONTENTS, 2, MEMENTOS, 0]);
    let all = CONTENTS + 2 + MEMENTOS;
    assert_eq!(copy(&place, &[folder.name(), &url]), [0, 0, 0, all]);
    assert_eq!(copy(&place, &["--verify", folder.name(), &url]), [0, 0, 0, all]);

    let back = Folder::at(place.path("back"));
    let told = place.done(&["copy", &url, back.name()]);
    assert!(told.starts_with("copied 22 contents, 2 objects, 40 mementos ("), "{told}");
    assert!(told.ends_with("; 0 were there already\n"), "{told}");
    assert_eq!(back.visit(&Call::both(CALLS)), Visit::hits(MEMENTOS));
    back.assert_whole();
    let stat = place.done(&["--storage", back.name(), "blob", "stat", "reports/a", "--json"]);
    assert_eq!(json(&stat)[0]["metadata"]["by"], "me");
    let list =
        |storage| place.done(&["--storage", storage, "blob", "snapshot", "reports/a", "--list"]);
    assert_eq!(list(back.name()), list(folder.name()));
    // Those that came first stand first.
    let first = |folder: &Folder| -> Vec<u8> {
        let first = "SELECT key FROM mementos ORDER BY id LIMIT 1";
        folder.open_database().query_row(first, [], |row| row.get(0)).unwrap()
    };
    assert_eq!(first(&back), first(&folder));
}

/// A result outside of its record.
#[memento]
fn bytes(length: usize) -> Vec<u8> {
    RUNS.set(RUNS.get() + 1);
    vec![u8::try_from(length % 251).unwrap(); length]
}

/// Short ones go together, long ones and those that a storage has no whole of as streams.
#[test]
fn contents_of_all_lengths_come_along() {
    const MIB: usize = 1 << 20;
    const CALLS: u64 = 34;
    /// The results, and what the function is made of.
    const CONTENTS: u64 = CALLS + 1;
    let place = Place::new();
    let runs = |storage: &str| {
        let storage = memento_storage_fs::storage(&Options::new(place.path(storage)));
        let before = RUNS.get();
        Environment::new(storage, LocalRunner::new()).enter(|| {
            // Several groups, and what is on both sides of their limit: an encoded length is before the bytes.
            for length in (300_000..300_030).chain([MIB - 10, MIB - 9, MIB, 3 * MIB]) {
                assert!(bytes(length) == [u8::try_from(length % 251).unwrap()].repeat(length));
            }
        });
        RUNS.get() - before
    };
    assert_eq!(runs("from"), CALLS);
    let server = S3Server::start();
    place.write("memento.toml", team(server.port(), ""));
    assert_eq!(copy(&place, &["./from", "team"]), [CONTENTS, 0, CALLS, 0]);
    place.write("memento.toml", team(server.port(), "max_object_size = '300100 B'"));
    assert_eq!(copy(&place, &["--verify", "./from", "team"]), [0, 0, 0, CONTENTS + CALLS]);
    assert_eq!(copy(&place, &["--verify", "team", "./to"]), [CONTENTS, 0, CALLS, 0]);
    assert_eq!(runs("to"), 0);
    Folder::at(place.path("to")).assert_whole();
}

/// The folder `long`, with one long content, and a short one that says what the function is made of.
pub(crate) fn long(place: &Place, length: usize) {
    let storage = memento_storage_fs::storage(&Options::new(place.path("long")));
    Environment::new(storage, LocalRunner::new()).enter(|| drop(bytes(length)));
}

/// A cluster on an S3 server at this port.
pub(crate) fn team(port: u16, options: &str) -> String {
    let (endpoint, (id, secret)) = (endpoint(port), KEY);
    format!(
        "[clusters.team.storage]\nurl = 's3://{BUCKET}'\nendpoint = '{endpoint}'\nallow_http = true\n\
         access_key_id = '{id}'\nsecret_access_key = '{secret}'\n{options}\n"
    )
}

#[test]
fn a_copy_that_was_killed_goes_on_where_it_was() {
    let (place, folder) = filled();
    let server = RedisServer::start();
    let url = server.url();
    copy(&place, &[folder.name(), &url]);
    let to = Folder::at(place.path("to"));
    let mut kept = 0;
    // Files get their names by renaming: that of the storage's tag, then each content.
    for killed_at in [5, 9] {
        let signal = place.killed_at_rename(killed_at, &["copy", &url, to.name()]);
        assert_eq!(signal, Some(9), "it is killed in the middle");
        let now = to.data().len() as u64;
        assert!(now > kept && now < CONTENTS, "{now} after {kept}");
        kept = now;
        to.assert_results_whole();
        assert!(!to.database().exists(), "no memento before its content");
    }
    let rest = [CONTENTS - kept, 2, MEMENTOS, kept];
    assert_eq!(copy(&place, &[&url, to.name()]), rest);
    assert_eq!(to.visit(&Call::both(CALLS)), Visit::hits(MEMENTOS));
    to.assert_whole();
}

/// How long a file is.
#[memento]
fn length(file: PathBuf) -> usize {
    RUNS.set(RUNS.get() + 1);
    resource::file(&file).expect("a file").len()
}

#[test]
fn results_that_others_took_the_place_of_come_along() {
    let place = Place::new();
    let visit = |storage: &str, content: &str| {
        place.write("file", content);
        let storage = memento_storage_fs::storage(&Options::new(place.path(storage)));
        let before = RUNS.get();
        let measure = || assert_eq!(length(place.path("file")), content.len());
        Environment::new(storage, LocalRunner::new()).enter(measure);
        RUNS.get() - before
    };
    assert_eq!(["short", "longer"].map(|content| visit("from", content)), [1, 1]);
    assert_eq!(copy(&place, &["./from", "./to"])[2], 2);
    assert_eq!(["longer", "short"].map(|content| visit("to", content)), [0, 0]);
}

#[test]
fn what_was_forgotten_there_comes_again() {
    let (place, folder) = filled();
    let to = Folder::at(place.path("to"));
    copy(&place, &[folder.name(), to.name()]);
    let forget = || assert!(work::small::forget(3).expect("it can be forgotten"));
    Environment::new(memento_storage_fs::storage(&to.options()), LocalRunner::new()).enter(forget);
    assert_eq!(copy(&place, &[folder.name(), to.name()])[2], 1);
    assert_eq!(to.visit(&Call::both(CALLS)), Visit::hits(MEMENTOS));
}

#[test]
fn what_is_damaged_stays_behind_and_is_told() {
    let (place, folder) = filled();
    let damaged: PathBuf = folder.results()[0].clone();
    let mut content = fs::read(&damaged).unwrap();
    content[100] ^= 1;
    fs::write(&damaged, content).unwrap();
    let update = "UPDATE mementos SET record = zeroblob(300)
                  WHERE id = (SELECT max(mementos.id) FROM mementos JOIN functions
                              ON functions.id = mementos.function WHERE path LIKE '%small')";
    assert_eq!(folder.open_database().execute(update, []).unwrap(), 1);
    let run = place.run(&["copy", folder.name(), "./to", "--json"]);
    assert_eq!((run.code, run.errors.lines().count()), (1, 2), "{run:?}");
    assert!(run.errors.contains("its bytes are not those that were written"), "{run:?}");
    assert!(run.errors.contains("read a memento") && run.errors.contains("results/"), "{run:?}");
    let told = &json(&run.output)[0];
    assert_eq!(
        (&told["contents"], &told["mementos"]),
        (&(CONTENTS - 1).into(), &(MEMENTOS - 1).into())
    );
    let to = Folder::at(place.path("to"));
    let visit = to.visit(&Call::both(CALLS));
    assert_eq!((visit.computed, visit.hits), (2, MEMENTOS - 2), "{visit:?}");
}

/// Who closes the other end of a pipe has read enough, and is told of problems all the same.
#[test]
fn problems_count_where_nobody_reads() {
    let (place, folder) = filled();
    let code = |to: &str| {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut copy = place.command(&["copy", folder.name(), to]);
        copy.stdout(writer).stderr(Stdio::null()).status().unwrap().code()
    };
    assert_eq!(code("./to"), Some(0));
    fs::write(&folder.results()[0], "damaged").unwrap();
    assert_eq!(code("./other"), Some(1));
}

#[test]
fn verifying_mends_what_is_damaged_there() {
    let (place, folder) = filled();
    let to = Folder::at(place.path("to"));
    copy(&place, &[folder.name(), to.name()]);
    let damaged = to.results()[3].clone();
    let mut content = fs::read(&damaged).unwrap();
    content[100] ^= 1;
    fs::write(&damaged, content).unwrap();
    let all = CONTENTS + 2 + MEMENTOS;
    assert_eq!(copy(&place, &[folder.name(), to.name()]), [0, 0, 0, all]);
    assert_eq!(copy(&place, &["--verify", folder.name(), to.name()]), [1, 0, 0, all - 1]);
    to.assert_whole();
}

#[test]
fn verifying_mends_what_has_lost_a_part_there() {
    let place = Place::new();
    long(&place, 6 << 20);
    let server = RedisServer::start();
    let url = server.url();
    assert_eq!(copy(&place, &["./long", &url]), [2, 0, 1, 0]);
    // One that is not among those that a reader begins with.
    let keys = server.ask(&["KEYS", "memento:1:chunk:*:5"]);
    let part = keys.lines().last().unwrap();
    assert_eq!(server.ask(&["DEL", part]), ":1\r\n", "{keys}");
    let verify = || copy(&place, &["--verify", "./long", &url]);
    assert_eq!([verify(), verify()], [[1, 0, 0, 2], [0, 0, 0, 3]]);
}

/// It is nothing that is wrong with what was written.
#[test]
fn verifying_ends_where_the_storage_cannot_be_read() {
    let place = Place::new();
    long(&place, 2 << 20);
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    place.write("memento.toml", team(proxy.port(), "retries = 0"));
    // All replies before are short, so that is in the last part of the content.
    proxy.cut_replies_after(2 << 20);
    let run = place.run(&["copy", "--verify", "./long", "team"]);
    assert!(!proxy.is_to_cut() && run.output.is_empty(), "{run:?}");
    assert!(!run.errors.contains("not those that were written"), "{run:?}");
    run.refused(&["read an object", "name: results/", "store: s3://"]);
    assert_eq!(copy(&place, &["--verify", "./long", "team"]), [1, 0, 1, 1]);
}

#[test]
fn other_objects_are_not_replaced_unless_that_is_asked_for() {
    let (place, folder) = filled();
    let to = ["--storage", "./to"];
    place.write("other", "other\n");
    place.done(&[&to[..], &["blob", "put", "other", "reports/a"]].concat());
    let run = place.run(&["copy", folder.name(), "./to"]);
    assert!(run.output.starts_with("copied 22 contents, 1 object, 40 mementos"), "{run:?}");
    run.refused(&["copy from storage", "reports/a", "another content", "--overwrite"]);
    let get = [&to[..], &["blob", "get", "reports/a"]].concat();
    assert_eq!(place.done(&get), "other\n");
    let all = CONTENTS + 1;
    assert_eq!(copy(&place, &["--overwrite", folder.name(), "./to"]), [0, 1, MEMENTOS, all]);
    assert_eq!(place.done(&get), "hello\n");
}

/// A record of a later release is there, though this program cannot read it.
#[test]
fn mementos_of_a_newer_release_are_not_replaced_unless_that_is_asked_for() {
    let (place, folder) = filled();
    copy(&place, &[folder.name(), "./to"]);
    place.done(&["--storage", folder.name(), "export", "archive"]);
    let to = Folder::at(place.path("to"));
    to.make_newer();
    let import = ["--storage", "./to", "import", "--json", "archive"];
    assert_eq!(copy(&place, &[folder.name(), "./to"])[2], 0);
    assert_eq!(json(&place.done(&import))[0]["mementos"], 0);
    assert_eq!(copy(&place, &["--overwrite", folder.name(), "./to"])[2], MEMENTOS);
    assert_eq!(to.visit(&Call::both(CALLS)), Visit::hits(MEMENTOS));
}

#[test]
fn tiers_of_the_same_names_are_not_the_same() {
    let (place, folder) = filled();
    let tiers = |cluster: &str, far: &str| {
        format!(
            "[clusters.{cluster}.storage]\ntiers = ['near', 'far']\n\
             [clusters.{cluster}.storage.near]\ntype = 'filesystem'\npath = '{far}-near'\n\
             [clusters.{cluster}.storage.far]\ntype = 'filesystem'\npath = '{far}'\n"
        )
    };
    place.write("memento.toml", [tiers("a", "x"), tiers("b", "y"), tiers("c", "y")].concat());
    copy(&place, &[folder.name(), "a"]);
    copy(&place, &["a", "b"]);
    let far = Folder::at(place.path("y"));
    assert_eq!(far.results().len() as u64 + 2, CONTENTS);
    for (from, to) in [("a", "a"), ("b", "c")] {
        place.refused(&["copy", from, to], &["both are the same", "near, far"]);
    }
}

#[test]
fn storages_that_cannot_be_copied_are_refused() {
    let (place, folder) = filled();
    place.refused(&["copy", folder.name(), folder.name()], &["both are the same"]);
    place.refused(&["copy", "./nowhere", "./to"], &["./nowhere", "there is no such folder"]);
    place.refused(&["copy", folder.name(), "null"], &["it keeps nothing"]);
    place.refused(&["copy", folder.name(), "redis://127.0.0.1:1"], &["nobody listens there"]);
    place.write("memento.toml", "[clusters.old.storage]\npath = 'old'\nreadonly = true\n");
    place.refused(&["copy", folder.name(), "old"], &["it keeps nothing", "old"]);
    assert!(!place.path("to").exists() && !place.path("old").exists());
}
