//! Files in results.

use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::process::Command;

use memento::{Blob, Digest};
use memento_tests::folder::Folder;
use memento_tests::parts::{RUNS, Stores, first_line, lines, measure, report, table, text};
use memento_tests::reasons::in_process;

use crate::{file, run};

#[test]
fn a_file_goes_into_the_store_and_out_of_it() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (first, runs) = run(|| in_process(&folder, || lines(5_000).unwrap()));
        assert_eq!(runs, 1);
        let expected = text(5_000);
        assert_eq!(first.digest(), Digest::of(expected.as_bytes()));
        assert_eq!(fs::read_to_string(file(&folder, &first.digest())).unwrap(), expected);
        assert!(folder.temporary().is_empty());
        in_process(&folder, || {
            let (found, runs) = run(|| lines(5_000).unwrap());
            assert_eq!((&found, found.len(), runs), (&first, expected.len() as u64, 0));
            assert_eq!(found.read().unwrap(), expected.as_bytes());
            let read: Vec<_> =
                BufReader::new(found.open().unwrap()).lines().map(Result::unwrap).collect();
            assert_eq!((read.len(), &*read[4_999]), (5_000, "4999"));
            let copy = folder.path().join("copy");
            fs::write(&copy, "what was there").unwrap();
            found.copy_to(&copy).unwrap();
            assert_eq!(fs::read_to_string(&copy).unwrap(), expected);
        });
        folder.assert_whole();
    });
}

#[test]
fn readers_read_from_everywhere() {
    RUNS.alone(|| {
        let folder = Folder::new();
        for blob in [in_process(&folder, || lines(1_000).unwrap()), lines(1_000).unwrap()] {
            let mut reader = blob.open().unwrap();
            let mut bytes = [0; 4];
            reader.seek(SeekFrom::End(-4)).unwrap();
            reader.read_exact(&mut bytes).unwrap();
            assert_eq!(&bytes, b"999\n");
            assert_eq!(reader.read(&mut bytes).unwrap(), 0);
            reader.rewind().unwrap();
            reader.read_exact(&mut bytes).unwrap();
            assert_eq!((&bytes, reader.stream_position().unwrap()), (b"0\n1\n", 4));
            assert!(reader.seek(SeekFrom::Current(-5)).is_err());
            reader.seek(SeekFrom::Start(1 << 40)).unwrap();
            assert_eq!(reader.read(&mut bytes).unwrap(), 0);
        }
    });
}

#[test]
fn a_file_of_no_bytes() {
    RUNS.alone(|| {
        let folder = Folder::new();
        for _ in 0..2 {
            in_process(&folder, || {
                let empty = lines(0).unwrap();
                assert!(empty.is_empty());
                assert_eq!(empty.read().unwrap(), b"");
                assert_eq!(io::copy(&mut empty.open().unwrap(), &mut io::sink()).unwrap(), 0);
            });
        }
        assert_eq!(RUNS.take(), 1);
    });
}

/// What nobody finishes is gone, in the store and outside of it.
#[test]
fn what_is_not_finished_leaves_nothing_behind() {
    #[memento::memento]
    fn gives_up(n: u64) -> io::Result<u64> {
        let mut file = Blob::create();
        file.write_all(&vec![1; 200_000])?;
        file.flush()?;
        Ok(n)
    }
    let folder = Folder::new();
    in_process(&folder, || assert_eq!(gives_up(1).unwrap(), 1));
    assert!(folder.temporary().is_empty());
    assert_eq!(folder.data().len(), 1, "what the version is made of");
}

#[test]
fn files_from_elsewhere() {
    RUNS.alone(|| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text");
        fs::write(&path, text(10)).unwrap();
        let blob = Blob::from_path(&path).unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(blob, Blob::from_reader(text(10).as_bytes()).unwrap());
        assert_eq!(blob, blob.clone());
        assert_eq!(blob.read().unwrap(), text(10).as_bytes());
        assert_eq!(Blob::from_path(&path).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert!(format!("{blob:?}").ends_with(", 20 bytes)"), "{blob:?}");
    });
}

#[test]
fn parts_nest_anywhere() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (first, runs) = run(|| in_process(&folder, || report(7).unwrap()));
        assert_eq!(runs, 2);
        in_process(&folder, || {
            let (found, runs) = run(|| report(7).unwrap());
            assert_eq!((&found, runs), (&first, 0));
            assert_eq!(found.tables.get("a").unwrap(), Some(table(7)));
            assert_eq!(found.charts["own"].read().unwrap(), text(7).as_bytes());
            assert_eq!(found.charts["other"].read().unwrap(), text(8).as_bytes());
        });
        folder.assert_whole();
    });
}

#[test]
fn as_an_argument_it_stands_for_its_bytes() {
    RUNS.alone(|| {
        let stores = Stores::default();
        stores.fresh().enter(|| {
            let own = Blob::from_reader(text(9).as_bytes()).unwrap();
            assert_eq!(run(|| measure(own.clone()).unwrap().0), (text(9).len(), 1));
            let (size, runs) = run(|| measure(lines(9).unwrap()).unwrap().0);
            assert_eq!(
                (size, runs),
                (text(9).len(), 1),
                "the lines run, what measures them does not"
            );
            // Of two files that are made from different ones and come out the same, one is measured.
            assert_eq!(run(|| measure(first_line(3).unwrap()).unwrap().0), (2, 3));
            assert_eq!(run(|| measure(first_line(4).unwrap()).unwrap().0), (2, 2));
        });
    });
}

#[test]
fn what_a_process_was_writing_goes_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_blob"));
    let status = process.arg(folder.path()).arg("abort").env("TMPDIR", folder.path()).status();
    assert!(status.unwrap().code().is_none(), "it was killed");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A process that writes 64 MiB into a store, and one that reads them, need less than half of that.
#[test]
fn large_files_are_never_in_memory() {
    let folder = Folder::new();
    for expected_runs in ["1", "0"] {
        let output = Command::new(env!("CARGO_BIN_EXE_blob")).arg(folder.path()).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said} {}", String::from_utf8_lossy(&output.stderr));
        let (runs, peak) = said.trim().split_once(' ').unwrap();
        let peak: u64 = peak.parse().unwrap();
        assert_eq!(runs, expected_runs);
        assert!(peak < 32 << 10, "{peak} KiB");
    }
}
