//! What operators see and set.

use std::collections::BTreeMap;
use std::process::Command;

use memento::{Environment, LocalRunner, Storage};
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tempfile::TempDir;

use super::redis;
use crate::{environment, in_folder, runs};

/// A program that reads the configuration of its process, and puts 20 results.
const PROGRAM: &str = env!("CARGO_BIN_EXE_behind");

/// What `work` made of each counter, by the name of its store.
fn counted(work: impl FnOnce()) -> BTreeMap<String, u64> {
    let recorder = DebuggingRecorder::new();
    let heard = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let mut counts = BTreeMap::new();
    for (key, _, _, value) in heard.snapshot().into_vec() {
        let (_, key) = key.into_parts();
        let store = key.labels().find(|label| label.key() == "store").expect("it has one");
        if let DebugValue::Counter(count) = value {
            let name = key.name().trim_start_matches("memento_store_");
            *counts.entry(format!("{} {name}", store.value())).or_default() += count;
        }
    }
    counts
}

/// Hits, misses, errors and bytes are counted for each backend by itself, and by its name.
#[test]
fn metrics_are_told_for_each_tier() {
    let text = format!(
        "tiers = ['near', 'team']\n[storage.near]\ntype = 'memory'\nmetrics.store = 'near'\n\
         [storage.team]\nmetrics.store = 'team'\n{}",
        redis("metrics")
    );
    let (folder, first) = environment(&text).unwrap();
    assert_eq!(runs(&first), 6);
    let again = in_folder(&folder, &text).unwrap();
    let counts = counted(|| assert_eq!(runs(&again), 0));
    let count = |name: &str| counts.get(name).copied().unwrap_or_default();
    // Six records and three large results.
    assert_eq!((count("near misses_total"), count("team hits_total")), (9, 9), "{counts:?}");
    assert_eq!((count("near errors_total"), count("team errors_total")), (0, 0));
    assert!(count("team read_bytes_total") > 900_000 && count("team written_bytes_total") == 0);
}

/// Each backend can be looked at by itself: whether it answers, what it can do, and how much is in it. On the command
/// line, that is `memento ping`.
#[test]
fn each_tier_is_inspected_by_itself() {
    let text = "tiers = ['near', 'far']\n[storage.near]\ntype = 'memory'\n\
                [storage.far]\nurl = 'redis://127.0.0.1:1'\n";
    let (_folder, environment) = environment(text).unwrap();
    assert_eq!(runs(&environment), 6);
    let tiers = environment.storage("").unwrap().stores().data.tiers();
    let [(near, one), (far, two)] = &*tiers else { panic!("{tiers:?}") };
    assert_eq!((&**near, &**far), ("near", "far"));
    assert!(one.ping().is_ok() && one.info().unwrap().bytes > 900_000);
    let error = two.ping().unwrap_err().to_string();
    assert!(error.contains("nobody listens there"), "{error}");
}

/// Runs the program with this configuration and these variables.
fn run(folder: &TempDir, variables: &[(&str, &str)]) {
    let mut program = Command::new(PROGRAM);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("MEMENTO_")) {
        program.env_remove(name);
    }
    program.args(["return", "calls"]).env("MEMENTO_CONFIG", folder.path().join("memento.toml"));
    program.envs(variables.iter().copied()).current_dir(folder.path());
    assert!(program.status().expect("it starts").success());
}

/// How many large results are in the storage of this folder.
fn results(folder: &TempDir, path: &str) -> usize {
    let options = memento_storage_fs::Options::new(folder.path().join(path));
    let storage = memento_storage_fs::storage(&options);
    let page = storage.stores().metadata.list(&<_>::default(), None, 100).unwrap();
    page.entries.len()
}

const TIERS: &str = "[storage]\ntiers = ['near', 'team']\n[storage.near]\ntype = 'filesystem'\n\
                     path = 'near'\n[storage.team]\ntype = 'filesystem'\npath = 'team'\n";

/// A backend is left out by a variable, without a change of the file: all of it, or only what is written.
#[test]
fn a_variable_leaves_a_tier_out() {
    for (variable, value) in
        [("MEMENTO_STORAGE__TIERS", "['near']"), ("MEMENTO_STORAGE__TEAM__WRITE", "never")]
    {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("memento.toml");
        let alone = TIERS.replace("[storage.team]\ntype = 'filesystem'\npath = 'team'\n", "");
        let text = if variable.ends_with("TIERS") { &*alone } else { TIERS };
        std::fs::write(&file, text).unwrap();
        run(&folder, &[(variable, value)]);
        assert_eq!((results(&folder, "near"), results(&folder, "team")), (20, 0), "{variable}");
        std::fs::write(&file, TIERS).unwrap();
        run(&folder, &[]);
        assert_eq!(results(&folder, "near"), 20);
    }
}

/// Each value of the file is overridden by a variable of its name, and all of it by what is built in code.
#[test]
fn the_configuration_is_a_file_and_variables_and_code() {
    let folder = TempDir::new().unwrap();
    let text = "[storage]\ntype = 'filesystem'\npath = 'of-file'\n";
    std::fs::write(folder.path().join("memento.toml"), text).unwrap();
    run(&folder, &[("MEMENTO_STORAGE__PATH", "of-variable")]);
    assert_eq!((results(&folder, "of-file"), results(&folder, "of-variable")), (0, 20));
    run(&folder, &[]);
    assert_eq!(results(&folder, "of-file"), 20);

    let of_file = Environment::load(folder.path().join("memento.toml")).unwrap();
    let of_code = Environment::new(Storage::memory().memory_cache(0), LocalRunner::new());
    // Inside of the environment of the file, that of code is the one that counts.
    assert_eq!(of_file.enter(|| runs(&of_code)), 6);
    assert_eq!(of_file.statistics().computed, 0);
    assert_eq!((results(&folder, "of-file"), runs(&of_code)), (20, 0));
}

#[test]
fn what_a_configuration_names_and_is_not_there_is_told() {
    let error = environment("type = 'filesystem'\npath = '${TMPDIR_OF_NOBODY}'").unwrap_err();
    assert!(error.to_string().contains("TMPDIR_OF_NOBODY"), "{error}");
    let error = environment("type = 'memory'\nno_such = 1").unwrap_err().to_string();
    assert!(error.contains("no_such") && error.contains("memento.toml:4"), "{error}");
}
