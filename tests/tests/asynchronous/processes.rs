//! One computation of a key at a time among processes, however many tasks wait.

use std::fs;
use std::process::Command;

use memento_tests::tasks::{BEGUN, MANY};

/// Each of two processes waits for more calls of the other one than there are threads that could wait, while all
/// results have yet to be recorded by such threads.
#[test]
fn two_processes_whose_tasks_wait_for_each_other_come_to_an_end() {
    let place = tempfile::tempdir().unwrap();
    let start = |half: u64| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_program"));
        let storage = place.path().join("storage");
        command.arg("tasks").arg(storage).arg(place.path()).arg(half.to_string());
        command.spawn().unwrap()
    };
    let processes = [0, 1].map(start);
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    let begun = fs::metadata(place.path().join(BEGUN)).unwrap().len();
    assert_eq!(begun, 2 * MANY, "each was computed once");
}
