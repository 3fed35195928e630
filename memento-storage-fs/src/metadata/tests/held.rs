//! What is done while another process holds the lock of the storage, and does not let go of it.

use std::fs::{self, File};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use memento::ErrorKind;
use memento::storage::MetadataStore;

use super::{entry, key, store};
use crate::problem::Problem;
use crate::sessions::Session;

/// Locks the storage as another process does.
fn hold(root: &Path) -> File {
    let held = File::options().create(true).write(true).truncate(false).open(root.join("lock"));
    let held = held.unwrap();
    held.lock().unwrap();
    held
}

/// What is done in a database that turns out to be broken.
fn broken(_: &mut Session) -> Result<(), Problem> {
    Err(Problem::Damaged("a page of it is none".to_owned()))
}

/// Waits until the process has opened this file so many times.
#[cfg(target_os = "linux")]
fn until_opened(path: &Path, times: usize) {
    let opened = || {
        let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let links = all.filter_map(|entry| fs::read_link(entry.path()).ok());
        links.filter(|link| link == path).count()
    };
    for _ in 0..60_000 {
        if opened() >= times {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
    panic!("`{}` was not opened", path.display());
}

#[test]
fn the_tables_are_not_waited_for_without_end() {
    let (folder, mut store) = store();
    store.database.folder.patience = Duration::from_millis(20);
    let root = folder.path().join("storage");
    fs::create_dir(&root).unwrap();
    let held = hold(&root);
    let error = store.put(&[entry(1, "f", 1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
    let said = format!("`{}` was still locked after 20ms", root.join("lock").display());
    assert!(error.to_string().contains(&said), "{error}");
    drop(held);
    store.put(&[entry(1, "f", 1)]).unwrap();
}

#[test]
fn a_broken_database_is_not_waited_for_without_end() {
    let (folder, mut store) = store();
    store.database.folder.patience = Duration::from_millis(20);
    store.put(&[entry(1, "f", 1)]).unwrap();
    let held = hold(&folder.path().join("storage"));
    let error = store.database.read("read", broken).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged, "{error}");
    assert!(error.to_string().contains("was still locked after 20ms"), "{error}");
    drop(held);
    assert_eq!(store.get(&key(1)).unwrap().unwrap(), [1]);
    let error = store.database.read("read", broken).unwrap_err();
    assert!(error.to_string().contains("it was moved"), "{error}");
    assert_eq!(store.get(&key(1)).unwrap(), None);
}

/// Whoever waits to move a broken database holds nobody up who reads what is whole.
#[cfg(target_os = "linux")]
#[test]
fn others_look_up_what_they_need_while_one_waits_for_the_lock() {
    let (folder, mut store) = store();
    store.database.folder.patience = Duration::from_mins(10);
    store.put(&[entry(1, "f", 1)]).unwrap();
    let root = folder.path().join("storage");
    let held = hold(&root);
    let store = Arc::new(store);
    let other = Arc::clone(&store);
    let waiting = thread::spawn(move || other.database.read("read", broken));
    until_opened(&root.join("lock"), 2);
    let (found, is_found) = mpsc::channel();
    let other = Arc::clone(&store);
    thread::spawn(move || found.send(other.get(&key(1))));
    let found = is_found.recv_timeout(Duration::from_secs(30));
    drop(held);
    assert_eq!(found.expect("it does not wait").unwrap().unwrap(), [1]);
    assert_eq!(waiting.join().unwrap().unwrap_err().kind(), ErrorKind::Damaged);
}
