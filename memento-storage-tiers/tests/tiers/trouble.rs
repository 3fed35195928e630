//! Tiers that fail, and what is damaged in them.

use std::sync::Arc;

use memento::plugin::Stores;
use memento::storage::{Entry, Filter, ListOptions, Prefix, PutOptions, Source};
use memento::{Digest, Environment, Key, LocalRunner, Name, Storage};
use memento_storage_layers::{Keys, Signing, Transformed};
use memento_storage_tiers::{Tier, Tiers, Writes};

use crate::behind::behind;
use crate::store::{Broken, Store};
use crate::{RUNS, count, double, large, length, of, runs, text, tier, tiers};

#[test]
fn a_tier_that_is_away_costs_nothing_but_what_only_it_has() {
    let (near, far) = (Store::default(), Store::default());
    for (away, other) in [(&near, &far), (&far, &near)] {
        let environment = tiers([tier(&near), tier(&far)]);
        environment.enter(|| double::forget_all().unwrap());
        environment.enter(|| crate::large::forget_all().unwrap());
        away.set_away(true);
        assert_eq!(runs(&environment), 10);
        assert_eq!(runs(&environment), 0);
        assert_eq!(runs(&of(other.stores())), 0, "it was kept where it could be");
        away.set_away(false);
    }
}

#[test]
fn nothing_is_kept_where_all_tiers_are_away_and_values_are_right() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), tier(&far)]);
    near.set_away(true);
    far.set_away(true);
    assert_eq!((runs(&environment), runs(&environment)), (10, 10));
    assert!(environment.statistics().store_failures >= 20, "each was reported");
}

#[test]
fn what_a_tier_that_is_away_still_has_is_not_said_to_be_forgotten() {
    for far_is_away in [false, true] {
        let (near, far) = (Store::default(), Store::default());
        let environment = tiers([tier(&near), tier(&far)]);
        environment.enter(|| double(1));
        let away = if far_is_away { &far } else { &near };
        away.set_away(true);
        let error = environment.enter(|| double::forget(1).unwrap_err());
        assert!(error.to_string().contains("a tier"), "{error}");
        away.set_away(false);
        environment.enter(|| assert!(double::forget(1).unwrap(), "it is still there"));
        for store in [&near, &far] {
            RUNS.set(0);
            of(store.stores()).enter(|| double(1));
            assert_eq!(RUNS.get(), 1);
        }
    }
}

/// Also where there is what was computed before from another content.
#[test]
fn what_is_forgotten_is_gone_from_all_tiers_but_the_one_that_is_away() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), tier(&far)]);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("file");
    for (text, expected) in [("a", 1), ("bc", 2)] {
        std::fs::write(&path, text).unwrap();
        environment.enter(|| assert_eq!(length(path.clone()), expected));
    }
    near.set_away(true);
    environment.enter(|| length::forget(path.clone()).unwrap_err());
    RUNS.set(0);
    of(far.stores()).enter(|| length(path.clone()));
    assert_eq!(RUNS.get(), 1, "it was dropped there");
}

#[test]
fn what_is_refreshed_while_the_first_tier_takes_nothing_stays_refreshed() {
    let (near, far) = (Store::default(), Store::default());
    let environment = || tiers([tier(&near), tier(&far)]);
    RUNS.set(0);
    environment().enter(|| assert_eq!(count(1), 1));
    near.set_full(true);
    let refreshing = environment();
    refreshing.enter(|| assert_eq!(count::with().refresh().call(1), 2));
    assert_eq!(refreshing.statistics().store_failures, 0, "it is kept, and nothing else is");
    near.set_full(false);
    environment().enter(|| assert_eq!(count(1), 2));
}

/// One that only fails to answer for a moment has what is newer than what is found below.
#[test]
fn what_is_refreshed_stays_where_its_tier_once_does_not_answer() {
    let (near, far) = (Store::default(), Store::default());
    let last = |is_behind| if is_behind { behind(&far) } else { tier(&far) };
    let look_ups: [fn() -> usize; 2] = [|| [count(1)].len(), || count::map([(1,), (2,)]).len()];
    for (is_behind, look_up) in [false, true].into_iter().flat_map(|b| look_ups.map(|l| (b, l))) {
        let environment = tiers([tier(&near), last(is_behind)]);
        environment.enter(|| {
            count::forget_all().unwrap();
            assert_eq!(count::map([(1,), (2,)]).into_iter().flatten().count(), 2);
        });
        environment.flush().unwrap();
        far.set_full(true);
        RUNS.set(100);
        let refreshed = environment.enter(|| count::with().refresh().call(1));
        near.fail_reads(1);
        environment.enter(look_up);
        far.set_full(false);
        environment.flush().unwrap();
        environment.enter(|| assert_eq!(count(1), refreshed));
        of(near.stores()).enter(|| assert_eq!(count(1), refreshed));
    }
}

#[test]
fn a_former_result_that_a_tier_may_still_have_is_reported() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([Tier::new("near", near.stores()), tier(&far)]).into_stores();
    let metadata = Arc::clone(&stores.metadata);
    let environment = of(stores);
    RUNS.set(0);
    environment.enter(|| assert_eq!(count(1), 1));
    let entries = metadata.list(&Filter::default(), None, 10).unwrap().entries;
    near.set_away(true);
    environment.enter(|| assert_eq!(count::with().refresh().call(1), 2));
    assert_eq!(environment.statistics().store_failures, 2, "it was neither replaced nor dropped");
    let error = metadata.put(&entries).unwrap_err().to_string();
    assert!(error.contains("near") && error.contains("may still have former ones"), "{error}");
    near.set_away(false);
    far.set_away(true);
    metadata.put(&entries).unwrap();
}

#[test]
fn a_stream_that_the_first_tier_does_not_take_is_kept_by_those_below() {
    let [near, middle, far] = [(); 3].map(|()| Store::default());
    let last = tier(&far).writes(Writes::Behind);
    let data = Tiers::new([tier(&near), tier(&middle), last]).into_stores().data;
    near.set_full(true);
    // More than waits in memory.
    let content = text(5);
    let name = Name::of_result(&Digest::of(content.as_bytes()));
    let mut reader = content.as_bytes();
    let put = data.put_from(&name, &mut Source::new(&mut reader), &PutOptions::default());
    assert!(put.unwrap());
    data.flush().unwrap();
    for store in [middle, far] {
        let kept = store.stores().data.get(&name).unwrap();
        assert!(kept.as_deref() == Some(content.as_bytes()));
    }
    near.set_full(false);
    assert!(data.get(&name).unwrap().is_some());
}

#[test]
fn a_source_that_fails_is_no_failure_of_a_tier() {
    let (near, far) = (Store::default(), Store::default());
    let tiers = Tiers::new([tier(&near), tier(&far)]);
    let data = tiers.clone().into_stores().data;
    let name = Name::of_result(&Digest::of(b"content"));
    let put = data.put_from(&name, &mut Source::new(&mut Broken), &PutOptions::default());
    put.unwrap_err();
    assert_eq!(tiers.failures(), [0, 0]);
}

#[test]
fn damage_is_told_of_the_tier_that_has_it() {
    let (near, far) = (Store::default(), Store::default());
    let name = Name::of_result(&Digest::of(b"content"));
    far.stores().data.put(&name, b"damaged").unwrap();
    let tiers = Tiers::new([tier(&near), tier(&far)]);
    tiers.clone().into_stores().data.read(&name).unwrap().unwrap();
    assert_eq!(tiers.failures(), [0, 1]);
}

#[test]
fn a_stream_that_is_cut_is_a_failure_of_the_tier_that_has_it() {
    let (near, far) = (Store::default(), Store::default());
    let name = Name::of_result(&Digest::of(b"content"));
    far.stores().data.put(&name, b"content").unwrap();
    let tiers = Tiers::new([tier(&near), tier(&far)]);
    far.cut_streams(1);
    let mut content = tiers.clone().into_stores().data.read(&name).unwrap().unwrap();
    assert_eq!(std::io::read_to_string(&mut content).unwrap(), "content");
    assert_eq!((tiers.failures(), far.cuts_left()), (vec![0, 1], 0));
}

/// Damages all that is in a store.
fn damage(store: &Store) {
    let stores = store.stores();
    for mut entry in stores.metadata.list(&Filter::default(), None, 100).unwrap().entries {
        entry.record[40] ^= 1;
        stores.metadata.put(&[entry]).unwrap();
    }
    let listed = stores.data.list(&Prefix::root(), &ListOptions::default()).unwrap();
    for object in listed.objects {
        let mut content = stores.data.get(&object.name).unwrap().unwrap();
        let middle = content.len() / 2;
        content[middle] ^= 1;
        stores.data.put(&object.name, &content).unwrap();
    }
}

#[test]
fn what_is_damaged_below_is_not_copied_up() {
    let (near, far) = (Store::default(), Store::default());
    runs(&of(far.stores()));
    damage(&far);
    let environment = tiers([tier(&near), tier(&far)]);
    assert_eq!(runs(&environment), 10, "values are right");
    assert_eq!(runs(&of(near.stores())), 0);
    assert_eq!(runs(&of(far.stores())), 0, "what was damaged is replaced");
}

#[test]
fn what_is_damaged_in_one_tier_is_taken_from_the_next() {
    let (near, middle, far) = (Store::default(), Store::default(), Store::default());
    runs(&of(middle.stores()));
    runs(&of(far.stores()));
    damage(&middle);
    assert_eq!(runs(&tiers([tier(&near), tier(&middle), tier(&far)])), 0);
    assert_eq!(runs(&of(near.stores())), 0);
    assert_eq!(runs(&of(middle.stores())), 0, "it is mended on the way");
}

/// With a memory cache, and a function that has run before, stores are asked once before something is computed.
#[test]
fn what_is_damaged_in_one_tier_is_taken_from_the_next_at_once() {
    let (near, middle, far) = (Store::default(), Store::default(), Store::default());
    runs(&of(middle.stores()));
    runs(&of(far.stores()));
    damage(&middle);
    let stores = Tiers::new([tier(&near), tier(&middle), tier(&far)]).into_stores();
    let environment = Environment::new(Storage::from(stores), LocalRunner::new());
    environment.enter(|| assert!(large(5) == text(5)));
    assert_eq!(runs(&environment), 0);
}

/// Programs of a newer release share the tier below: what they have put stays, and is not found damaged.
#[test]
fn what_is_of_a_newer_release_below_stays_and_is_not_copied_up() {
    let (near, far) = (Store::default(), Store::default());
    of(far.stores()).enter(|| (0..2).map(double).sum::<u64>());
    let metadata = far.stores().metadata;
    let newer = as_of_a_newer_release(&far);
    let tiers = Tiers::new([tier(&near), tier(&far)]);
    let environment = of(tiers.clone().into_stores());
    environment.enter(|| {
        assert_eq!(double(0), 0);
        assert!(double::map([(0,), (1,)]).into_iter().all(|value| value.is_ok()));
    });
    assert_eq!(environment.statistics().computed, 3, "nothing of it is known");
    for Entry { key, record, .. } in &newer {
        assert_eq!(metadata.get(key).unwrap().as_ref(), Some(record));
    }
    assert_eq!(mementos(&near), []);
    assert_eq!(tiers.failures(), [0, 0]);
}

/// Replaces all records of a store with such as a later release may write. They are returned.
fn as_of_a_newer_release(store: &Store) -> Vec<Entry> {
    let metadata = store.stores().metadata;
    let mut entries = metadata.list(&Filter::default(), None, 100).unwrap().entries;
    for entry in &mut entries {
        // Digest, format, length, and whatever that release puts behind them.
        let sealed = b"\xff\x05\0\0\0later";
        let digest = blake3::keyed_hash(entry.key.as_bytes(), sealed);
        entry.record = [digest.as_bytes().as_slice(), sealed].concat();
    }
    metadata.put(&entries).unwrap();
    entries
}

/// A storage with signatures, in which it finds itself what is damaged.
fn signed(store: &Store) -> Stores {
    let Stores { data, metadata } = store.stores();
    let keys = Keys::new(["k".repeat(32)]).unwrap();
    Stores { data, metadata: Arc::new(Transformed::new(Signing::new(keys), metadata)) }
}

/// A signed store says itself which of its records are damaged, and fails to read several with one of them.
#[test]
fn one_that_a_tier_finds_damaged_is_missed_alone() {
    let (near, far) = (Store::default(), Store::default());
    let signed = || signed(&near);
    of(signed()).enter(|| (0..10).map(double).sum::<u64>());
    of(far.stores()).enter(|| assert_eq!(double(10), 20));
    let keys = [mementos(&near), mementos(&far)].concat();
    let all = near.stores().metadata.list(&Filter::default(), None, 1).unwrap();
    let [mut entry] = <[_; 1]>::try_from(all.entries).unwrap();
    entry.record[40] ^= 1;
    near.stores().metadata.put(&[entry]).unwrap();
    let tiers = Tiers::new([Tier::new("near", signed()), tier(&far)]).into_stores();
    let found = tiers.metadata.get_many(&keys).unwrap();
    assert_eq!((keys.len(), found.iter().flatten().count()), (11, 10));
}

#[test]
fn what_a_tier_finds_damaged_is_listed_from_the_one_below() {
    let (near, far) = (Store::default(), Store::default());
    let tiers = Tiers::new([Tier::new("near", signed(&near)), tier(&far)]).into_stores().metadata;
    of(far.stores()).enter(|| assert_eq!(double(1), 2));
    let whole = far.stores().metadata.list(&Filter::default(), None, 10).unwrap().entries;
    near.stores().metadata.put(&whole).unwrap();
    let listed = tiers.list(&Filter::default(), None, 10).unwrap().entries;
    assert!(listed.contains(&whole[0]), "{listed:?}");
}

#[test]
fn what_is_damaged_in_the_first_tier_is_computed_once() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), tier(&far)]);
    runs(&environment);
    damage(&near);
    // How many depends: those that take a millisecond are claimed, looked up once more for that, and found below.
    runs(&environment);
    assert_eq!(runs(&environment), 0);
    assert_eq!(runs(&of(near.stores())), 0);
}

#[test]
fn what_is_damaged_where_nothing_is_written_stays_and_is_computed() {
    let (near, far) = (Store::default(), Store::default());
    runs(&of(far.stores()));
    damage(&far);
    let environment = tiers([tier(&near), tier(&far).writes(Writes::Never)]);
    assert_eq!((runs(&environment), runs(&environment)), (10, 0));
}

/// The keys of a store's mementos, also of those that say that something was forgotten.
fn mementos(store: &Store) -> Vec<Key> {
    let entries = store.stores().metadata.list(&Filter::default(), None, 100).unwrap().entries;
    entries.into_iter().map(|entry| entry.key).collect()
}

#[test]
fn what_is_dropped_goes_from_the_tiers_that_answer() {
    for drop_all in [true, false] {
        let (near, far) = (Store::default(), Store::default());
        for (away, other) in [(&near, &far), (&far, &near)] {
            let stores = Tiers::new([tier(&near), tier(&far)]).into_stores();
            stores.metadata.remove_all(&Filter::default()).unwrap();
            let metadata = Arc::clone(&stores.metadata);
            of(stores).enter(|| assert_eq!(double(1), 2));
            let [key] = mementos(other)[..] else { panic!("one memento") };
            away.set_away(true);
            let error = if drop_all {
                metadata.remove_all(&Filter::default()).unwrap_err()
            } else {
                metadata.remove(&key).unwrap_err()
            };
            assert!(error.to_string().contains("it is away"), "{error}");
            assert_eq!(mementos(other), [], "nothing of it is left there");
            away.set_away(false);
        }
    }
}

/// In a program of its own, whose temporary folder is none.
#[test]
fn where_nothing_can_be_held_for_the_next_tier_the_folder_is_named() {
    const MISSING: &str = "/nowhere/to/hold/anything";
    if std::env::var("TMPDIR").as_deref() != Ok(MISSING) {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let test = "trouble::where_nothing_can_be_held_for_the_next_tier_the_folder_is_named";
        let ended = again.args(["--exact", test]).env("TMPDIR", MISSING).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("1 passed"), "{said}");
        return;
    }
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), tier(&far)]).into_stores();
    near.set_full(true);
    let put = |length| {
        let content = vec![7; length];
        let name = Name::of_result(&Digest::of(&content));
        let mut reader = &*content;
        let mut source = Source::new(&mut reader);
        stores.data.put_from(&name, &mut source, &PutOptions::default())
    };
    assert!(put(1_000_000).unwrap(), "what waits in memory is in the next one");
    let error = put(5_000_000).unwrap_err().to_string();
    assert!(error.contains("it is full") && error.contains(MISSING), "{error}");
    let environment = of(stores.clone());
    environment.enter(|| assert!(large(5) == text(5), "the caller has its value"));
}
