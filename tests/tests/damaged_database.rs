//! A database that is none, or broken, or of someone else.

use std::fs;
use std::path::Path;

use memento::Explanation;
use memento_tests::folder::Folder;
use memento_tests::processes::{Worker, shell};
use memento_tests::visit::Call::{self, Large, Small};
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::{expected_small, small};
use rusqlite::Connection;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// So many records that the database has more than a few pages.
fn calls() -> Vec<Call> {
    (0..60).map(Small).chain([Large(1), Large(2)]).collect()
}

/// The database is damaged between two processes: everything is computed again, said once, the database is moved
/// aside, and there is a new one.
fn check(damage: impl FnOnce(&Path), said: &str) {
    let calls = calls();
    let folder = Folder::with(&calls);
    damage(&folder.database());
    let found = fs::read(folder.database()).unwrap();

    let second = folder.visit(&calls);
    second.assert_warned(
        calls.len() as u64,
        &["kind=Damaged", said, folder.name(), "mementos.sqlite", "it was moved to `data/damaged`"],
    );
    let damaged = folder.damaged();
    let is_it = |file: &&std::path::PathBuf| fs::read(file).unwrap() == found;
    assert_eq!(damaged.iter().filter(is_it).count(), 1, "it can be looked at: {damaged:?}");

    assert_eq!(folder.visit(&calls), Visit::hits(calls.len() as u64));
    folder.assert_whole();
}

/// Nothing that is looked up together says less than what is looked up alone.
#[test]
fn what_a_batch_or_an_explanation_finds_is_said() {
    for explains in [true, false] {
        let folder = Folder::with(&calls());
        fs::write(folder.database(), "no database").unwrap();
        let visitor = Visitor::new(&folder.options());
        let visit = visitor.measure(60, || {
            if explains {
                assert!(matches!(small::explain(1).unwrap(), Explanation::Miss(_)));
            }
            let values = small::map((0..60).map(|n| (n,)));
            assert!(
                values
                    .into_iter()
                    .enumerate()
                    .all(|(n, value)| value.unwrap() == expected_small(n as u64))
            );
        });
        assert_eq!(visit.computed, 60);
        let warning = visit.warning();
        assert!(warning.contains("it was moved to `data/damaged`"), "{warning}");
        assert!(visit.failures > 0);
    }
}

fn set_length(file: &Path, length: u64) {
    fs::File::options().write(true).open(file).unwrap().set_len(length).unwrap();
}

#[test]
fn garbage() {
    check(|file| fs::write(file, "no database").unwrap(), "file is not a database");
    check(|file| fs::write(file, vec![0xa5; 100_000]).unwrap(), "file is not a database");
    check(|file| fs::write(file, vec![0; 100_000]).unwrap(), "file is not a database");
}

#[test]
fn cut_short() {
    // SQLite says that it is malformed, or no database, by what is left of its first page.
    for length in [2, 20, 99, 100, 512, 4096, 6000, 8192] {
        check(|file| set_length(file, length), "database");
    }
}

/// Of a last page that is almost whole, SQLite takes what is there: at most the row at its end is lost.
#[test]
fn cut_short_by_a_byte() {
    let calls = calls();
    let folder = Folder::with(&calls);
    set_length(&folder.database(), fs::metadata(folder.database()).unwrap().len() - 1);
    for _ in 0..3 {
        let visit = folder.visit(&calls);
        assert!(visit.computed <= 1, "{visit:?}");
    }
}

/// An empty file is how SQLite begins: nothing is wrong with it, and nothing is in it.
#[test]
fn emptied() {
    let calls = calls();
    let folder = Folder::with(&calls);
    set_length(&folder.database(), 0);
    assert_eq!(folder.visit(&calls), Visit::computed(calls.len() as u64));
    assert!(folder.damaged().is_empty());
    assert_eq!(folder.visit(&calls), Visit::hits(calls.len() as u64));
    folder.assert_whole();
}

#[test]
fn of_another_program() {
    let foreign = |file: &Path| {
        fs::remove_file(file).unwrap();
        let database = Connection::open(file).unwrap();
        database
            .execute_batch("CREATE TABLE visits(url); INSERT INTO visits VALUES ('x')")
            .unwrap();
    };
    check(foreign, "it is a database of another program");
}

/// A log that belongs to no database is not played into it.
#[test]
fn with_a_log_of_garbage() {
    let calls = calls();
    let folder = Folder::with(&calls);
    fs::write(folder.path().join("mementos.sqlite-wal"), vec![0x37; 50_000]).unwrap();
    assert_eq!(folder.visit(&calls), Visit::hits(calls.len() as u64));
    folder.assert_whole();
}

/// A folder of a later release is left alone.
#[test]
fn of_a_newer_release() {
    let calls = calls();
    let folder = Folder::with(&calls);
    folder.open_database().pragma_update(None, "user_version", 3).unwrap();
    let before = fs::read(folder.database()).unwrap();
    for _ in 0..2 {
        let visit = folder.visit(&calls);
        visit.assert_warned(
            calls.len() as u64,
            &["kind=NewerFormat", folder.name(), "its schema has version 3", "update this program"],
        );
        let functions = 2;
        assert_eq!(
            visit.failures,
            2 * visit.computed + functions,
            "each look-up and each record, and the versions of each function"
        );
    }
    assert!(folder.damaged().is_empty());
    assert!(fs::read(folder.database()).unwrap() == before, "nothing was written");
    folder.open_database().pragma_update(None, "user_version", 2).unwrap();
    assert_eq!(folder.visit(&calls), Visit::hits(calls.len() as u64));
}

/// How many bytes of a database tell what it is.
const HEADER: usize = 100;

/// The same folder four times, after the database was replaced by `content`.
fn visit_four_times(content: &[u8], calls: &[Call]) -> [Visit; 4] {
    let folder = Folder::with(&[]);
    fs::create_dir_all(folder.path()).unwrap();
    fs::write(folder.database(), content).unwrap();
    std::array::from_fn(|_| folder.visit(calls))
}

/// Any byte of the header may be wrong: what that makes of the database is mended, or said each time, because a later
/// release of SQLite or of this crate may have written it.
#[test]
fn with_a_byte_of_its_header_changed() {
    let calls: Vec<_> = (0..3).map(Small).collect();
    let content = fs::read(Folder::with(&calls).database()).unwrap();
    for position in 0..HEADER {
        let mut damaged = content.clone();
        damaged[position] ^= 0xff;
        let visits = visit_four_times(&damaged, &calls);
        let is_said = visits.iter().all(|visit| visit.computed == 3 && visit.warnings.len() == 1);
        assert!(is_said || visits[3].computed == 0, "byte {position}: {visits:#?}");
    }
}

/// Any other byte may be wrong. What SQLite makes of that differs; the values are right, and all but a few records,
/// those whose rows and index no longer agree, are there again.
#[test]
fn with_bytes_changed_anywhere() {
    let calls: Vec<_> = (0..120).map(Small).collect();
    let content = fs::read(Folder::with(&calls).database()).unwrap();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..60_usize {
        let mut damaged = content.clone();
        for _ in 0..1 << (round % 8) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            let position = usize::try_from(random >> 16).unwrap() % (damaged.len() - HEADER);
            damaged[HEADER + position] ^= u8::try_from(random & 0xff).unwrap();
        }
        let visits = visit_four_times(&damaged, &calls);
        assert!(visits[3].computed <= 12, "round {round}: {visits:#?}");
    }
}

/// Another process overwrites the database while this one has it open.
fn check_open(script: &str) {
    let calls = calls();
    let folder = Folder::with(&calls);
    let visitor = Visitor::new(&folder.options());
    assert_eq!(visitor.visit(&calls[..2]), Visit::hits(2));
    shell(folder.path(), script);
    let rest = visitor.visit(&calls[2..]);
    assert!(rest.warnings.len() <= 1, "{rest:?}");
    visitor.visit(&[Small(1000), Large(1000)]);
    drop(visitor);
    let all: Vec<_> = calls.iter().copied().chain([Small(1000), Large(1000)]).collect();
    let next = folder.visit(&all);
    assert!(next.warnings.len() <= 1, "{next:?}");
    assert_eq!(folder.visit(&all), Visit::hits(all.len() as u64), "{rest:?} {next:?}");
    folder.assert_whole();
}

#[test]
fn overwritten_while_open() {
    check_open("head -c 100000 /dev/zero > mementos.sqlite");
    check_open("printf 'no database' > mementos.sqlite");
    check_open("for f in mementos.sqlite mementos.sqlite-wal; do printf 'no database' > $f; done");
}

#[test]
fn cut_short_while_open() {
    check_open("truncate -s 5000 mementos.sqlite");
    check_open("truncate -s 0 mementos.sqlite");
    check_open("truncate -s 4096 mementos.sqlite; truncate -s 100 mementos.sqlite-wal");
}

#[test]
fn removed_while_open() {
    check_open("rm mementos.sqlite");
    check_open("rm mementos.sqlite mementos.sqlite-wal mementos.sqlite-shm");
}

/// What is recorded after the folder was removed is there for the next process.
#[test]
fn in_a_folder_that_is_removed_while_open() {
    let folder = Folder::with(&calls());
    let visitor = Visitor::new(&folder.options());
    assert_eq!(visitor.visit(&calls()[..3]), Visit::hits(3));
    shell(folder.path().parent().unwrap(), "rm -r storage");
    let calls = [Small(1000), Large(1000), Large(1001)];
    assert_eq!(visitor.visit(&calls), Visit::computed(3));
    assert_eq!(folder.visit(&calls), Visit::hits(3));
    drop(visitor);
    assert_eq!(folder.visit(&calls), Visit::hits(3));
    folder.assert_whole();
}

/// All of them find the damage; one moves the database aside, and nobody moves the new one aside.
#[test]
fn found_by_eight_processes_at_once() {
    let calls = calls();
    let folder = Folder::with(&calls);
    fs::write(folder.database(), vec![0xa5; 100_000]).unwrap();
    let start = |_| Worker::new(WORKER, &folder).waiting().calls(&calls).start();
    let mut workers: Vec<_> = (0..8).map(start).collect();
    workers.iter_mut().for_each(memento_tests::processes::Running::begin);
    let visits: Vec<_> =
        workers.into_iter().map(memento_tests::processes::Running::finish).collect();
    let damaged = folder.damaged();
    assert_eq!(damaged.len(), 1, "{damaged:?} {visits:#?}");
    assert_eq!(folder.visit(&calls), Visit::hits(calls.len() as u64), "{visits:#?}");
    folder.assert_whole();
}
