//! What is kept of whole contents, and what of them is shown.

use std::io::{self, Read};
use std::sync::Arc;

use memento::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, Prefix, PutOptions, Source,
};
use memento::{Error, ErrorKind, Name, Result};
use memento_storage_layers::{Compression, Transform, Transformed};

use crate::{CHUNK, all, compression, encryption, name, over, random, signing, text};

#[test]
fn what_does_not_get_shorter_is_kept_as_it_is() {
    let (store, compressed) = over(Compression::default());
    for (content, most) in [
        (random(1, 1_000_000), 1_000_200),
        (text(1_000_000), 10_000),
        (text(1000), 1050),
        (text(1 << 10), 200),
        (vec![], 50),
    ] {
        compressed.put(&name("a"), &content).unwrap();
        let kept = store.properties(&name("a")).unwrap().unwrap().size;
        assert!(kept < most, "{kept} bytes of {}", content.len());
        assert_eq!(compressed.get(&name("a")).unwrap().unwrap(), content);
    }
    let random = random(2, CHUNK + 7);
    compressed.put(&name("a"), &random).unwrap();
    let kept = store.get(&name("a")).unwrap().unwrap();
    assert!(kept.windows(100).any(|part| part == &random[..100]));
}

#[test]
fn a_level_can_be_chosen() {
    let size = |level| {
        let (store, compressed) = over(Compression::default().level(level));
        let words: Vec<_> =
            random(1, 100_000).iter().map(|byte| format!("{} ", byte % 50)).collect();
        compressed.put(&name("a"), words.concat().as_bytes()).unwrap();
        // Whatever the level is, it is read.
        let other = Transformed::new(Compression::default(), Arc::clone(&store));
        assert_eq!(other.get(&name("a")).unwrap().unwrap(), words.concat().as_bytes());
        store.properties(&name("a")).unwrap().unwrap().size
    };
    assert!(size(19) < size(1));
}

/// Those of contents, wherever they are shown.
#[test]
fn sizes_are_those_that_were_put() {
    for (what, store, transformed) in all() {
        let lengths = [0, 1, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK];
        for length in lengths {
            transformed.put(&name(&length.to_string()), &text(length)).unwrap();
        }
        // Somebody else's.
        store.put(&name("other"), b"other").unwrap();
        let listed = transformed.list(&Prefix::root(), &ListOptions::default()).unwrap();
        for object in &listed.objects {
            let text = object.name.segments().next_back().unwrap();
            let expected = text.parse().unwrap_or(5);
            assert_eq!(object.size, expected, "{what}: {text}");
        }
        let info = transformed.info().unwrap();
        let bytes = lengths.iter().sum::<usize>() as u64 + 5;
        assert_eq!((info.objects, info.bytes), (8, bytes), "{what}");
    }
}

/// Streams and whole contents are the same.
#[test]
fn what_is_streamed_can_be_read_as_a_whole_and_the_other_way_round() {
    for (what, store, transformed) in all() {
        for length in [0, 10, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5] {
            let content = [text(length / 2), random(1, length - length / 2)].concat();
            let mut reader = Trickle(&content);
            let mut told = 0;
            let mut tell = |bytes, _| told = bytes;
            let mut source = Source::new(&mut reader).total(length as u64).progress(&mut tell);
            transformed.put_from(&name("a"), &mut source, &PutOptions::default()).unwrap();
            assert_eq!(told, length as u64, "{what}");
            assert_eq!(transformed.get(&name("a")).unwrap().unwrap(), content, "{what}");
            let streamed = store.properties(&name("a")).unwrap().unwrap().size;
            transformed.put(&name("a"), &content).unwrap();
            let whole = store.properties(&name("a")).unwrap().unwrap().size;
            assert_eq!(streamed, whole, "{what}");
            let mut read = Vec::new();
            transformed.read(&name("a")).unwrap().unwrap().read_to_end(&mut read).unwrap();
            assert_eq!(read, content, "{what}");
        }
    }
}

/// Gives few bytes at once.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(10_007);
        self.0.read(&mut buffer[..length])
    }
}

/// A store that is made of another one.
#[derive(Debug)]
struct Tiered(Arc<MemoryDataStore>);

impl DataStore for Tiered {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.0.list(prefix, options)
    }
    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        vec![("only".to_owned(), Arc::clone(&self.0) as _)]
    }
}

#[test]
fn tiers_give_what_was_put() {
    fn check(transform: impl Transform) {
        let store = Transformed::new(transform, Arc::new(Tiered(Arc::default())));
        let content = text(CHUNK + 1);
        store.put(&name("a"), &content).unwrap();
        let [(_, tier)] = &store.tiers()[..] else { panic!("there is one") };
        let listed = tier.list(&Prefix::root(), &ListOptions::default()).unwrap().objects;
        assert_eq!(listed[0].size, content.len() as u64, "{store:?}");
        assert_eq!(tier.get(&name("a")).unwrap().unwrap(), content);
    }
    check(signing());
    check(encryption());
    check(compression());
}

/// A content that another store has, and that is damaged there.
struct Damaged;

impl Read for Damaged {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(Error::new(ErrorKind::Damaged, "read from another store").into())
    }
}

#[test]
fn what_is_damaged_elsewhere_is_told_whatever_the_condition_is() {
    for (what, _, store) in all() {
        store.put(&name("a"), b"before").unwrap();
        for options in [PutOptions::default(), PutOptions::if_content(*b"before")] {
            let put = store.put_from(&name("a"), &mut Source::new(&mut Damaged), &options);
            assert_eq!(put.unwrap_err().kind(), ErrorKind::Damaged, "{what}");
        }
    }
}
