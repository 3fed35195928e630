//! What holds for each method of a store.

mod all;
mod forwarded;
mod idle;

use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use memento::ErrorKind;
use memento::storage::{DataStore, MetadataStore};
use memento_storage_layers::{Guarded, ReadOnly, TimeLimit};

use all::{DATA, METADATA, Method, key};
use idle::Idle;

/// What comes of `work`, unless that hangs.
fn in_time<T: Send + 'static>(method: &str, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(work()));
    let ended = receiver.recv_timeout(Duration::from_secs(10));
    ended.unwrap_or_else(|_| panic!("`{method}` is waited for without end"))
}

/// Calls each method of a store that hangs, behind a time limit of its own.
fn check_hanging<S: ?Sized + Send + 'static>(
    methods: &[Method<S>],
    limited: impl Fn(Arc<Idle>) -> Box<S>,
) {
    for method in methods {
        let idle = Arc::new(Idle::default());
        idle.hang(true);
        let (store, call) = (limited(Arc::clone(&idle)), method.call);
        let error = in_time(method.name, move || call(&*store)).expect(method.name);
        assert!(error.to_string().contains("took longer than 1ms"), "{}: {error}", method.name);
        idle.hang(false);
    }
}

#[test]
fn no_method_is_waited_for_longer_than_the_limit() {
    let limit = Duration::from_millis(1);
    check_hanging(DATA, |idle| Box::new(TimeLimit::new(limit, idle)));
    check_hanging(METADATA, |idle| Box::new(TimeLimit::new(limit, idle)));
    let idle = Arc::new(Idle::default());
    idle.hang(true);
    // It comes back, whatever the store makes of its limit.
    let limited = TimeLimit::new(limit, Arc::clone(&idle));
    in_time("wait_for_claim", move || limited.wait_for_claim(&key(), Duration::MAX));
    idle.hang(false);
}

/// Calls each method behind `ReadOnly`: what changes something is not asked of the store, and all else is.
fn check_read_only<S: ?Sized>(methods: &[Method<S>], store: &S, idle: &Idle) {
    for Method { name, writes, call } in methods {
        let kind = call(store).expect(name).kind();
        let expected = if *writes { ErrorKind::ReadOnly } else { ErrorKind::Storage };
        assert_eq!((kind, idle.take().is_empty()), (expected, *writes), "{name}");
    }
}

#[test]
fn nothing_that_changes_a_store_for_reading_only_is_asked_of_it() {
    let idle = Arc::new(Idle::default());
    let guarded = Guarded::new(ReadOnly, Arc::clone(&idle));
    check_read_only(DATA, &guarded as &dyn DataStore, &idle);
    check_read_only(METADATA, &guarded as &dyn MetadataStore, &idle);
    assert!(!DataStore::capabilities(&guarded).writable);
    assert!(!MetadataStore::capabilities(&guarded).writable);
}
