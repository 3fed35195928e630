//! A database that is removed or replaced while it is in use, and how many use it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, io, thread};

use memento::storage::MetadataStore;

use super::{entry, key, listed, other, store};
use crate::problem::Problem;
use crate::sessions::Session;
use crate::{Options, SqliteMetadataStore};

#[test]
fn who_only_reads_sees_what_took_the_place_of_the_database() {
    let (folder, writer) = store();
    let root = folder.path().join("storage");
    writer.put(&[entry(1, "f", 1)]).unwrap();
    let [mut often, seldom, mut readonly] =
        [other(&folder), other(&folder), SqliteMetadataStore::new(&Options::new(&root).readonly())];
    for store in [&mut often, &mut readonly] {
        store.database.sessions.pause = Duration::ZERO;
    }
    for byte in 1..5 {
        let (now, before) = ([key(byte)], [key(byte - 1)]);
        for store in [&often, &readonly] {
            assert_eq!(store.get(&before[0]).unwrap(), None, "{byte}");
            assert_eq!(store.get(&now[0]).unwrap().unwrap(), [byte]);
        }
        assert_eq!(seldom.get_many(&before).unwrap(), [None], "{byte}");
        assert_eq!(seldom.get_many(&now).unwrap(), [Some(vec![byte])]);
        for store in [&often, &seldom, &readonly] {
            assert_eq!(listed(store), [byte]);
        }
        fs::remove_dir_all(&root).unwrap();
        writer.put(&[entry(byte + 1, "f", 1)]).unwrap();
    }
}

#[test]
fn a_look_up_looks_for_another_database_only_now_and_then() {
    let (folder, mut store) = store();
    store.database.sessions.pause = Duration::MAX;
    store.put(&[entry(1, "f", 1)]).unwrap();
    assert!(store.get(&key(1)).unwrap().is_some());
    fs::remove_dir_all(folder.path().join("storage")).unwrap();
    assert!(store.get(&key(1)).unwrap().is_some(), "without a look at the folder");
    assert_eq!(listed(&store), [0; 0]);
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

/// Between two looks at the folder, what is idle is taken as it is.
#[test]
fn what_was_in_use_when_the_database_was_replaced_is_not_used_again() {
    let (folder, mut store) = store();
    store.database.sessions.pause = Duration::MAX;
    store.put(&[entry(1, "f", 1)]).unwrap();
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), [1], "which looks at the folder");
    let next = &mut |_| {
        fs::remove_dir_all(folder.path().join("storage")).unwrap();
        other(&folder).put(&[entry(1, "f", 1), entry(2, "f", 1)]).unwrap();
        assert!(store.remove(&key(1)).unwrap(), "it is in the new one, too");
        Vec::new()
    };
    store.get_levels(vec![key(1)], next).unwrap();
    assert_eq!(store.get(&key(1)).unwrap(), None);
    assert_eq!(store.get(&key(2)).unwrap().unwrap(), [2]);
}

/// What fails closes its session; the folder goes while there is none.
#[test]
fn a_folder_that_goes_while_no_session_is_idle_is_made_again() {
    let (folder, store) = store();
    store.put(&[entry(1, "f", 1)]).unwrap();
    for byte in 2..4 {
        let fail = |_: &mut Session| Err(Problem::from(io::Error::from(io::ErrorKind::Other)));
        store.database.write::<()>("fail", fail).unwrap_err();
        fs::remove_dir_all(folder.path().join("storage")).unwrap();
        assert_eq!(store.get(&key(1)).unwrap(), None);
        store.put(&[entry(byte, "f", 1)]).unwrap();
        assert_eq!(listed(&other(&folder)), [byte]);
    }
}

/// Two read until they are let go; a third one waits, and who writes does not. No more than two sessions are kept.
#[test]
fn who_reads_waits_where_so_many_do() {
    let (_folder, mut store) = store();
    store.put(&[entry(1, "f", 1)]).unwrap();
    store.database.sessions.most = 2;
    let (store, inside, is_open) = (&store, AtomicUsize::new(0), AtomicBool::new(false));
    let read = || {
        let next = &mut |_| {
            inside.fetch_add(1, Ordering::SeqCst);
            while !is_open.load(Ordering::SeqCst) {
                thread::yield_now();
            }
            Vec::new()
        };
        store.get_levels(vec![key(1)], next).unwrap();
    };
    let counts = || (inside.load(Ordering::SeqCst), store.database.sessions.counts().1);
    thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(read)));
        while !matches!(counts(), (3, _) | (2, 1)) {
            thread::yield_now();
        }
        let seen = counts();
        store.put(&[entry(2, "f", 1)]).unwrap();
        is_open.store(true, Ordering::SeqCst);
        assert_eq!(seen, (2, 1), "those who read, and those who wait");
    });
    assert_eq!(counts(), (3, 0));
    assert_eq!(store.database.sessions.counts().0, 2, "of three, with who wrote");
}

#[test]
fn who_has_a_session_waits_for_no_other() {
    let (_folder, mut store) = store();
    store.put(&[entry(1, "f", 1), entry(2, "f", 1)]).unwrap();
    store.database.sessions.most = 1;
    let next = &mut |_| {
        assert_eq!(store.get(&key(1)).unwrap().unwrap(), [1]);
        store.set_aside(&key(2), &[2]).unwrap();
        assert_eq!(listed(&store), [1]);
        Vec::new()
    };
    store.get_levels(vec![key(1)], next).unwrap();
    assert_eq!(store.get(&key(2)).unwrap(), None);
}

/// Also while claims on the file of before are held.
#[test]
#[cfg(any(target_os = "linux", target_os = "android"))]
fn claims_are_on_the_file_that_is_there() {
    let (folder, store) = store();
    let mut held = Vec::new();
    for _ in 0..3 {
        let claim = store.try_claim(&key(1)).unwrap();
        assert!(claim.is_some());
        assert!(other(&folder).try_claim(&key(1)).unwrap().is_none());
        assert!(other(&folder).try_claim(&key(2)).unwrap().is_some());
        held.push(claim);
        fs::remove_dir_all(folder.path().join("storage")).unwrap();
    }
    assert!(other(&folder).try_claim(&key(1)).unwrap().is_some());
    drop(held);
    assert!(
        store.try_claim(&key(1)).unwrap().is_some(),
        "what is given back is no file that is there"
    );
}
