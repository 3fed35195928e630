//! Parts of results that worker processes return, and of what they are given.

use std::fs;
use std::process::id;
use std::sync::Arc;

use memento::{Blob, Environment, LocalRunner, Storage};
use memento_runner_process::{Options, ProcessRunner};
use memento_storage_fs::{FileDataStore, SqliteMetadataStore};
use memento_storage_layers::{Keys, Signing, Transformed};
use memento_tests::folder::Folder;
use memento_tests::parts::{
    RUNS, ask_elsewhere, first_line, is_readable, lines, measure, named, report, table, text,
};
use memento_tests::reasons::in_process;

use crate::damage::flip;
use crate::{file, run};

fn environment(storage: Storage) -> Environment {
    let options = Options::new().workers(1).program(env!("CARGO_BIN_EXE_program"));
    Environment::new(storage, ProcessRunner::new(options))
}

#[test]
fn workers_write_parts_into_the_store_of_their_parent() {
    RUNS.alone(|| {
        let folder = Folder::new();
        environment(memento_storage_fs::storage(&folder.options())).enter(|| {
            let (report, runs) = run(|| report(7).unwrap());
            assert_eq!(runs, 0, "none of it ran here");
            assert_ne!(report.process, id());
            assert_eq!(report.tables.get("b").unwrap(), Some(table(8)));
            assert_eq!(report.charts["other"].read().unwrap(), text(8).as_bytes());
            // Several pieces in one file, and a file that a worker reads.
            let large = lines(1_000_000).unwrap();
            let (size, process) = measure(large.clone()).unwrap();
            assert_eq!((size as u64, size), (large.len(), text(1_000_000).len()));
            assert_ne!(process, id());
            assert_eq!(first_line(1_000_000).unwrap().read().unwrap(), b"0\n");
        });
        folder.assert_whole();
        assert!(folder.temporary().is_empty());
        in_process(&folder, || {
            let (found, runs) = run(|| report(7).unwrap());
            assert_eq!((found.charts["own"].read().unwrap(), runs), (text(7).into_bytes(), 0));
            assert_eq!(run(|| lines(1_000_000).unwrap().read().unwrap().len()).1, 0);
        });
    });
}

#[test]
fn names_are_given_where_the_store_is() {
    RUNS.alone(|| {
        let folder = Folder::new();
        environment(memento_storage_fs::storage(&folder.options())).enter(|| {
            assert_eq!(run(|| named("a/b".to_owned(), 3).into_inner()), (vec![3, 4], 0));
        });
        assert_eq!(fs::read_to_string(folder.path().join("data/named/a/b")).unwrap(), "[3,4]");
    });
}

/// What a worker cannot leave anywhere, or not find, is done here.
#[test]
fn parts_that_cannot_pass_are_made_and_read_here() {
    RUNS.alone(|| {
        environment(Storage::null()).enter(|| {
            let (blob, runs) = run(|| lines(10).unwrap());
            assert_eq!((blob.read().unwrap(), runs), (text(10).into_bytes(), 1));
        });
        environment(Storage::memory()).enter(|| {
            assert_eq!(run(|| lines(10).unwrap().read().unwrap()), (text(10).into_bytes(), 0));
            let own = Blob::from_reader(text(11).as_bytes()).unwrap();
            let ((size, process), runs) = run(|| measure(own).unwrap());
            assert_eq!((size, process, runs), (text(11).len(), id(), 1));
        });
    });
}

/// A store may find it damaged itself, in what goes to a worker first, and in what comes later.
#[test]
fn what_a_worker_finds_damaged_behind_a_layer_is_moved_aside() {
    RUNS.alone(|| {
        for count in [10_000, 1_000_000] {
            let folder = Folder::new();
            let storage = || {
                let (keys, options) = (Keys::new(["k".repeat(32)]).unwrap(), folder.options());
                let files = Arc::new(FileDataStore::new(&options));
                let data = Transformed::new(Signing::new(keys), files);
                Storage::new(data, SqliteMetadataStore::new(&options))
            };
            environment(storage()).enter(|| {
                let blob = lines(count).unwrap();
                flip(&file(&folder, &blob.digest()));
                let (is_read, process) = is_readable(blob);
                assert!(!is_read && process != id());
            });
            assert_eq!(folder.damaged().len(), 1, "of {count} lines");
            let again = environment(storage());
            let read = || lines(count).unwrap().read().unwrap() == text(count).as_bytes();
            assert!(again.enter(read));
            assert_eq!(again.statistics().computed, 1);
        }
    });
}

/// A file that a worker was given is where it was found, whatever storage the functions have that get it from there.
#[test]
fn a_file_goes_from_storage_to_storage_in_a_worker() {
    RUNS.alone(|| {
        let environment = environment(Storage::memory());
        let environment =
            environment.with_cluster("elsewhere", Storage::memory(), LocalRunner::new());
        environment.enter(|| {
            let ((size, process), runs) = run(|| ask_elsewhere(lines(9).unwrap()).unwrap());
            assert_eq!((size, runs), (text(9).len(), 0));
            assert_ne!(process, id());
        });
    });
}
