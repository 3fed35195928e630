//! One computation of a key at a time, among processes that share a bucket.

use std::cell::OnceCell;
use std::time::{Duration, Instant};

use memento::storage::{Entry, MetadataStore as _};
use memento::{Key, Version};
use memento_storage_object::{ObjectMetadataStore, storage};
use memento_tests::processes::{wait_until, wait_until_some};
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::sharing::Sharing;

use super::keys;

fn sharing(server: &S3Server) -> Sharing {
    let options = server.options();
    Sharing::new(env!("CARGO_BIN_EXE_worker"), server.url(), move || storage(&options))
}

/// Says whether somebody has asked the server again and again since this was asked for the first time.
fn is_asking(server: &S3Server) -> impl Fn() -> bool {
    let before = OnceCell::new();
    move || server.requests() > before.get_or_init(|| server.requests()) + 10
}

#[test]
fn two_processes_asked_for_the_same_hundred_compute_a_hundred() {
    let server = S3Server::start();
    sharing(&server).compute_a_hundred_once();
    assert_eq!(keys(&server, "claims/"), [""; 0], "all are given back");
}

#[test]
fn who_waits_goes_on_when_the_one_that_computes_is_killed() {
    let server = S3Server::start();
    sharing(&server).kill_who_computes(is_asking(&server), || {});
}

#[test]
fn who_was_stopped_for_longer_than_its_lease_does_not_replace_what_the_next_one_did() {
    let server = S3Server::start();
    sharing(&server).stop_who_computes(is_asking(&server));
}

fn entry(key: Key, record: &[u8]) -> Entry {
    Entry {
        key,
        function: "f".to_owned(),
        version: Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: record.to_vec(),
    }
}

/// The claim of this key, as an object.
fn claim_of(server: &S3Server) -> String {
    keys(server, "claims/").remove(0)
}

#[test]
fn what_is_computed_under_the_claim_in_force_takes_the_place_of_what_was_there() {
    let server = S3Server::start();
    let stores = [(); 2].map(|()| ObjectMetadataStore::new(&server.options()));
    let key = Key::from_bytes([7; 32]);
    let there = || stores[0].get(&key).unwrap().unwrap();
    let put =
        |store: &ObjectMetadataStore, record: &[u8]| store.put(&[entry(key, record)]).unwrap();
    let earlier = stores[0].try_claim(&key).unwrap().unwrap();
    put(&stores[0], b"earlier");
    server.buckets().remove(BUCKET, &claim_of(&server));
    let later = stores[1].try_claim(&key).unwrap().unwrap();
    put(&stores[0], b"earlier");
    assert_eq!(there(), b"earlier", "the later one has put nothing yet");
    put(&stores[1], b"later");
    put(&stores[0], b"earlier");
    assert_eq!(there(), b"later");
    drop(later);
    drop(earlier);
    put(&stores[0], b"unclaimed");
    assert_eq!(there(), b"unclaimed");
    let again = stores[0].try_claim(&key).unwrap().unwrap();
    put(&stores[0], b"again");
    assert_eq!(there(), b"again");
    drop(again);
    assert_eq!(keys(&server, "claims/"), [""; 0]);
}

/// Clocks of two processes may differ by any time: the number of a claim is above that of what is there.
#[test]
fn a_clock_that_is_far_ahead_keeps_nobody_from_computing() {
    const DAYS: u64 = 100 * 86_400 * 1_000_000_000;
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options());
    let key = Key::from_bytes([7; 32]);
    store.put(&[entry(key, b"ahead")]).unwrap();
    let memento = keys(&server, "mementos/").remove(0);
    let mut object = server.buckets().get(BUCKET, &memento).unwrap().content.to_vec();
    // Order and number of the claim, as of one whose clock is ahead.
    for place in [3..11, 11..19] {
        let time = u64::from_be_bytes(object[place.clone()].try_into().unwrap()) + DAYS;
        object[place].copy_from_slice(&time.to_be_bytes());
    }
    server.buckets().put(BUCKET, &memento, object);
    let claim = store.try_claim(&key).unwrap().unwrap();
    store.put(&[entry(key, b"now")]).unwrap();
    assert_eq!(store.get(&key).unwrap().unwrap(), b"now");
    drop(claim);
}

#[test]
fn a_claim_is_renewed_as_long_as_its_owner_lives() {
    let server = S3Server::start();
    let lease = Duration::from_secs(3);
    let [holder, other] =
        [(); 2].map(|()| ObjectMetadataStore::new(&server.options().lease(lease)));
    let key = Key::from_bytes([1; 32]);
    let claim = holder.try_claim(&key).unwrap().unwrap();
    let content = || server.buckets().get(BUCKET, &claim_of(&server)).unwrap().content;
    let mut before = content();
    for _ in 0..3 {
        wait_until("it is renewed", || content() != before);
        before = content();
        assert!(other.try_claim(&key).unwrap().is_none(), "it is still the owner's");
    }
    drop(claim);
    assert_eq!(keys(&server, "claims/"), [""; 0]);
    assert!(wait_until_some("it is free", || other.try_claim(&key).unwrap().map(Some)).is_some());
}

/// Nothing that is found in place of a claim is waited for longer than a claim may last.
#[test]
fn a_claim_that_is_none_of_ours_comes_to_an_end() {
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options().lease(Duration::from_millis(20)));
    let key = Key::from_bytes([1; 32]);
    drop(store.try_claim(&key).unwrap().unwrap());
    let place = format!("claims/{}", "01".repeat(32));
    let endless = [b"c1".to_vec(), vec![0xff; 40]].concat();
    for content in [endless, b"none".to_vec(), Vec::new(), vec![0; 5000]] {
        server.buckets().put(BUCKET, &place, content);
        assert!(store.try_claim(&key).unwrap().is_none());
        let claim = wait_until_some("it has ended", || store.try_claim(&key).unwrap());
        drop(claim);
    }
}

/// Nobody but its own release can read it; that it changes says that its owner lives.
#[test]
fn a_claim_of_a_later_release_is_its_owners_as_long_as_it_is_renewed() {
    let server = S3Server::start();
    let lease = Duration::from_millis(20);
    let store = ObjectMetadataStore::new(&server.options().lease(lease));
    let key = Key::from_bytes([1; 32]);
    let place = format!("claims/{}", "01".repeat(32));
    let began = Instant::now();
    let mut renewed = 0_u32;
    // Twice as long as anything may stay that does not change.
    while began.elapsed() < lease * 20 {
        renewed += 1;
        server.buckets().put(BUCKET, &place, format!("c2, renewed {renewed} times"));
        assert!(store.try_claim(&key).unwrap().is_none(), "renewed {renewed} times");
    }
    let claim = wait_until_some("its owner is gone", || store.try_claim(&key).unwrap());
    drop(claim);
}

#[test]
fn without_conditions_every_claim_is_granted() {
    let server = S3Server::start();
    let stores = [(); 2].map(|()| ObjectMetadataStore::new(&server.options().unconditional()));
    let key = Key::from_bytes([1; 32]);
    let claims = stores.each_ref().map(|store| store.try_claim(&key).unwrap());
    assert!(claims.iter().all(Option::is_some));
    assert_eq!(keys(&server, "claims/"), [""; 0]);
}

/// Where the service takes its time, no claim ends because others are renewed before it.
#[test]
fn claims_are_renewed_side_by_side() {
    const CLAIMS: u8 = 10;
    let server = S3Server::start();
    let store = ObjectMetadataStore::new(&server.options().lease(Duration::from_secs(3)));
    let claim = |n| store.try_claim(&Key::from_bytes([n; 32])).unwrap().expect("nobody has it");
    let held: Vec<_> = (0..CLAIMS).map(claim).collect();
    server.pause();
    let before = server.requests();
    wait_until("all are renewed", || server.requests() >= before + u64::from(CLAIMS));
    server.resume();
    drop(held);
}

/// What is silent is waited for until the next renewal is due, and no longer: there is time for one more.
#[test]
fn a_claim_whose_renewal_is_not_answered_is_renewed_before_it_ends() {
    let server = S3Server::start();
    let lease = Duration::from_secs(6);
    let store = ObjectMetadataStore::new(&server.options().lease(lease));
    let began = Instant::now();
    let claim = store.try_claim(&Key::from_bytes([1; 32])).unwrap().unwrap();
    let content = || server.buckets().get(BUCKET, &claim_of(&server)).unwrap().content;
    let before = content();
    server.lose(&claim_of(&server));
    wait_until("it is renewed", || content() != before);
    assert!(began.elapsed() < lease, "it has ended, and is somebody else's: {:?}", began.elapsed());
    assert!(!server.is_to_lose(), "by the second request");
    drop(claim);
}

/// Whether requests are sent again or not, a renewal whose reply was lost is not the last one.
#[test]
fn a_claim_goes_on_being_renewed_when_the_reply_to_a_renewal_is_lost() {
    for retries in [0, 3] {
        let server = S3Server::start();
        let options = server.options().lease(Duration::from_millis(300)).retries(retries);
        let store = ObjectMetadataStore::new(&options);
        let claim = store.try_claim(&Key::from_bytes([1; 32])).unwrap().unwrap();
        let content = || server.buckets().get(BUCKET, &claim_of(&server)).unwrap().content;
        server.fail_late(&claim_of(&server));
        wait_until("a renewal has failed", || !server.is_to_fail());
        for _ in 0..3 {
            let before = content();
            wait_until("it is renewed again", || content() != before);
        }
        drop(claim);
    }
}

#[test]
fn who_claims_has_the_claim_when_the_reply_is_lost() {
    for retries in [0, 3] {
        let server = S3Server::start();
        let store = ObjectMetadataStore::new(&server.options().retries(retries));
        let key = Key::from_bytes([1; 32]);
        server.fail_late(&"01".repeat(32));
        let claim = store.try_claim(&key).unwrap().expect("nobody else has it");
        assert!(!server.is_to_fail());
        store.put(&[entry(key, b"computed")]).unwrap();
        assert_eq!(store.get(&key).unwrap().unwrap(), b"computed");
        drop(claim);
        assert_eq!(keys(&server, "claims/"), [""; 0]);
    }
}
