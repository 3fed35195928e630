//! The folder of a storage: what is in it, and when it may not be written.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use memento::ErrorKind;
use memento_storage_fs::{Durability, Options};
use memento_tests::folder::Folder;
use memento_tests::place::Place;
use memento_tests::processes::{Worker, is_root, shell};
use memento_tests::visit::Call::{self, Large, Small};
use memento_tests::visit::{Visit, Visitor, visit};
use memento_tests::work::{large, small};

const CALLS: [Call; 4] = [Small(1), Large(1), Small(2), Large(2)];
const OTHERS: [Call; 2] = [Small(3), Large(3)];

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_its_owner_looks_into_it() {
    let folder = Folder::with(&CALLS);
    assert_eq!(mode(folder.path()), 0o700);
    for name in ["data", "locks", "temporary"] {
        assert_eq!(mode(&folder.path().join(name)), 0o700, "{name}");
    }
}

/// From a file of a configuration, it would be the folder of that file.
#[test]
fn its_path_may_not_be_empty() {
    let place = Place::with("[storage]\npath = ''\n");
    let error = place.error();
    for part in ["storage.path", "memento.toml:2", "it is empty"] {
        assert!(error.contains(part), "`{part}` is missing:\n{error}");
    }
    assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1, "the configuration");
}

#[test]
fn backup_programs_leave_it_out() {
    Folder::with(&CALLS).assert_whole();
}

#[test]
fn its_path_may_have_any_characters() {
    let parent = tempfile::TempDir::new().unwrap();
    for name in ["with spaces", "per%20cent", "question?mark#hash", "ünï", "file:x", ":memory:"] {
        let folder = Folder::at(parent.path().join(name).join("below"));
        assert_eq!(folder.visit(&CALLS), Visit::computed(4));
        assert_eq!(folder.visit(&CALLS), Visit::hits(4));
        assert_eq!(visit(&folder.options().readonly(), &CALLS), Visit::hits(4));
        folder.assert_whole();
    }
}

/// What a version is made of is a file beside the large results, written once with the first result of the version.
#[test]
fn what_versions_are_made_of_is_kept_once() {
    let folder = Folder::with(&[Small(1)]);
    let [small_code] = &folder.codes()[..] else { panic!("one version") };
    assert_eq!(folder.data(), [small_code.as_path()], "a small result is in its record");
    let written = fs::metadata(small_code).unwrap().ino();
    assert_eq!(folder.visit(&[Small(1), Small(2)]), Visit { hits: 1, ..Visit::computed(1) });
    let found = fs::metadata(small_code).unwrap().ino();
    assert_eq!(found, written, "it is not written again");
    assert_eq!(folder.visit(&CALLS), Visit { hits: 2, ..Visit::computed(2) });
    assert_eq!((folder.data().len(), folder.codes().len(), folder.results().len()), (4, 2, 2));
    folder.assert_whole();

    let storage = memento_storage_fs::storage(&folder.options());
    let visitor = Visitor::new(&folder.options());
    let codes = visitor.enter(|| {
        [small::memento(2).unwrap(), large::memento(2).unwrap()]
            .map(|memento| memento.unwrap().provenance.code)
    });
    let expected = [small::dependencies(), large::dependencies()];
    assert_eq!(codes.map(|code| storage.code(&code).unwrap().unwrap()), expected);
    assert!(expected.iter().all(|code| !code.pieces().is_empty()));
}

/// A folder with one result, and the file that says what its function's version is made of.
fn with_code_of_small() -> (Folder, PathBuf, memento::Digest) {
    let folder = Folder::with(&[Small(1)]);
    let [file] = &folder.codes()[..] else { panic!("one version") };
    let file = file.clone();
    let visitor = Visitor::new(&folder.options());
    let code = visitor.enter(|| small::memento(1).unwrap().unwrap().provenance.code);
    (folder, file, code)
}

#[test]
fn what_a_version_was_made_of_may_be_gone() {
    let (folder, file, code) = with_code_of_small();
    fs::remove_file(&file).unwrap();
    let storage = memento_storage_fs::storage(&folder.options());
    assert_eq!(storage.code(&code).unwrap(), None);
    assert_eq!(folder.visit(&[Small(1), Small(2)]), Visit { hits: 1, ..Visit::computed(1) });
    assert_eq!(storage.code(&code).unwrap(), Some(small::dependencies()), "it is there again");
}

#[test]
fn what_a_version_was_made_of_may_be_damaged() {
    let (folder, file, code) = with_code_of_small();
    let whole = fs::read(&file).unwrap();
    let storage = memento_storage_fs::storage(&folder.options());
    for damaged in [&whole[1..], &[&whole[..whole.len() - 1], b"?"].concat()] {
        // Its folder went with it when it was moved aside.
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, damaged).unwrap();
        assert_eq!(storage.code(&code).unwrap_err().kind(), ErrorKind::Damaged);
        assert_eq!(storage.code(&code).unwrap(), None, "it was moved aside");
        assert_eq!(folder.visit(&[Small(1)]), Visit::hits(1), "a hit does not need it");
    }
}

/// As with a damaged result: once it was found damaged, the next process that records a result puts it again.
#[test]
fn what_a_version_was_made_of_is_mended() {
    let (folder, file, code) = with_code_of_small();
    let whole = fs::read(&file).unwrap();
    let storage = memento_storage_fs::storage(&folder.options());
    fs::write(&file, [&whole[..whole.len() - 1], b"?"].concat()).unwrap();
    assert_eq!(storage.code(&code).unwrap_err().kind(), ErrorKind::Damaged);
    assert_eq!(folder.visit(&[Small(2)]), Visit::computed(1));
    assert_eq!(storage.code(&code).unwrap(), Some(small::dependencies()));
    folder.assert_whole();
}

/// A store that is open for reading is not written to forget something, and says so.
#[test]
fn readonly_forgets_nothing() {
    let folder = Folder::with(&CALLS);
    let before = folder.list();
    Visitor::new(&folder.options().readonly()).enter(|| {
        for error in [small::forget(1).unwrap_err(), small::forget_all().unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::ReadOnly);
            assert!(error.to_string().contains(folder.name()), "{error}");
        }
        assert!(!small::forget(3).unwrap(), "there is nothing to forget");
        assert_eq!(small::explain(1).unwrap(), memento::Explanation::Hit);
    });
    assert_eq!(folder.list(), before);
    assert_eq!(folder.visit(&CALLS), Visit::hits(4));
}

/// A worker without rights on files that are not its own, on `folder`.
fn unprivileged(folder: &Folder) -> Worker {
    let program = env!("CARGO_BIN_EXE_worker");
    if !is_root() {
        return Worker::new(program, folder);
    }
    // Where it is built may be for root alone.
    let parent = folder.path().parent().unwrap();
    set_mode(parent, 0o755);
    let copy = parent.join("worker");
    if !copy.exists() {
        // By another process: a program that is open for writing here, or in a process that another test is
        // starting, cannot be started.
        shell(parent, &format!("cp '{program}' worker"));
    }
    let starter = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    Worker::under(&starter, copy, folder)
}

/// Sets modes of all that is in a folder.
fn set_modes(folder: &Folder, folders: u32, files: u32) {
    let paths: Vec<_> = folder.list().into_keys().collect();
    for path in &paths {
        set_mode(path, if path.is_dir() { 0o700 } else { files });
    }
    for path in paths.iter().filter(|path| path.is_dir()) {
        set_mode(path, folders);
    }
}

#[test]
fn that_cannot_be_made() {
    let folder = Folder::new();
    set_mode(folder.path().parent().unwrap(), 0o555);
    let first = unprivileged(&folder).calls(&CALLS).visit();
    first.assert_warned(
        4,
        &[
            "kind=Storage",
            "make the folder",
            folder.name(),
            "Permission denied",
            "make it writable",
        ],
    );
    let (short, long, functions) = (2, 2, 2);
    assert_eq!(
        first.failures,
        3 * short + 2 * long + functions,
        "a look-up each; what the version is made of, and a record, or a file, without which there is no record; the \
         versions of each function"
    );
    assert!(!folder.path().exists());
    set_mode(folder.path().parent().unwrap(), 0o755);
}

#[test]
fn that_cannot_be_written() {
    let folder = Folder::new();
    fs::create_dir(folder.path()).unwrap();
    set_mode(folder.path(), 0o555);
    let first = unprivileged(&folder).calls(&CALLS).visit();
    first.assert_warned(4, &["kind=Storage", folder.name(), "Permission denied"]);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    set_mode(folder.path(), 0o700);
    assert_eq!(folder.visit(&CALLS), Visit::computed(4));
    assert_eq!(folder.visit(&CALLS), Visit::hits(4));
    folder.assert_whole();
}

#[test]
fn that_cannot_be_entered() {
    let folder = Folder::with(&CALLS);
    let before = folder.list();
    set_modes(&folder, 0o000, 0o600);
    let visit = unprivileged(&folder).calls(&CALLS).visit();
    visit.assert_warned(4, &["kind=Storage", folder.name(), "Permission denied"]);
    set_modes(&folder, 0o700, 0o600);
    assert_eq!(folder.list(), before);
    assert_eq!(folder.visit(&CALLS), Visit::hits(4));
}

/// Results that may be read and not replaced are used; those that cannot be kept are computed.
#[test]
fn that_can_only_be_read() {
    let folder = Folder::with(&CALLS);
    let before = folder.list();
    set_modes(&folder, 0o555, 0o444);
    let visit = unprivileged(&folder).calls(&CALLS).calls(&OTHERS).visit();
    assert!(visit.failures > 0, "{visit:?}");
    assert!(visit.warnings.len() <= 2, "{visit:?}");
    for warning in &visit.warnings {
        assert!(warning.contains(folder.name()), "{warning}");
    }
    let readonly = unprivileged(&folder).readonly().calls(&CALLS).calls(&OTHERS).visit();
    assert_eq!(readonly, Visit { hits: 4, ..Visit::computed(2) });
    assert_eq!(folder.list(), before);
    set_modes(&folder, 0o700, 0o600);
    assert_eq!(folder.visit(&CALLS), Visit::hits(4));
    folder.assert_whole();
}

/// A result whose record is gone is computed and put again.
#[test]
fn whose_files_cannot_be_written_gets_new_ones_in_their_place() {
    let folder = Folder::with(&CALLS);
    shell(folder.path(), "rm mementos.sqlite* lock");
    set_modes(&folder, 0o777, 0o444);
    let number = |file: &PathBuf| fs::metadata(file).unwrap().ino();
    let files = folder.data();
    let before: Vec<_> = files.iter().map(number).collect();
    assert_eq!(unprivileged(&folder).calls(&CALLS).visit(), Visit::computed(4));
    assert_eq!(folder.data(), files);
    for (file, before) in files.iter().zip(before) {
        assert_ne!(number(file), before, "{} is written anew", file.display());
    }
    set_modes(&folder, 0o700, 0o600);
    assert_eq!(folder.visit(&CALLS), Visit::hits(4));
    folder.assert_whole();
}

#[test]
fn readonly_uses_what_is_there_and_writes_nothing() {
    let folder = Folder::with(&CALLS);
    let before = folder.list();
    let options = folder.options().readonly();
    for _ in 0..2 {
        let all: Vec<_> = CALLS.into_iter().chain(OTHERS).collect();
        assert_eq!(visit(&options, &all), Visit { hits: 4, ..Visit::computed(2) });
        assert_eq!(folder.list(), before);
    }
    fs::write(&folder.results()[0], "damaged").unwrap();
    let before = folder.list();
    for _ in 0..2 {
        visit(&options, &CALLS).assert_warned(1, &["kind=Damaged"]);
        assert_eq!(folder.list(), before);
    }
}

#[test]
fn readonly_works_where_there_is_nothing() {
    let folder = Folder::new();
    assert_eq!(visit(&folder.options().readonly(), &CALLS), Visit::computed(4));
    assert!(!folder.path().exists());

    fs::create_dir(folder.path()).unwrap();
    assert_eq!(visit(&folder.options().readonly(), &CALLS), Visit::computed(4));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn readonly_moves_no_broken_database() {
    let folder = Folder::with(&CALLS);
    fs::write(folder.database(), "no database").unwrap();
    let before = folder.list();
    let visit = visit(&folder.options().readonly(), &CALLS);
    visit.assert_warned(4, &["kind=Damaged", folder.name(), "file is not a database"]);
    assert_eq!(folder.list(), before);
}

/// A reader sees what others record while it is open.
#[test]
fn readonly_sees_what_others_record_meanwhile() {
    let folder = Folder::with(&CALLS);
    let reader = Visitor::new(&folder.options().readonly());
    assert_eq!(reader.visit(&CALLS[..1]), Visit::hits(1));
    let writer = Visitor::new(&folder.options());
    assert_eq!(writer.visit(&OTHERS[..1]), Visit::computed(1));
    assert_eq!(reader.visit(&OTHERS[..1]), Visit::hits(1), "with the writer there");
    assert_eq!(writer.visit(&OTHERS[1..]), Visit::computed(1));
    drop(writer);
    assert_eq!(reader.visit(&OTHERS[1..]), Visit::hits(1), "with the writer gone");
    assert_eq!(reader.visit(&CALLS[1..]), Visit::hits(3));
}

/// How often the files of these results were written to the disk by `worker`.
fn syncs(options: &Options, worker: impl FnOnce(Worker) -> Worker) -> (Visit, usize) {
    let folder = Folder::at(&options.path);
    let log = options.path.with_extension("syncs");
    let trace = "trace=fsync,fdatasync";
    let starter = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", trace];
    let visit = worker(Worker::under(&starter, env!("CARGO_BIN_EXE_worker"), &folder)).visit();
    (visit, fs::read_to_string(log).unwrap().lines().filter(|line| line.contains("sync(")).count())
}

/// Each record of a durable storage is on the disk when its call returns; others leave that to the system, but for
/// the moment at which the log is copied into the database.
#[test]
fn durability() {
    let calls: Vec<_> = (10..20).flat_map(|n| [Small(n), Large(n)]).collect();
    let full = Folder::with(&CALLS);
    let (visit, durable) = syncs(&full.options(), |worker| worker.durable().calls(&calls));
    assert_eq!(visit, Visit::computed(20));
    // Each record is one, each file one and its folder one more.
    assert!(durable >= 20 + 2 * 10, "{durable}");
    let options = full.options().durability(Durability::Full);
    assert_eq!(memento_tests::visit::visit(&options, &calls), Visit::hits(20));
    full.assert_whole();

    let fast = Folder::with(&CALLS);
    let (visit, once) = syncs(&fast.options(), |worker| worker.calls(&calls));
    assert_eq!(visit, Visit::computed(20));
    let (visit, one) = syncs(&fast.options(), |worker| worker.calls(&[Small(50)]));
    assert_eq!(visit, Visit::computed(1));
    assert_eq!(once, one, "none for a record");
    assert_eq!(fast.visit(&calls), Visit::hits(20));
}
