//! Processes that are killed while they write.

use std::fs;
use std::os::unix::process::ExitStatusExt as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use memento_tests::folder::Folder;
use memento_tests::processes::Worker;
use memento_tests::visit::Call::{self, Large, Small};
use memento_tests::visit::Visit;
use tempfile::TempDir;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
const CALLS: [Call; 2] = [Small(1), Large(1)];

/// The system calls that change files, or lock them. Not every system has each: `?` leaves those out.
const STEPS: [&str; 21] = [
    "openat",
    "?mkdir",
    "mkdirat",
    "write",
    "pwrite64",
    "pwritev",
    "?rename",
    "?renameat",
    "renameat2",
    "?link",
    "linkat",
    "?unlink",
    "unlinkat",
    "ftruncate",
    "fallocate",
    "fsync",
    "fdatasync",
    "fcntl",
    "flock",
    "?chmod",
    "fchmod",
];

/// A number below 2^32 that differs from one `n` to the next and is the same in each run.
fn scramble(n: u64) -> u64 {
    memento_tests::work::expected_small(n) >> 32
}

/// What a killed process left behind: whole results, and room for all that follows.
#[track_caller]
fn check(folder: &Folder, calls: &[Call], killed_at: &str) {
    folder.assert_results_whole();
    let second = Worker::new(WORKER, folder).calls(calls).visit();
    assert_eq!((second.failures, &second.warnings), (0, &Vec::new()), "{killed_at}: {second:?}");
    let third = Worker::new(WORKER, folder).calls(calls).visit();
    assert_eq!(third, Visit::hits(calls.len() as u64), "{killed_at}: after {second:?}");
    folder.assert_whole();
    assert!(folder.damaged().is_empty());
}

/// Runs `worker` on folders from `prepare`: killed at its first call of each of [`STEPS`], at its second, and so on,
/// until it comes to its end. How often it was killed.
fn kill_at_each_step(
    prepare: impl Fn() -> Folder + Sync,
    worker: impl Fn(Worker) -> Worker + Sync,
) -> usize {
    assert!(
        Command::new("strace").arg("--version").output().is_ok(),
        "strace is missing, which kills processes at each step: install it (apt-get install strace)"
    );
    let killed = AtomicUsize::new(0);
    let kill = |step: &str| {
        for count in 1.. {
            let folder = prepare();
            let trace = format!("trace={step}");
            let inject = format!("inject={step}:signal=SIGKILL:when={count}");
            let starter = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let output = worker(Worker::under(&starter, WORKER, &folder)).output();
            let errors = String::from_utf8_lossy(&output.stderr);
            let is_killed = output.status.signal() == Some(9);
            assert!(is_killed || output.status.success(), "{step} {count}: {errors}");
            check(&folder, &CALLS, &format!("{step} {count}"));
            if !is_killed {
                return;
            }
            killed.fetch_add(1, Ordering::Relaxed);
        }
    };
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(step) = STEPS.get(next.fetch_add(1, Ordering::Relaxed)) {
                    kill(step);
                }
            });
        }
    });
    killed.into_inner()
}

#[test]
fn killed_at_each_step_on_a_new_folder() {
    let steps = kill_at_each_step(Folder::new, |worker| worker.calls(&CALLS));
    assert!(steps > 100, "so few are not those of a process that writes: {steps}");
}

#[test]
fn killed_at_each_step_on_a_folder_with_results() {
    let prepare = || Folder::with(&[Small(7), Large(7)]);
    let steps = kill_at_each_step(prepare, |worker| worker.durable().calls(&CALLS));
    assert!(steps > 100, "so few are not those of a process that writes: {steps}");
}

/// What has to last is found by its path: each folder on it has its name on the disk, in the folder around it.
#[test]
fn what_has_to_last_has_its_path_on_the_disk() {
    let (folder, log) = (Folder::new(), TempDir::new().unwrap());
    let log = log.path().join("log");
    let out = log.to_str().unwrap();
    let starter = ["strace", "-f", "-qq", "-y", "-o", out, "-e", "trace=fsync"];
    let visit = Worker::under(&starter, WORKER, &folder).durable().calls(&[Large(1)]).visit();
    assert_eq!(visit, Visit::computed(1));
    let log = fs::read_to_string(log).unwrap();
    let [result] = &folder.results()[..] else { panic!("there is one result: {log}") };
    // The folders `ab`, `results`, `data`, that of the storage, and that around it.
    for path in result.ancestors().skip(1).take(5) {
        assert!(log.contains(&format!("<{}>)", path.display())), "{} in {log}", path.display());
    }
}

/// Killed anywhere, by another process, while it records one result after the other: those that it has told of are
/// there.
#[test]
fn killed_while_it_records() {
    let folder = Folder::new();
    let mut first = 0;
    for round in 0..20 {
        let count = scramble(round) % 40 + 1;
        let told: Vec<_> = (first..first + count).flat_map(|n| [Small(n), Large(n)]).collect();
        Worker::new(WORKER, &folder).kill_after(first, count);
        folder.assert_results_whole();
        assert_eq!(folder.visit(&told), Visit::hits(told.len() as u64), "round {round}");
        folder.assert_whole();
        first += count;
    }
    check(
        &folder,
        &(0..first + 10).flat_map(|n| [Small(n), Large(n)]).collect::<Vec<_>>(),
        "the end",
    );
}

/// Four write, and are killed while the others go on.
#[test]
fn killed_beside_others_that_record() {
    let folder = Folder::new();
    thread::scope(|scope| {
        for writer in 0..4 {
            let folder = &folder;
            scope.spawn(move || {
                for round in 0..5 {
                    let first = writer * 1000 + round * 100;
                    let count = scramble(first) % 20 + 1;
                    Worker::new(WORKER, folder).kill_after(first, count);
                    let told: Vec<_> =
                        (first..first + count).flat_map(|n| [Small(n), Large(n)]).collect();
                    let visit = Worker::new(WORKER, folder).calls(&told).visit();
                    assert_eq!(visit, Visit::hits(2 * count), "{writer} {round}");
                }
            });
        }
    });
    folder.assert_whole();
    assert!(folder.damaged().is_empty());
}
