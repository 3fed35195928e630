//! What is longer than it may be.

use std::io::{self, Read, Write};

use memento::storage::{DataStore, Entry, MemoryMetadataStore, MetadataStore, PutOptions, Source};
use memento::{Digest, ErrorKind, Key, Result, Version};
use memento_storage_layers::{Breaker, Guarded, SizeLimit};

use crate::name;
use crate::scripted::Scripted;

type Limited = Guarded<SizeLimit, Scripted>;

fn limited(bytes: u64) -> (std::sync::Arc<Scripted>, Limited) {
    let store = Scripted::new([]);
    (std::sync::Arc::clone(&store), Guarded::new(SizeLimit::new(bytes), store))
}

#[track_caller]
fn refused<T>(result: Result<T>, sizes: [&str; 2]) {
    let error = result.err().unwrap();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let message = error.to_string();
    assert!(sizes.iter().all(|size| message.contains(size)), "{message}");
}

#[test]
fn what_is_too_long_is_not_sent() {
    let (store, limited) = limited(10);
    limited.put(&name("a"), &[7; 10]).unwrap();
    assert_eq!(store.take(), 1);
    let sizes = ["11 bytes", "10 bytes"];
    refused(limited.put(&name("a"), &[8; 11]), sizes);
    refused(limited.put_if_absent(&name("b"), &[8; 11]), sizes);
    assert_eq!(store.take(), 0, "the store is not asked");
    refused(limited.append(&name("a"), &[8]), sizes);
    assert_eq!(store.take(), 1, "how long it is");
    limited.append(&name("b"), &[8; 10]).unwrap();
    let put = limited.put_many(&[(name("c"), &[1; 10]), (name("d"), &[1; 11]), (name("e"), &[])]);
    let kinds: Vec<_> =
        put.iter().map(|put| put.as_ref().err().map(memento::Error::kind)).collect();
    assert_eq!(kinds, [None, Some(ErrorKind::TooLarge), None]);
    let there = limited.contains(&["a", "b", "c", "d", "e"].map(name));
    let there: Vec<_> = there.into_iter().map(Result::unwrap).collect();
    assert_eq!(there, [true, true, true, false, true]);
    assert_eq!(limited.get(&name("a")).unwrap().unwrap(), [7; 10], "what was there stays");
}

#[test]
fn a_stream_ends_where_it_is_too_long() {
    let (store, limited) = limited(1000);
    let put = |bytes: u64, total: Option<u64>| {
        let mut reader = io::repeat(7).take(bytes);
        let mut source = Source::new(&mut reader);
        if let Some(total) = total {
            source = source.total(total);
        }
        let ended = limited.put_from(&name("a"), &mut source, &PutOptions::default());
        (ended, bytes - reader.limit())
    };
    assert!(put(1000, None).0.unwrap());
    let (ended, read) = put(1_000_000, None);
    refused(ended, ["bytes or more", "1000 bytes"]);
    assert!(read < 100_000, "{read} bytes were read");
    store.take();
    let (ended, read) = put(1001, Some(1001));
    refused(ended, ["1001 bytes", "1000 bytes"]);
    assert_eq!((read, store.take()), (0, 0), "it says so before");
    refused(put(2000, Some(1)).0, ["bytes or more", "1000 bytes"]);
    assert_eq!(limited.get(&name("a")).unwrap().unwrap(), [7; 1000]);

    let mut staged = limited.create().unwrap();
    staged.write_all(&[8; 1000]).unwrap();
    assert!(staged.write(&[8]).is_err());
    refused(staged.keep(&name("b"), &PutOptions::default()), ["1001 bytes", "1000 bytes"]);
    assert_eq!(limited.get(&name("b")).unwrap(), None, "it leaves nothing");
}

#[test]
fn records_are_kept_together_or_not_at_all() {
    let limited =
        Guarded::new(SizeLimit::new(10), std::sync::Arc::new(MemoryMetadataStore::default()));
    let entry = |number: u8, length| Entry {
        key: Key::from_bytes(*Digest::of(&[number]).as_bytes()),
        function: "f".to_owned(),
        version: Version::from_bytes([0; 32]),
        failed: false,
        hidden: false,
        record: vec![number; length],
    };
    refused(limited.put(&[entry(1, 10), entry(2, 11)]), ["11 bytes", "10 bytes"]);
    assert_eq!(limited.get(&entry(1, 0).key).unwrap(), None);
    limited.put(&[entry(1, 10)]).unwrap();
    assert!(limited.get(&entry(1, 0).key).unwrap().is_some());
}

/// A breaker around it stays closed.
#[test]
fn what_is_refused_is_no_failure_of_the_store() {
    let (_, limited) = limited(10);
    let breaker = Breaker::new(1, std::time::Duration::MAX);
    let guarded = Guarded::new(breaker, std::sync::Arc::new(limited));
    for _ in 0..3 {
        refused(guarded.put(&name("a"), &[0; 20]), ["20 bytes", "10 bytes"]);
        let mut reader = io::repeat(7).take(20);
        let put =
            guarded.put_from(&name("a"), &mut Source::new(&mut reader), &PutOptions::default());
        refused(put, ["bytes or more", "10 bytes"]);
    }
}
