//! As whom a process is known to a server.

use memento::ErrorKind;
use memento::storage::MetadataStore as _;
use memento_storage_object::{ObjectMetadataStore, Options, storage};
use memento_tests::certificates;
use memento_tests::processes::Worker;
use memento_tests::s3::{KEY, S3Server};
use memento_tests::visit::{Call, Visit, Visitor};
use tempfile::TempDir;

const CALLS: [Call; 2] = [Call::Small(1), Call::Large(1)];

/// Every call is computed; warnings say what to do, and no secret.
#[track_caller]
fn assert_refused(options: &Options, said: &str) {
    let visit = Visitor::on(storage(options)).visit(&CALLS);
    assert_eq!(visit.computed, 2, "{visit:?}");
    assert!(visit.failures > 0 && !visit.warnings.is_empty(), "{visit:?}");
    for warning in &visit.warnings {
        assert!(warning.contains(said), "no {said:?} in {warning}");
        assert!(!warning.contains("s3cr3t") && !warning.contains("t0k3n"), "{warning}");
    }
    let error = ObjectMetadataStore::new(options).versions("f", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    let shown = format!(
        "{options:?}{:?}{error}{error:?}{}",
        storage(options),
        ObjectMetadataStore::new(options).location()
    );
    assert!(!shown.contains("s3cr3t") && !shown.contains("t0k3n"), "{shown}");
}

#[test]
fn a_wrong_secret_is_said_and_not_shown() {
    let server = S3Server::start();
    for options in [
        server.options().key(KEY.0, "s3cr3t-of-somebody-else"),
        server.options().key("NOBODY", KEY.1),
        server.options().key("s3cr3t-in-the-wrong-place", "t0k3n").session_token("t0k3n"),
    ] {
        assert_refused(&options, "check `access_key_id`, `secret_access_key`");
    }
}

#[test]
fn results_go_through_tls_to_a_server_that_somebody_known_vouches_for() {
    let folder = TempDir::new().unwrap();
    certificates::issue(folder.path());
    let path = |name: &str| folder.path().join(name);
    let server = S3Server::secure(&path("server.pem"), &path("server.key"));
    let options = || server.options().endpoint(format!("https://127.0.0.1:{}", server.port()));
    let trusting = options().tls_ca(path("ca.pem"));
    assert_eq!(Visitor::on(storage(&trusting)).visit(&CALLS), Visit::computed(2));
    assert_eq!(Visitor::on(storage(&trusting)).visit(&CALLS), Visit::hits(2));

    let visit = Visitor::on(storage(&options().retries(0))).visit(&CALLS);
    assert_eq!((visit.computed, visit.hits), (2, 0), "nobody known vouches for it");
    assert!(visit.warnings[0].contains("certificate"), "{visit:?}");

    let missing = options().tls_ca("/nowhere/ca.pem");
    let error = ObjectMetadataStore::new(&missing).versions("f", 1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error}");
}

/// Whatever is logged by whomever, from connecting on, with a right secret and with a wrong one.
#[test]
fn no_secret_is_logged_at_any_level() {
    let server = S3Server::start();
    for (url, secret, computed) in [
        (server.url(), KEY.1, 2),
        (server.url(), KEY.1, 0),
        (server.url().replace("//", "//s3cr3t-of-somebody-else@"), "s3cr3t-of-somebody-else", 2),
    ] {
        let worker = Worker::on_server(env!("CARGO_BIN_EXE_worker"), &url);
        let output = worker.telling().output();
        let visit: Visit = String::from_utf8_lossy(&output.stdout).parse().unwrap();
        assert_eq!(visit.computed, computed, "{visit:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        for target in ["TRACE hyper", "object_store"] {
            assert!(told.contains(target), "nothing of {target}");
        }
        assert_eq!(told.contains("check `access_key_id`"), secret != KEY.1, "{told}");
        assert!(!told.contains(secret) && !visit.to_string().contains(secret), "{told}");
    }
}
