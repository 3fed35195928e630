//! `memento ping`.

use memento_tests::redis::{RedisServer, free_port};

use crate::{Place, json};

#[test]
fn stores_that_answer_say_what_they_hold() {
    let place = Place::new();
    place.write("hello", "hello\n");
    place.done(&["--storage", "./s", "blob", "put", "hello", "a/b"]);
    let text = place.done(&["--storage", "./s", "ping"]);
    let [data, metadata] = &text.lines().collect::<Vec<_>>()[..] else { panic!("{text}") };
    let folder = place.path("s").display().to_string();
    assert!(data.starts_with(&format!("data      {folder}  answers in ")), "{text}");
    assert!(data.contains(" ms, 1 object of 6 B  (writable, conditional, metadata, "), "{text}");
    assert!(metadata.starts_with(&format!("metadata  {folder}  answers in ")), "{text}");

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
