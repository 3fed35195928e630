//! Parts that are gone, or are not what was written.

use std::fs;
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::{
    Blob, Digest, Environment, ErrorKind as Kind, Explanation, LocalRunner, Miss, NullRunner,
    memento,
};
use memento_tests::folder::Folder;
use memento_tests::parts::{RUNS, by_day, lines, measure, report, table, text};
use memento_tests::reasons::{assert_counted, in_process};

use crate::{file, run};

const WRONG_BYTES: &str = "its bytes are not those that were written";

pub(crate) fn flip(file: &Path) {
    let mut content = fs::read(file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 0x10;
    fs::write(file, content).unwrap();
}

#[test]
fn a_part_that_is_gone_is_a_miss() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (days, _) = run(|| in_process(&folder, || by_day(1).unwrap()));
        let digest = days.digest(&12).unwrap();
        fs::remove_file(file(&folder, &digest)).unwrap();
        in_process(&folder, || {
            let miss = Miss::PartMissing(digest);
            let shown = format!("a part of the result, {digest:#}, is gone or damaged");
            let explanation = by_day::explain(1).unwrap();
            assert_eq!(explanation.to_string(), shown);
            assert_eq!(explanation, Explanation::Miss(miss));
            let (again, runs) = run(|| by_day(1).unwrap());
            assert_eq!(
                (again.get(&12).unwrap(), runs),
                (Some(table(12)), 1),
                "the parent is whole"
            );
            assert_counted(|misses| misses.part_missing = 1);
        });
        assert_eq!(run(|| in_process(&folder, || by_day(1).unwrap())), (days, 0));
        folder.assert_whole();
    });
}

/// One that several results have is missed by each of them.
#[test]
fn a_shared_part_that_is_gone_is_written_again() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (days, _) = run(|| in_process(&folder, || by_day(1).unwrap()));
        fs::remove_file(file(&folder, &days.digest(&2).unwrap())).unwrap();
        let read = || by_day(1).unwrap().get(&2).unwrap();
        assert_eq!(run(|| in_process(&folder, read)), (Some(table(2)), 2));
        assert_eq!(run(|| in_process(&folder, read)), (Some(table(2)), 0));
        folder.assert_whole();
    });
}

#[test]
fn a_damaged_value_is_an_error_and_then_computed_again() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            let (days, _) = run(|| by_day(0).unwrap());
            let damaged = file(&folder, &days.digest(&3).unwrap());
            flip(&damaged);
            let error = days.get(&3).unwrap_err();
            let said = error.to_string();
            assert_eq!(error.kind(), Kind::Damaged, "{said}");
            for part in [WRONG_BYTES, "::parts::by_day", "call the function again", folder.name()] {
                assert!(said.contains(part), "{said}");
            }
            assert_eq!(folder.damaged().len(), 1, "it can be looked at");
            assert_eq!(days.get(&4).unwrap(), Some(table(4)));
            // Also in this process, which has the result in memory.
            let (value, runs) = run(|| by_day(0).unwrap().get(&3).unwrap());
            assert_eq!((value, runs), (Some(table(3)), 1));
            assert_eq!(days.get(&3).unwrap(), Some(table(3)), "the same content is there again");
        });
        folder.assert_whole();
    });
}

/// Reads a file whose bytes were damaged, which has to fail; then it is computed again.
fn check(damage: impl Fn(&Path), read: impl Fn(Blob) -> io::Result<()>) {
    RUNS.alone(|| {
        let folder = Folder::new();
        for in_memory in [true, false] {
            let environment = Environment::new(
                memento_storage_fs::storage(&folder.options()),
                LocalRunner::new(),
            );
            let blob = environment.enter(|| lines(100_000).unwrap());
            damage(&file(&folder, &blob.digest()));
            let attempt = || {
                let error = read(lines(100_000).unwrap()).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
                assert!(error.to_string().contains("::parts::lines"), "{error}");
                let (again, runs) = run(|| lines(100_000).unwrap());
                assert_eq!((again.read().unwrap(), runs), (text(100_000).into_bytes(), 1));
            };
            if in_memory {
                environment.enter(attempt);
            } else {
                in_process(&folder, attempt);
            }
            folder.assert_whole();
        }
    });
}

fn read_all(blob: &Blob) -> io::Result<()> {
    let mut bytes = Vec::new();
    blob.open()?.read_to_end(&mut bytes)?;
    assert_eq!(bytes, text(100_000).into_bytes(), "what is returned is right");
    Ok(())
}

#[test]
fn a_damaged_file_is_an_error_at_the_end() {
    check(flip, |blob| read_all(&blob));
}

#[test]
fn a_file_cut_short_is_an_error_at_the_end() {
    let cut = |file: &Path| {
        fs::File::options().write(true).open(file).unwrap().set_len(1_000).unwrap();
    };
    check(cut, |blob| read_all(&blob));
    check(|file| fs::write(file, "").unwrap(), |blob| read_all(&blob));
}

/// The last byte is not given out, so that who reads as many as there are gets the error, too.
#[test]
fn as_many_bytes_as_there_are_do_not_come() {
    check(flip, |blob| {
        let mut bytes = vec![0; text(100_000).len()];
        blob.open()?.read_exact(&mut bytes)
    });
}

/// Who seeks gets none of the wrong bytes.
#[test]
fn a_damaged_file_is_an_error_before_the_first_seek() {
    check(flip, |blob| blob.open()?.seek(SeekFrom::Start(10)).map(drop));
}

#[test]
fn a_damaged_file_is_not_copied() {
    check(flip, |blob| {
        let folder = tempfile::tempdir().unwrap();
        let copied = blob.copy_to(folder.path().join("copy"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        copied
    });
}

#[test]
fn a_damaged_file_is_not_read_whole() {
    check(flip, |blob| blob.read().map(drop));
}

/// A process that has it in memory finds out when it reads it, another one when it looks for it.
#[test]
fn a_file_that_is_gone_is_computed_again() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let remove = || fs::remove_file(file(&folder, &Digest::of(text(9).as_bytes()))).unwrap();
        in_process(&folder, || {
            let blob = lines(9).unwrap();
            remove();
            let error = lines(9).unwrap().open().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData);
            assert!(error.to_string().contains("it is gone"), "{error}");
            let (again, runs) = run(|| lines(9).unwrap().read().unwrap());
            assert_eq!((again, runs), (text(9).into_bytes(), 1));
            assert_eq!(blob.read().unwrap(), text(9).as_bytes(), "it is there again");
        });
        remove();
        let read = || lines(9).unwrap().read().unwrap();
        assert_eq!(run(|| in_process(&folder, read)), (text(9).into_bytes(), 1));
    });
}

/// A store that cannot be written to keeps its damaged part; what is computed instead is right.
#[test]
fn damage_in_a_store_for_reading_only() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let blob = in_process(&folder, || lines(1_000).unwrap());
        flip(&file(&folder, &blob.digest()));
        let storage = memento_storage_fs::storage(&folder.options().readonly());
        Environment::new(storage, LocalRunner::new()).enter(|| {
            assert!(lines(1_000).unwrap().read().is_err());
            let (again, runs) = run(|| lines(1_000).unwrap().read().unwrap());
            assert_eq!((again, runs), (text(1_000).into_bytes(), 1));
            let (again, runs) = run(|| lines(1_000).unwrap().read().unwrap());
            assert_eq!((again, runs), (text(1_000).into_bytes(), 0), "it is in memory");
        });
    });
}

/// What is inside of another result is found out there, and computed where it comes from.
#[test]
fn a_part_of_a_callee_is_computed_by_the_callee() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let chart = in_process(&folder, || report(3).unwrap().charts["other"].clone());
        fs::remove_file(file(&folder, &chart.digest())).unwrap();
        in_process(&folder, || {
            let (found, runs) = run(|| report(3).unwrap());
            assert_eq!((found.charts["other"].read().unwrap(), runs), (text(4).into_bytes(), 2));
        });
        folder.assert_whole();
    });
}

/// Recorded arguments whose parts are gone are no reason for a wrong value, or none.
#[test]
fn an_argument_that_is_gone_has_no_effect_on_its_result() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let blob = in_process(&folder, || lines(50).unwrap());
        in_process(&folder, || measure(blob.clone()).unwrap());
        fs::remove_file(file(&folder, &Digest::of(text(50).as_bytes()))).unwrap();
        let ((size, _), runs) = run(|| in_process(&folder, || measure(blob).unwrap()));
        assert_eq!((size, runs), (text(50).len(), 0));
    });
}

/// What cannot be computed is not returned with a part missing either.
#[test]
fn a_result_without_its_parts_is_no_result() {
    static PANICS: AtomicBool = AtomicBool::new(false);

    #[memento]
    fn may_panic(count: u64) -> io::Result<Blob> {
        assert!(!PANICS.load(Ordering::Relaxed), "on purpose");
        lines(count)
    }
    RUNS.alone(|| {
        let folder = Folder::new();
        let blob = in_process(&folder, || may_panic(70).unwrap());
        fs::remove_file(file(&folder, &blob.digest())).unwrap();
        let storage = memento_storage_fs::storage(&folder.options());
        let refused = Environment::new(storage, NullRunner).enter(|| may_panic::try_call(70));
        assert_eq!(refused.unwrap_err().kind(), Kind::Refused);
        PANICS.store(true, Ordering::Relaxed);
        let panicked = in_process(&folder, || may_panic::try_call(70));
        assert_eq!(panicked.unwrap_err().kind(), Kind::Panicked);
    });
}
