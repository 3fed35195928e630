//! What a storage is chosen by, and what all of them can do.

use memento::ErrorKind;
use memento::storage::{Capabilities, DataStore, PutOptions};
use memento_tests::certificates;
use memento_tests::redis::RedisServer;
use memento_tests::s3::S3Server;
use tempfile::TempDir;

use super::{in_s3, redis};
use crate::{environment, in_folder, name, runs, with_each};

/// A backend is chosen by the scheme of its URL, several at once, also several with one scheme; a scheme that there is
/// none for is answered with those that there are.
#[test]
fn connectors_are_chosen_by_the_scheme_of_a_url_several_at_once() {
    let s3 = S3Server::start();
    let text = format!("{}\n[storage.data]\n{}", redis("connectors"), in_s3(&s3, "peers"));
    let (folder, environment) = environment(&text).unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 0));
    let error = in_folder(&folder, "url = 'unknown://host'").unwrap_err().to_string();
    for known in ["unknown", "`redis`", "`s3`", "`file`"] {
        assert!(error.contains(known), "{error}");
    }
}

#[test]
fn several_backends_of_one_scheme_have_names_of_their_own() {
    let [one, two] = ["one-of-two", "two-of-two"].map(redis);
    let tiers = format!(
        "tiers = ['near', 'far']\n[storage.near]\n{one}[storage.far]\n{two}\
         [clusters.other.storage]\n{}",
        redis("another")
    );
    let (folder, tiered) = environment(&tiers).unwrap();
    assert_eq!((runs(&tiered), runs(&tiered)), (6, 0));
    let tiers = tiered.storage("").unwrap().stores().data.tiers();
    let named: Vec<_> = tiers.iter().map(|(name, _)| &**name).collect();
    assert_eq!(named, ["near", "far"]);
    for (_, store) in tiers {
        assert_eq!(
            store.info().unwrap().objects,
            5,
            "three results, and the code of two functions"
        );
    }
    let other = tiered.open_storage("other").unwrap().stores();
    assert_eq!(other.data.info().unwrap().objects, 0);
    for alone in [one, two] {
        assert_eq!(runs(&in_folder(&folder, &alone).unwrap()), 0);
    }
}

/// What a backend offers beyond get, put, list and remove is there in all of them: pings, and batches in which each
/// item has a result of its own.
#[test]
fn batches_have_a_result_for_each_item_and_pings_are_answered() {
    with_each(|store| {
        store.ping().unwrap();
        let names = ["a/1", "a/2", "a/3"].map(name);
        let objects = [(names[0].clone(), &b"one"[..]), (names[2].clone(), &b"three"[..])];
        assert!(store.put_many(&objects).iter().all(Result::is_ok));
        let found: Vec<_> = store.get_many(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [Some(b"one".to_vec()), None, Some(b"three".to_vec())]);
        let there: Vec<_> = store.contains(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(there, [true, false, true]);
        let removed: Vec<_> = store.remove_many(&names).into_iter().map(Result::unwrap).collect();
        assert_eq!(removed, [true, false, true]);
    });
}

/// A backend says what it can do, and is true to that: what it cannot is an error that names it.
#[test]
fn capabilities_say_what_a_store_can_do() {
    with_each(|store| {
        let Capabilities { writable, conditional, metadata, modified, nested, url, .. } =
            store.capabilities();
        assert!(writable);
        let told = |done: memento::Result<bool>, can: bool, capability: &str| match done {
            Ok(done) => assert!(done && can, "{capability}"),
            Err(error) => {
                assert_eq!((error.kind(), can), (ErrorKind::Unsupported, false), "{error}");
                assert!(error.to_string().contains(capability), "{error}");
            }
        };
        told(store.put_if_absent(&name("a/b"), b"text"), conditional, "conditional");
        let options = PutOptions::default().metadata("by", "me");
        told(store.put_with(&name("a/c"), b"text", &options), metadata, "metadata");
        told(store.put(&name("a/c/d"), b"text").map(|()| true), nested, "nested");
        told(store.url(&name("a/c")).map(|url| url.contains("://")), url, "url");
        let properties = store.properties(&name("a/b")).unwrap().unwrap();
        assert_eq!(properties.modified.is_some(), modified);
    });
}

/// A URL or a type opens each kind of store that comes with memento. No server is asked for that.
#[test]
fn built_in_stores_are_chosen_by_url_or_type() {
    for (text, place) in [
        ("type = 'memory'", "memory"),
        ("type = 'filesystem'\npath = '/nowhere/x'", "/nowhere/x"),
        ("url = 'redis://cache.invalid:1/2'", "redis://cache.invalid:1/2"),
        ("type = 'redis'\nurl = 'redis://cache.invalid'", "redis://cache.invalid"),
        ("url = 'rediss://:secret@cache.invalid'", "rediss://cache.invalid"),
        ("url = 'redis+unix:///nowhere/socket'", "/nowhere/socket"),
        ("url = 'unix:/nowhere/socket'", "/nowhere/socket"),
        ("url = 'redis+sentinel://a.invalid,b.invalid/prices/0'", "/prices/0"),
        ("url = 'rediss+sentinel://a.invalid/prices/0'", "/prices/0"),
        ("url = 'redis+cluster://a.invalid,b.invalid'", "a.invalid"),
        ("url = 'rediss+cluster://a.invalid,b.invalid'", "a.invalid"),
        ("url = 's3://bucket/prefix'\naccess_key_id = 'a'\nsecret_access_key = 'b'", "s3://bucket"),
        ("url = 'gs://bucket/prefix'", "gs://bucket/prefix"),
        ("url = 'az://box/prefix'\naccount = 'me'\naccess_key = 'c2VjcmV0'", "az://box/prefix"),
    ] {
        let (_folder, environment) = environment(text).unwrap();
        let stores = environment.storage("").unwrap().stores();
        for location in [stores.data.location(), stores.metadata.location()] {
            assert!(location.contains(place), "{location} for {text}");
            assert!(!location.contains("secret"), "{location}");
        }
    }
}

#[test]
fn redis_is_reached_by_a_socket_by_tls_and_through_a_cluster_or_sentinels() {
    let socket = RedisServer::with(&["--unixsocket", "socket", "--save", ""]);
    let certificates = TempDir::new().unwrap();
    certificates::issue(certificates.path());
    let tls = ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key", "--save", ""];
    let tls = [&tls[..], &["--tls-auth-clients", "no", "--tls-port", "PORT"]].concat();
    let tls = [&tls[..], &["--tls-ca-cert-file", "ca.pem"]].concat();
    let tls = RedisServer::in_folder(certificates, &tls);
    let cluster = RedisServer::with(&["--cluster-enabled", "yes", "--save", ""]);
    assert!(cluster.ask(&["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]).starts_with("+OK"));
    memento_tests::processes::wait_until("all slots are served", || {
        cluster.ask(&["CLUSTER", "INFO"]).contains("cluster_state:ok")
    });
    let master = RedisServer::start();
    let folder = TempDir::new().unwrap();
    let watched = format!("sentinel monitor prices 127.0.0.1 {} 1\n", master.port());
    std::fs::write(folder.path().join("sentinel.conf"), watched).unwrap();
    let sentinel = RedisServer::in_folder(folder, &["sentinel.conf", "--sentinel"]);
    for text in [
        format!("url = 'unix:{}'", socket.path("socket").display()),
        format!(
            "url = 'rediss://127.0.0.1:{}'\ntls_ca = '{}'",
            tls.port(),
            tls.path("ca.pem").display()
        ),
        format!("url = 'redis+cluster://127.0.0.1:{}'", cluster.port()),
        format!("url = 'redis+sentinel://127.0.0.1:{}/prices/0'", sentinel.port()),
    ] {
        let (_folder, environment) = environment(&text).unwrap();
        assert_eq!((runs(&environment), runs(&environment)), (6, 0), "{text}");
        assert_eq!(environment.statistics().store_failures, 0, "{text}");
    }
}

/// A wrapper fails what the configuration says, for tests, and calls have their values all the same. The one that
/// counts is in [`metrics_are_told_for_each_tier`](super::operations::metrics_are_told_for_each_tier).
#[test]
fn a_wrapper_injects_faults_where_the_configuration_says() {
    let (_folder, environment) =
        environment("type = 'memory'\n[storage.faults]\nrate = 1.0\nseed = 1").unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 6));
    assert!(environment.statistics().store_failures >= 12);
    let store = environment.storage("").unwrap().stores().data;
    assert_eq!(store.get(&name("a/b")).unwrap_err().kind(), ErrorKind::Storage);
}

/// What another system calls a black hole, and a store that keeps nothing.
#[test]
fn a_store_that_keeps_nothing_is_one_of_them() {
    let (_folder, environment) = environment("type = 'null'").unwrap();
    assert_eq!((runs(&environment), runs(&environment)), (6, 6));
    assert_eq!(environment.statistics().store_failures, 0);
    let data = memento::storage::NullStore;
    assert!(!DataStore::capabilities(&data).writable);
}
