//! When a breaker opens, and when it closes again.

use std::io::{self, Read};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use memento::storage::{DataStore, PutOptions, Source};
use memento::{ErrorKind, Result};
use memento_storage_layers::{Breaker, Guarded, SizeLimit};

use crate::policies::retry;
use crate::scripted::{Next, Scripted};
use crate::{fails, name};

#[test]
fn a_breaker_opens_and_closes_again() {
    let store = Scripted::new(fails(4));
    let never_again = Guarded::new(Breaker::new(3, Duration::MAX), Arc::clone(&store));
    for _ in 0..3 {
        assert!(never_again.get(&name("a")).is_err());
    }
    assert_eq!(store.take(), 3);
    let error = never_again.put(&name("a"), b"").unwrap_err();
    assert_eq!((error.kind(), store.take()), (ErrorKind::Unavailable, 0));
    assert!(
        error.to_string().contains("failed 3 times in a row or more, the last time: cannot "),
        "{error}"
    );
    let many = never_again.get_many(&[name("a"), name("b")]);
    assert!(many.len() == 2 && many.iter().all(Result::is_err));
    assert_eq!(store.take(), 0);

    let store = Scripted::new(fails(4));
    let at_once = Guarded::new(Breaker::new(3, Duration::ZERO), Arc::clone(&store));
    for _ in 0..4 {
        assert!(at_once.get(&name("a")).is_err());
    }
    assert_eq!(at_once.get(&name("a")).unwrap(), None, "the probe succeeds");
    assert_eq!(store.take(), 5);
}

/// What a dead store costs: attempts until the breaker opens, and no more before the period has passed.
#[test]
fn a_breaker_that_is_open_ends_the_attempts() {
    let store = Scripted::new(fails(100));
    let broken = Guarded::new(Breaker::new(5, Duration::MAX), Arc::clone(&store));
    let retried = Guarded::new(retry(), Arc::new(broken));
    let asked = [(), (), ()].map(|()| (retried.get(&name("a")).unwrap_err().kind(), store.take()));
    let unavailable = ErrorKind::Unavailable;
    assert_eq!(asked, [(ErrorKind::Storage, 3), (unavailable, 2), (unavailable, 0)]);
}

#[test]
fn answers_are_no_failures() {
    let answers = [ErrorKind::Damaged, ErrorKind::Unsupported, ErrorKind::ReadOnly];
    let store = Scripted::new(answers.map(Next::Fail));
    let guarded = Guarded::new(Breaker::new(1, Duration::MAX), Arc::clone(&store));
    for _ in answers {
        assert!(guarded.get(&name("a")).is_err());
    }
    assert_eq!(guarded.get(&name("a")).unwrap(), None);
    assert_eq!(store.take(), 4);
}

/// To ask for nothing neither closes a breaker nor keeps it from opening.
#[test]
fn what_asks_for_nothing_says_nothing_of_the_store() {
    let store = Scripted::new(fails(100));
    let guarded = Guarded::new(Breaker::new(2, Duration::MAX), Arc::clone(&store));
    for asked in [1, 1, 0] {
        assert!(guarded.get(&name("a")).is_err());
        assert!(guarded.contains(&[]).is_empty() && guarded.get_many(&[]).is_empty());
        assert!(guarded.put_many(&[]).is_empty() && guarded.remove_many(&[]).is_empty());
        assert_eq!(store.take(), asked);
    }
}

/// What a layer between refuses never reaches the store: it neither closes a breaker nor keeps its probe.
#[test]
fn what_does_not_reach_the_store_says_nothing_of_it() {
    let store = Scripted::new(fails(100));
    let within = Arc::new(Guarded::new(SizeLimit::new(10), Arc::clone(&store)));
    let never_again = Guarded::new(Breaker::new(3, Duration::MAX), Arc::clone(&within));
    for _ in 0..10 {
        assert!(never_again.put(&name("a"), b"content").is_err());
        never_again.put(&name("a"), &[0; 11]).unwrap_err();
        let staged = never_again.create().unwrap();
        staged.keep(&name("a"), &PutOptions::default()).unwrap_err();
        assert!(never_again.put_many(&[(name("a"), &[0; 11])])[0].is_err());
    }
    assert_eq!(store.take(), 3);

    let at_once = Guarded::new(Breaker::new(1, Duration::ZERO), within);
    assert!(at_once.put(&name("a"), b"content").is_err());
    at_once.put(&name("a"), &[0; 11]).unwrap_err();
    store.script.lock().unwrap().clear();
    at_once.put(&name("a"), b"content").unwrap();
}

/// A content that cannot be read.
struct Unreadable;

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("not this file"))
    }
}

#[test]
fn what_cannot_be_read_is_no_failure_of_the_store() {
    let guarded = Guarded::new(Breaker::new(1, Duration::MAX), Scripted::new([]));
    let mut source = Unreadable;
    let put = guarded.put_from(&name("a"), &mut Source::new(&mut source), &PutOptions::default());
    let error = put.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert!(error.to_string().contains("not this file"), "{error}");
    guarded.put(&name("a"), b"content").unwrap();
}

#[test]
fn a_success_ends_the_row_of_failures() {
    let mut script: Vec<_> = fails(2).collect();
    script.extend(fails(2));
    let store = Scripted::new(script);
    let guarded = Guarded::new(Breaker::new(3, Duration::MAX), Arc::clone(&store));
    assert!(guarded.get(&name("a")).is_err() && guarded.get(&name("a")).is_err());
    store.script.lock().unwrap().clear();
    assert!(guarded.get(&name("a")).is_ok());
    store.script.lock().unwrap().extend(fails(2));
    assert!(guarded.get(&name("a")).is_err() && guarded.get(&name("a")).is_err());
    assert!(guarded.get(&name("a")).is_ok());
}

/// While a probe is on its way, others fail at once; a probe that panics is a failure and lets the next one through.
#[test]
fn one_probe_at_a_time() {
    let (go_on, wait) = mpsc::channel();
    let store = Scripted::new(fails(1).chain([Next::Hang(wait), Next::Panic]));
    let guarded = Guarded::new(Breaker::new(1, Duration::ZERO), Arc::clone(&store));
    assert!(guarded.get(&name("a")).is_err());
    std::thread::scope(|scope| {
        let probe = scope.spawn(|| guarded.get(&name("a")));
        while *store.asked.lock().unwrap() < 2 {
            std::thread::yield_now();
        }
        assert!(guarded.get(&name("a")).is_err());
        assert_eq!(store.take(), 2, "it was not asked for the other one");
        go_on.send(()).unwrap();
        assert!(probe.join().unwrap().is_ok());
        assert!(scope.spawn(|| guarded.get(&name("a"))).join().is_err(), "it panics");
    });
    assert_eq!(guarded.get(&name("a")).unwrap(), None);
}
