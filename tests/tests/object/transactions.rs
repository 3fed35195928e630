//! Mementos that are put together: all of them are there, or none.

use memento::storage::{Entry, Filter, MetadataStore as _};
use memento::{Digest, Key, Version};
use memento_storage_object::ObjectMetadataStore;
use memento_tests::proxy::Proxy;
use memento_tests::s3::{BUCKET, S3Server, options};

use super::keys;

fn key(number: u64) -> Key {
    Key::from_bytes(*Digest::of(&number.to_be_bytes()).as_bytes())
}

fn entry(number: u64) -> Entry {
    Entry {
        key: key(number),
        function: ["f", "g", "h"][usize::try_from(number % 3).unwrap()].to_owned(),
        version: Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: number.to_string().into_bytes(),
    }
}

/// How many of the mementos are there, for a process that comes now, by their keys and by lists.
fn there(server: &S3Server) -> (usize, usize) {
    let store = ObjectMetadataStore::new(&server.options());
    let found = store.get_many(&[key(1), key(2), key(3), key(4)]).unwrap();
    let listed = store.list(&Filter::default(), None, 10).unwrap();
    (found.iter().flatten().count(), listed.entries.len())
}

#[test]
fn of_those_put_together_all_are_there_or_none_wherever_it_is_cut() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let (mut none, mut all) = (0, 0);
    for place in (0..).step_by(397) {
        for key in keys(&server, "") {
            server.buckets().remove(BUCKET, &key);
        }
        let store = ObjectMetadataStore::new(&options(proxy.port(), BUCKET).retries(0));
        proxy.cut_requests_for_good_after(place);
        let put = store.put(&[entry(1), entry(2), entry(3), entry(4)]);
        let is_over = proxy.is_to_cut();
        proxy.cut_nothing();
        match there(&server) {
            (0, 0) => none += 1,
            (4, 4) => all += 1,
            found => panic!("cut after {place} bytes: {found:?} are there"),
        }
        assert!(put.is_err() || there(&server) == (4, 4), "what is acknowledged is there");
        if is_over {
            break;
        }
    }
    assert!(none > 5 && all > 0, "{none} times none, {all} times all");
}

/// What is there of one that has failed is out of the way of the next one.
#[test]
fn what_failed_is_put_again() {
    let server = S3Server::start();
    let proxy = Proxy::to(server.port());
    let store = ObjectMetadataStore::new(&options(proxy.port(), BUCKET).retries(0).parallel(1));
    for place in (1000..).step_by(500) {
        proxy.cut_requests_for_good_after(place);
        store.put(&[entry(1), entry(2), entry(3), entry(4)]).unwrap_err();
        proxy.cut_nothing();
        if !keys(&server, "mementos/").is_empty() {
            break;
        }
    }
    assert_eq!(there(&server), (0, 0));
    store.put(&[entry(1), entry(2)]).unwrap();
    assert_eq!(there(&server), (2, 2));
    store.put(&[entry(1), entry(2), entry(3), entry(4)]).unwrap();
    assert_eq!(there(&server), (4, 4));
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 4);
    assert_eq!(there(&server), (0, 0));
    assert_eq!(keys(&server, "mementos/"), [""; 0]);
}

/// An index that says of mementos of other functions that they are there stays as long as they do.
#[test]
fn mementos_of_other_functions_stay_when_those_put_with_them_go() {
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options());
    store.put(&[entry(1), entry(2), entry(3), entry(4)]).unwrap();
    // The first one's function is the one whose index decides.
    let of_first = Filter { function: Some(entry(1).function), ..Filter::default() };
    assert_eq!(store.remove_all(&of_first).unwrap(), 2);
    assert_eq!(there(&server), (2, 2));
    assert_eq!(store.remove_all(&Filter::default()).unwrap(), 2);
    assert_eq!(keys(&server, "mementos/"), [""; 0]);
}

/// A process was killed between the index of a memento and the memento: that may still come, from one that was stopped.
#[test]
fn what_comes_late_can_be_forgotten() {
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options());
    store.put(&[entry(1)]).unwrap();
    let memento = keys(&server, "mementos/").remove(0);
    let late = server.buckets().get(BUCKET, &memento).unwrap().content;
    server.buckets().remove(BUCKET, &memento);
    let all = Filter::default();
    assert_eq!(store.remove_all(&all).unwrap(), 0);
    server.buckets().put(BUCKET, &memento, late);
    assert_eq!(store.list(&all, None, 10).unwrap().entries, [entry(1)]);
    assert_eq!(store.remove_all(&all).unwrap(), 1);
    assert_eq!((keys(&server, "mementos/"), keys(&server, "index/")), (vec![], vec![]));
}
