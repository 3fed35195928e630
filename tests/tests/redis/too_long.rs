//! What is longer than a storage takes.

use std::io::Write as _;

use memento::{DataStore as _, ErrorKind, Name, PutOptions, Source};
use memento_storage_redis::{RedisDataStore, storage};
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
