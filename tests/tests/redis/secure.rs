//! Servers that speak TLS, and ask who it is.

use std::path::Path;
use std::time::Duration;

use memento::storage::{Filter, MetadataStore as _};
use memento::{ErrorKind, Key};
use memento_storage_redis::{Options, RedisMetadataStore, storage};
use memento_tests::certificates;
use memento_tests::redis::RedisServer;
use memento_tests::visit::{Call, Visit, Visitor};
use tempfile::TempDir;

/// A password, and what it is in a URL.
const PASSWORD: (&str, &str) = ("s3cr3t@/:", "s3cr3t%40%2F%3A");
const CALLS: [Call; 2] = [Call::Small(1), Call::Large(1)];

/// A server that speaks nothing but TLS, with a password; `clients` says whether it asks for certificates.
fn server(clients: &str) -> RedisServer {
    let folder = TempDir::new().unwrap();
    certificates::issue(folder.path());
    let certificates = ["--tls-cert-file", "server.pem", "--tls-key-file", "server.key"];
    let issuer = ["--tls-ca-cert-file", "ca.pem", "--tls-auth-clients", clients];
    let others = ["--tls-port", "PORT", "--requirepass", PASSWORD.0, "--save", ""];
    RedisServer::in_folder(folder, &[&certificates[..], &issuer[..], &others[..]].concat())
}

fn on(server: &RedisServer) -> Options {
    let url = format!("rediss://:{}@127.0.0.1:{}/3", PASSWORD.1, server.port());
    Options::new(&url).unwrap()
}

/// Every call is computed; one warning says this, and no password.
#[track_caller]
fn assert_refused(options: &Options, said: &str) {
    let visit = Visitor::on(storage(options)).visit(&CALLS);
    assert_eq!(visit.computed, 2, "{visit:?}");
    assert!(visit.failures > 0 && !visit.warnings.is_empty(), "{visit:?}");
    for warning in &visit.warnings {
        assert!(warning.contains(said), "no {said:?} in {warning}");
        assert!(!warning.contains("s3cr3t"), "{warning}");
    }
    assert!(!format!("{options:?}{:?}", storage(options)).contains("s3cr3t"));
}

#[test]
fn results_go_through_tls_with_a_password() {
    let server = server("no");
    let options = on(&server).tls_ca(server.path("ca.pem"));
    assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::computed(2));
    assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::hits(2));
}

/// It is this user that is refused; the records are what was put.
#[test]
fn who_may_not_read_records_is_told_and_finds_none_damaged() {
    let server = RedisServer::start();
    let all = super::on(&server);
    assert_eq!(Visitor::on(storage(&all)).visit(&CALLS), Visit::computed(2));
    let entries = RedisMetadataStore::new(&all).list(&Filter::default(), None, 10).unwrap().entries;
    let keys: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
    let user = ["ACL", "SETUSER", "somebody", "on", ">s3cr3t", "~*", "&*", "+@all", "-getrange"];
    server.ask(&user);
    let url = format!("redis://somebody:s3cr3t@127.0.0.1:{}/0", server.port());
    let store = RedisMetadataStore::new(&Options::new(&url).unwrap());
    assert_eq!(store.get_many(&keys).unwrap_err().kind(), ErrorKind::Configuration);
    assert_eq!(store.get(&keys[0]).unwrap_err().kind(), ErrorKind::Configuration);
}

#[test]
fn a_server_that_nobody_known_vouches_for_is_told_nothing() {
    let server = server("no");
    assert_refused(&on(&server), "certificate");
}

#[test]
fn a_client_has_a_certificate_where_the_server_asks_for_one() {
    let server = server("yes");
    let options = on(&server).tls_ca(server.path("ca.pem"));
    let identified =
        options.clone().tls_identity(server.path("client.pem"), server.path("client.key"));
    assert_eq!(Visitor::on(storage(&identified)).visit(&CALLS), Visit::computed(2));
    let visit = Visitor::on(storage(&options)).visit(&CALLS);
    assert_eq!((visit.computed, visit.hits), (2, 0));
    assert!(visit.failures > 0, "{visit:?}");
}

#[test]
fn a_certificate_that_is_not_there_is_named() {
    let server = server("no");
    let options = on(&server).tls_ca(Path::new("/nowhere/ca.pem"));
    assert_refused(&options, "/nowhere/ca.pem");
    let error = RedisMetadataStore::new(&options).versions("f", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
}

#[test]
fn a_server_that_falls_silent_behind_tls_holds_nobody_up() {
    let server = server("no");
    let timeout = Duration::from_millis(200);
    let options = on(&server).tls_ca(server.path("ca.pem"));
    let options = options.connect_timeout(timeout).response_timeout(timeout);
    let (used, new) = (Visitor::on(storage(&options)), Visitor::on(storage(&options)));
    used.visit(&CALLS);
    server.pause();
    for visitor in [used, new] {
        let visit = visitor.visit(&[Call::Small(7), Call::Large(7)]);
        assert_eq!(visit.computed, 2);
        assert!(visit.failures > 0, "{visit:?}");
    }
    server.resume();
}

#[test]
fn a_wrong_password_is_said_and_not_shown() {
    let server = RedisServer::with(&["--requirepass", "another", "--save", ""]);
    for login in [format!(":{}@", PASSWORD.1), format!("me:{}@", PASSWORD.1), String::new()] {
        let url = format!("redis://{login}127.0.0.1:{}/0", server.port());
        let options = Options::new(&url).unwrap();
        assert_refused(&options, "check the user and the password in `url`");
        let error = RedisMetadataStore::new(&options).versions("f", 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
    }
}

#[test]
fn a_user_needs_no_more_than_its_own_keys() {
    let server = RedisServer::start();
    let rights = ["on", ">s3cr3t", "~memento:*", "+@all", "-@admin", "-@dangerous"];
    assert!(server.ask(&[&["ACL", "SETUSER", "me"], &rights[..]].concat()).starts_with("+OK"));
    let url = format!("redis://me:s3cr3t@127.0.0.1:{}", server.port());
    let options = Options::new(&url).unwrap();
    assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::computed(2));
    assert_eq!(Visitor::on(storage(&options)).visit(&CALLS), Visit::hits(2));
    assert_refused(&options.clone().key_prefix("other:"), "`key_prefix`");
}
