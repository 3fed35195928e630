//! Servers that are away, silent or full while calls go on.

use std::fs;
use std::time::{Duration, Instant};

use memento::storage::DataStore as _;
use memento::{Error, Name};
use memento_storage_redis::{Options, RedisDataStore, storage};
use memento_tests::limited::assert_bounded;
use memento_tests::load::under_load;
use memento_tests::processes::wait_until;
use memento_tests::proxy::Proxy;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use memento_tests::work::small;

use super::{assert_counted, on};

/// A server that is silent for longer is not asked for a while.
const TIMEOUT: Duration = Duration::from_millis(100);

#[test]
fn killed_and_started_again_in_the_middle_of_a_load() {
    let mut server = RedisServer::durable();
    let options = on(&server);
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
    // While it starts, it says that it loads what it has.
    outcome.assert_said(&["nobody listens there", "the connection was lost", "Redis is loading"]);
    outcome.assert_kept(storage(&options));
    assert_counted(&server);
}

#[test]
fn stopped_in_the_middle_of_a_load() {
    let server = RedisServer::start();
    let options = on(&server).response_timeout(TIMEOUT).connect_timeout(TIMEOUT);
    let outcome = under_load(
        || storage(&options),
        |load| {
            for _ in 0..2 {
                server.pause();
                load.go_on();
                server.resume();
                load.keep();
            }
        },
    );
    outcome.assert_said(&["it does not answer in time"]);
    outcome.assert_kept(storage(&on(&server)));
    assert_counted(&server);
}

#[test]
fn out_of_memory_in_the_middle_of_a_load() {
    let server = RedisServer::start();
    let options = on(&server);
    let outcome = under_load(
        || storage(&options),
        |load| {
            server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
            load.go_on();
            server.ask(&["CONFIG", "SET", "maxmemory", "0"]);
            load.keep();
        },
    );
    outcome.assert_said(&["OOM"]);
    assert!(outcome.warnings[0].contains("give the server more memory"), "{:?}", outcome.warnings);
    server.ask(&["CONFIG", "SET", "maxmemory", "1"]);
    outcome.assert_kept(storage(&options));
    assert_counted(&server);
}

/// As where its disk is full: it takes nothing more, until its files can be written again.
#[test]
fn a_server_that_cannot_write_its_files_finds_what_is_there() {
    let server = RedisServer::with(&["--save", "3600 1000000", "--appendonly", "no"]);
    assert_eq!(Visitor::on(storage(&on(&server))).visit(&Call::both(1)), Visit::computed(2));
    let in_its_place = server.path("dump.rdb");
    fs::create_dir(&in_its_place).unwrap();
    server.ask(&["BGSAVE"]);
    let is_refused = || server.ask(&["SET", "other", "x"]).starts_with("-MISCONF");
    wait_until("it takes nothing more", is_refused);
    let visitor = Visitor::on(storage(&on(&server)));
    let visit = visitor.visit(&Call::both(4));
    assert_eq!((visit.computed, visit.hits), (6, 2));
    assert!(visit.failures >= 6 && !visit.warnings.is_empty(), "{visit:?}");
    for warning in &visit.warnings {
        assert!(warning.contains("MISCONF"), "{warning}");
        assert!(warning.contains("make room on the server's disk"), "{warning}");
        let same = visit.warnings.iter().filter(|other| *other == warning).count();
        assert_eq!(same, 1, "{warning}");
    }
    assert_counted(&server);
    fs::remove_dir(&in_its_place).unwrap();
    assert_eq!(server.ask(&["SAVE"]), "+OK\r\n");
    let later = [Call::Small(4), Call::Large(4)];
    assert_eq!(visitor.visit(&later), Visit::computed(2));
    assert_eq!(Visitor::on(storage(&on(&server))).visit(&later), Visit::hits(2));
}

/// Each of the two stores waits for an answer now and then, ever more seldom, and asks nothing in between.
#[test]
fn a_silent_server_does_not_hold_up_each_call() {
    const LONG: Duration = Duration::from_millis(500);
    let server = RedisServer::start();
    let options = on(&server).response_timeout(LONG).connect_timeout(LONG);
    let visitor = Visitor::on(storage(&options));
    visitor.visit(&Call::both(10));
    server.pause();
    let began = Instant::now();
    let calls: Vec<_> = (10..30).flat_map(|n| [Call::Small(n), Call::Large(n)]).collect();
    let visit = visitor.visit(&calls);
    // If each call waited, that would be 40 seconds.
    assert!(began.elapsed() < LONG * 20, "{:?}", began.elapsed());
    server.resume();
    assert_eq!(visit.computed, 40);
    assert!(visit.failures >= 40, "{visit:?}");
    assert!(visit.warnings.iter().all(|said| said.contains("it does not answer in time")));
}

/// What a silent server costs does not grow with how many replies it owes.
#[test]
fn a_silent_server_is_waited_for_once_by_many_commands() {
    type Work = fn(&RedisDataStore, &[Name]) -> Vec<Error>;
    fn errors<T>(results: Vec<Result<T, Error>>) -> Vec<Error> {
        results.into_iter().filter_map(Result::err).collect()
    }
    // On so many stores, one after another: a transaction has four replies.
    const WORKS: [(&str, usize, Work); 6] = [
        ("contains", 1, |store, names| errors(store.contains(names))),
        ("get_many", 1, |store, names| errors(store.get_many(names))),
        ("remove_many", 1, |store, names| errors(store.remove_many(names))),
        ("put_many", 1, |store, names| {
            let objects: Vec<_> = names.iter().map(|name| (name.clone(), &b"x"[..])).collect();
            errors(store.put_many(&objects))
        }),
        ("properties", 10, |store, names| errors(vec![store.properties(&names[0])])),
        ("get_range", 10, |store, names| errors(vec![store.get_range(&names[0], 0..1)])),
    ];
    const LIMIT: Duration = Duration::from_millis(300);
    let names: Vec<_> = (0..100).map(|n| Name::new(&format!("a/{n}")).unwrap()).collect();
    for (what, stores, work) in WORKS {
        let server = RedisServer::start();
        let options = on(&server).response_timeout(LIMIT).connect_timeout(LIMIT);
        let stores: Vec<_> = (0..stores).map(|_| RedisDataStore::new(&options)).collect();
        for store in &stores {
            assert_eq!(errors(store.contains(&names)).len(), 0, "there is a connection now");
        }
        server.pause();
        let began = Instant::now();
        for store in &stores {
            let errors = work(store, &names);
            let is_said = |error: &Error| error.to_string().contains("does not answer in time");
            assert!(!errors.is_empty() && errors.iter().all(is_said), "{what}: {errors:?}");
        }
        // If each reply was waited for, that would be 12 seconds at least.
        assert!(began.elapsed() < LIMIT * 24, "{what}: {:?}", began.elapsed());
        server.resume();
    }
}

/// A batch looks up and records many at once.
#[test]
fn a_batch_is_computed_while_the_server_is_away() {
    let mut server = RedisServer::durable();
    let batch = || {
        let visitor = Visitor::on(storage(&on(&server)));
        visitor.measure(1000, || {
            for (n, value) in (0..1000).zip(small::map((0..1000).map(|n| (n,)))) {
                assert_eq!(value.unwrap(), memento_tests::work::expected_small(n));
            }
        })
    };
    assert_eq!(batch(), Visit::computed(1000));
    assert_eq!(batch(), Visit::hits(1000));
    let url = server.url();
    server.kill();
    let visitor = Visitor::on(storage(&Options::new(&url).unwrap()));
    let away = visitor.measure(1000, || {
        let values = small::map((0..1000).map(|n| (n,)));
        assert!(values.iter().all(Result::is_ok));
    });
    assert_eq!(away.computed, 1000);
    assert!(away.failures > 0, "{away:?}");
    server.start_again();
    let again = visitor.measure(1000, || drop(small::map((0..1000).map(|n| (n,)))));
    assert_eq!(again, Visit::hits(1000));
}

#[test]
fn a_time_limit_and_a_breaker_bound_what_a_stopped_server_costs() {
    let server = RedisServer::start();
    let storage = || storage(&on(&server));
    assert_bounded(storage, TIMEOUT, || server.pause(), || server.resume());
}

/// Limits on silence never strike where a byte comes now and then.
#[test]
fn a_time_limit_and_a_breaker_bound_what_a_server_costs_that_drips() {
    let server = RedisServer::start();
    let proxy = Proxy::to(server.port());
    let storage = || storage(&Options::new(&proxy.url()).unwrap());
    let drip = || proxy.slow_replies(1, TIMEOUT);
    assert_bounded(storage, TIMEOUT, drip, || proxy.hurry());
}
