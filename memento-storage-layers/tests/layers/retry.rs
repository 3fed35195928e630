//! Which errors are tried again.

use std::sync::Arc;

use memento::{DataStore, ErrorKind};
use memento_storage_layers::Guarded;

use crate::name;
use crate::policies::retry;
use crate::scripted::{Next, Scripted};

/// All kinds of errors but those of stores that may be none the next time.
const FINAL: [ErrorKind; 16] = [
    ErrorKind::Configuration,
    ErrorKind::Ambiguous,
    ErrorKind::Refused,
    ErrorKind::Recursion,
    ErrorKind::FurtherCall,
    ErrorKind::Panicked,
    ErrorKind::Cancelled,
    ErrorKind::Worker,
    ErrorKind::Encoding,
    ErrorKind::Damaged,
    ErrorKind::NewerFormat,
    ErrorKind::ReadOnly,
    ErrorKind::Unavailable,
    ErrorKind::Unsupported,
    ErrorKind::InvalidName,
    ErrorKind::TooLarge,
];

#[test]
fn what_will_not_succeed_is_not_tried_again() {
    for kind in FINAL {
        let store = Scripted::new([Next::Fail(kind), Next::Fail(kind)]);
        let retried = Guarded::new(retry(), Arc::clone(&store));
        assert_eq!(retried.get(&name("a")).unwrap_err().kind(), kind);
        assert_eq!(store.take(), 1, "{kind:?}");
        let many = retried.get_many(&[name("a"), name("b")]);
        assert_eq!((store.take(), many[0].is_err(), many[1].is_ok()), (2, true, true), "{kind:?}");
    }
}

#[test]
fn what_is_tried_again_can_be_chosen() {
    let chosen = [ErrorKind::Unavailable, ErrorKind::Damaged];
    for kind in FINAL.into_iter().chain([ErrorKind::Storage]) {
        let store = Scripted::new([Next::Fail(kind), Next::Fail(kind)]);
        let retried = Guarded::new(retry().errors(chosen), Arc::clone(&store));
        let is_tried_again = chosen.contains(&kind);
        assert_eq!(retried.get(&name("a")).is_ok(), is_tried_again, "{kind:?}");
        assert_eq!(store.take(), if is_tried_again { 3 } else { 1 }, "{kind:?}");
        store.script.lock().unwrap().extend([Next::Fail(kind)]);
        store.script.lock().unwrap().truncate(1);
        let many = retried.get_many(&[name("a"), name("b")]);
        assert_eq!((many[0].is_ok(), many[1].is_ok()), (is_tried_again, true), "{kind:?}");
        assert_eq!(store.take(), if is_tried_again { 3 } else { 2 }, "{kind:?}");
    }
}
