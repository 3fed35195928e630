//! Stores that fail while they are counted.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::{DataStore as _, Entry, MetadataStore as _};
use memento::{Digest, Error, ErrorKind, Name, Result};
use memento_storage_layers::{
    Encryption, Eviction, Faults, Guarded, Keys, Operation, Policy, ReadOnly, Transformed,
};

use crate::limits::{of_file, path_of};

use crate::{LONG, Lab, NOTHING, ask, over, room_for};

/// The stores, which fail in a part of all operations.
fn faulty(lab: &Lab, rate: f64, seed: u64) -> Stores {
    let Stores { data, metadata } = lab.stores();
    Stores {
        data: Arc::new(Guarded::new(Faults::new(rate, seed), data)),
        metadata: Arc::new(Guarded::new(Faults::new(rate, seed + 1), metadata)),
    }
}

#[test]
fn a_store_that_fails_now_and_then_returns_right_values_and_is_counted_later() {
    for seed in 0..20 {
        let lab = Lab::new();
        let stores = room_for(20).around(faulty(&lab, 0.2, seed));
        let environment = over(stores, 0);
        for n in (0..60).chain(0..60) {
            ask(&environment, [n]);
        }
        drop(environment);
        // What was put and said not to be is counted the next day.
        lab.wait(Duration::from_hours(24));
        let environment = lab.environment(room_for(20));
        ask(&environment, [1000]);
        environment.flush().unwrap();
        let limit = 20 * (LONG + 500);
        assert!(lab.size() <= limit + limit / 64 + LONG, "{} bytes", lab.size());
    }
}

/// Fails in all that writes, for as long as it is told to.
#[derive(Clone, Debug, Default)]
struct Full(Arc<AtomicBool>);

impl Policy for Full {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        if operation.writes && self.0.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Storage, operation.does).because("it is full"));
        }
        attempt()
    }
}

#[test]
fn what_could_not_be_told_is_told_later() {
    let lab = Lab::new();
    ask(&over(lab.stores(), 1 << 20), 0..25);
    let full = Full::default();
    let Stores { data, metadata } = lab.stores();
    let stores = Stores { data: Arc::new(Guarded::new(full.clone(), data)), metadata };
    let environment = over(room_for(30).around(stores), 1 << 20);
    full.0.store(true, Ordering::Relaxed);
    assert_eq!(ask(&environment, 0..10), NOTHING);
    let error = environment.flush().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage);
    assert_eq!(lab.listed("usage").len(), 0);
    full.0.store(false, Ordering::Relaxed);
    environment.flush().unwrap();
    assert_eq!(lab.listed("usage").len(), 1);
    environment.flush().unwrap();
    assert_eq!(lab.listed("usage").len(), 1, "once");
    let other = lab.environment(room_for(30));
    ask(&other, 100..115);
    other.flush().unwrap();
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, 0..10), NOTHING);
    assert!(!ask(&plain, 10..25).is_empty());
}

#[test]
fn a_store_that_is_open_for_reading_is_not_counted() {
    let lab = Lab::new();
    ask(&over(lab.stores(), 0), 0..50);
    let objects = lab.data.info().unwrap().objects;
    let Stores { data, metadata } = lab.stores();
    let read_only = Stores {
        data: Arc::new(Guarded::new(ReadOnly, data)),
        metadata: Arc::new(Guarded::new(ReadOnly, metadata)),
    };
    let environment = over(room_for(20).around(read_only), 0);
    assert_eq!(ask(&environment, 0..50), NOTHING);
    environment.flush().unwrap();
    assert_eq!(lab.data.info().unwrap().objects, objects);
}

#[test]
fn threads_that_put_at_the_same_time_keep_within_the_limit() {
    let lab = Lab::new();
    let environment = lab.environment(room_for(20));
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let environment = &environment;
            scope.spawn(move || {
                environment.enter(|| {
                    for n in (0..100).map(|n| n * 4 + thread) {
                        assert_eq!(crate::long(n), crate::right(n));
                    }
                });
            });
        }
    });
    environment.flush().unwrap();
    let limit = 20 * (LONG + 500);
    assert!(lab.size() <= limit + limit / 64 + LONG, "{} bytes", lab.size());
}

/// Holds the first one who lists objects until it is told to let go.
#[derive(Debug)]
struct Hold {
    begun: Sender<()>,
    go_on: Mutex<Option<Receiver<()>>>,
}

impl Policy for Hold {
    fn run(&self, operation: Operation, attempt: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let is_list = operation.method == "list";
        let go_on = is_list.then(|| self.go_on.lock().unwrap().take()).flatten();
        if let Some(go_on) = go_on {
            self.begun.send(()).unwrap();
            go_on.recv().unwrap();
        }
        attempt()
    }
}

/// What tells of this thread; `None` where the kernel does not.
fn state_of_this_thread() -> Option<PathBuf> {
    Some(Path::new("/proc/thread-self").canonicalize().ok()?.join("stat"))
}

fn is_asleep(state: &Path) -> bool {
    let state = std::fs::read_to_string(state).unwrap();
    state.rsplit_once(") ").unwrap().1.starts_with('S')
}

#[test]
fn who_waits_for_a_count_to_end_does_not_hold_up_hits() {
    let lab = Lab::new();
    let ((begun, has_begun), (let_go, go_on)) = (channel(), channel());
    let hold = Hold { begun, go_on: Mutex::new(Some(go_on)) };
    let Stores { data, metadata } = lab.stores();
    let stores = Stores { data: Arc::new(Guarded::new(hold, data)), metadata };
    let data = Eviction::new().max_size(1 << 30).around(stores).data;
    let name = Name::of_result(&Digest::of(b"content"));
    data.put(&name, b"content").unwrap();
    thread::scope(|scope| {
        let counting = scope.spawn(|| data.flush());
        has_begun.recv().unwrap();
        let (here, there) = channel();
        let data = &data;
        let waiting = scope.spawn(move || {
            here.send(state_of_this_thread()).unwrap();
            data.flush()
        });
        let state = there.recv().unwrap();
        while state.as_ref().is_some_and(|state| !is_asleep(state)) {
            thread::yield_now();
        }
        let (found, hit) = channel();
        scope.spawn(move || found.send(data.get(&name).unwrap().unwrap()).unwrap());
        let hit = hit.recv_timeout(Duration::from_mins(1));
        let_go.send(()).unwrap();
        counting.join().unwrap().unwrap();
        waiting.join().unwrap().unwrap();
        assert_eq!(hit.expect("a hit while everything is counted"), b"content");
    });
}

/// Where everything is encrypted, the store itself finds out what is damaged.
#[test]
fn what_is_damaged_does_not_keep_a_storage_from_its_limits() {
    let lab = Lab::new();
    let keys = Keys::new(["a key that everybody knows, as it stands here"]).unwrap();
    let encryption = Encryption::new(keys);
    let stores = || Stores {
        data: Arc::new(Transformed::new(encryption.clone(), Arc::clone(&lab.data))),
        metadata: Arc::new(Transformed::new(encryption.clone(), Arc::clone(&lab.metadata))),
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    let pinned = path_of("::of_file");
    let environment = || over(room_for(20).pin(&pinned).around(stores()), 0);
    for text in ["one", "two"] {
        std::fs::write(&path, text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        environment().enter(|| assert_eq!(of_file(path), text));
    }
    // Each content of the pinned function, and the record that another one took the place of.
    for object in lab.listed("results") {
        let mut content = lab.data.get(&object.name).unwrap().unwrap();
        *content.last_mut().unwrap() ^= 1;
        lab.data.put(&object.name, &content).unwrap();
    }
    let listed = stores().metadata.list(&<_>::default(), None, 10).unwrap().entries;
    let earlier = listed[0].earlier().unwrap()[0];
    let mut record = lab.metadata.get(&earlier).unwrap().unwrap();
    *record.last_mut().unwrap() ^= 1;
    let damaged = Entry { key: earlier, hidden: true, record, ..listed[0].clone() };
    lab.metadata.put(&[damaged]).unwrap();
    assert_eq!(stores().metadata.get(&earlier).unwrap_err().kind(), ErrorKind::Damaged);

    let environment = environment();
    for n in 0..60 {
        ask(&environment, [n]);
    }
    environment.flush().unwrap();
    // What is encrypted is a little longer than what counts.
    assert!(lab.size() <= 22 * (LONG + 500), "{} bytes", lab.size());
}
