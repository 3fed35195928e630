//! Tiers that are written behind the calls, and fail meanwhile.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use memento::plugin::Stores;
use memento::storage::{DataStore, Entry, Filter, MetadataStore};
use memento::{Digest, ErrorKind, Key, Name, Result};
use memento_storage_tiers::Tiers;

use crate::behind::{behind, record};
use crate::store::{Store, take_one};
use crate::{double, large, listed, of, runs, text, tier, tiers};

#[test]
fn what_fails_is_tried_again_where_there_is_room() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), behind(&far)]);
    for fail in [Store::set_away, Store::set_full] {
        let before = far.failures();
        fail(&far, true);
        assert_eq!(runs(&environment), 10);
        while far.failures() == before {
            std::thread::yield_now();
        }
        fail(&far, false);
        environment.flush().unwrap();
        assert_eq!(runs(&of(far.stores())), 0);
        environment.enter(|| (double::forget_all().unwrap(), large::forget_all().unwrap()));
    }
}

/// Between the results there is what never asks the tier: claims that were given back, and mementos of lost results.
#[test]
fn what_waits_is_given_up_together_where_the_tier_is_away_at_the_end() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let metadata = Arc::clone(&stores.metadata);
    let environment = of(stores);
    // The code of the function is put with its first result.
    environment.enter(|| assert!(large(0) == text(0)));
    environment.flush().unwrap();
    far.closed(|| {
        for n in 1..5 {
            let claim = metadata.try_claim(&Key::from_bytes([n; 32])).unwrap();
            environment.enter(|| assert!(large(n) == text(n)));
            drop(claim);
        }
        far.set_away(true);
    });
    environment.flush().unwrap_err();
    let attempts = far.failures();
    assert!(attempts < 10, "{attempts} attempts, where three for each result are 12");
}

#[test]
fn a_content_that_is_cut_on_its_way_is_read_again() {
    let (near, far) = (Store::default(), Store::default());
    let data = Tiers::new([tier(&near), behind(&far)]).into_stores().data;
    let name = Name::of_result(&Digest::of(b"a content"));
    near.cut_streams(2);
    data.put(&name, b"a content").unwrap();
    data.flush().unwrap();
    assert_eq!(near.cuts_left(), 0);
    assert!(far.stores().data.get(&name).unwrap().is_some());
}

/// It is lost to the tier below, which works: what comes behind it is written without a pause.
#[test]
fn a_content_that_the_tier_above_cannot_read_holds_nothing_up() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    near.cut_streams(100);
    stores.data.put(&Name::of_result(&Digest::of(b"a content")), b"a content").unwrap();
    stores.metadata.put(&[record()]).unwrap();
    while far.stores().metadata.get(&record().key).unwrap().is_none() {
        std::thread::yield_now();
    }
    assert_eq!(near.cuts_left(), 100 - 3);
    let error = stores.metadata.flush().unwrap_err().to_string();
    assert!(error.contains("lost"), "{error}");
}

/// Sees to it that all that waits is written, and nothing given up: what is removed, is removed behind it.
fn write_all(data: &dyn DataStore) -> Result<()> {
    data.remove(&Name::of_result(&Digest::of(b"what nobody has")))
        .map(|was_there| assert!(!was_there))
}

#[test]
fn what_waits_for_a_tier_that_is_away_stays_where_other_things_are_dropped() {
    let (near, far) = (Store::default(), Store::default());
    let Stores { data, metadata } = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let environment = of(Stores { data: Arc::clone(&data), metadata: Arc::clone(&metadata) });
    far.set_away(true);
    assert_eq!(runs(&environment), 10);
    environment.enter(|| {
        let error = double::forget(1).unwrap_err().to_string();
        assert!(error.contains("far") && error.contains("it is away"), "{error}");
        large::forget_all().unwrap_err();
    });
    let entries = near.stores().metadata.list(&Filter::default(), None, 10).unwrap().entries;
    metadata.set_aside(&entries[0].key, &entries[0].record).unwrap_err();
    let error = write_all(&*data).unwrap_err().to_string();
    assert!(error.contains("what waits"), "{error}");
    far.set_away(false);
    assert!(environment.enter(|| !double::forget(1).unwrap()), "it does not wait any more");
    write_all(&*data).unwrap();
    environment.flush().unwrap();
    for store in [near, far] {
        assert_eq!(listed(&of(store.stores())), 3);
        assert_eq!(runs(&of(store.stores())), 7);
    }
}

#[test]
fn what_is_forgotten_is_gone_from_a_tier_that_takes_nothing() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let data = Arc::clone(&stores.data);
    let environment = of(stores);
    environment.enter(|| double(1));
    environment.flush().unwrap();
    far.set_full(true);
    environment.enter(|| {
        assert_eq!((double(2), double(3)), (4, 6));
        assert!(double::forget(1).unwrap() && double::forget(2).unwrap());
    });
    far.set_full(false);
    write_all(&*data).unwrap();
    environment.flush().unwrap();
    assert_eq!(listed(&of(far.stores())), 1);
}

/// Puts records, one by one, that wait for a tier together.
fn put_many(far: &Store, metadata: &dyn MetadataStore, count: u8) {
    far.closed(|| {
        for n in 0..count {
            let key = Key::from_bytes([n; 32]);
            metadata.put(&[Entry { key, ..record() }]).unwrap();
        }
    });
}

fn count(store: &Store) -> usize {
    store.stores().metadata.list(&Filter::default(), None, 1_000).unwrap().entries.len()
}

#[test]
fn a_record_that_is_refused_takes_no_other_with_it() {
    for kind in [ErrorKind::TooLarge, ErrorKind::Unsupported, ErrorKind::Storage] {
        for is_flushed in [true, false] {
            let (near, far) = (Store::default(), Store::default());
            let Stores { data, metadata } = Tiers::new([tier(&near), behind(&far)]).into_stores();
            far.refuse(move |key| (key.as_bytes()[0] == 10).then_some(kind));
            put_many(&far, &*metadata, 20);
            while !is_flushed && write_all(&*data).is_err() {}
            let error = metadata.flush().unwrap_err().to_string();
            assert!(error.contains("lost: 1)"), "{kind:?}: {error}");
            assert_eq!(count(&far), 19);
        }
    }
}

/// One is refused, and before the one behind it is put, the tier fails for a moment.
#[test]
fn what_is_put_one_by_one_stays_where_the_tier_fails_meanwhile() {
    let (near, far) = (Store::default(), Store::default());
    let Stores { data, metadata } = Tiers::new([tier(&near), behind(&far)]).into_stores();
    let failures = AtomicU64::new(3);
    far.refuse(move |key| match key.as_bytes()[0] {
        10 => Some(ErrorKind::TooLarge),
        11 => take_one(&failures).then_some(ErrorKind::Storage),
        _ => None,
    });
    put_many(&far, &*metadata, 20);
    while write_all(&*data).is_err() {}
    let error = metadata.flush().unwrap_err().to_string();
    assert!(error.contains("lost: 1)"), "{error}");
    assert_eq!(count(&far), 19);
}

#[test]
fn a_tier_that_takes_no_record_is_not_asked_for_each() {
    for kind in [ErrorKind::Unsupported, ErrorKind::Storage] {
        let (near, far) = (Store::default(), Store::default());
        let metadata = Tiers::new([tier(&near), behind(&far)]).into_stores().metadata;
        far.refuse(move |_| Some(kind));
        put_many(&far, &*metadata, 200);
        let error = metadata.flush().unwrap_err().to_string();
        assert!(error.contains("lost: 200)"), "{kind:?}: {error}");
        assert!(far.failures() < 20, "{} requests", far.failures());
    }
}
