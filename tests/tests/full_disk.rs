//! No room.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use memento_tests::folder::Folder;
use memento_tests::parts::{self, by_day, lines, table};
use memento_tests::processes::Worker;
use memento_tests::visit::Call::{self, Large, Small};
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::small;
use tempfile::TempDir;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");
const CALLS: [Call; 4] = [Small(1), Large(1), Small(2), Large(2)];

/// A filesystem of one megabyte.
struct Disk(TempDir);

/// Where this variable is set, a test that may not mount a filesystem fails: nobody would see that it did nothing.
const REQUIRED: &str = "TESTS_HAVE_TO_MOUNT";

impl Disk {
    /// `None` where this process may not mount any, which is said, or fails.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(folder.path())
            .output();
        let why = match mounted {
            Ok(mounted) if mounted.status.success() => return Some(Self(folder)),
            Ok(mounted) => String::from_utf8_lossy(&mounted.stderr).trim().replace('\n', " "),
            Err(error) => format!("the program `mount`: {error}"),
        };
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        let skipped =
            format!("SKIPPED: {test} needs a filesystem of its own, and may not mount one ({why})");
        assert!(std::env::var_os(REQUIRED).is_none(), "{skipped}; {REQUIRED} is set");
        // Past what keeps back the output of tests that do not fail.
        std::io::stderr().write_all(format!("{skipped}\n").as_bytes()).unwrap();
        None
    }

    /// Fills it to its last byte but `left`.
    fn fill(&self, left: u64) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[1; 512]).is_ok() {}
        let length = ballast.metadata().unwrap().len();
        ballast.set_len(length.saturating_sub(left)).unwrap();
    }

    fn clear(&self) {
        // What is removed only takes its room until everybody has closed it, and a process that another test is
        // starting has inherited it, for a moment.
        fs::File::create(self.ballast()).unwrap();
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.0.path().join("ballast")
    }

    fn folder(&self) -> Folder {
        Folder::at(self.0.path().join("storage"))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a process that another test is starting may have inherited a file for a moment.
        let unmounted = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

/// All was computed, and each store said once, in which folder, that there is no room.
#[track_caller]
fn assert_no_room(visit: &Visit, count: u64, folder: &Path) {
    assert_eq!(visit.computed, count, "{visit:?}");
    assert!(visit.failures > 0, "{visit:?}");
    assert!((1..=3).contains(&visit.warnings.len()), "{visit:#?}");
    for warning in &visit.warnings {
        assert!(warning.contains("kind=Storage"), "{warning}");
        assert!(warning.contains(folder.to_str().unwrap()), "{warning}");
    }
}

#[test]
fn a_disk_that_fills_up() {
    let Some(disk) = Disk::mount() else { return };
    let folder = disk.folder();
    assert_eq!(folder.visit(&CALLS), Visit::computed(4));
    let many = Call::both(40);
    let visitor = Visitor::new(&folder.options());
    let visit = visitor.visit(&many);
    assert_eq!(visit.hits, 4);
    assert_no_room(&visit, many.len() as u64 - 4, folder.path());
    assert_eq!(folder.temporary(), Vec::<std::path::PathBuf>::new());
    folder.assert_results_whole();
    drop(visitor);
    assert_eq!(folder.visit(&CALLS), Visit::hits(4), "what was there is there");

    for file in folder.data() {
        fs::remove_file(file).unwrap();
    }
    let calls = Call::both(10);
    folder.visit(&calls);
    assert_eq!(folder.visit(&calls), Visit::hits(20));
    folder.assert_whole();
}

/// The process goes on, and keeps results again when there is room.
#[test]
fn a_disk_that_is_full_for_a_while() {
    for left in [0, 4096, 20_000, 60_000, 100_000] {
        let Some(disk) = Disk::mount() else { return };
        let folder = disk.folder();
        let visitor = Visitor::new(&folder.options());
        assert_eq!(visitor.visit(&CALLS), Visit::computed(4));
        disk.fill(left);
        let during: Vec<_> = (10..40).flat_map(|n| [Small(n), Large(n)]).collect();
        assert_no_room(&visitor.visit(&during), 60, folder.path());
        assert_eq!(folder.temporary(), Vec::<std::path::PathBuf>::new());
        disk.clear();
        let after = [Small(50), Large(50)];
        assert_eq!(visitor.visit(&after), Visit::computed(2));
        drop(visitor);
        assert_eq!(folder.visit(&after), Visit::hits(2));
        assert_eq!(folder.visit(&CALLS), Visit::hits(4));
        folder.assert_whole();
    }
}

/// What a version is made of goes with the first result; it is kept with a later one where there was no room.
#[test]
fn a_disk_that_is_full_when_a_version_is_new() {
    let Some(disk) = Disk::mount() else { return };
    let folder = disk.folder();
    disk.fill(0);
    let visitor = Visitor::new(&folder.options());
    assert_no_room(&visitor.visit(&[Small(1)]), 1, folder.path());
    disk.clear();
    assert_eq!(visitor.visit(&[Small(2)]), Visit::computed(1));
    let code = visitor.enter(|| small::memento(2).unwrap().unwrap().provenance.code);
    let storage = memento_storage_fs::storage(&folder.options());
    assert_eq!(storage.code(&code).unwrap(), Some(small::dependencies()));
    folder.assert_whole();
}

#[test]
fn a_disk_that_is_full_from_the_start() {
    for left in [0, 4096, 8192, 20_000, 40_000, 60_000, 100_000, 200_000] {
        let Some(disk) = Disk::mount() else { return };
        let folder = disk.folder();
        disk.fill(left);
        let calls = Call::both(20);
        assert_no_room(&folder.visit(&calls), 40, folder.path());
        assert_eq!(folder.temporary(), Vec::<std::path::PathBuf>::new());
        folder.assert_results_whole();
        disk.clear();
        let calls = &calls[..10];
        assert!(folder.visit(calls).warnings.is_empty());
        assert_eq!(folder.visit(calls), Visit::hits(10));
        folder.assert_whole();
    }
}

/// Files may only have so many blocks of 512 bytes: none, less than a database, less than a result, a few records.
#[test]
fn files_that_may_not_grow() {
    for blocks in [0, 1, 8, 20, 64, 70, 100, 200] {
        let folder = Folder::new();
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\"");
        let worker = Worker::under(&["sh", "-c", &limit, "sh"], WORKER, &folder);
        let calls = Call::both(40);
        assert_no_room(&worker.calls(&calls).visit(), 80, folder.path());
        assert_eq!(folder.temporary(), Vec::<std::path::PathBuf>::new());
        folder.assert_results_whole();
        let healed = folder.visit(&calls);
        assert!(healed.warnings.is_empty(), "{healed:?}");
        assert_eq!(folder.visit(&calls), Visit::hits(80));
        folder.assert_whole();
    }
}

/// A file that is larger than the disk, and values of which some are, come to their caller nevertheless.
#[test]
fn parts_of_results() {
    let Some(disk) = Disk::mount() else { return };
    let folder = disk.folder();
    let visitor = Visitor::new(&folder.options());
    let visit = visitor.measure(1, || {
        let blob = lines(300_000).unwrap();
        assert_eq!(blob.read().unwrap(), parts::text(300_000).into_bytes());
    });
    assert_eq!((visit.computed, visit.failures > 0), (1, true), "{visit:?}");
    assert!(folder.temporary().is_empty(), "there is room for others");
    disk.fill(0);
    let visit = visitor.measure(1, || {
        let days = by_day(0).unwrap();
        assert!(days.iter().all(|(day, value)| value.unwrap() == table(*day)));
    });
    assert_eq!((visit.computed, visit.failures > 0), (1, true), "{visit:?}");
    disk.clear();
    let later = Visitor::new(&folder.options());
    let visit = later.measure(2, || {
        (0..2).for_each(|_| assert_eq!(by_day(0).unwrap().get(&3).unwrap(), Some(table(3))));
    });
    assert_eq!((visit.computed, visit.hits, visit.failures), (1, 1, 0), "{visit:?}");
}
