//! Records that are not what was written, in a database that is whole.

use memento_tests::folder::Folder;
use memento_tests::records;
use memento_tests::visit::Call::{self, Large, Small};
use memento_tests::visit::{Visit, Visitor};
use memento_tests::work::small;

const CALLS: [Call; 2] = [Small(1), Small(2)];

/// One record is damaged by this statement, in which `?1` is its key: it is computed again, said once, moved aside,
/// and there again.
fn check(statement: &str, said: &str) -> Folder {
    let folder = Folder::with(&CALLS);
    let key = key(&folder, 1);
    let changed = folder.open_database().execute(statement, [key.as_bytes().as_slice()]);
    assert_eq!(changed.unwrap(), 1);

    let second = folder.visit(&CALLS);
    let place = folder.path().display().to_string();
    second.assert_warned(1, &["kind=Damaged", said, &key.to_string(), &place]);
    assert_eq!((second.hits, second.failures), (1, 1));
    assert_eq!(folder.damaged_records().len(), 1);
    assert_eq!(rows(&folder), 2, "the new record took its place");

    assert_eq!(folder.visit(&CALLS), Visit::hits(2));
    folder.assert_whole();
    folder
}

/// The key of `small(n)`.
fn key(folder: &Folder, n: u64) -> memento::Key {
    Visitor::new(&folder.options()).enter(|| small::memento(n).unwrap().unwrap().key)
}

fn rows(folder: &Folder) -> i64 {
    let count = "SELECT count(*) FROM mementos";
    folder.open_database().query_row(count, [], |row| row.get(0)).unwrap()
}

/// The record of `?1` with one byte changed.
fn with_byte(position: usize, byte: &str) -> String {
    format!(
        "UPDATE mementos SET record = CAST(
            substr(record, 1, {position}) || x'{byte}' || substr(record, {position} + 2)
         AS BLOB) WHERE key = ?1"
    )
}

const TOO_SHORT: &str = "it is too short to be a memento";
const WRONG_BYTES: &str = "its bytes are not those that were written";

#[test]
fn with_a_byte_changed_in_its_digest() {
    check(&with_byte(0, "00"), WRONG_BYTES);
    check(&with_byte(31, "00"), WRONG_BYTES);
}

#[test]
fn with_a_byte_changed_in_what_it_says() {
    check(&with_byte(32, "ff"), WRONG_BYTES);
    check(&with_byte(33, "ff"), WRONG_BYTES);
    check(&with_byte(100, "ff"), WRONG_BYTES);
}

#[test]
fn emptied() {
    check("UPDATE mementos SET record = x'' WHERE key = ?1", TOO_SHORT);
}

#[test]
fn cut_short() {
    let cut =
        |length| format!("UPDATE mementos SET record = substr(record, 1, {length}) WHERE key = ?1");
    check(&cut(1), TOO_SHORT);
    check(&cut(31), TOO_SHORT);
    check(&cut(36), TOO_SHORT);
    check(&cut(37), WRONG_BYTES);
    check(&cut(120), WRONG_BYTES);
}

/// The provenance of a record is damaged by this statement, in which `?1` is its key. A hit does not read it; who asks
/// for the memento is told, and from then on the record is out of the way.
fn check_provenance(statement: &str) {
    let folder = Folder::with(&CALLS);
    let key = key(&folder, 1);
    let changed = folder.open_database().execute(statement, [key.as_bytes().as_slice()]);
    assert_eq!(changed.unwrap(), 1);
    assert_eq!(folder.visit(&CALLS), Visit::hits(2));

    let error = Visitor::new(&folder.options()).enter(|| small::memento(1).unwrap_err());
    assert_eq!(error.kind(), memento::ErrorKind::Damaged);
    assert!(error.to_string().contains(WRONG_BYTES), "{error}");
    assert_eq!(folder.damaged_records().len(), 1);

    let next = folder.visit(&CALLS);
    assert_eq!((next.computed, next.hits, next.failures), (1, 1, 0));
    Visitor::new(&folder.options()).enter(|| assert!(small::memento(1).unwrap().is_some()));
    folder.assert_whole();
}

#[test]
fn with_a_byte_changed_in_its_provenance() {
    check_provenance(
        "UPDATE mementos SET record = CAST(
            substr(record, 1, length(record) - 1) || x'ff'
         AS BLOB) WHERE key = ?1",
    );
}

#[test]
fn with_bytes_after_its_end() {
    check_provenance("UPDATE mementos SET record = CAST(record || x'00' AS BLOB) WHERE key = ?1");
}

#[test]
fn that_is_cut_in_its_provenance() {
    check_provenance(
        "UPDATE mementos SET record = substr(record, 1, length(record) - 1) WHERE key = ?1",
    );
}

#[test]
fn that_is_text() {
    let folder = check("UPDATE mementos SET record = 'text' WHERE key = ?1", TOO_SHORT);
    assert_eq!(folder.damaged_records(), [b"text"]);
}

#[test]
fn that_is_a_number() {
    check("UPDATE mementos SET record = 7 WHERE key = ?1", TOO_SHORT);
    check("UPDATE mementos SET record = 1e300 WHERE key = ?1", TOO_SHORT);
}

/// A whole record of another invocation proves that it is not the one that was asked for.
#[test]
fn of_another_invocation() {
    let other = "(SELECT record FROM mementos WHERE key != ?1)";
    let statement = format!("UPDATE mementos SET record = {other} WHERE key = ?1");
    check(&statement, "written for this key");
}

/// A key that does not belong to its number: nothing is found, and the row gives way.
#[test]
fn under_another_key() {
    for key_now in ["zeroblob(32)", "x''", "'text'", "7"] {
        let folder = Folder::with(&CALLS);
        let key = key(&folder, 1);
        let statement = format!("UPDATE mementos SET key = {key_now} WHERE key = ?1");
        folder.open_database().execute(&statement, [key.as_bytes().as_slice()]).unwrap();
        let visit = folder.visit(&CALLS);
        assert_eq!((visit.computed, visit.hits, visit.failures), (1, 1, 0));
        assert_eq!(folder.visit(&CALLS), Visit::hits(2));
        assert_eq!(rows(&folder), 2);
        folder.assert_whole();
    }
}

/// Two results, the first of them recorded by a later release; its key.
fn with_a_newer_record() -> (Folder, memento::Key) {
    let folder = Folder::with(&CALLS);
    let key = key(&folder, 1);
    let replace = "UPDATE mementos SET record = ?2 WHERE key = ?1";
    let values = rusqlite::params![key.as_bytes().as_slice(), records::newer(&key)];
    folder.open_database().execute(replace, values).unwrap();
    (folder, key)
}

/// A record of a later release is not read, and not taken for a damaged one.
#[test]
fn of_a_newer_format() {
    let (folder, key) = with_a_newer_record();
    let key = key.to_string();
    folder.visit(&CALLS).assert_warned(1, &[&records::NEWER[..], &[&key]].concat());
    assert!(folder.damaged_records().is_empty());
    folder.assert_whole();
}

/// The record of a later release is not replaced by one of this release.
#[test]
fn of_a_newer_format_stays() {
    let (folder, key) = with_a_newer_record();
    for _ in 0..2 {
        folder.visit(&CALLS).assert_warned(1, &["kind=NewerFormat"]);
        let format = "SELECT hex(substr(record, 33, 1)) FROM mementos WHERE key = ?1";
        let bytes = key.as_bytes().as_slice();
        let format: String =
            folder.open_database().query_row(format, [bytes], |row| row.get(0)).unwrap();
        assert_eq!(format, "04");
    }
}

#[test]
fn all_of_many() {
    let calls: Vec<_> = (0..200).map(|n| if n % 10 == 0 { Large(n) } else { Small(n) }).collect();
    let folder = Folder::with(&calls);
    let cut = "UPDATE mementos SET record = substr(record, 1, id % 100)";
    assert_eq!(folder.open_database().execute(cut, []).unwrap(), 200);
    let visit = folder.visit(&calls);
    assert_eq!((visit.computed, visit.failures, visit.warnings.len()), (200, 200, 200));
    assert_eq!(folder.damaged_records().len(), 200);
    assert_eq!(folder.visit(&calls), Visit::hits(200));
    folder.assert_whole();
}
