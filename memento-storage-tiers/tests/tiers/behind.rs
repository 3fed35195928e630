//! What is written behind the calls.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::Scope;
use std::time::{Duration, Instant};

use memento::plugin::Stores;
use memento::storage::{Entry, Filter, ListOptions, MetadataStore, Prefix};
use memento::{Digest, Environment, Key, Name, Version};
use memento_storage_tiers::{Tier, Tiers, Writes};

use crate::store::Store;
use crate::{double, large, listed, of, runs, text, tier, tiers};

pub(crate) fn behind(store: &Store) -> Tier {
    Tier::new("far", store.stores()).writes(Writes::Behind)
}

#[test]
fn a_tier_that_is_written_behind_holds_no_call_up() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    far.closed(|| assert_eq!(runs(&environment), 10));
    environment.flush().unwrap();
    assert_eq!(runs(&of(far.stores())), 0);
}

#[test]
fn who_finds_no_room_waits_and_nothing_is_lost() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far).queue(1)]);
    std::thread::scope(|scope| {
        far.closed(|| {
            scope.spawn(|| environment.enter(|| (0..50).map(double).sum::<u64>()));
        });
    });
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 50);
}

#[test]
fn what_a_thread_has_put_is_written_when_it_has_ended() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(runs(&environment), 10)).join().unwrap();
    });
    assert_eq!(runs(&of(far.stores())), 0);
}

#[test]
fn what_waits_is_written_when_the_storage_goes() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    assert_eq!(runs(&environment), 10);
    drop(environment);
    assert_eq!(runs(&of(far.stores())), 0);
}

#[test]
fn what_is_lost_is_counted() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far).queue(4)]);
    far.set_away(true);
    assert_eq!(runs(&environment), 10);
    let error = environment.flush().unwrap_err().to_string();
    // Ten mementos, those of the code of two functions, and five contents.
    assert!(error.contains("(tier: far, lost: 17)"), "{error}");
    environment.flush().unwrap();
    far.set_away(false);
    environment.enter(|| assert_eq!(double(77), 154));
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 1);
    assert_eq!(runs(&environment), 0, "nothing is lost where it was written at once");
}

#[test]
fn who_waits_for_a_claim_does_not_wait_for_a_tier_that_fails() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    far.set_full(true);
    let key = Key::from_bytes([2; 32]);
    let claim = stores.metadata.try_claim(&key).unwrap().unwrap();
    stores.metadata.put(&[record()]).unwrap();
    drop(claim);
    while far.stores().metadata.try_claim(&key).unwrap().is_none() {
        std::thread::yield_now();
    }
    far.set_full(false);
    stores.metadata.flush().unwrap();
    assert_eq!(near.stores().metadata.get(&record().key).unwrap(), Some(record().record));
    assert_eq!(far.stores().metadata.get(&record().key).unwrap(), Some(record().record));
}

#[test]
fn a_content_that_is_lost_takes_its_memento_with_it() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let environment = of(stores.clone());
    far.closed(|| {
        // Behind this one, nothing is copied yet.
        stores.metadata.put(&[record()]).unwrap();
        environment.enter(|| assert!(large(2) == text(2)));
        drop_contents(&near.stores());
    });
    environment.flush().unwrap_err();
    let entries = far.stores().metadata.list(&Filter::default(), None, 10).unwrap().entries;
    assert_eq!(entries, [record()]);
    near.stores().metadata.remove_all(&Filter::default()).unwrap();
    assert_eq!(runs(&environment), 10);
    environment.flush().unwrap();
    assert_eq!(runs(&of(far.stores())), 0, "it is there when it is put again");
}

#[test]
fn what_is_forgotten_is_not_written_behind() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    assert_eq!(runs(&environment), 10);
    environment.enter(|| assert_eq!(double::forget_all().unwrap(), 5));
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 0);
}

#[test]
fn what_is_set_aside_while_it_is_written_behind_is_gone() {
    let (near, far) = (Store::default(), Store::default());
    let metadata = Tiers::new([tier(&near), behind(&far)]).into_stores().metadata;
    drop_while_it_is_written(&near, &far, &*metadata, |record| {
        metadata.set_aside(&record.key, &record.record).unwrap();
    });
}

#[test]
fn what_the_nearer_tier_does_not_take_comes_behind_what_waits() {
    let (near, far) = (Store::default(), Store::default());
    let metadata = Tiers::new([tier(&near), behind(&far)]).into_stores().metadata;
    let (first, second) = (record(), Entry { key: Key::from_bytes([2; 32]), ..record() });
    let is_there = |entry: &Entry| far.stores().metadata.get(&entry.key).unwrap().is_some();
    far.set_refused(Some(first.key));
    metadata.put(std::slice::from_ref(&first)).unwrap();
    near.set_full(true);
    metadata.put(std::slice::from_ref(&second)).unwrap_err();
    assert!(!is_there(&second), "the first one still waits");
    far.set_refused(None);
    metadata.put(std::slice::from_ref(&second)).unwrap();
    assert!(is_there(&first) && is_there(&second));
}

#[test]
fn what_the_nearer_tier_does_not_take_is_copied_from_any_that_has_it() {
    let [near, middle, far] = [(); 3].map(|()| Store::default());
    let data = Tiers::new([tier(&near), behind(&middle), behind(&far)]).into_stores().data;
    near.set_full(true);
    let name = Name::of_result(&Digest::of(b"a content"));
    data.put(&name, b"a content").unwrap();
    data.flush().unwrap();
    for store in [middle, far] {
        assert!(store.stores().data.get(&name).unwrap().is_some());
    }
}

/// The first tier that is written is written at once, and those below it behind the call.
#[test]
fn below_a_tier_that_is_never_written_two_may_be_written_behind() {
    let [near, middle, far] = [(); 3].map(|()| Store::default());
    let nearest = tier(&near).writes(Writes::Never);
    let data = Tiers::new([nearest, behind(&middle), behind(&far)]).into_stores().data;
    let name = Name::of_result(&Digest::of(b"a content"));
    far.set_full(true);
    data.put(&name, b"a content").unwrap();
    assert!(middle.stores().data.get(&name).unwrap().is_some());
    while far.failures() == 0 {
        std::thread::yield_now();
    }
    far.set_full(false);
    data.flush().unwrap();
    assert!(far.stores().data.get(&name).unwrap().is_some(), "it is tried again");
}

#[test]
fn what_is_removed_while_it_is_written_behind_is_gone() {
    let (near, far) = (Store::default(), Store::default());
    let metadata = Tiers::new([tier(&near), behind(&far)]).into_stores().metadata;
    drop_while_it_is_written(&near, &far, &*metadata, |record| {
        assert!(metadata.remove(&record.key).unwrap());
    });
}

/// Lets the far tier begin to keep a record, and go on when `drop`, in another thread, waits for that, or has ended
/// without.
fn drop_while_it_is_written(
    near: &Store,
    far: &Store,
    metadata: &dyn MetadataStore,
    drop: impl FnOnce(&Entry) + Send,
) {
    let (begun, is_begun) = mpsc::channel();
    far.interrupt_put(move || begun.send(()).unwrap());
    std::thread::scope(|scope| {
        far.closed(|| {
            metadata.put(&[record()]).unwrap();
            is_begun.recv().unwrap();
            let near = near.stores().metadata;
            begin(scope, || drop(&record()), || near.get(&record().key).unwrap().is_none());
        });
    });
    metadata.flush().unwrap();
    assert_eq!(far.stores().metadata.get(&record().key).unwrap(), None);
}

/// Begins `work` in another thread. When this returns, that waits, with what `is_done`, or has ended.
pub(crate) fn begin<'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() + Send + 'scope,
    is_done: impl Fn() -> bool,
) {
    let (place, place_of) = mpsc::channel();
    let working = scope.spawn(move || {
        place.send(fs::canonicalize("/proc/thread-self").unwrap()).unwrap();
        work();
    });
    let status = place_of.recv().unwrap().join("stat");
    let waits = || fs::read_to_string(&status).is_ok_and(|status| status.contains(") S "));
    while !(working.is_finished() || is_done() && waits()) {
        std::thread::yield_now();
    }
}

/// It is gone from the tier that it would be copied from, which is no loss.
#[test]
fn a_content_that_is_removed_while_it_waits_is_not_lost() {
    let (near, far) = (Store::default(), Store::default());
    let Stores { data, metadata } = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let content = text(1).into_bytes();
    let name = Name::of_result(&Digest::of(&content));
    let (begun, is_begun) = mpsc::channel();
    far.interrupt_put(move || begun.send(()).unwrap());
    std::thread::scope(|scope| {
        far.closed(|| {
            metadata.put(&[record()]).unwrap();
            is_begun.recv().unwrap();
            data.put(&name, &content).unwrap();
            begin(scope, || assert!(data.remove(&name).unwrap()), || true);
        });
    });
    data.flush().unwrap();
    assert_eq!(far.stores().data.get(&name).unwrap(), None);
}

/// Drops all contents of a storage.
fn drop_contents(stores: &Stores) {
    for object in stores.data.list(&Prefix::root(), &ListOptions::default()).unwrap().objects {
        assert!(stores.data.remove(&object.name).unwrap());
    }
}

pub(crate) fn record() -> Entry {
    Entry {
        key: Key::from_bytes([1; 32]),
        function: "f".to_owned(),
        version: Version::from_bytes([1; 32]),
        failed: false,
        hidden: false,
        record: b"a record".to_vec(),
    }
}

/// Makes the far tier lose a content, and nothing else: it is gone before it can be copied, behind a record that waits.
fn lose_one(near: &Store, far: &Store, stores: &Stores) {
    let name = Name::of_result(&Digest::of(b"a content"));
    far.closed(|| {
        stores.metadata.put(&[record()]).unwrap();
        stores.data.put(&name, b"a content").unwrap();
        drop_contents(&near.stores());
    });
}

#[test]
fn what_was_lost_before_keeps_nothing_from_being_forgotten() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    lose_one(&near, &far, &stores);
    let environment = of(stores);
    environment.enter(|| {
        assert_eq!(double(1), 2);
        assert_eq!(double::forget_all().unwrap(), 1);
    });
    let error = environment.flush().unwrap_err().to_string();
    assert!(error.contains("lost"), "who flushes is told of it: {error}");
    environment.flush().unwrap();
    assert_eq!((listed(&of(near.stores())), listed(&of(far.stores()))), (0, 0));
}

#[test]
fn what_was_lost_before_keeps_nothing_from_being_removed_or_set_aside() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let environment =
        of(Stores { data: Arc::clone(&stores.data), metadata: Arc::clone(&stores.metadata) });
    environment.enter(|| assert!((double(1), large(2)) == (2, text(2))));
    environment.flush().unwrap();
    let objects = |store: &Store| {
        let listed = store.stores().data.list(&Prefix::root(), &ListOptions::default()).unwrap();
        listed.objects.into_iter().map(|object| object.name).collect::<Vec<_>>()
    };
    let kept = objects(&far);
    assert!(!kept.is_empty());
    lose_one(&near, &far, &stores);
    for name in kept {
        assert!(stores.data.remove(&name).unwrap());
    }
    assert!(objects(&far).is_empty());
    let entries = stores.metadata.list(&Filter::default(), None, 10).unwrap().entries;
    let [one, others @ ..] = &entries[..] else { panic!("three mementos") };
    assert!(stores.metadata.remove(&one.key).unwrap());
    for Entry { key, record, .. } in others {
        stores.metadata.set_aside(key, record).unwrap();
    }
    assert_eq!(far.stores().metadata.list(&Filter::default(), None, 10).unwrap().entries, []);
    environment.flush().unwrap_err();
}

#[test]
fn a_thread_that_ends_takes_no_loss_from_who_flushes() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    far.set_away(true);
    std::thread::scope(|scope| {
        scope.spawn(|| assert_eq!(runs(&environment), 10)).join().unwrap();
    });
    far.set_away(false);
    environment.flush().unwrap_err();
    environment.flush().unwrap();
}

/// Puts one more result each time that the far tier is about to keep one, so that something always waits.
fn go_on(far: &Store, environment: &Environment, n: u64, is_over: &Arc<AtomicBool>) {
    let (store, other, over) = (far.clone(), environment.clone(), Arc::clone(is_over));
    far.interrupt_put(move || {
        if !over.load(Ordering::Relaxed) {
            go_on(&store, &other, n + 1, &over);
            other.enter(|| assert_eq!(double(n), 2 * n));
        }
    });
}

#[test]
fn who_flushes_does_not_wait_for_what_others_put_later() {
    let long = Duration::from_secs(30);
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    let is_over = Arc::new(AtomicBool::new(false));
    go_on(&far, &environment, 1, &is_over);
    environment.enter(|| assert_eq!(double(0), 0));
    let over = Arc::clone(&is_over);
    let began = Instant::now();
    let limit = std::thread::spawn(move || {
        while !over.load(Ordering::Relaxed) && began.elapsed() < long {
            std::thread::park_timeout(long);
        }
        over.store(true, Ordering::Relaxed);
    });
    environment.flush().unwrap();
    let ended_by_itself = !is_over.swap(true, Ordering::Relaxed);
    limit.thread().unpark();
    limit.join().unwrap();
    // The tier lets go of the environment, which is not to end in the thread that writes.
    environment.flush().unwrap();
    assert!(ended_by_itself, "it waited until nobody put anything any more");
}
