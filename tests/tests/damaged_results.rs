//! Large results whose file is not what was written.

use std::fs;
use std::path::Path;

use memento_tests::folder::Folder;
use memento_tests::visit::Call::{Large, Small};
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::{expected_large, large};

const WRONG_BYTES: &str = "its bytes are not those that were written";

/// The digest that a file of a large result is named by.
fn digest(file: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    name(file.parent().unwrap()) + &name(file)
}

/// One large result is damaged: it is computed again, said once, moved aside, and there again.
fn check(damage: impl FnOnce(&Path)) {
    let folder = Folder::with(&[Large(1), Small(1)]);
    let [file] = &folder.results()[..] else { panic!("one file") };
    damage(file);
    let found = fs::read(file).unwrap();

    let second = folder.visit(&[Large(1), Small(1)]);
    let place = folder.path().display().to_string();
    second.assert_warned(1, &["kind=Damaged", WRONG_BYTES, &digest(file), &place]);
    assert_eq!((second.hits, second.failures), (1, 1));
    let [damaged] = &folder.damaged()[..] else { panic!("one file was moved aside") };
    assert_eq!(fs::read(damaged).unwrap(), found, "it can be looked at");

    assert_eq!(folder.visit(&[Large(1), Small(1)]), Visit::hits(2));
    folder.assert_whole();
}

#[test]
fn cut_short() {
    check(|file| fs::File::options().write(true).open(file).unwrap().set_len(1000).unwrap());
}

#[test]
fn emptied() {
    check(|file| fs::write(file, "").unwrap());
}

#[test]
fn with_bytes_after_its_end() {
    check(|file| fs::write(file, [fs::read(file).unwrap(), vec![0]].concat()).unwrap());
}

#[test]
fn with_one_bit_flipped() {
    for position in [0, 8, 20_000, 40_007] {
        check(|file| {
            let mut content = fs::read(file).unwrap();
            content[position] ^= 0x10;
            fs::write(file, content).unwrap();
        });
    }
}

#[test]
fn of_something_else() {
    check(|file| fs::write(file, "SQLite format 3\0").unwrap());
}

#[test]
fn of_another_invocation() {
    let folder = Folder::with(&[Large(1)]);
    let [first] = &folder.results()[..] else { panic!("one file") };
    folder.visit(&[Large(2)]);
    let files = folder.results();
    let second = files.iter().find(|file| *file != first).unwrap();
    fs::copy(second, first).unwrap();

    let visit = folder.visit(&[Large(1), Large(2)]);
    visit.assert_warned(1, &["kind=Damaged", WRONG_BYTES, &digest(first)]);
    assert_eq!(folder.visit(&[Large(1), Large(2)]), Visit::hits(2));
    folder.assert_whole();
}

#[test]
fn gone() {
    let folder = Folder::with(&[Large(1), Large(2)]);
    fs::remove_file(&folder.results()[0]).unwrap();
    let visit = folder.visit(&[Large(1), Large(2)]);
    assert_eq!((visit.computed, visit.hits, visit.failures), (1, 1, 0), "what is gone is a miss");
    assert_eq!(folder.visit(&[Large(1), Large(2)]), Visit::hits(2));
}

/// A file with a folder in its place can be neither read nor replaced: said, and computed each time.
#[test]
fn replaced_by_a_folder() {
    let folder = Folder::with(&[Large(1)]);
    let file = &folder.results()[0];
    fs::remove_file(file).unwrap();
    fs::create_dir(file).unwrap();
    fs::write(file.join("inside"), "").unwrap();
    let visit = folder.visit(&[Large(1)]);
    assert_eq!((visit.computed, visit.failures > 0), (1, true));
    assert!(visit.warnings.iter().all(|warning| warning.contains(folder.name())), "{visit:?}");
    fs::remove_dir_all(file).unwrap();
    assert_eq!(folder.visit(&[Large(1)]).computed, 1);
    assert_eq!(folder.visit(&[Large(1)]), Visit::hits(1));
}

/// The folder for what is damaged was removed by someone who cleaned up.
#[test]
fn with_nowhere_to_move_it() {
    let folder = Folder::with(&[Large(1), Large(2), Small(1)]);
    let visitor = Visitor::new(&folder.options());
    assert_eq!(visitor.visit(&[Small(1), Large(2)]), Visit::hits(2));
    for file in folder.results() {
        let mut content = fs::read(&file).unwrap();
        content[0] ^= 1;
        fs::write(&file, content).unwrap();
    }
    visitor.visit(&[Large(1)]).assert_warned(1, &["kind=Damaged", WRONG_BYTES]);
    assert_eq!(folder.damaged().len(), 1);
    fs::remove_dir_all(folder.path().join("data/damaged")).unwrap();
    drop(visitor);
    folder.visit(&[Large(1), Large(2)]).assert_warned(1, &["kind=Damaged", WRONG_BYTES]);
    assert_eq!(folder.damaged().len(), 1);
    assert_eq!(folder.visit(&[Large(1), Large(2)]), Visit::hits(2));
}

#[test]
fn all_of_many() {
    let calls: Vec<_> = (0..20).map(Large).collect();
    let folder = Folder::with(&calls);
    for (index, file) in folder.results().iter().enumerate() {
        let content = fs::read(file).unwrap();
        fs::write(file, &content[..index * 2000]).unwrap();
    }
    let visit = folder.visit(&calls);
    assert_eq!((visit.computed, visit.failures, visit.warnings.len()), (20, 20, 20));
    assert_eq!(folder.damaged().len(), 20);
    assert_eq!(folder.visit(&calls), Visit::hits(20));
    folder.assert_whole();
}

/// What is computed again for another reason is there afterwards, whatever was in its place.
#[test]
fn a_result_that_is_written_again_is_whole() {
    let folder = Folder::with(&[Large(1)]);
    let [file] = &folder.results()[..] else { panic!("one file") };
    let mut content = fs::read(file).unwrap();
    content[20_000] ^= 0x10;
    fs::write(file, content).unwrap();
    let storage = memento_storage_fs::storage(&folder.options());
    memento::Environment::new(storage, memento::LocalRunner::new()).enter(|| {
        assert_eq!(large::with().refresh().call(1), expected_large(1));
    });
    folder.assert_whole();
    assert_eq!(folder.visit(&[Large(1)]), Visit::hits(1));
}
