//! What is done while another process holds a lock, and does not let go of it.

use std::fs::File;
use std::time::Duration;

use memento::storage::{DataStore, PutOptions};
use memento::{Digest, Error, ErrorKind, Name};

use super::{name, store};

/// A name whose lock is that of `name`, or is not.
fn with_lock_of(name: &Name, is_shared: bool) -> Name {
    let shard = |name: &Name| Digest::of(name.as_str().as_bytes()).as_bytes()[0];
    let mut names = (0..).map(|n| Name::new(&format!("a/{n}")).unwrap());
    names.find(|other| (shard(other) == shard(name)) == is_shared).unwrap()
}

#[test]
fn a_lock_that_another_process_holds_is_waited_for_as_long_as_it_is_said() {
    let (folder, mut store) = store();
    let object = name("a/b");
    let (beside, elsewhere) = (with_lock_of(&object, true), with_lock_of(&object, false));
    store.put(&object, b"content").unwrap();
    store.folder.patience = Duration::from_millis(20);
    let shard = Digest::of(object.as_str().as_bytes()).as_bytes()[0];
    let path = folder.path().join(format!("locks/{shard:02x}"));
    let held = File::options().write(true).open(&path).unwrap();
    held.lock().unwrap();

    let check = |ended: Result<bool, Error>| {
        let error = ended.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Storage, "{error}");
        let said = format!("`{}` was still locked after 20ms", path.display());
        assert!(error.to_string().contains(&said), "{error}");
    };
    // One that was in the middle of it would undo what is put or dropped meanwhile.
    check(store.put(&object, b"another").map(|()| true));
    check(store.put_if_absent(&beside, b"content"));
    check(store.put_with(&object, b"another", &PutOptions::if_content(b"content")));
    check(store.append(&object, b"more").map(|()| true));
    check(store.remove(&object));
    check(store.set_aside(&object).map(|()| true));
    assert_eq!(store.get(&object).unwrap().unwrap(), b"content");
    store.put(&elsewhere, b"content").unwrap();

    drop(held);
    store.append(&object, b" and more").unwrap();
    assert_eq!(store.get(&object).unwrap().unwrap(), b"content and more");
    assert!(store.remove(&object).unwrap());
}

/// As on a filesystem that has none.
#[test]
fn where_files_cannot_be_locked_objects_are_put_and_dropped_all_the_same() {
    let (folder, store) = store();
    let object = name("a/b");
    let shard = Digest::of(object.as_str().as_bytes()).as_bytes()[0];
    std::fs::create_dir_all(folder.path().join(format!("locks/{shard:02x}"))).unwrap();
    store.put(&object, b"content").unwrap();
    assert!(store.put_if_absent(&object, b"another").is_err());
    assert!(store.remove(&object).unwrap());
}
