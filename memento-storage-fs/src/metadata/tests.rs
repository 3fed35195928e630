mod held;
mod replaced;

use std::fs;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use memento::storage::{DataStore as _, Entry, Filter, MetadataStore};
use memento::{ErrorKind, Key, Name, Version};
use rusqlite::Connection;
use tempfile::TempDir;

use super::SqliteMetadataStore;
use crate::sessions::Session;
use crate::{FileDataStore, Options};

fn key(byte: u8) -> Key {
    Key::from_bytes([byte; 32])
}

fn version(byte: u8) -> Version {
    Version::from_bytes([byte; 32])
}

/// An entry of a version of a function.
fn entry(byte: u8, function: &str, of: u8) -> Entry {
    let (function, record) = (function.to_owned(), vec![byte]);
    Entry { key: key(byte), function, version: version(of), failed: false, hidden: false, record }
}

fn of_function(function: &str) -> Filter {
    Filter { function: Some(function.to_owned()), ..Filter::default() }
}

/// A store in a folder of its own.
fn store() -> (TempDir, SqliteMetadataStore) {
    let folder = TempDir::new().unwrap();
    let store = SqliteMetadataStore::new(&Options::new(folder.path().join("storage")));
    (folder, store)
}

/// Another store in the same folder, as another process has it.
fn other(folder: &TempDir) -> SqliteMetadataStore {
    SqliteMetadataStore::new(&Options::new(folder.path().join("storage")))
}

/// Each of those before may wait for another process, as long as that takes.
#[test]
fn who_writes_behind_one_that_does_not_end_gives_up() {
    let (_folder, store) = store();
    let store = Arc::new(store);
    let (other, (begun, is_begun)) = (Arc::clone(&store), mpsc::channel());
    let (go_on, goes_on) = mpsc::channel::<()>();
    let holder = thread::spawn(move || {
        let hold = |_: &mut Session| {
            begun.send(()).unwrap();
            let _ = goes_on.recv();
            Ok(())
        };
        other.database.write("wait", hold).unwrap();
    });
    is_begun.recv().unwrap();
    let (other, (put, is_put)) = (Arc::clone(&store), mpsc::channel());
    thread::spawn(move || put.send(other.put(&[entry(1, "f", 1)])));
    let error = is_put.recv_timeout(Duration::from_mins(1)).expect("it gives up").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("other threads of this process"), "{error}");
    drop(go_on);
    holder.join().unwrap();
    store.put(&[entry(1, "f", 1)]).unwrap();
}

#[test]
fn the_versions_of_a_function_come_the_newest_first() {
    let (folder, store) = store();
    assert_eq!(store.versions("f", 10).unwrap(), []);
    let put = |byte, function, of| store.put(&[entry(byte, function, of)]).unwrap();
    put(1, "f", 3);
    put(2, "f", 1);
    put(3, "g", 7);
    put(4, "f", 2);
    for (limit, expected) in [(0, &[][..]), (1, &[2]), (2, &[2, 1]), (3, &[2, 1, 3])] {
        let expected: Vec<Version> = expected.iter().map(|&byte| version(byte)).collect();
        assert_eq!(store.versions("f", limit).unwrap(), expected);
    }
    assert_eq!(store.versions("f", usize::MAX).unwrap(), [2, 1, 3].map(version));
    assert_eq!(store.versions("g", 10).unwrap(), [version(7)]);
    for unknown in ["", "F", "ff", "h", "f' OR '1'='1", "%"] {
        assert_eq!(store.versions(unknown, 10).unwrap(), []);
    }
    // One that was there does not come again, whoever puts it.
    put(1, "f", 3);
    put(5, "f", 3);
    put(6, "g", 2);
    other(&folder).put(&[entry(7, "f", 1)]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [2, 1, 3].map(version));
    assert_eq!(store.versions("g", 10).unwrap(), [2, 7].map(version));
}

#[test]
fn versions_put_together_stand_in_their_order() {
    let (_folder, store) = store();
    let entries = [entry(1, "f", 5), entry(2, "f", 4), entry(3, "f", 5), entry(1, "f", 6)];
    store.put(&entries).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [6, 4, 5].map(version));
}

#[test]
fn versions_stay_known_when_their_records_go() {
    let (folder, store) = store();
    let all = [3, 2, 1].map(version);
    for byte in 1..=3 {
        store.put(&[entry(byte, "f", byte)]).unwrap();
    }
    store.remove(&key(1)).unwrap();
    store.set_aside(&key(2), &[2]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), all);
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 1);
    assert_eq!(store.versions("f", 10).unwrap(), all);
    store.put(&[entry(2, "f", 2)]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), all);
    drop(store);
    assert_eq!(other(&folder).versions("f", 10).unwrap(), all, "in another process");
}

#[test]
fn a_record_that_took_the_place_of_a_damaged_one_stays() {
    let (folder, store) = store();
    store.put(&[entry(1, "f", 1)]).unwrap();
    let whole = Entry { record: b"whole".to_vec(), ..entry(1, "f", 1) };
    other(&folder).put(&[whole]).unwrap();
    store.set_aside(&key(1), &[1]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), b"whole");
    store.set_aside(&key(1), b"whole").unwrap();
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

#[test]
fn a_filter_admits_the_records_of_every_version() {
    let (_folder, store) = store();
    let entries =
        [entry(1, "f", 1), entry(2, "f", 2), entry(3, "g", 1), entry(4, "f", 1), entry(5, "g", 3)];
    store.put(&entries).unwrap();
    let listed = |function| {
        let page = store.list(&of_function(function), None, 10).unwrap();
        assert_eq!(page.next, None);
        page.entries
    };
    let [one, two, three, four, five] = entries;
    assert_eq!(listed("f"), [four, two, one], "as they were put, the newest first");
    assert_eq!(listed("g"), [five, three]);
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 3);
    assert_eq!(listed("f"), []);
    assert_eq!(listed("g").len(), 2);
}

/// Five entries, put in the order of their keys: those with odd keys are of `f`, those with these keys are hidden.
fn with_hidden(hidden: &[u8]) -> (TempDir, SqliteMetadataStore) {
    let (folder, store) = store();
    let entries: Vec<Entry> = (1..=5)
        .map(|byte| {
            let function = if byte % 2 == 1 { "f" } else { "g" };
            Entry { hidden: hidden.contains(&byte), ..entry(byte, function, 1) }
        })
        .collect();
    store.put(&entries).unwrap();
    (folder, store)
}

/// The first bytes of the keys of a page, and where the next one begins.
fn page(
    store: &SqliteMetadataStore,
    filter: &Filter,
    from: Option<u64>,
    limit: usize,
) -> (Vec<u8>, Option<u64>) {
    let page = store.list(filter, from, limit).unwrap();
    (page.entries.iter().map(|entry| entry.key.as_bytes()[0]).collect(), page.next)
}

/// The keys that a store lists, by their first bytes.
fn listed(store: &SqliteMetadataStore) -> Vec<u8> {
    page(store, &Filter::default(), None, 10).0
}

#[test]
fn what_is_hidden_is_found_by_its_key_only() {
    let (_folder, store) = with_hidden(&[1, 4]);
    for byte in 1..=5 {
        assert_eq!(store.get(&key(byte)).unwrap().unwrap(), [byte]);
    }
    assert!(store.get_many(&[1, 4].map(key)).unwrap().iter().all(Option::is_some));
    assert_eq!(page(&store, &Filter::default(), None, 10), (vec![5, 3, 2], None));
    assert_eq!(page(&store, &of_function("f"), None, 10), (vec![5, 3], None));
    let failed = Filter { failed: Some(false), ..Filter::default() };
    assert_eq!(page(&store, &failed, None, 10), (vec![5, 3, 2], None));
    let (first, next) = page(&store, &Filter::default(), None, 2);
    assert_eq!((first, next.is_some()), (vec![5, 3], true));
    assert_eq!(page(&store, &Filter::default(), next, 2), (vec![2], None));
    assert_eq!(page(&store, &Filter::default(), None, 3), (vec![5, 3, 2], None));
    // It comes out again when it is put as what is not hidden.
    store.put(&[entry(4, "g", 1)]).unwrap();
    assert_eq!(page(&store, &Filter::default(), None, 10), (vec![4, 5, 3, 2], None));
}

#[test]
fn what_is_hidden_is_removed_and_not_counted() {
    let (_folder, store) = with_hidden(&[1, 4]);
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 2);
    for byte in [1, 3, 5] {
        assert_eq!(store.get(&key(byte)).unwrap(), None);
    }
    assert_eq!(store.remove_all(&of_function("f")).unwrap(), 0);
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 1);
    assert_eq!(store.get(&key(4)).unwrap(), None);
}

#[test]
fn a_record_may_move_to_another_version() {
    let (_folder, store) = store();
    store.put(&[entry(1, "f", 1)]).unwrap();
    store.put(&[entry(1, "f", 2)]).unwrap();
    let page = store.list(&Filter::default(), None, 10).unwrap();
    assert_eq!(page.entries, [entry(1, "f", 2)]);
}

#[test]
fn where_there_is_no_database_there_are_no_versions() {
    let folder = TempDir::new().unwrap();
    let options = Options::new(folder.path().join("storage")).readonly();
    let store = SqliteMetadataStore::new(&options);
    assert_eq!(store.versions("f", 10).unwrap(), []);
    assert!(!options.path.exists());
    other(&folder).put(&[entry(1, "f", 1)]).unwrap();
    assert_eq!(store.versions("f", 10).unwrap(), [version(1)]);
}

/// What is copied of a store without its log may have no tables yet.
#[test]
fn a_database_without_tables_that_is_open_for_reading_has_nothing_in_it() {
    let folder = TempDir::new().unwrap();
    let root = folder.path().join("storage");
    fs::create_dir(&root).unwrap();
    fs::write(root.join("mementos.sqlite"), "").unwrap();
    let readonly = SqliteMetadataStore::new(&Options::new(&root).readonly());
    for _ in 0..2 {
        assert_eq!(readonly.get(&key(1)).unwrap(), None);
        assert_eq!(readonly.get_many(&[key(1), key(2)]).unwrap(), [None, None]);
        assert_eq!(readonly.versions("f", 10).unwrap(), []);
        assert_eq!(listed(&readonly), [0; 0]);
    }
    other(&folder).put(&[entry(1, "f", 1)]).unwrap();
    assert_eq!(readonly.get(&key(1)).unwrap().unwrap(), [1]);
}

/// All pages of one entry: the first bytes of the keys on each.
fn pages(store: &SqliteMetadataStore) -> Vec<Vec<u8>> {
    let (mut pages, mut from) = (Vec::new(), None);
    loop {
        let (keys, next) = page(store, &Filter::default(), from, 1);
        pages.push(keys);
        assert!(pages.len() < 10, "{pages:?}");
        match next {
            None => return pages,
            next => from = next,
        }
    }
}

#[test]
fn pages_come_to_an_end_whatever_rows_there_are() {
    let (folder, store) = store();
    store.put(&[1, 2, 3, 4].map(|byte| entry(byte, "f", 1))).unwrap();
    assert_eq!(pages(&store), [[4], [3], [2], [1]]);
    let database = Connection::open(folder.path().join("storage/mementos.sqlite")).unwrap();
    database.execute("UPDATE mementos SET id = -5 WHERE id = 2", []).unwrap();
    assert_eq!(pages(&store), [[4], [3], [1]]);
    database.execute("UPDATE mementos SET key = x'00' WHERE id IN (3, 4)", []).unwrap();
    assert_eq!(pages(&store), [vec![], vec![], vec![1]], "no key, and the place of one");
    database.execute("UPDATE mementos SET id = 9223372036854775807 WHERE id = 1", []).unwrap();
    assert_eq!(pages(&store), [vec![1], vec![], vec![]]);
    let (one, next) = page(&store, &Filter::default(), None, 0);
    assert_eq!((&one[..], next), (&[1][..], page(&store, &Filter::default(), None, 1).1));
    let mut next = next;
    for _ in 0..4 {
        next = next.and_then(|next| page(&store, &Filter::default(), Some(next), 0).1);
    }
    assert_eq!(next, None);
    for limit in [usize::MAX / 2 - 1, usize::MAX / 2, usize::MAX] {
        assert_eq!(page(&store, &Filter::default(), None, limit), (vec![1], None));
    }
}

/// With slashes, blanks and all that has a meaning in the URI of a database.
#[test]
fn a_store_that_is_open_for_reading_is_found_at_any_path() {
    let folder = TempDir::new().unwrap();
    for root in ["plain", "of many/a b", "?mode=rwc", "#a", "%41", "ä"] {
        let root = format!("/{}/{root}", folder.path().display());
        assert!(root.starts_with("//"));
        let [writer, readonly] = [Options::new(&root), Options::new(&root).readonly()]
            .map(|options| SqliteMetadataStore::new(&options));
        writer.put(&[entry(1, "f", 1)]).unwrap();
        // The last one to close it leaves no log.
        drop(writer);
        assert_eq!(readonly.get(&key(1)).unwrap().unwrap(), [1], "{root}");
    }
}

#[test]
fn a_store_stays_in_its_folder_wherever_the_process_goes() {
    let folder = std::env::current_dir().unwrap().join("of no/store");
    let options = Options::new("of no/store");
    let metadata = SqliteMetadataStore::new(&options);
    assert_eq!(metadata.location(), folder.display().to_string());
    assert_eq!(FileDataStore::new(&options).location(), metadata.location());
}

/// What would be kept below it would be in the folder that the process is in.
#[test]
fn an_empty_path_is_no_folder() {
    let (options, name) = (Options::new(""), Name::new("a/b").unwrap());
    let (metadata, data) = (SqliteMetadataStore::new(&options), FileDataStore::new(&options));
    let readonly = SqliteMetadataStore::new(&options.clone().readonly());
    for error in [
        metadata.put(&[entry(1, "f", 1)]).unwrap_err(),
        metadata.get(&key(1)).unwrap_err(),
        data.put(&name, b"content").unwrap_err(),
        data.remove(&name).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
        assert!(error.to_string().contains("the path of the storage's folder is empty"), "{error}");
    }
    assert!(metadata.try_claim(&key(1)).unwrap().is_some(), "as where there are no locks");
    assert_eq!(readonly.get(&key(1)).unwrap(), None);
    for name in ["data", "temporary", "locks", "claims", "mementos.sqlite"] {
        assert!(!Path::new(name).exists(), "{name}");
    }
}
