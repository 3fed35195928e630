//! Keys: who has which, and that nobody sees them.

use std::sync::Arc;

use memento::ErrorKind;
use memento::storage::DataStore;
use memento_storage_layers::{Encryption, Keys, Signing, Transform, Transformed};

use crate::{NEW, OLD, all, name, over, signing};

fn rotated<T: Transform>(transform: impl Fn(Keys) -> T) {
    let with = |texts: &[&str]| transform(Keys::new(texts).unwrap());
    let (store, before) = over(with(&[OLD]));
    let both = Transformed::new(with(&[NEW, OLD]), Arc::clone(&store));
    let after = Transformed::new(with(&[NEW]), store);
    before.put(&name("old"), b"old").unwrap();
    both.put(&name("new"), b"new").unwrap();
    for text in ["old", "new"] {
        assert_eq!(both.get(&name(text)).unwrap().unwrap(), text.as_bytes());
    }
    assert_eq!(after.get(&name("new")).unwrap().unwrap(), b"new");
    for error in [
        before.get(&name("new")).unwrap_err(),
        after.get(&name("old")).unwrap_err(),
        before.read(&name("new")).err().unwrap(),
        before.get_range(&name("new"), 0..1).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Damaged);
        let message = error.to_string();
        assert!(message.contains("it was made with the key "), "{message}");
        assert!(!message.contains(NEW) && !message.contains(OLD), "{message}");
    }
}

#[test]
fn the_first_key_is_used_and_all_are_good() {
    rotated(Signing::new);
    rotated(Encryption::new);
}

#[test]
fn keys_are_long_enough() {
    Keys::new(["x".repeat(32)]).unwrap();
    let error = Keys::new([NEW.to_owned(), "secret".repeat(5)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let expected = "cannot use a key: key 2 has 30 bytes, and 32 are the least; make one of 32 \
                    random bytes, as by `openssl rand -hex 32`";
    assert_eq!(error.to_string(), expected);
    assert!(Keys::new(Vec::<String>::new()).is_err());
}

#[test]
fn keys_of_a_file_are_those_of_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys");
    std::fs::write(&file, format!("{NEW}\r\n\n{OLD}\n")).unwrap();
    let of_file = Keys::from_file(&file).unwrap();
    assert_eq!(format!("{of_file:?}"), format!("{:?}", Keys::new([NEW, OLD]).unwrap()));
    let (store, signed) = over(signing());
    signed.put(&name("a"), b"content").unwrap();
    let by_file = Transformed::new(Signing::new(of_file), store);
    assert_eq!(by_file.get(&name("a")).unwrap().unwrap(), b"content");
    let error = Keys::from_file(&folder.path().join("none")).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the keys of a store (file: "), "{error}");
}

#[test]
fn keys_are_shown_to_nobody() {
    let keys = Keys::new([NEW, OLD]).unwrap();
    let shown = format!(
        "{keys:?} {:?} {:?}",
        Signing::new(keys.clone()),
        over(Encryption::new(keys.clone())).1
    );
    assert!(shown.len() > 60 && !shown.contains(NEW) && !shown.contains(OLD), "{shown}");
}

/// The same content is another one each time, and none of it is to be seen.
#[test]
fn what_is_encrypted_says_nothing() {
    let content = crate::text(1000);
    for (what, store, transformed) in all() {
        let seal = || {
            transformed.put(&name("a"), &content).unwrap();
            store.get(&name("a")).unwrap().unwrap()
        };
        let (one, two) = (seal(), seal());
        assert_eq!(one == two, what == "compression", "{what}");
        let word = b"jack";
        let is_there = one.windows(word.len()).any(|part| part == word);
        assert_eq!(is_there, what != "encryption", "{what}");
    }
}
