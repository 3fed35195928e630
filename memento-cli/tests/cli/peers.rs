//! What users of other systems do by commands, one test for each thing. What they do in programs is in
//! `tests/tests/peers`.

use memento_tests::redis::{RedisServer, free_port};

use crate::{Place, json};

/// Blobs are listed, viewed, uploaded, downloaded and deleted by commands, in a folder and on a server.
#[test]
fn blobs_are_listed_viewed_uploaded_downloaded_and_deleted() {
    let place = Place::new();
    let server = RedisServer::start();
    place.write("may.csv", "month,total\nmay,7\n");
    for storage in ["./s", &server.url()] {
        let done = |words: &[&str]| place.done(&[&["--storage", storage, "blob"], words].concat());
        done(&["put", "may.csv", "reports/2026/may.csv", "--metadata", "by=ada"]);
        assert_eq!(done(&["ls"]), "reports/\n");
        assert_eq!(done(&["ls", "--recursive"]), "reports/2026/may.csv\n");
        let shown = done(&["stat", "reports/2026/may.csv"]);
        assert!(shown.contains("(18 bytes)") && shown.contains("by=ada"), "{shown}");
        assert_eq!(done(&["get", "reports/2026/may.csv"]), "month,total\nmay,7\n");
        done(&["get", "reports/2026/may.csv", "copy.csv"]);
        assert_eq!(place.read("copy.csv"), b"month,total\nmay,7\n");
        done(&["rm", "reports/2026/may.csv"]);
        assert_eq!(done(&["ls", "--recursive"]), "");
    }
}

/// All of a storage is one file, from which another one gets it, of another kind, too.
#[test]
fn a_storage_is_exported_and_imported_as_an_archive() {
    let place = Place::new();
    let server = RedisServer::start();
    for n in 0..3 {
        place.write("blob", n.to_string());
        place.done(&["--storage", "./s", "blob", "put", "blob", &format!("a/{n}")]);
    }
    place.done(&["--storage", "./s", "export", "all.memento"]);
    let told = place.done(&["--storage", &server.url(), "import", "all.memento"]);
    assert!(told.starts_with("imported 0 contents, 3 objects, "), "{told}");
    for n in 0..3 {
        let get = ["--storage", &server.url(), "blob", "get", &format!("a/{n}")];
        assert_eq!(place.done(&get), n.to_string());
    }
}

/// Each backend is looked at by itself, by `memento ping`; one that is in the way is left out by a variable.
#[test]
fn backends_are_inspected_one_by_one_and_left_out() {
    let place = Place::new();
    let away = format!("redis://127.0.0.1:{}", free_port());
    let tiers = "[storage]\ntiers = ['filesystem', 'team']\n[storage.filesystem]\npath = 's'\n";
    place.write("memento.toml", format!("{tiers}[storage.team]\nurl = '{away}'\n"));
    let run = place.run(&["ping", "--json"]);
    let told = json(&run.output);
    let answers: Vec<_> = told.iter().map(|answer| (&answer["tier"], &answer["answers"])).collect();
    let (near, far) = ("filesystem".into(), "team".into());
    let (yes, no) = (true.into(), false.into());
    assert_eq!(answers, [(&near, &yes), (&far, &no), (&near, &yes), (&far, &no)]);
    assert!(run.code == 1 && run.errors.contains("nobody listens there"), "{run:?}");

    place.write("memento.toml", tiers);
    let mut without = place.command(&["ping", "--json"]);
    let output = without.env("MEMENTO_STORAGE__TIERS", "['filesystem']").output().unwrap();
    let told = json(&crate::Run::of(&output).done());
    assert!(told.len() == 2 && told.iter().all(|answer| answer["tier"] == near), "{told:?}");
}
