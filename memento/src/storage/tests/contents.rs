//! Contents by their digest.

use std::io::{self, Cursor, Read};

use crate::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, NullStore, Prefix, Source, Storage,
};
use crate::{Digest, ErrorKind, Name};

const READ: &str = "read a content";

/// Longer than what is read at once.
fn long() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn contents_are_kept_by_their_digest() {
    let storage = Storage::memory();
    let contents = &storage.contents;
    let (one, two) = (Digest::of(b"one"), Digest::of(b""));
    contents.put_content(&one, b"one").unwrap();
    contents.put_content(&two, b"").unwrap();
    assert_eq!(contents.content(READ, &one, None).unwrap().unwrap(), b"one");
    assert_eq!(contents.content(READ, &two, None).unwrap().unwrap(), b"");
    assert_eq!(contents.missing_content(&[two, one]), None);
    assert!(storage.data.remove(&Name::of_result(&one)).unwrap());
    assert_eq!(contents.content(READ, &one, None).unwrap(), None);
    assert_eq!(contents.missing_content(&[two, one]), Some(one));
    assert_eq!(storage.failures(), 0);
}

#[test]
fn contents_are_streamed_in_and_out() {
    let storage = Storage::memory();
    let contents = &storage.contents;
    let content = long();
    let digest = Digest::of(&content);
    contents.put_content_from(&digest, &mut Source::new(&mut Cursor::new(&content))).unwrap();
    let mut read = Vec::new();
    contents.open_content(&digest).unwrap().unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, content);
    assert!(contents.open_content(&Digest::of(b"other")).unwrap().is_none());

    let mut broken = Cursor::new(b"begun").chain(Failing);
    let error = contents.put_content_from(&Digest::of(b"begun"), &mut Source::new(&mut broken));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Storage);
    assert_eq!(storage.data.info().unwrap().objects, 1, "what is not whole is not kept");
}

struct Failing;

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn damaged_contents_are_reported_and_moved_aside() {
    let storage = Storage::memory();
    let contents = &storage.contents;
    let digest = Digest::of(b"one");
    contents.put_content(&digest, b"damaged").unwrap();
    let error = contents.content(READ, &digest, Some(3)).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert!(text.contains("length: 7, length written: 3"), "{text}");
    assert_eq!(storage.data.get(&Name::of_result(&digest)).unwrap(), None);
    assert_eq!((storage.failures(), storage.data.info().unwrap().objects), (1, 1));
    assert_eq!(contents.missing_content(&[digest]), Some(digest));

    contents.put_content(&digest, b"one").unwrap();
    assert_eq!(contents.content(READ, &digest, None).unwrap().unwrap(), b"one");
    assert_eq!(contents.missing_content(&[digest]), None);
}

/// A store in which somebody else puts a content anew as soon as this process has read the damaged one.
#[derive(Debug, Default)]
struct Mended(MemoryDataStore);

impl DataStore for Mended {
    fn get(&self, name: &Name) -> crate::Result<Option<Vec<u8>>> {
        let found = self.0.get(name)?;
        self.0.put(name, b"one")?;
        Ok(found)
    }
    fn put(&self, name: &Name, content: &[u8]) -> crate::Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> crate::Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> crate::Result<Listing> {
        self.0.list(prefix, options)
    }
}

#[test]
fn what_another_process_has_mended_is_not_moved_aside() {
    let storage = Storage::new(Mended::default(), NullStore);
    let digest = Digest::of(b"one");
    storage.contents.put_content(&digest, b"damaged").unwrap();
    let error = storage.contents.content(READ, &digest, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    assert_eq!(storage.data.info().unwrap().objects, 1);
    assert_eq!(storage.contents.content(READ, &digest, None).unwrap().unwrap(), b"one");
}
