//! Servers that are away, silent or busy while calls go on.

use std::time::{Duration, Instant};

use memento::Name;
use memento::storage::{DataStore as _, PutOptions};
use memento_storage_object::{ObjectDataStore, storage};
use memento_tests::limited::assert_bounded;
use memento_tests::load::under_load;
use memento_tests::s3::{BUCKET, S3Process, S3Server, options};
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::{expected_small, small};

use super::visit;

const TIMEOUT: Duration = Duration::from_millis(100);

/// A server that can be killed.
fn process() -> S3Process {
    S3Process::start(env!("CARGO_BIN_EXE_bucket"))
}

#[test]
fn killed_and_started_again_in_the_middle_of_a_load() {
    let mut server = process();
    let options = server.options().retries(0);
    let outcome = under_load(
        || storage(&options),
        |load| {
            for _ in 0..2 {
                server.kill();
                load.go_on();
                server.start_again();
                load.keep();
            }
        },
    );
    outcome.assert_said(&["nobody listens there", "the connection was lost"]);
    outcome.assert_kept(storage(&options));
}

#[test]
fn silent_in_the_middle_of_a_load() {
    let server = process();
    let impatient = server.options().response_timeout(TIMEOUT).connect_timeout(TIMEOUT);
    let outcome = under_load(
        || storage(&impatient),
        |load| {
            server.pause();
            load.go_on();
            server.resume();
            load.keep();
        },
    );
    outcome.assert_said(&["it does not answer in time"]);
    outcome.assert_kept(storage(&server.options()));
}

/// Objects that come in parts, and what was deleted, included.
#[test]
fn what_a_server_has_acknowledged_is_there_after_it_was_killed() {
    let mut server = process();
    let store = ObjectDataStore::new(&server.options());
    let name = |n: u32| Name::new(&format!("a/{n}")).unwrap();
    let content = |n: u32| vec![7; if n == 0 { 20 << 20 } else { 10 }];
    for n in 0..10 {
        let options = PutOptions {
            metadata: [("n".to_owned(), n.to_string())].into(),
            ..PutOptions::default()
        };
        assert!(store.put_with(&name(n), &content(n), &options).unwrap());
    }
    assert!(store.remove(&name(5)).unwrap());
    store.append(&name(6), b"more").unwrap();
    server.kill();
    store.get(&name(1)).unwrap_err();
    server.start_again();
    for n in (0..10).filter(|n| ![5, 6].contains(n)) {
        assert!(store.get(&name(n)).unwrap().unwrap() == content(n), "{n}");
        assert_eq!(store.properties(&name(n)).unwrap().unwrap().metadata["n"], n.to_string());
    }
    assert_eq!(store.get(&name(5)).unwrap(), None);
    assert!(store.get(&name(6)).unwrap().unwrap().ends_with(b"more"));
}

/// The store itself would wait for half a minute each time.
#[test]
fn a_time_limit_and_a_breaker_bound_what_a_silent_server_costs() {
    let server = process();
    let options = server.options();
    let storage = || storage(&options);
    assert_bounded(storage, TIMEOUT * 5, || server.pause(), || server.resume());
}

#[test]
fn busy_in_the_middle_of_a_load() {
    let server = S3Server::start();
    let options = server.options().retries(0);
    let outcome = under_load(
        || storage(&options),
        |load| {
            server.throttle(3);
            load.go_on();
            server.throttle(1);
            load.keep();
        },
    );
    outcome.assert_said(&["it answers 503 Service Unavailable"]);
    let said = outcome.warnings.iter().any(|warning| warning.contains("SlowDown"));
    assert!(said, "{:?}", outcome.warnings);
    outcome.assert_kept(storage(&options));
}

/// A request that the server is too busy for comes again, after a pause.
#[test]
fn a_busy_server_is_asked_again() {
    let server = S3Server::start();
    let patient = server.options().retries(20);
    server.throttle(2);
    assert_eq!(Visitor::on(storage(&patient)).visit(&Call::both(2)), Visit::computed(4));
    assert_eq!(Visitor::on(storage(&patient)).visit(&Call::both(2)), Visit::hits(4));
}

/// Each request waits for its time and no longer, however often it might be sent again.
#[test]
fn a_silent_server_holds_each_request_up_for_its_time() {
    let server = S3Server::start();
    let impatient = server.options().response_timeout(TIMEOUT).retries(100);
    let visitor = Visitor::on(storage(&impatient));
    visitor.visit(&Call::both(1));
    server.pause();
    let began = Instant::now();
    let visit = visitor.visit(&[Call::Small(7), Call::Large(7)]);
    let took = began.elapsed();
    server.resume();
    assert_eq!((visit.computed, visit.hits), (2, 0));
    assert!(visit.failures > 0, "{visit:?}");
    // Each of them makes some requests, one after another.
    assert!(took < TIMEOUT * 60, "{took:?}");
}

/// A batch looks up and records many at once.
#[test]
fn a_batch_is_computed_while_the_server_is_away() {
    let mut server = S3Server::start();
    let options = server.options().retries(0);
    let batch = || {
        let visitor = Visitor::on(storage(&options));
        visitor.measure(1000, || {
            for (n, value) in (0..1000).zip(small::map((0..1000).map(|n| (n,)))) {
                assert_eq!(value.unwrap(), expected_small(n));
            }
        })
    };
    assert_eq!(batch(), Visit::computed(1000));
    assert_eq!(batch(), Visit::hits(1000));
    server.kill();
    let away = batch();
    assert_eq!(away.computed, 1000);
    assert!(away.failures > 0, "{away:?}");
    server.start_again();
    assert_eq!(batch(), Visit::hits(1000));
}

/// Requests are made by threads of their own: the runtime that a call is made in is neither used nor blocked for good.
#[test]
fn calls_come_from_a_runtime_of_tokio() {
    let server = S3Server::start();
    let options = server.options();
    for expected in [Visit::computed(2), Visit::hits(2)] {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = runtime.block_on(async {
            let visitor = Visitor::on(storage(&options));
            visitor.visit(&[Call::Small(1), Call::Large(1)])
        });
        assert_eq!(found, expected);
    }
}

#[test]
fn a_bucket_that_is_not_there_is_said() {
    let server = S3Server::start();
    let missing = options(server.port(), memento_tests::s3::MISSING);
    let visit_missing = Visitor::on(storage(&missing)).visit(&[Call::Small(1), Call::Large(1)]);
    assert_eq!(visit_missing.computed, 2);
    assert!(visit_missing.warnings[0].contains("make the bucket"), "{visit_missing:?}");
    assert_eq!(visit(&server, &[Call::Small(1)]), Visit::computed(1));
    assert!(!server.buckets().keys(BUCKET, "").is_empty());
}
