//! As whom a process is known to a server.

use memento::{ErrorKind, MetadataStore as _};
use memento_storage_object::{ObjectMetadataStore, Options, storage};
use memento_tests::s3::{KEY, S3Server};
use memento_tests::visit::{Call, Visitor};

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
