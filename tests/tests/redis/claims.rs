//! One computation of a key at a time, among processes that share a server.

use std::path::PathBuf;
use std::thread::ScopedJoinHandle;
use std::time::Duration;

use memento::{Filter, Key, MetadataStore as _};
use memento_storage_redis::{RedisMetadataStore, storage};
use memento_tests::processes::{Running, Worker, wait_until, wait_until_some};
use memento_tests::redis::RedisServer;
use memento_tests::visit::Visitor;
use memento_tests::work::{lines, logged};
use tempfile::TempDir;

use super::on;

const WORKER: &str = env!("CARGO_BIN_EXE_worker");

/// A server, and a place where functions tell that they run.
struct Scene {
    server: RedisServer,
    place: TempDir,
}

impl Scene {
    fn new() -> Self {
        Self { server: RedisServer::start(), place: TempDir::new().unwrap() }
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
        Visitor::on(storage(&on(&self.server))).enter(|| logged(n, self.log()))
    }

    /// Whether somebody waits for a claim to be given back.
    fn has_waiter(&self) -> bool {
        self.server.ask(&["CLIENT", "LIST"]).contains("cmd=blpop")
    }

    /// How many milliseconds what is left of each claim lasts.
    fn claims(&self) -> Vec<u64> {
        let left = "local left = {} \
            for _, key in ipairs(redis.call('KEYS', 'memento:1:claim:*')) do \
                table.insert(left, redis.call('PTTL', key)) \
            end \
            return table.concat(left, ' ')";
        let reply = self.server.ask(&["EVAL", left, "0"]);
        let words = reply.lines().nth(1).unwrap_or_default().split_whitespace();
        words.map(|word| word.parse().unwrap()).collect()
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
    assert_eq!(scene.claims(), [0; 0], "all are given back");
}

#[test]
fn who_waits_goes_on_when_the_one_that_computes_is_killed() {
    let scene = Scene::new();
    let (holder, n) = scene.stuck_holder();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| scene.ask(n));
        wait_until("somebody waits", || scene.has_waiter());
        assert_eq!(scene.begun(n), 1, "nobody else computes it");
        holder.kill();
        std::fs::remove_file(scene.stuck()).unwrap();
        let left = scene.claims();
        assert!(left.iter().all(|left| *left <= 1000), "no claim outlives its lease: {left:?}");
        assert_eq!(waiter.join().unwrap(), n * 3);
    });
    assert_eq!(scene.begun(n), 2, "what was killed is computed again");
}

/// Whose result is there of what was computed twice.
fn process_of_result(scene: &Scene, n: u64) -> u32 {
    let storage = storage(&on(&scene.server));
    let key = Visitor::on(memento_storage_redis::storage(&on(&scene.server)))
        .enter(|| logged::memento(n, scene.log()).unwrap().unwrap().key);
    let (mementos, _) = storage.list(&Filter::default(), None, 1000).unwrap();
    mementos.iter().find(|memento| memento.key == key).unwrap().provenance.process
}

#[test]
fn who_was_stopped_for_longer_than_its_lease_does_not_replace_what_the_next_one_did() {
    let scene = Scene::new();
    let (holder, n) = scene.stuck_holder();
    std::thread::scope(|scope| {
        let waiter: ScopedJoinHandle<'_, u64> = scope.spawn(|| scene.ask(n));
        wait_until("somebody waits", || scene.has_waiter());
        holder.signal("-STOP");
        wait_until("the next one computes it", || scene.begun(n) == 2);
        std::fs::remove_file(scene.stuck()).unwrap();
        assert_eq!(waiter.join().unwrap(), n * 3);
    });
    assert_eq!(process_of_result(&scene, n), std::process::id());
    holder.signal("-CONT");
    let visit = holder.finish();
    assert_eq!((visit.computed, visit.failures), (100, 0), "it has computed to the end: {visit:?}");
    assert_eq!(process_of_result(&scene, n), std::process::id(), "and replaced nothing");
}

#[test]
fn what_is_computed_under_the_claim_in_force_takes_the_place_of_what_was_there() {
    let server = RedisServer::start();
    let stores = [(); 2].map(|()| RedisMetadataStore::new(&on(&server)));
    let key = Key::from_bytes([7; 32]);
    let entry = |record: &[u8]| memento::Entry {
        key,
        function: "f".to_owned(),
        version: memento::Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: record.to_vec(),
    };
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

#[test]
fn a_claim_is_renewed_as_long_as_its_owner_lives() {
    let scene = Scene::new();
    let options = on(&scene.server).lease(Duration::from_secs(3));
    let store = RedisMetadataStore::new(&options);
    let claim = store.try_claim(&Key::from_bytes([1; 32])).unwrap().unwrap();
    let mut before = u64::MAX;
    let mut renewed = 0;
    wait_until("it is renewed twice, each time before it ends", || {
        let [left] = scene.claims()[..] else { panic!("one claim") };
        renewed += u64::from(left > before);
        before = left;
        renewed == 2
    });
    drop(claim);
    assert_eq!(scene.claims(), [0; 0]);
}

/// None of the waits ends by itself before the test is given up.
#[test]
fn who_waits_is_woken_by_the_server() {
    let scene = Scene::new();
    let hours = Duration::from_hours(2);
    let options = on(&scene.server).response_timeout(hours).lease(hours);
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
        wait_until("three wait", || scene.server.ask(&["INFO", "clients"]).contains(blocked));
        drop(claim);
    });
    assert_eq!(scene.claims(), [0; 0]);
}
