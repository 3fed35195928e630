//! What is longer than a storage takes.

use std::collections::BTreeMap;
use std::io::Write as _;

use memento::storage::{DataStore as _, Filter, MetadataStore as _, PutOptions, Source};
use memento::{ErrorKind, Name, Query};
use memento_storage_redis::{RedisDataStore, RedisMetadataStore, storage};
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::small;

use super::damaged::{change, object, with};
use super::{chunks, on};

const MIB: usize = 1 << 20;

/// What has come from the server since it began, in bytes.
fn sent(server: &RedisServer) -> u64 {
    statistic(server, "total_net_output_bytes:")
}

/// What has come to it.
fn received(server: &RedisServer) -> u64 {
    statistic(server, "total_net_input_bytes:")
}

fn statistic(server: &RedisServer, name: &str) -> u64 {
    let info = server.ask(&["INFO", "stats"]);
    let line = info.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap().trim().parse().unwrap()
}

#[test]
fn what_is_longer_than_it_may_be_is_not_read() {
    let server = with(&[Call::Small(1), Call::Large(1)]);
    let options = || on(&server).max_object_size(MIB as u64);
    let small = Visitor::on(storage(&on(&server))).enter(|| small::memento(1).unwrap().unwrap());
    let keys = [format!("memento:1:memento:{}", small.key), object(&server)];
    for (key, call) in keys.iter().zip([Call::Small(1), Call::Large(1)]) {
        change(&server, key, "string.rep(v .. 'x', 20000000 / #v)");
        let before = sent(&server);
        let after = Visitor::on(storage(&options())).visit(&[call]);
        assert_eq!(after.computed, 1);
        assert!(after.failures > 0, "{after:?}");
        assert!(sent(&server) - before < 5 * MIB as u64, "{}", sent(&server) - before);
        assert_eq!(Visitor::on(storage(&options())).visit(&[call]), Visit::hits(1));
    }
}

#[test]
fn what_is_longer_than_it_may_be_is_refused_with_both_sizes() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server).max_object_size(1000));
    let name = Name::new("a/b").unwrap();
    store.put(&name, &[1; 1000]).unwrap();
    for error in [
        store.put(&name, &[1; 1001]).unwrap_err(),
        store.append(&name, &[1; 1]).unwrap_err(),
        store.put_many(&[(name.clone(), &[1; 1001])]).remove(0).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let message = error.to_string();
        for part in ["1001 bytes", "1000 bytes", "max_object_size", &server.url()] {
            assert!(message.contains(part), "no {part:?} in {message}");
        }
    }
    let error = store.append(&name, &[1; 1001]).unwrap_err().to_string();
    assert!(error.contains("append to an object"), "{error}");
    let about = BTreeMap::from([("a".to_owned(), "b".repeat(1000))]);
    let options = PutOptions { metadata: about, ..PutOptions::default() };
    let error = store.put_with(&name, b"x", &options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(store.get(&name).unwrap().unwrap(), [1; 1000]);

    RedisDataStore::new(&on(&server)).put(&name, &vec![1; 2 * MIB]).unwrap();
    let error = store.get(&name).unwrap_err().to_string();
    assert!(error.contains("2097152 bytes") && error.contains("1000 bytes"), "{error}");
}

#[test]
fn of_objects_that_are_put_together_those_that_may_be_are_there() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server).max_object_size(1000));
    let names = ["a/0", "a/1", "a/2", "a/3"].map(|name| Name::new(name).unwrap());
    let contents = [1000, 1001, 10, 2000].map(|length| vec![1; length]);
    let objects = names.iter().cloned().zip(contents.iter().map(Vec::as_slice));
    let put = store.put_many(&objects.collect::<Vec<_>>());
    let found = store.get_many(&names).into_iter().map(Result::unwrap);
    for ((put, found), content) in put.into_iter().zip(found).zip(contents) {
        if content.len() > 1000 {
            let error = put.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TooLarge);
            assert!(error.to_string().contains(&format!("{} bytes", content.len())), "{error}");
            assert_eq!(found, None);
        } else {
            put.unwrap();
            assert_eq!(found, Some(content));
        }
    }
}

/// One whose length is told before it is sent; of others, what goes beyond, and nothing of them stays.
#[test]
fn streams_that_are_longer_than_they_may_be_are_refused() {
    const MOST: usize = 2 * MIB + 1000;
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server).max_object_size(MOST as u64));
    let name = Name::new("a/b").unwrap();
    let most = format!("max_object_size: {MOST} bytes");
    let put = |length: usize, is_told: bool| {
        let content = vec![1; length];
        let mut content = &*content;
        let source = Source::new(&mut content);
        let mut source = if is_told { source.total(length as u64) } else { source };
        store.put_from(&name, &mut source, &PutOptions::default())
    };
    let before = received(&server);
    let error = put(4 * MIB, true).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    for part in [&*format!("size: {} bytes", 4 * MIB), &most] {
        assert!(error.to_string().contains(part), "no {part:?} in {error}");
    }
    assert!(received(&server) - before < MIB as u64, "it is not sent");
    let error = put(4 * MIB, false).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains(&most), "{error}");
    let mut staged = store.create().unwrap();
    let error = staged.write_all(&vec![1; 4 * MIB]).unwrap_err().to_string();
    drop(staged);
    assert!(error.contains(&most), "{error}");
    assert_eq!((store.get(&name).unwrap(), chunks(&server).len()), (None, 0));
    assert!(put(MOST, true).unwrap() && put(MOST, false).unwrap());
    assert_eq!(store.get(&name).unwrap().unwrap(), vec![1; MOST]);
}

#[test]
fn of_mementos_that_are_asked_for_together_the_others_are_found() {
    let server = with(&[Call::Small(1), Call::Small(2)]);
    let visitor = || Visitor::on(storage(&on(&server).max_object_size(10_000)));
    let keys = visitor().enter(|| [1, 2].map(|n| small::memento(n).unwrap().unwrap().key));
    let key = format!("memento:1:memento:{}", keys[0]);
    change(&server, &key, "v .. string.rep('x', 20000000)");
    let before = sent(&server);
    let store = RedisMetadataStore::new(&on(&server).max_object_size(10_000));
    assert_eq!(store.get(&keys[0]).unwrap_err().kind(), ErrorKind::TooLarge);
    assert_eq!(store.get_many(&keys).unwrap_err().kind(), ErrorKind::TooLarge);
    let each = store.get_each(&keys).unwrap();
    assert_eq!(each[0].as_ref().unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(each[1].as_ref().unwrap().is_some());

    let mut listed = store.list(&Filter::default(), None, 10).unwrap().entries;
    listed.sort_by_key(|entry| entry.key != keys[0]);
    assert_eq!(listed.iter().map(|entry| entry.key).collect::<Vec<_>>(), keys);
    assert_eq!(listed[0].function, listed[1].function);
    assert_eq!(
        listed.iter().map(|entry| entry.record.is_empty()).collect::<Vec<_>>(),
        [true, false]
    );
    let told = visitor().measure(0, || {
        assert_eq!(small::list(&Query::default()).unwrap().mementos.len(), 1);
    });
    assert!(told.warnings[0].contains("max_object_size: 10000 bytes"), "{told:?}");
    assert!(sent(&server) - before < MIB as u64, "{}", sent(&server) - before);
    assert!(
        !super::keys(&server, "memento:").is_empty() && super::keys(&server, "damaged:").is_empty()
    );

    assert!(visitor().enter(|| small::forget(1).unwrap()));
    assert!(visitor().enter(|| small::memento(1).unwrap().is_none()));
    assert_eq!(visitor().visit(&[Call::Small(1)]), Visit::computed(1));
}

#[test]
fn what_is_said_about_an_object_is_not_read_where_it_is_longer_than_it_may_be() {
    let server = RedisServer::start();
    let store = RedisDataStore::new(&on(&server).max_object_size(10_000));
    let name = Name::new("a/b").unwrap();
    let about = BTreeMap::from([("by".to_owned(), "me".to_owned())]);
    let options = PutOptions { metadata: about.clone(), ..PutOptions::default() };
    assert!(store.put_with(&name, b"x", &options).unwrap());
    assert_eq!(store.properties(&name).unwrap().unwrap().metadata, about);
    change(&server, "memento:1:about:a/b", "v .. string.rep(' ', 20000000)");
    let before = sent(&server);
    assert_eq!(store.properties(&name).unwrap_err().kind(), ErrorKind::TooLarge);
    assert!(sent(&server) - before < MIB as u64, "{}", sent(&server) - before);
    store.put(&name, b"x").unwrap();
    assert!(store.properties(&name).unwrap().unwrap().metadata.is_empty());
}
