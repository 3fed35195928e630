//! What has expired, and what is left of it.

use std::time::Duration;

use memento::Name;
use memento::storage::{DataStore as _, PutOptions};
use memento_storage_redis::{RedisDataStore, storage};
use memento_tests::processes::wait_until;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};

use super::{keys, on};

fn count(server: &RedisServer, index: &str) -> u64 {
    server.ask(&["ZCARD", &format!("memento:1:{index}")])[1..].trim().parse().unwrap()
}

#[test]
fn what_has_expired_is_computed_again_and_leaves_the_indices() {
    let server = RedisServer::start();
    let short = || Visitor::on(storage(&on(&server).ttl(Duration::from_millis(100))));
    let calls = Call::both(20);
    assert_eq!(short().visit(&calls), Visit::computed(40));
    wait_until("all have expired", || {
        keys(&server, "memento:").is_empty() && keys(&server, "object:").is_empty()
    });
    let long = on(&server).ttl(Duration::from_hours(1));
    let visitor = Visitor::on(storage(&long));
    let mut count_of_each = 0;
    // Each put takes some of them out. One that it comes upon in the very millisecond is looked at a second later.
    wait_until("they have left the indices", || {
        let calls = [Call::Small(count_of_each), Call::Large(count_of_each)];
        assert_eq!(visitor.visit(&calls), Visit::computed(2));
        count_of_each += 1;
        // What the version was made of is there, too.
        (count_of_each..=count_of_each + 2).contains(&count(&server, "names"))
            && count(&server, "mementos:succeeded") == 2 * count_of_each
            && count(&server, "expiring-mementos") == 2 * count_of_each
    });
    assert_eq!(RedisDataStore::new(&long).info().unwrap().objects, count(&server, "names"));
    let calls = Call::both(count_of_each);
    assert_eq!(Visitor::on(storage(&long)).visit(&calls), Visit::hits(2 * count_of_each));
}

/// One that is put again stays, whatever the time of the one before was.
#[test]
fn what_is_put_again_begins_anew() {
    let server = RedisServer::start();
    let expiring = on(&server).ttl(Duration::from_hours(1));
    Visitor::on(storage(&expiring)).visit(&Call::both(1));
    assert!(keys(&server, "memento:").iter().all(|key| key.lasts > 0));
    server.ask(&["DEL", &keys(&server, "memento:")[0].name, &keys(&server, "memento:")[1].name]);
    assert_eq!(Visitor::on(storage(&on(&server))).visit(&Call::both(1)).computed, 2);
    assert!(keys(&server, "memento:").iter().all(|key| key.lasts == -1));
    assert_eq!(Visitor::on(storage(&on(&server))).visit(&Call::both(1)), Visit::hits(2));
}

/// In one piece, and in chunks.
#[test]
fn user_metadata_stays_for_as_long_as_its_object() {
    let server = RedisServer::start();
    let expiring = RedisDataStore::new(&on(&server).ttl(Duration::from_hours(1)));
    let staying = RedisDataStore::new(&on(&server));
    let [appended, copied, copy] =
        ["a/appended", "a/copied", "a/copy"].map(|n| Name::new(n).unwrap());
    let red = PutOptions::default().metadata("colour", "red");
    let stays = |name: &Name| {
        let both = ["object:", "about:"].map(|kind| format!("{kind}{name}"));
        both.map(|key| keys(&server, &key).iter().map(|key| key.lasts == -1).collect::<Vec<_>>())
    };
    for size in [1, 2 << 20] {
        let content = vec![7; size];
        for name in [&appended, &copied] {
            assert!(expiring.put_with(name, &content, &red).unwrap());
            assert_eq!(stays(name), [[false], [false]]);
        }
        staying.append(&appended, b"more").unwrap();
        assert!(staying.copy(&copied, &copy).unwrap());
        for name in [&appended, &copy] {
            assert_eq!(stays(name), [[true], [true]], "{name}");
            let properties = staying.properties(name).unwrap().unwrap();
            assert_eq!(properties.metadata, red.metadata);
        }
        assert_eq!(stays(&copied), [[false], [false]]);
        expiring.append(&copy, b"more").unwrap();
        assert_eq!(stays(&copy), [[false], [false]]);
    }
}
