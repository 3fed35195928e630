//! `memento ping`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use memento::storage::DataStore as _;
use memento::{Digest, Name};
use memento_storage_fs::FileDataStore;
use memento_tests::processes::is_root;
use memento_tests::redis::{RedisServer, free_port};

use crate::{PROGRAM, Place, Run, json};

#[test]
fn stores_that_answer_say_what_they_hold() {
    let place = Place::new();
    place.write("hello", "hello\n");
    place.done(&["--storage", "./s", "blob", "put", "hello", "a/b"]);
    let text = place.done(&["--storage", "./s", "ping"]);
    let [data, metadata] = &text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let folder = place.path("s").display().to_string();
    assert!(data.starts_with(&format!("data      {folder}  answers in ")), "{text}");
    assert!(data.contains(" ms, writes in "), "{text}");
    assert!(data.contains(" ms, 1 object of 6 B  (writable, conditional, metadata, "), "{text}");
    assert!(metadata.starts_with(&format!("metadata  {folder}  answers in ")), "{text}");
    assert!(metadata.contains(" ms, writes in "), "{text}");
    assert!(metadata.ends_with(" ms  (writable, conditional)"), "{text}");

    let answers = json(&place.done(&["ping", "./s", "memory", "--json"]));
    let told: Vec<_> = answers
        .iter()
        .map(|answer| (answer["store"].as_str().unwrap(), answer["location"].as_str().unwrap()))
        .collect();
    let stores =
        [("data", &*folder), ("metadata", &folder), ("data", "memory"), ("metadata", "memory")];
    assert_eq!(told, stores);
    assert_eq!((&answers[0]["objects"], &answers[0]["bytes"]), (&1.into(), &6.into()));
    assert_eq!(answers[0]["capabilities"]["conditional"], true);
    assert!(answers.iter().all(|answer| answer["answers"] == true && answer["seconds"].is_f64()));
    let writes = |answer: &serde_json::Value| answer["writes"] == true;
    assert!(answers.iter().all(|answer| writes(answer) && answer["write_seconds"].is_f64()));
}

#[test]
fn nothing_is_left_of_what_was_written_to_try_it() {
    let place = Place::new();
    let server = RedisServer::start();
    place.write("hello", "hello\n");
    for storage in ["./s", &server.url()] {
        place.done(&["--storage", storage, "blob", "put", "hello", "a/b"]);
        let list = ["--storage", storage, "blob", "ls", "--recursive"];
        let (before, _) = (place.done(&list), place.done(&["ping", storage]));
        assert_eq!(place.done(&list), before);
        place.done(&["--storage", storage, "export", "all", "--overwrite"]);
        assert!(place.done(&["copy", storage, "./copy"]).contains(" 0 mementos"));
    }
    assert!(!place.path("s/data/ping").exists());
    assert!(!server.ask(&["KEYS", "*"]).contains("ping/"));
    place.refused(&["--storage", "./s", "blob", "put", "hello", "ping/x"], &["`ping`"]);
}

#[test]
fn nothing_is_written_where_that_is_not_asked_for() {
    let place = Place::new();
    let server = RedisServer::start();
    let url = server.url();
    place.write("memento.toml", format!("[storage]\nurl = '{url}'\nreadonly = true\n"));
    let tiers = "[storage]\ntiers = ['filesystem', 'far']\n[storage.filesystem]\npath = 'near'\n";
    let far = format!("[storage.far]\nurl = '{url}'\nwrite = 'never'\n");
    place.write("tiers.toml", format!("{tiers}{far}"));
    for words in [&["ping", &url, "--no-write"][..], &["ping"], &["ping", "--config", "tiers.toml"]]
    {
        let told = json(&place.done(&[words, &["--json"]].concat()));
        let written = told.iter().filter(|answer| !answer["writes"].is_null());
        let written: Vec<_> = written.map(|answer| answer["tier"].as_str().unwrap()).collect();
        let near: &[_] = if told.len() == 4 { &["filesystem"; 2] } else { &[] };
        assert_eq!(written, near, "{told:?}");
        assert!(server.ask(&["KEYS", "*"]).starts_with("*0"), "{words:?}");
    }
    place.done(&["ping", &url]);
    assert!(server.ask(&["KEYS", "*"]).contains("versions:ping"), "what is left of a write");
}

/// Runs it without the rights that let a process write where nobody may.
fn without_rights(place: &Place, words: &[&str]) -> Run {
    if !is_root() {
        return place.run(words);
    }
    let starter = ["--bounding-set=-all", "--inh-caps=-all", PROGRAM];
    let words = [&starter, words].concat();
    Run::of(&place.command_of("setpriv", &words).output().expect("setpriv"))
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_may_not_be_written_is_told() {
    let place = Place::new();
    let folder = place.path("s");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o555);
    let run = without_rights(&place, &["ping", "./s"]);
    let told = without_rights(&place, &["ping", "./s", "--json"]);
    let unwritten = without_rights(&place, &["ping", "./s", "--no-write"]);
    set_mode(&folder, 0o755);
    assert_eq!((run.code, run.errors.lines().count()), (1, 2), "{run:?}");
    for line in run.errors.lines() {
        for part in ["cannot make the folder", "Permission denied", "make it writable"] {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
    }
    assert!(run.output.lines().next().unwrap().contains(" ms, keeps nothing"), "{run:?}");
    let answer = &json(&told.output)[0];
    assert_eq!((&answer["answers"], &answer["writes"]), (&true.into(), &false.into()));
    assert!(answer["error"].as_str().unwrap().contains("Permission denied"), "{answer}");
    assert!(answer["write_seconds"].is_null());
    assert_eq!(unwritten.errors.lines().count(), 1, "its database alone: {unwritten:?}");
}

#[test]
fn a_server_without_memory_left_is_told() {
    let place = Place::new();
    let server = RedisServer::start();
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    let run = place.run(&["ping", &server.url()]);
    let first = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    let (told, error) = (first(&run.output), first(&run.errors));
    assert!(run.code == 1 && told.contains(" ms, keeps nothing"), "{run:?}");
    assert!(error.contains("OOM") && error.contains("give the server more memory"), "{error}");
    server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
    let text = place.done(&["ping", &server.url()]);
    assert!(text.lines().next().unwrap().contains(" used in all  ("), "{text}");
    let told = json(&place.done(&["ping", &server.url(), "memory", "--json"]));
    assert!(told[0]["used"].as_u64().unwrap() > 100_000 && told[2]["used"].is_null(), "{told:?}");
}

#[test]
fn what_keeps_a_store_from_answering_is_named() {
    let place = Place::new();
    let (server, silent) =
        (RedisServer::with(&["--requirepass", "swordfish", "--save", ""]), RedisServer::start());
    let wrong = server.url().replace("redis://", "redis://:haddock@");
    silent.pause();
    place.write(
        "memento.toml",
        format!(
            "[storage]\nurl = '{}'\nconnect_timeout = '300ms'\nresponse_timeout = '300ms'\n",
            silent.url()
        ),
    );
    let away = format!("redis://127.0.0.1:{}", free_port());
    let asked = [
        (&["ping"][..], &["it does not answer in time"][..], 2),
        (&["ping", &away], &["nobody listens there", "start the server"], 2),
        (
            &["ping", &wrong],
            &["authentication failed", "check the user and the password in `url`"],
            2,
        ),
        (&["ping", &server.url()], &["NOAUTH", "check the user and the password in `url`"], 2),
        (&["ping", "./nowhere"], &["folder: ./nowhere", "there is no such folder"], 1),
    ];
    for (words, parts, stores) in asked {
        let run = place.run(words);
        assert_eq!((run.code, run.errors.lines().count()), (1, stores), "{run:?}");
        for (line, part) in run.errors.lines().flat_map(|line| parts.iter().map(move |p| (line, p)))
        {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
        assert!(!format!("{run:?}").contains("haddock"), "{run:?}");
        let told = json(&place.run(&[words, &["--json"]].concat()).output);
        for answer in told {
            assert!(answer["error"].as_str().unwrap().contains(parts[0]), "{answer}");
        }
    }
    silent.resume();
}

#[test]
fn what_was_set_aside_as_damaged_is_counted() {
    let place = Place::new();
    let store = FileDataStore::new(&memento_storage_fs::Options::new(place.path("s")));
    for n in 0..3_u8 {
        let name = Name::of_result(&Digest::of(&[n]));
        store.put(&name, b"not this").unwrap();
        store.set_aside(&name).unwrap();
    }
    store.put(&Name::new("a/b").unwrap(), b"whole").unwrap();
    let text = place.done(&["ping", "./s"]);
    assert!(text.contains(", 4 objects of 29 B, 3 of them damaged  ("), "{text}");
    let told = json(&place.done(&["ping", "./s", "--json"]));
    assert_eq!((&told[0]["damaged"], &told[1]["damaged"]), (&3.into(), &serde_json::Value::Null));
    store.remove_namespace(&memento::storage::Namespace::new("damaged").unwrap()).unwrap();
    assert!(!place.done(&["ping", "./s"]).contains("damaged"));
}

#[test]
fn one_that_does_not_answer_is_told_and_fails() {
    let place = Place::new();
    let server = RedisServer::start();
    let away = format!("redis://someone:swordfish@127.0.0.1:{}/0", free_port());
    let run = place.run(&["ping", &server.url(), &away, "./nowhere", "memory"]);
    assert_eq!(run.code, 1, "{run:?}");
    let ends: Vec<_> = run.output.lines().map(|line| line.contains("does not answer")).collect();
    assert_eq!(ends, [false, false, true, true, false, false], "{run:?}");
    let errors: Vec<_> = run.errors.lines().collect();
    assert_eq!(errors.len(), 3, "{run:?}");
    assert!(errors.iter().all(|line| line.starts_with("memento: cannot ")), "{run:?}");
    assert!(errors[2].contains("./nowhere") && errors[2].contains("no such folder"), "{run:?}");
    assert!(!format!("{run:?}").contains("swordfish"), "{run:?}");

    let run = place.run(&["ping", "--json", &away]);
    let told = json(&run.output);
    assert!(run.code == 1 && told.len() == 2, "{run:?}");
    assert!(told.iter().all(|answer| answer["answers"] == false && answer["error"].is_string()));
    assert!(!format!("{run:?}").contains("swordfish"), "{run:?}");
}

#[test]
fn a_folder_that_is_not_there_is_not_made() {
    let place = Place::new();
    place.refused(&["--storage", "./typo", "ping"], &["./typo", "there is no such folder"]);
    assert!(!place.path("typo").exists());
}

#[test]
fn each_tier_is_asked() {
    let place = Place::new();
    let away = format!("redis://127.0.0.1:{}/0", free_port());
    let configuration = format!(
        "[storage]\ntiers = ['filesystem', 'team']\n[storage.filesystem]\npath = 's'\n\
         [storage.team]\nurl = '{away}'\n[storage.retry]\nattempts = 2\n\
         [storage.time_limit]\nlimit = '20s'\n"
    );
    place.write("memento.toml", configuration);
    let run = place.run(&["ping", "--json"]);
    assert_eq!((run.code, run.errors.lines().count()), (1, 2), "{run:?}");
    let told = json(&run.output);
    let told = told.iter().map(|answer| {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        (text("store"), text("tier"), answer["answers"].as_bool().unwrap())
    });
    let expected = [
        ("data", "filesystem", true),
        ("data", "team", false),
        ("metadata", "filesystem", true),
        ("metadata", "team", false),
    ];
    let expected = expected.map(|(store, tier, answers)| (store.into(), tier.into(), answers));
    assert_eq!(told.collect::<Vec<_>>(), expected);
    let run = place.run(&["ping"]);
    assert!(run.output.contains("data      filesystem  "), "{run:?}");
}
