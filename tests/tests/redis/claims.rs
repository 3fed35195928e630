//! One computation of a key at a time, among processes that share a server.

use std::time::Duration;

use memento::storage::{Entry, MetadataStore as _};
use memento::{Environment, Key, LocalRunner, Memento, Version};
use memento_storage_redis::{Options, RedisMetadataStore, storage};
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;
use memento_tests::sharing::Sharing;
use memento_tests::work::small;

use super::{keys, on};

fn sharing(server: &RedisServer) -> Sharing {
    let options = on(server);
    Sharing::new(env!("CARGO_BIN_EXE_worker"), server.url(), move || storage(&options))
}

/// Whether somebody waits for a claim to be given back.
fn has_waiter(server: &RedisServer) -> bool {
    server.ask(&["CLIENT", "LIST"]).contains("cmd=blpop")
}

/// How many milliseconds what is left of each claim lasts.
fn claims(server: &RedisServer) -> Vec<i64> {
    keys(server, "claim:").iter().map(|claim| claim.lasts).collect()
}

#[test]
fn two_processes_asked_for_the_same_hundred_compute_a_hundred() {
    let server = RedisServer::start();
    sharing(&server).compute_a_hundred_once();
    assert_eq!(claims(&server), [0; 0], "all are given back");
}

#[test]
fn who_waits_goes_on_when_the_one_that_computes_is_killed() {
    let server = RedisServer::start();
    let is_waiting = || has_waiter(&server);
    sharing(&server).kill_who_computes(is_waiting, || {
        let left = claims(&server);
        assert!(left.iter().all(|left| *left <= 1000), "no claim outlives its lease: {left:?}");
    });
}

#[test]
fn who_was_stopped_for_longer_than_its_lease_does_not_replace_what_the_next_one_did() {
    let server = RedisServer::start();
    sharing(&server).stop_who_computes(|| has_waiter(&server));
}

/// What is put for the key of sevens.
fn entry(record: &[u8]) -> Entry {
    Entry {
        key: Key::from_bytes([7; 32]),
        function: "f".to_owned(),
        version: Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: record.to_vec(),
    }
}

#[test]
fn what_is_computed_under_the_claim_in_force_takes_the_place_of_what_was_there() {
    let server = RedisServer::start();
    let stores = [(); 2].map(|()| RedisMetadataStore::new(&on(&server)));
    let key = Key::from_bytes([7; 32]);
    let there = || stores[0].get(&key).unwrap().unwrap();
    let earlier = stores[0].try_claim(&key).unwrap().unwrap();
    server.ask(&["DEL", &format!("memento:1:claim:{}", "07".repeat(32))]);
    let later = stores[1].try_claim(&key).unwrap().unwrap();
    stores[0].put(&[entry(b"earlier")]).unwrap();
    assert_eq!(there(), b"earlier", "nothing else was there");
    stores[1].put(&[entry(b"later")]).unwrap();
    stores[0].put(&[entry(b"earlier")]).unwrap();
    assert_eq!(there(), b"later");
    drop(earlier);
    assert!(stores[0].try_claim(&key).unwrap().is_none(), "nobody gives back what another one has");
    stores[0].put(&[entry(b"unclaimed")]).unwrap();
    assert_eq!(there(), b"unclaimed");
    drop(later);
    let again = stores[0].try_claim(&key).unwrap().unwrap();
    stores[0].put(&[entry(b"again")]).unwrap();
    assert_eq!(there(), b"again");
    drop(again);
}

/// Numbers of claims grow though the server's clock has jumped back, from the year 2200, or ahead; what cannot be the
/// number of a claim counts for none.
#[test]
fn claims_are_granted_and_in_order_whatever_the_last_number_was() {
    let server = RedisServer::start();
    let stores = [(); 2].map(|()| RedisMetadataStore::new(&on(&server)));
    let key = Key::from_bytes([7; 32]);
    let last = || -> u64 {
        let reply = server.ask(&["GET", "memento:1:claims:last"]);
        reply.lines().nth(1).unwrap().parse().unwrap()
    };
    for number in [
        "7258118400000000",
        "0000000000000001",
        "9007199254740990",
        "9007199254740991",
        "9999999999999999",
        "99999999999999999999",
        "1e300",
        "inf",
        "nan",
        "-1e300",
        "none",
        "",
    ] {
        server.ask(&["FLUSHALL"]);
        server.ask(&["SET", "memento:1:claims:last", number]);
        let earlier = stores[0].try_claim(&key).unwrap().unwrap();
        let first = last();
        server.ask(&["DEL", &format!("memento:1:claim:{key}")]);
        let later = stores[1].try_claim(&key).unwrap().unwrap();
        assert!(last() > first && last() < 1 << 53, "{number}: {first}, then {}", last());
        assert!(stores[0].try_claim(&key).unwrap().is_none(), "{number}: it is claimed");
        stores[1].put(&[entry(b"later")]).unwrap();
        stores[0].put(&[entry(b"earlier")]).unwrap();
        assert_eq!(stores[0].get(&key).unwrap().unwrap(), b"later", "{number}");
        drop(earlier);
        assert!(stores[0].try_claim(&key).unwrap().is_none(), "{number}: it is the other one's");
        drop(later);
        drop(stores[0].try_claim(&key).unwrap().unwrap());
        assert_eq!(claims(&server), [0; 0], "{number}");
    }
}

/// The number of the claim under which it was computed stays with the note that it is forgotten.
#[test]
fn who_was_stopped_does_not_bring_back_what_was_forgotten_since() {
    let server = RedisServer::start();
    let stores = [(); 2].map(|()| RedisMetadataStore::new(&on(&server)));
    let environment = Environment::new(storage(&on(&server)).memory_cache(0), LocalRunner::new());
    let memento = || environment.enter(|| small::memento(1).unwrap());
    environment.enter(|| small(1));
    let Memento { key, provenance, .. } = memento().unwrap();
    let entry = Entry {
        key,
        function: provenance.function,
        version: provenance.version,
        failed: false,
        hidden: false,
        record: stores[0].get(&key).unwrap().unwrap(),
    };
    let _stopped = stores[0].try_claim(&key).unwrap().unwrap();
    server.ask(&["DEL", &format!("memento:1:claim:{key}")]);
    let _next = stores[1].try_claim(&key).unwrap().unwrap();
    stores[1].put(std::slice::from_ref(&entry)).unwrap();
    assert!(memento().is_some());
    assert!(environment.enter(|| small::forget(1).unwrap()));
    stores[0].put(&[entry]).unwrap();
    assert!(memento().is_none());
}

#[test]
fn a_claim_is_renewed_as_long_as_its_owner_lives() {
    let server = RedisServer::start();
    let options = on(&server).lease(Duration::from_secs(3));
    let store = RedisMetadataStore::new(&options);
    let claim = store.try_claim(&Key::from_bytes([1; 32])).unwrap().unwrap();
    let mut before = i64::MAX;
    let mut renewed = 0;
    wait_until("it is renewed twice, each time before it ends", || {
        let [left] = claims(&server)[..] else { panic!("one claim") };
        renewed += u64::from(left > before);
        before = left;
        renewed == 2
    });
    drop(claim);
    assert_eq!(claims(&server), [0; 0]);
}

/// What is silent is waited for, and asked again at once: there is time for one more before the lease ends.
#[test]
fn a_claim_whose_renewal_is_not_answered_is_renewed_before_it_ends() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let options = Options::new(&proxy.url()).unwrap().lease(Duration::from_secs(6));
    let store = RedisMetadataStore::new(&options.response_timeout(Duration::from_millis(2500)));
    let claim = store.try_claim(&Key::from_bytes([1; 32])).unwrap().unwrap();
    proxy.lose_request("claim:");
    let mut before = i64::MAX;
    wait_until("it is renewed before it ends", || {
        let [left] = claims(&server)[..] else { panic!("it has ended, and is somebody else's") };
        std::mem::replace(&mut before, left) < left
    });
    assert!(!proxy.is_to_lose(), "by the second request");
    drop(claim);
}

/// Nothing else is asked of the server for hours: the time to connect is short, and that to answer is not.
#[test]
fn claims_are_renewed_when_a_server_that_was_silent_answers_again() {
    let server = RedisServer::start();
    let options = on(&server).lease(Duration::from_secs(6));
    let options = options.connect_timeout(Duration::from_millis(200));
    let store = RedisMetadataStore::new(&options.response_timeout(Duration::from_hours(1)));
    let key = Key::from_bytes([1; 32]);
    let claim = store.try_claim(&key).unwrap().unwrap();
    server.ask(&["CLIENT", "KILL", "TYPE", "normal"]);
    server.pause();
    let error = store.get(&key).unwrap_err().to_string();
    server.resume();
    assert!(error.contains("it does not answer in time"), "{error}");
    let mut before = i64::MAX;
    let mut renewed = 0;
    wait_until("it is renewed twice, each time before it ends", || {
        let [left] = claims(&server)[..] else { panic!("one claim") };
        renewed += u64::from(left > before);
        before = left;
        renewed == 2
    });
    assert_eq!(store.get(&key).unwrap(), None, "it is asked again");
    drop(claim);
    assert_eq!(claims(&server), [0; 0]);
}

/// As one in a dump that somebody has restored without the times at which keys end.
#[test]
fn a_claim_that_would_never_end_is_nobodys() {
    let server = RedisServer::start();
    let store = RedisMetadataStore::new(&on(&server));
    let key = Key::from_bytes([7; 32]);
    let there = format!("memento:1:claim:{}", "07".repeat(32));
    server.ask(&["SET", &there, "somebody", "EX", "1000"]);
    assert!(store.try_claim(&key).unwrap().is_none(), "somebody may renew it");
    server.ask(&["PERSIST", &there]);
    let claim = store.try_claim(&key).unwrap().expect("the claim");
    let [left] = claims(&server)[..] else { panic!("one claim") };
    assert!((1..=10_000).contains(&left), "it is a lease now: {left}");
    assert!(store.try_claim(&key).unwrap().is_none());
    drop(claim);
    assert_eq!(claims(&server), [0; 0]);
}

/// None of the waits ends by itself before the test is given up.
#[test]
fn who_waits_is_woken_by_the_server() {
    let server = RedisServer::start();
    let hours = Duration::from_hours(2);
    let options = on(&server).response_timeout(hours).lease(hours);
    let (holder, waiters) = (RedisMetadataStore::new(&options), RedisMetadataStore::new(&options));
    let key = Key::from_bytes([1; 32]);
    let claim = holder.try_claim(&key).unwrap().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                loop {
                    if let Some(claim) = waiters.try_claim(&key).unwrap() {
                        break drop(claim);
                    }
                    waiters.wait_for_claim(&key, hours);
                }
            });
        }
        let blocked = "blocked_clients:3";
        wait_until("three wait", || server.ask(&["INFO", "clients"]).contains(blocked));
        drop(claim);
    });
    assert_eq!(claims(&server), [0; 0]);
}
