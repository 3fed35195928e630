//! Results of which a copy stands under a name.

use std::fs;
use std::path::PathBuf;

use memento::storage::DataStore as _;
use memento::{Name, Named, memento};
use memento_tests::folder::Folder;
use memento_tests::parts::{RUNS, Stores, named, named_file, text};
use memento_tests::reasons::in_process;
use memento_tests::warnings;

use crate::run;

const NAME: &str = "reports/2026.json";

fn path(folder: &Folder) -> PathBuf {
    folder.path().join("data/named").join(NAME)
}

fn read(folder: &Folder) -> String {
    fs::read_to_string(path(folder)).unwrap()
}

#[test]
fn a_copy_has_the_bytes_of_the_codec() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (value, runs) = run(|| in_process(&folder, || named(NAME.to_owned(), 7)));
        assert_eq!((&**value, value.name(), runs), (&[7, 8][..], NAME, 1));
        assert_eq!(read(&folder), "[7,8]");
        assert_eq!(run(|| in_process(&folder, || named(NAME.to_owned(), 7))), (value, 0));
        assert!(folder.temporary().is_empty());
    });
}

#[test]
fn a_copy_of_a_file_has_its_bytes() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let (file, _) = run(|| in_process(&folder, || named_file(NAME.to_owned(), 9).unwrap()));
        assert_eq!(read(&folder), text(9));
        fs::remove_file(path(&folder)).unwrap();
        let found = run(|| in_process(&folder, || named_file(NAME.to_owned(), 9).unwrap()));
        assert_eq!(found, (file, 0));
        assert_eq!(read(&folder), text(9));
    });
}

/// What others do to the copy changes no result. Where it is gone, it is written again.
#[test]
fn a_copy_is_nobodys_result() {
    RUNS.alone(|| {
        let folder = Folder::new();
        let call = || in_process(&folder, || named(NAME.to_owned(), 7).into_inner());
        run(call);
        fs::write(path(&folder), "something else").unwrap();
        assert_eq!(run(call), (vec![7, 8], 0));
        assert_eq!(read(&folder), "something else", "it is somebody's now");
        fs::remove_dir_all(folder.path().join("data/named")).unwrap();
        assert_eq!(run(call), (vec![7, 8], 0));
        assert_eq!(read(&folder), "[7,8]");
    });
}

#[test]
fn the_last_of_two_has_the_name_and_neither_is_wrong() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || {
            for n in [1, 5] {
                assert_eq!(run(|| named(NAME.to_owned(), n).into_inner()), (vec![n, n + 1], 1));
            }
            assert_eq!(read(&folder), "[5,6]");
            named_file(NAME.to_owned(), 2).unwrap();
            assert_eq!(read(&folder), text(2));
            assert_eq!(run(|| named(NAME.to_owned(), 1).into_inner()), (vec![1, 2], 0));
        });
        in_process(&folder, || {
            assert_eq!(run(|| named(NAME.to_owned(), 1).into_inner()), (vec![1, 2], 0));
            assert_eq!(run(|| named_file(NAME.to_owned(), 2).unwrap().len()), (4, 0));
        });
        assert_eq!(read(&folder), text(2));
    });
}

/// A name that cannot be given is said once, and is no trouble of the result.
#[test]
fn what_cannot_be_published_is_a_result_nevertheless() {
    RUNS.alone(|| {
        let folder = Folder::new();
        in_process(&folder, || named("reports".to_owned(), 1));
        let (value, warnings) =
            warnings::collect(|| in_process(&folder, || named(NAME.to_owned(), 7).into_inner()));
        assert_eq!(value, [7, 8]);
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].contains("publish a result under a name"), "{warnings:?}");
        assert_eq!(run(|| in_process(&folder, || named(NAME.to_owned(), 7).into_inner())).1, 0);
    });
}

#[test]
fn names_stay_in_their_folder() {
    for name in ["", "/etc/passwd", "../x", "a//b", "a/./b", "a/..", "a\\b", "C:x", "a\nb", "a/"] {
        let error = Named::try_new(name, 1).unwrap_err().to_string();
        assert!(error.starts_with("cannot use a name for an object (name: \"named/"), "{error}");
        assert!(error.contains("names are like `reports/2026/may.csv`"), "{error}");
    }
    assert!(Named::try_new("x".repeat(256), 1).is_err());
    for name in ["a", "a/b.json", "..a/b", "ä b/c"] {
        assert_eq!(Named::new(name, 1).name(), name);
    }
}

#[test]
fn a_wrong_name_is_an_error_of_the_call() {
    RUNS.alone(|| {
        let error = named::try_call("../x".to_owned(), 1).unwrap_err().to_string();
        assert!(error.contains("it has `.` or `..` in it"), "{error}");
    });
}

/// Names are given in any store that has some, and inside of any value.
#[test]
fn names_inside_of_values() {
    #[memento]
    fn several(count: u64) -> Vec<Named<u64>> {
        RUNS.add();
        (0..count).map(|n| Named::new(format!("numbers/{n}"), n)).collect()
    }
    RUNS.alone(|| {
        let folder = Folder::new();
        let several = || in_process(&folder, || several(3));
        assert_eq!(run(several).1, 1);
        let path = |n: u64| folder.path().join("data/named/numbers").join(n.to_string());
        assert_eq!(fs::read(path(2)).unwrap(), 2_u64.to_le_bytes());
        fs::remove_file(path(1)).unwrap();
        assert_eq!(run(several).1, 0);
        assert_eq!(fs::read(path(1)).unwrap(), 1_u64.to_le_bytes());
        let stores = Stores::default();
        stores.fresh().enter(|| named(NAME.to_owned(), 1));
        let name = Name::new(&format!("named/{NAME}")).unwrap();
        assert_eq!(stores.data.get(&name).unwrap().unwrap(), b"[1,2]");
    });
}
