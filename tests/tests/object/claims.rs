//! One computation of a key at a time, among processes that share a bucket.

use std::path::PathBuf;
use std::time::Duration;

use memento::{Entry, Filter, Key, MetadataStore as _, Version};
use memento_storage_object::{ObjectMetadataStore, storage};
use memento_tests::processes::{Running, Worker, wait_until, wait_until_some};
use memento_tests::s3::{BUCKET, S3Server};
use memento_tests::visit::Visitor;
use memento_tests::work::{lines, logged};
use tempfile::TempDir;

use super::keys;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// A server, and a place where functions tell that they run.
struct Scene {
    server: S3Server,
    place: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { server: S3Server::start(), place: TempDir::new().unwrap() }
    }

    fn log(&self) -> PathBuf {
        self.place.path().join("log")
    }

    /// While it is there, nothing that is computed comes to an end.
    fn stuck(&self) -> PathBuf {
        self.log().with_extension("stuck")
    }

    fn worker(&self) -> Worker {
        Worker::on_server(WORKER, &self.server.url()).logged(&self.log())
    }

    /// A process that computes something, and does not come to an end with it; the number of what it computes.
    fn stuck_holder(&self) -> (Running, u64) {
        std::fs::write(self.stuck(), "").unwrap();
        let holder = self.worker().start();
        let first = wait_until_some("it computes", || lines(&self.log()).first()?.parse().ok());
        (holder, first)
    }

    fn begun(&self, n: u64) -> usize {
        lines(&self.log()).iter().filter(|line| **line == n.to_string()).count()
    }

    /// Another process that asks for `n`, as far as the server can see.
    fn ask(&self, n: u64) -> u64 {
        Visitor::on(storage(&self.server.options())).enter(|| logged(n, self.log()))
    }

    fn claims(&self) -> Vec<String> {
        keys(&self.server, "claims/")
    }

    /// Whose result is there of what was computed twice.
    fn process_of_result(&self, n: u64) -> u32 {
        let of_options = || storage(&self.server.options());
        let key = Visitor::on(of_options())
            .enter(|| logged::memento(n, self.log()).unwrap().unwrap().key);
        let (mementos, _) = of_options().list(&Filter::default(), None, 1000).unwrap();
        mementos.iter().find(|memento| memento.key == key).unwrap().provenance.process
    }
}

#[test]
fn two_processes_asked_for_the_same_hundred_compute_a_hundred() {
    let scene = Scene::new();
    let mut workers: Vec<_> = (0..2).map(|_| scene.worker().waiting().start()).collect();
    workers.iter_mut().for_each(Running::begin);
    let visits: Vec<_> = workers.into_iter().map(Running::finish).collect();
    assert_eq!(visits.iter().map(|visit| visit.computed).sum::<u64>(), 100, "{visits:?}");
    assert!(visits.iter().all(|visit| visit.failures == 0), "{visits:?}");
    let mut computed = lines(&scene.log());
    computed.sort_unstable();
    computed.dedup();
    assert_eq!((computed.len(), lines(&scene.log()).len()), (100, 100));
    assert_eq!(scene.claims(), [""; 0], "all are given back");
}

#[test]
fn who_waits_goes_on_when_the_one_that_computes_is_killed() {
    let scene = Scene::new();
    let (holder, n) = scene.stuck_holder();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| scene.ask(n));
        let before = scene.server.requests();
        wait_until("somebody asks again and again", || scene.server.requests() > before + 10);
        assert_eq!(scene.begun(n), 1, "nobody else computes it");
        holder.kill();
        std::fs::remove_file(scene.stuck()).unwrap();
        assert_eq!(waiter.join().unwrap(), n * 3);
    });
    assert_eq!(scene.begun(n), 2, "what was killed is computed again");
}

#[test]
fn who_was_stopped_for_longer_than_its_lease_does_not_replace_what_the_next_one_did() {
    let scene = Scene::new();
    let (holder, n) = scene.stuck_holder();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| scene.ask(n));
        holder.signal("-STOP");
        wait_until("the next one computes it", || scene.begun(n) == 2);
        std::fs::remove_file(scene.stuck()).unwrap();
        assert_eq!(waiter.join().unwrap(), n * 3);
    });
    assert_eq!(scene.process_of_result(n), std::process::id());
    holder.signal("-CONT");
    let visit = holder.finish();
    assert_eq!((visit.computed, visit.failures), (100, 0), "it has computed to the end: {visit:?}");
    assert_eq!(scene.process_of_result(n), std::process::id(), "and replaced nothing");
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
    let lease = Duration::from_millis(300);
    let [holder, other] =
        [(); 2].map(|()| ObjectMetadataStore::new(&server.options().lease(lease)));
    let key = Key::from_bytes([1; 32]);
    let claim = holder.try_claim(&key).unwrap().unwrap();
    let content = || server.buckets().get(BUCKET, &claim_of(&server)).unwrap().content;
    let mut before = content();
    for _ in 0..5 {
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
    for content in [endless, b"none".to_vec(), Vec::new()] {
        server.buckets().put(BUCKET, &place, content);
        assert!(store.try_claim(&key).unwrap().is_none());
        let claim = wait_until_some("it has ended", || store.try_claim(&key).unwrap());
        drop(claim);
    }
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
