//! Requests that are executed, and whose reply says something else or is lost.

use memento::Name;
use memento::storage::{Condition, DataStore as _, PutOptions};
use memento_storage_object::ObjectDataStore;
use memento_tests::s3::S3Server;

/// A store that sends requests again, and the name of an object in it.
fn store(server: &S3Server) -> (ObjectDataStore, Name) {
    (ObjectDataStore::new(&server.options().retries(3)), Name::new("notes/log").unwrap())
}

#[test]
fn what_is_appended_is_there_once_or_an_error_says_that_nobody_knows() {
    let server = S3Server::start();
    let (store, name) = store(&server);
    // With nothing there, and with something.
    for line in ["one ", "two "] {
        server.fail_late("notes/log");
        let before = store.get(&name).unwrap().unwrap_or_default();
        let appended = store.append(&name, line.as_bytes());
        assert!(!server.is_to_fail());
        let after = store.get(&name).unwrap().unwrap_or_default();
        let with_line = [&before[..], line.as_bytes()].concat();
        assert!(after == with_line || (appended.is_err() && after == before), "{after:?}");
    }
    store.append(&name, b"three").unwrap();
    assert!(store.get(&name).unwrap().unwrap().ends_with(b"three"));
}

#[test]
fn who_has_put_an_object_is_never_told_that_somebody_else_was_first() {
    let server = S3Server::start();
    let (store, name) = store(&server);
    for (condition, content) in
        [(Condition::Absent, "mine"), (Condition::Content(b"mine".to_vec()), "mine, too")]
    {
        server.fail_late("notes/log");
        let options = PutOptions { condition, ..PutOptions::default() };
        let put = store.put_with(&name, content.as_bytes(), &options);
        assert!(!server.is_to_fail());
        assert!(!matches!(put, Ok(false)), "{put:?}");
        assert_eq!(store.get(&name).unwrap().unwrap(), content.as_bytes());
        assert!(!store.put_with(&name, b"late", &options).unwrap(), "it is not as it was");
    }
}
