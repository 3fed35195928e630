//! Contents by their digest.

use std::io::{Read, Write};

use crate::storage::Storage;
use crate::{Digest, Name};

/// Longer than what is read at once.
fn long() -> Vec<u8> {
    (0..100_000_u32).flat_map(u32::to_le_bytes).collect()
}

#[test]
fn contents_are_kept_by_their_digest() {
    let storage = Storage::memory();
    let (one, two) = (Digest::of(b"one"), Digest::of(b""));
    storage.put_content(&one, b"one").unwrap();
    storage.put_content(&two, b"").unwrap();
    assert_eq!(storage.content(&one).unwrap().unwrap(), b"one");
    assert_eq!(storage.content(&two).unwrap().unwrap(), b"");
    assert!(storage.remove_content(&one).unwrap());
    assert!(!storage.remove_content(&one).unwrap());
    assert_eq!(storage.content(&one).unwrap(), None);
    let has = storage.has_contents(&[two, one]);
    assert_eq!(has.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [true, false]);
    assert_eq!(storage.failures(), 0);
}

#[test]
fn contents_are_streamed_in_and_out() {
    let storage = Storage::memory();
    let content = long();
    let mut writer = storage.create_content().unwrap();
    for part in content.chunks(999) {
        writer.write_all(part).unwrap();
    }
    assert_eq!(storage.data.info().unwrap().objects, 0, "nobody sees it yet");
    let (digest, size) = writer.finish().unwrap();
    assert_eq!((digest, size), (Digest::of(&content), content.len() as u64));
    let mut read = Vec::new();
    storage.open_content(&digest).unwrap().unwrap().read_to_end(&mut read).unwrap();
    assert_eq!(read, content);
    assert!(storage.open_content(&Digest::of(b"other")).unwrap().is_none());

    storage.create_content().unwrap().write_all(b"left").unwrap();
    assert_eq!(storage.data.info().unwrap().objects, 1, "what is not finished is not kept");
}

#[test]
fn damaged_contents_are_reported_and_moved_aside() {
    let storage = Storage::memory();
    let digest = Digest::of(b"one");
    let name = Name::of_result(&digest);
    storage.put_content(&digest, b"damaged").unwrap();
    assert_eq!(storage.content(&digest).unwrap(), None);
    assert_eq!(storage.data.get(&name).unwrap(), None);
    assert_eq!((storage.failures(), storage.data.info().unwrap().objects), (1, 1));

    storage.put_content(&digest, &long()).unwrap();
    let mut reader = storage.open_content(&digest).unwrap().unwrap();
    let error = reader.read_to_end(&mut Vec::new()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(storage.data.get(&name).unwrap(), None);
    assert_eq!((storage.failures(), storage.data.info().unwrap().objects), (2, 2));
    storage.put_content(&digest, b"one").unwrap();
    assert_eq!(storage.content(&digest).unwrap().unwrap(), b"one");
}
