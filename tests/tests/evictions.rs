//! Programs whose storage is kept within limits.

use std::fs;
use std::path::Path;
use std::process::Command;

use memento::storage::{DataStore as _, ListOptions, Prefix};
use memento_storage_fs::{FileDataStore, Options};
use memento_tests::processes::{NO_THREAD, wait_until};

/// Of 20 results of 256 KiB there is room for eight.
const LIMITED: &str = "[storage]\ntype = 'filesystem'\npath = 'limited'\n\
                       [storage.eviction]\nmax_size = '2 MiB'\n";
const LIMIT: u64 = 2 << 20;

fn program(file: &Path, end: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_behind"));
    program.args([end, "calls"]).env("MEMENTO_CONFIG", file);
    program
}

/// How many objects there are in a folder of the store, and how long they are together.
fn listed(data: &FileDataStore, folder: &str) -> (usize, u64) {
    let page = data.list(&Prefix::new(folder).unwrap(), &ListOptions::default()).unwrap();
    (page.objects.len(), page.objects.iter().map(|object| object.size).sum())
}

#[test]
fn a_program_that_ends_leaves_what_the_limit_says() {
    for end in ["return", "exit"] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("memento.toml");
        fs::write(&file, LIMITED).unwrap();
        let data = FileDataStore::new(&Options::new(folder.path().join("limited")));
        for _ in 0..3 {
            assert!(program(&file, end).status().unwrap().success());
            let (_, bytes) = listed(&data, "results");
            assert!((LIMIT / 2..=LIMIT).contains(&bytes), "{bytes} bytes");
        }
        let roomy = LIMITED.replace("2 MiB", "1 GiB");
        fs::write(&file, roomy).unwrap();
        let before = listed(&data, "usage").0;
        assert!(program(&file, end).status().unwrap().success());
        let after = listed(&data, "usage").0;
        assert_eq!(after, before + 1, "what it used is told when it ends by {end}");
    }
}

/// What was not told then, the next ones count.
#[test]
fn a_program_ends_as_it_would_where_the_system_has_no_thread_more() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    fs::write(&file, LIMITED).unwrap();
    let output = program(&file, "return").env("RUST_MIN_STACK", NO_THREAD).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_programs_put_that_are_killed_goes_when_another_one_ends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("memento.toml");
    fs::write(&file, LIMITED).unwrap();
    let data = FileDataStore::new(&Options::new(folder.path().join("limited")));
    for killed_at in [1, 3, 7] {
        // What is there counts from the beginning.
        let _ = fs::remove_dir_all(folder.path().join("limited"));
        let mut child = program(&file, "return").spawn().unwrap();
        wait_until("results are put", || listed(&data, "results").0 >= killed_at);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(program(&file, "exit").status().unwrap().success());
        let (_, bytes) = listed(&data, "results");
        assert!(bytes <= LIMIT, "{bytes} bytes");
    }
}
