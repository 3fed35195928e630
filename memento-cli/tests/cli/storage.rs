//! Which storage a command is about.

use std::fs;

use crate::{Place, Run};

const CONFIGURATION: &str = "
[storage]
path = 'own'

[runner]
type = 'one-that-only-the-program-has'

[clusters.team.storage]
path = 'of-team'
";

/// A place with an object in each of three storages.
fn place() -> Place {
    let place = Place::new();
    place.write("memento.toml", CONFIGURATION);
    for storage in ["own", "of-team", "team"] {
        place.write("name", storage);
        place.done(&["--storage", &format!("./{storage}"), "blob", "put", "name", "a/name"]);
    }
    place
}

const GET: [&str; 3] = ["blob", "get", "a/name"];

#[test]
fn a_storage_is_named_in_many_ways() {
    let place = place();
    let get = |words: &[&str]| place.done(&[words, &GET].concat());
    assert_eq!(get(&[]), "own");
    assert_eq!(get(&["--cluster", "team"]), "of-team");
    assert_eq!(get(&["--storage", "team"]), "of-team", "a cluster is before a folder");
    assert_eq!(get(&["--storage", "./team"]), "team");
    assert_eq!(get(&["--storage", "own"]), "own", "a folder that is there");
    place.refused(&[&["--storage", "memory"], &GET[..]].concat(), &["store: memory"]);

    place.write("other.toml", "[storage]\npath = 'of-team'\n");
    assert_eq!(get(&["--config", "other.toml"]), "of-team");
    // The configuration is looked for as programs do.
    let mut below = place.command(&GET);
    fs::create_dir(place.path("below")).unwrap();
    let output = below.current_dir(place.path("below")).output().unwrap();
    assert_eq!(Run::of(&output).done(), "own");
}

#[test]
fn variables_choose_as_everywhere() {
    let place = place();
    let run = |name: &str, value: &str, words: &[&str]| {
        Run::of(&place.command(words).env(name, value).output().unwrap())
    };
    assert_eq!(run("MEMENTO_STORAGE__PATH", "of-team", &GET).done(), "of-team");
    let words = [&["--cluster", "team"], &GET[..]].concat();
    assert_eq!(run("MEMENTO_CLUSTERS__TEAM__STORAGE__PATH", "team", &words).done(), "team");
    let put = ["blob", "put", "name", "a/b"];
    run("MEMENTO_STORAGE__READONLY", "true", &put).refused(&["open for reading only"]);
    run("MEMENTO_STORAGE__READ_ONLY__X", "1", &GET).refused(&["MEMENTO_STORAGE__READ_ONLY__X"]);
}

#[test]
fn folders_that_programs_have_by_themselves_are_named() {
    let place = Place::new();
    place.refused(&["blob", "ls"], &["no configuration says where results are", "`--storage`"]);
    place.refused(&["ping", "filesystem"], &["no configuration says where results are"]);
    for program in ["audit", "prices"] {
        fs::create_dir_all(place.path(".cache/memento").join(program)).unwrap();
    }
    let folder = place.path(".cache/memento");
    let named = ["audit", "prices"].map(|name| format!("`--storage {}/{name}`", folder.display()));
    place.refused(&["blob", "ls"], &[&named.join(" or "), "in `memento.toml`"]);
}

#[test]
fn what_no_storage_is_is_refused() {
    let place = place();
    let refused = |words: &[&str], parts: &[&str]| {
        place.refused(&[words, &GET].concat(), parts);
    };
    let parts = ["(name: nope)", "clusters are `team`", "`filesystem`", "`redis`"];
    refused(&["--storage", "nope"], &parts);
    refused(&["--storage", "./nope"], &["there is no such folder"]);
    refused(&["--cluster", "nope"], &["find a cluster", "memento.toml", "`team`"]);
    refused(&["--storage", "ftp://me:swordfish@host"], &["scheme: ftp", "`redis`"]);
    refused(&["--config", "nope.toml"], &["read the configuration", "nope.toml"]);
    place.write("bad.toml", "[storage]\ntype = 'filesystem'\nno_such = 1\n");
    refused(&["--config", "bad.toml"], &["bad.toml:3", "no_such", "`path`"]);
    place.write("bad.toml", "[storage\n");
    refused(&["--config", "bad.toml"], &["bad.toml:1"]);
    let run = place.run(&["--storage", "ftp://me:swordfish@host", "blob", "ls"]);
    assert!(!run.errors.contains("swordfish"), "{run:?}");
    let both = place.run(&["--storage", "own", "--cluster", "team", "blob", "ls"]);
    assert_eq!(both.code, 2, "{both:?}");
    for words in [&["copy", "own", "team"][..], &["ping", "own"]] {
        for choice in ["--storage", "--cluster"] {
            let run = place.run(&[words, &[choice, "team"]].concat());
            assert!(run.code == 2 && run.errors.contains("names its storages itself"), "{run:?}");
        }
    }
    assert!(!place.path("nope").exists());
}
