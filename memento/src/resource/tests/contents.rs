use std::hash::BuildHasher as _;
use std::io::ErrorKind;

use super::*;
use crate::resource::FileContent;
use crate::resource::memo;
use crate::{Digest, encoding};

#[test]
fn the_content_is_what_counts() {
    let (folder, path) = folder_with_file("one");
    let copy = folder.path().join("copy");
    fs::copy(&path, &copy).unwrap();
    let encode = |path: &Path| encoding::encode(&FileContent::from(path)).unwrap();
    let one = encode(&path);
    assert_eq!(one, encode(&copy));
    fs::write(&copy, "two").unwrap();
    assert_ne!(one, encode(&copy));
    fs::write(&copy, "one").unwrap();
    assert_eq!(one, encode(&copy));

    // A newtype struct with a name of its own, around hexadecimal digits: golden, as it is in keys.
    let mut golden = vec![0x16, 0x10, 20, 0, 0, 0, 0, 0, 0, 0];
    golden.extend(b"memento::FileContent\x10\x40\0\0\0\0\0\0\0");
    golden.extend(blake3::hash(b"one").to_hex().as_bytes());
    assert_eq!(one, golden);
    let shown = encoding::Rendered(&one).to_string();
    assert_eq!(shown, format!("memento::FileContent(\"{}\")", Digest::of(b"one")));
}

#[test]
fn it_is_a_path() {
    let (_folder, path) = folder_with_file("one");
    let content = FileContent::from(&*path);
    assert_eq!(content, FileContent::from(path.clone()));
    assert_eq!(content, FileContent::from(path.to_str().unwrap()));
    assert_eq!(content.path(), path);
    assert_eq!(*content, *path);
    assert_eq!(content.extension().unwrap(), "txt");
    assert_eq!(fs::read(&content).unwrap(), b"one");
    assert_eq!(content.read().unwrap(), b"one");
    assert_eq!(format!("{content:?}"), format!("FileContent({path:?})"));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_that_says_why() {
    let (folder, _) = folder_with_file("");
    for path in [folder.path().join("is not there"), folder.path().to_owned()] {
        let reason = fs::read(&path).unwrap_err();
        let error = encoding::encode(&FileContent::from(&*path)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Encoding);
        let message = error.to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
        if reason.kind() == ErrorKind::NotFound {
            assert!(message.contains(&reason.to_string()), "{message}");
        }
    }
}

#[test]
fn an_unchanged_file_is_hashed_once() {
    let (_folder, path) = folder_with_file("one");
    let content = FileContent::from(&*path);
    let digest = Digest::of(b"one");
    let digest_at = |now| *content.look(now).1.digest();
    assert_eq!(digest_at(much_later()), digest);
    let file = File::new(&path);
    let (stamp, _) = file.stamp().unwrap();
    assert_eq!(memo::get("file", &file.name(), stamp), Some(digest));
    // What is in the memo is taken as it is.
    let other = Digest::of(&std::hash::RandomState::new().hash_one(0).to_le_bytes());
    memo::insert("file", &file.name(), stamp, other);
    assert_eq!(digest_at(much_later()), other);
}

#[test]
fn a_file_written_just_now_is_hashed_each_time() {
    let (_folder, path) = folder_with_file("one");
    let (content, then) = (FileContent::from(&*path), modified(&path));
    let digest = || *content.look(SystemTime::now()).1.digest();
    assert_eq!(digest(), Digest::of(b"one"));
    fs::write(&path, "two").unwrap();
    set_modified(&path, then);
    assert_eq!(digest(), Digest::of(b"two"));
}

#[test]
fn another_content_than_that_of_the_key_is_not_read() {
    let (_folder, path) = folder_with_file("one");
    let content = FileContent::from(&*path);
    encoding::encode(&content).unwrap();
    assert_eq!(content.read().unwrap(), b"one");
    fs::write(&path, "two").unwrap();
    let copy = content.clone();
    for content in [&content, &copy] {
        let error = content.read().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    }
    // The next call has another key.
    encoding::encode(&content).unwrap();
    assert_eq!(content.read().unwrap(), b"two");
}
