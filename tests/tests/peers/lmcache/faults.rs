//! Backends that fail.

use std::sync::Arc;
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::DataStore as _;
use memento::{Environment, ErrorKind, LocalRunner, Storage};
use memento_storage_layers::{Breaker, Guarded};
use memento_tests::processes::wait_until;
use memento_tests::redis::RedisServer;

use crate::asked::Asked;
use crate::{environment, name, runs};

const YEAR: Duration = Duration::from_hours(24 * 365);

#[test]
fn errors_are_misses_and_a_backend_that_fails_is_used_again_when_it_recovers() {
    let mut server = RedisServer::start();
    let text = format!(
        "url = '{}'\nconnect_timeout = '2s'\nresponse_timeout = '2s'\n\
         [storage.breaker]\nfailures = 1\nperiod = '1ms'\n",
        server.url()
    );
    let (_folder, environment) = environment(&text).unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 0));
    server.kill();
    assert_eq!((runs(&environment), runs(&environment)), (6, 6), "values are right all the same");
    assert!(environment.statistics().store_failures > 0, "and errors are counted apart");
    server.start_again();
    wait_until("the probe finds it again", || runs(&environment) == 0);
}

/// A backend that neither answers nor ends is a miss after a time, a ping says so, and calls go on.
#[test]
fn a_backend_that_is_silent_is_a_miss_after_its_timeout() {
    let server = RedisServer::start();
    let timeouts = "connect_timeout = '200ms'\nresponse_timeout = '200ms'\n";
    let (_folder, environment) =
        environment(&format!("url = '{}'\n{timeouts}", server.url())).unwrap();
    let data = environment.storage("").unwrap().stores().data;
    assert_eq!((runs(&environment), data.ping().is_ok()), (6, true));
    server.pause();
    let error = data.ping().unwrap_err().to_string();
    assert!(error.contains("it does not answer in time"), "{error}");
    let before = environment.statistics().store_failures;
    assert_eq!(runs(&environment), 6);
    assert!(environment.statistics().store_failures > before);
    server.resume();
    wait_until("it is asked again", || runs(&environment) == 0);
    data.ping().unwrap();
}

/// After so many failures in a row, a backend is asked nothing more: calls go around it.
#[test]
fn a_backend_that_fails_is_left_alone() {
    let store = Asked::default();
    let Stores { data, metadata } = store.stores();
    let breaker = || Breaker::new(3, YEAR);
    let storage = Storage::from(Stores {
        data: Arc::new(Guarded::new(breaker(), data)),
        metadata: Arc::new(Guarded::new(breaker(), metadata)),
    });
    let environment = Environment::new(storage.memory_cache(0), LocalRunner::new());
    store.set_away(true);
    assert_eq!(runs(&environment), 6);
    assert_eq!(store.count(""), 2 * 3, "each of the two stores was asked three times: {store:?}");
    assert_eq!(runs(&environment), 6);
    assert_eq!(store.count(""), 2 * 3);
    store.set_away(false);
    assert_eq!((runs(&environment), store.count("")), (6, 2 * 3), "its period is not over");
}

/// When the period is over, one operation goes through, and the others still go around it until that one has an answer:
/// a failure has the next period begin, a success ends it.
#[test]
fn one_probe_goes_through_and_decides_for_the_others() {
    let store = Asked::default();
    let broken = Guarded::new(Breaker::new(1, Duration::ZERO), store.stores().data);
    let put = || broken.put(&name("a/b"), b"text");
    store.set_away(true);
    for count in 1..=3 {
        assert_eq!(put().unwrap_err().kind(), ErrorKind::Storage);
        assert_eq!(store.count("put"), count, "each of them is a probe");
    }
    store.set_away(false);
    std::thread::scope(|scope| {
        let probe = store.closed(|| {
            let probe = scope.spawn(put);
            wait_until("the probe is on its way", || store.count("put") == 4);
            for _ in 0..5 {
                let kind = broken.get(&name("a/b")).map_err(|error| error.kind());
                assert_eq!(kind, Err(ErrorKind::Unavailable));
            }
            assert_eq!(store.count("get"), 0, "nobody else asked it");
            probe
        });
        probe.join().unwrap().unwrap();
    });
    put().unwrap();
    assert_eq!(store.count("put"), 5);
}
