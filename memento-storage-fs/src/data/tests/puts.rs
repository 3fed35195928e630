//! What is put again, and what cannot be read while it is put.

use std::fs;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use memento::ErrorKind;
use memento::storage::{DataStore, PutOptions, Source};
use tempfile::TempDir;

use super::{below, name, store};
use crate::{Durability, FileDataStore, Options};

#[test]
fn what_is_put_again_is_as_new() {
    for durability in [Durability::Fast, Durability::Full] {
        let folder = TempDir::new().unwrap();
        let store = FileDataStore::new(&Options::new(folder.path()).durability(durability));
        let file = folder.path().join("data/a/b");
        let put = |content| {
            store.put(&name("a/b"), content).unwrap();
            let modified = store.properties(&name("a/b")).unwrap().unwrap().modified.unwrap();
            (modified, fs::metadata(&file).unwrap().ino())
        };
        let (first, inode) = put(b"content");
        let hour = Duration::from_hours(1);
        let opened = fs::File::options().write(true).open(&file).unwrap();
        opened.set_modified(first - 2 * hour).unwrap();
        let (second, same) = put(b"content");
        assert!(second > first - hour, "{second:?} {first:?}");
        assert_eq!(same, inode, "it is not written again");
        assert_eq!(store.get(&name("a/b")).unwrap().unwrap(), b"content");
    }
}

/// A source that fails in the middle, with an error that a store of files has, too, or with one of a store.
#[test]
fn whose_error_it_is_that_a_source_cannot_be_read() {
    let (folder, store) = store();
    let damaged = memento::Error::new(ErrorKind::Damaged, "undo what was done to an object");
    let errors = [
        (io::ErrorKind::IsADirectory.into(), ErrorKind::Storage, "read what is to be kept"),
        (io::ErrorKind::NotFound.into(), ErrorKind::Storage, "read what is to be kept"),
        (io::Error::other(damaged), ErrorKind::Damaged, "undo what was done to an object"),
    ];
    for (error, kind, operation) in errors {
        let mut source = b"begun".chain(Failing(Some(error)));
        let options = PutOptions::default();
        let put = store.put_from(&name("a/b"), &mut Source::new(&mut source), &options);
        let error = put.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(&format!("cannot {operation}")), "{error}");
    }
    assert_eq!(store.get(&name("a/b")).unwrap(), None);
    assert_eq!(below(&folder.path().join("temporary")), [""; 0]);
}

struct Failing(Option<io::Error>);

impl io::Read for Failing {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}
