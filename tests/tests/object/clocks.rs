//! Clocks that go back: what is in the bucket is of times that are ahead of this machine's.

use std::time::Duration;

use memento::storage::{Entry, Filter, MetadataStore as _};
use memento::{Key, Version};
use memento_storage_object::{ObjectMetadataStore, storage};
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::{Call, Visit, Visitor};

use super::{keys, visit};

/// How far the clock has gone back, in nanoseconds.
const BACK: u64 = 100 * 86_400 * 1_000_000_000;

fn entry(number: u8) -> Entry {
    Entry {
        key: Key::from_bytes([number; 32]),
        function: "f".to_owned(),
        version: Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: vec![number],
    }
}

/// Adds the time that the clock has gone back to a number in an object.
fn put_ahead(object: &mut [u8], at: usize) {
    let place = at..at + 8;
    let time = u64::from_be_bytes(object[place.clone()].try_into().unwrap()) + BACK;
    object[place].copy_from_slice(&time.to_be_bytes());
}

/// Makes all that is in the bucket, each memento put alone, what a process has put before the clock went back.
fn set_clock_back(server: &S3Server) {
    let take = |key: &str| {
        let content = server.buckets().get(BUCKET, key).unwrap().content.to_vec();
        server.buckets().remove(BUCKET, key);
        content
    };
    let put = |key: &str, content: Vec<u8>| server.buckets().put(BUCKET, key, content);
    let renamed = |key: &str| {
        let (folder, name) = key.rsplit_once('/').unwrap();
        let top = u64::from_str_radix(&name[..16], 16).unwrap() - BACK;
        format!("{folder}/{top:016x}{}", &name[16..])
    };
    for key in keys(server, "mementos/") {
        let mut object = take(&key);
        // Order, number of the claim, and what the index is named by.
        for at in [3, 11, 35] {
            put_ahead(&mut object, at);
        }
        put(&key, object);
    }
    for key in keys(server, "index/") {
        let mut object = take(&key);
        let path = u32::from_be_bytes(object[3..7].try_into().unwrap());
        put_ahead(&mut object, 7 + usize::try_from(path).unwrap() + 32);
        put(&renamed(&key), object);
    }
    for key in keys(server, "versions/") {
        put(&renamed(&key), take(&key));
    }
}

/// The numbers of all that is listed, page by page, each of one entry.
fn listed(store: &ObjectMetadataStore) -> Vec<u8> {
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        assert!(found.len() < 100, "a list has an end");
        let page = store.list(&Filter::default(), from, 1).unwrap();
        found.extend(page.entries.iter().map(|entry| entry.record[0]));
        match page.next {
            None => return found,
            next => from = next,
        }
    }
}

#[test]
fn records_of_times_ahead_are_listed_and_replaced_and_go() {
    let server = S3Server::start();
    let store = || ObjectMetadataStore::new(&server.options());
    (1..=3).for_each(|number| store().put(&[entry(number)]).unwrap());
    set_clock_back(&server);
    assert_eq!(listed(&store()), [3, 2, 1]);
    store().put(&[entry(4)]).unwrap();
    assert_eq!(listed(&store()), [3, 2, 1, 4], "the order is that of the clocks");
    // One put anew is of now.
    store().put(&[Entry { record: vec![9], ..entry(3) }]).unwrap();
    assert_eq!(store().get(&entry(3).key).unwrap(), Some(vec![9]));
    assert_eq!(listed(&store()), [2, 1, 9, 4]);
    let claim = store().try_claim(&entry(2).key).unwrap().unwrap();
    drop(claim);
    assert_eq!(store().versions("f", 10).unwrap(), [entry(1).version]);
    assert!(store().remove(&entry(1).key).unwrap());
    assert_eq!(store().remove_all(&Filter::default()).unwrap(), 3);
    assert_eq!((keys(&server, "mementos/"), listed(&store())), (vec![], vec![]));
}

#[test]
fn results_of_times_ahead_are_hits() {
    let server = S3Server::start();
    let calls = Call::both(2);
    assert_eq!(visit(&server, &calls), Visit::computed(4));
    set_clock_back(&server);
    assert_eq!(visit(&server, &calls), Visit::hits(4));
    let visitor = Visitor::on(storage(&server.options()));
    visitor.enter(memento_tests::work::small::forget_all).unwrap();
    assert_eq!(visit(&server, &calls), Visit { computed: 2, hits: 2, ..Visit::default() });
}

/// How old an index is, who forgets mementos knows by what the service says of the time, and not by a clock of its own.
#[test]
fn an_index_whose_memento_is_on_its_way_stays_where_this_clock_is_ahead() {
    const AHEAD: Duration = Duration::from_hours(3);
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options());
    store.put(&[entry(1)]).unwrap();
    let memento = keys(&server, "mementos/").remove(0);
    let content = server.buckets().get(BUCKET, &memento).unwrap().content.to_vec();
    server.buckets().remove(BUCKET, &memento);
    let index = keys(&server, "index/").remove(0);
    server.set_clock_back(AHEAD);
    server.buckets().age(BUCKET, &index, AHEAD);
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 0);
    // Now it gets there, and is found by those who forget it next.
    server.buckets().put(BUCKET, &memento, content);
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 1);
    assert_eq!(keys(&server, "mementos/"), [""; 0]);
}

/// The index of a memento that may be on its way stays for an hour by the service's clock, whatever its own time is.
#[test]
fn an_index_of_a_time_ahead_is_not_kept_for_ever() {
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options());
    store.put(&[entry(1)]).unwrap();
    set_clock_back(&server);
    server.buckets().remove(BUCKET, &keys(&server, "mementos/")[0]);
    let index = keys(&server, "index/").remove(0);
    for (age, is_kept) in [(0, true), (55, true), (10, false)] {
        server.buckets().age(BUCKET, &index, Duration::from_secs(age * 60));
        assert_eq!(store.remove_all(&Filter::default()).unwrap(), 0);
        assert_eq!(!keys(&server, "index/").is_empty(), is_kept, "{age} minutes later");
    }
}
