//! What is written behind the calls.

use std::sync::Arc;

use memento::{Entry, Filter};
use memento_storage_tiers::{Tier, Tiers, Writes};

use crate::store::Store;
use crate::{double, listed, of, runs, tier, tiers};

fn behind(store: &Store) -> Tier {
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
    assert!(error.contains("far") && error.contains("lost"), "{error}");
    environment.flush().unwrap();
    far.set_away(false);
    environment.enter(|| assert_eq!(double(77), 154));
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 1);
    assert_eq!(runs(&environment), 0, "nothing is lost where it was written at once");
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
fn what_is_set_aside_is_not_written_behind() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let metadata = Arc::clone(&stores.metadata);
    let environment = of(stores);
    std::thread::scope(|scope| {
        far.closed(|| {
            environment.enter(|| assert_eq!(double(1), 2));
            let near = near.stores().metadata;
            let entries = near.list(&Filter::default(), None, 10).unwrap().entries;
            let [Entry { key, record, .. }] = &entries[..] else { panic!("one memento") };
            let (key, record) = (*key, record.clone());
            scope.spawn(move || metadata.set_aside(&key, &record).unwrap());
            while near.get(&key).unwrap().is_some() {
                std::thread::yield_now();
            }
        });
    });
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 0);
}
