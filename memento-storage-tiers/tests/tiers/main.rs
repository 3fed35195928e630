//! Where results go, and where they are found, when there are several storages.

mod behind;
mod configuration;
mod metrics;
mod outage;
mod shown;
mod store;
mod trouble;

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use memento::plugin::Stores;
use memento::storage::{Entry, Filter, MetadataStore};
use memento::{Digest, Environment, Key, LocalRunner, Name, Query, Storage, memento, resource};
use memento_storage_tiers::{Tier, Tiers, Writes};

use store::Store;

thread_local! {
    static RUNS: Cell<u64> = const { Cell::new(0) };
}

#[memento]
fn double(n: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    n * 2
}

/// How many functions have run, with this one.
#[memento]
fn count(_n: u64) -> u64 {
    RUNS.set(RUNS.get() + 1);
    RUNS.get()
}

#[memento]
fn length(path: PathBuf) -> usize {
    RUNS.set(RUNS.get() + 1);
    resource::text(path).unwrap().len()
}

/// A result that lives in the data store, some in several segments.
#[memento]
fn large(n: u8) -> String {
    RUNS.set(RUNS.get() + 1);
    text(n)
}

fn text(n: u8) -> String {
    n.to_string().repeat(100_000 + 1_000_000 * usize::from(n))
}

/// An environment without a memory cache, and so without anything that it remembers.
fn of(stores: Stores) -> Environment {
    Environment::new(Storage::from(stores).memory_cache(0), LocalRunner::new())
}

fn tiers(tiers: impl IntoIterator<Item = Tier>) -> Environment {
    of(Tiers::new(tiers).into_stores())
}

fn tier(store: &Store) -> Tier {
    Tier::new("a tier", store.stores())
}

/// How many functions run for ten calls, five of which have large results.
fn runs(environment: &Environment) -> u64 {
    RUNS.set(0);
    environment.enter(|| {
        for n in 0..5 {
            assert_eq!(double(n), n * 2);
            let n = u8::try_from(n).unwrap();
            assert!(large(n) == text(n));
        }
    });
    RUNS.get()
}

/// How many mementos of [`double`] there are.
fn listed(environment: &Environment) -> usize {
    environment.enter(|| double::list(&Query::default()).unwrap().mementos.len())
}

#[test]
fn what_is_computed_is_in_all_tiers() {
    let (near, far) = (Store::default(), Store::default());
    assert_eq!(runs(&tiers([tier(&near), tier(&far)])), 10);
    assert_eq!(runs(&of(near.stores())), 0);
    assert_eq!(runs(&of(far.stores())), 0);
}

#[test]
fn what_is_found_below_is_copied_up() {
    let (near, middle, far) = (Store::default(), Store::default(), Store::default());
    assert_eq!(runs(&of(far.stores())), 10);
    let environment = tiers([tier(&near), tier(&middle).promotes(false), tier(&far)]);
    assert_eq!(runs(&environment), 0);
    assert_eq!(runs(&of(near.stores())), 0, "it is in the first one now");
    assert_eq!(middle.puts(), 0, "and not in one that is not to have it");
    far.set_away(true);
    assert_eq!(runs(&environment), 0, "the one below is not asked any more");
    assert_eq!(environment.statistics().store_failures, 0);
}

#[test]
fn a_batch_is_looked_up_in_each_tier_together() {
    let (near, far) = (Store::default(), Store::default());
    let call = |numbers: std::ops::Range<u64>| {
        RUNS.set(0);
        numbers.map(double).sum::<u64>()
    };
    of(near.stores()).enter(|| call(0..100));
    of(far.stores()).enter(|| call(50..200));
    let environment = tiers([tier(&near), tier(&far)]);
    let values = environment.enter(|| double::map((0..300).map(|n| (n,))));
    assert!((0..).zip(values).all(|(n, value)| value.unwrap() == 2 * n));
    assert_eq!(environment.statistics().computed, 100, "only what none of them has");
    assert_eq!(of(near.stores()).enter(|| call(0..300)), 299 * 300);
    assert_eq!(RUNS.get(), 0);
}

#[test]
fn what_is_never_written_is_used() {
    let (near, far) = (Store::default(), Store::default());
    assert_eq!(runs(&of(far.stores())), 10);
    let before = far.puts();
    let environment = tiers([tier(&near), tier(&far).writes(Writes::Never)]);
    assert_eq!(runs(&environment), 0);
    environment.enter(|| assert_eq!(double(7), 14));
    assert_eq!(far.puts(), before);
    let alone = tiers([tier(&far).writes(Writes::Never)]);
    RUNS.set(0);
    alone.enter(|| assert_eq!((double(1), double(8)), (2, 16)));
    assert_eq!(RUNS.get(), 1, "where nothing is written, the rest is computed");
    assert_eq!(far.puts(), before);
    assert_eq!(alone.statistics().store_failures, 0);
}

#[test]
fn what_is_forgotten_is_found_in_no_tier() {
    let (near, far) = (Store::default(), Store::default());
    let environment = tiers([tier(&near), tier(&far)]);
    assert_eq!(runs(&environment), 10);
    environment.enter(|| assert!(double::forget(1).unwrap()));
    assert_eq!(runs(&environment), 1);
    environment.enter(|| assert_eq!(large::forget_all().unwrap(), 5));
    assert_eq!(runs(&environment), 5);
    let reading = tiers([tier(&near), tier(&far).writes(Writes::Never)]);
    let error = reading.enter(|| double::forget_all().unwrap_err());
    assert!(error.to_string().contains("is never written"), "{error}");
}

#[test]
fn what_a_tier_in_front_has_that_is_never_written_is_not_said_to_be_forgotten() {
    let (image, own) = (Store::default(), Store::default());
    of(image.stores()).enter(|| assert_eq!(double(1), 2));
    let image = || tier(&image).writes(Writes::Never);
    let environment = tiers([image(), tier(&own)]);
    environment.enter(|| {
        assert_eq!(double(2), 4);
        let error = double::forget(1).unwrap_err();
        assert!(error.to_string().contains("is never written"), "{error}");
        assert!(double::forget(2).unwrap(), "it has nothing of this one");
    });
    let below = tiers([tier(&own), image()]);
    below.enter(|| {
        assert!(double::forget(1).unwrap());
        RUNS.set(0);
        assert_eq!((double(1), RUNS.get()), (2, 1), "that it was forgotten is noted above");
    });
}

#[test]
fn what_is_forgotten_while_it_is_found_is_not_copied_up() {
    for forget in [|| u64::from(double::forget(1).unwrap()), || double::forget_all().unwrap()] {
        let (near, far) = (Store::default(), Store::default());
        of(far.stores()).enter(|| assert_eq!(double(1), 2));
        let environment = tiers([tier(&near), tier(&far)]);
        let other = environment.clone();
        far.interrupt(move || assert_eq!(other.enter(forget), 1));
        environment.enter(|| {
            RUNS.set(0);
            assert_eq!((double(1), RUNS.get()), (2, 0), "it was found before");
            assert_eq!((double(1), RUNS.get()), (2, 1), "and is not there any more");
        });
    }
}

/// The tier below is written behind the call, and what is written there waits.
#[test]
fn what_is_forgotten_before_the_one_below_is_asked_is_not_found_there() {
    let (near, far) = (Store::default(), Store::default());
    of(far.stores()).enter(|| assert_eq!(double(1), 2));
    let environment = tiers([tier(&near), tier(&far).writes(Writes::Behind)]);
    let other = environment.clone();
    near.interrupt(move || assert!(other.enter(|| double::forget(1).unwrap())));
    RUNS.set(0);
    far.closed(|| environment.enter(|| assert_eq!((double(1), RUNS.get()), (2, 1))));
}

/// The tier below still has what was refreshed when it is asked: it is written behind the call.
#[test]
fn what_is_refreshed_before_the_one_below_is_asked_is_not_copied_up() {
    let (near, far) = (Store::default(), Store::default());
    of(far.stores()).enter(|| assert_eq!(count(1), 1));
    let environment = tiers([tier(&near), tier(&far).writes(Writes::Behind)]);
    let other = environment.clone();
    near.interrupt(move || assert_eq!(other.enter(|| count::with().refresh().call(1)), 2));
    far.closed(|| environment.enter(|| count(1)));
    of(near.stores()).enter(|| assert_eq!(count(1), 2));
}

#[test]
fn what_is_found_while_it_is_forgotten_is_not_copied_up() {
    let (near, far) = (Store::default(), Store::default());
    of(far.stores()).enter(|| assert_eq!(double(1), 2));
    let environment = tiers([tier(&near), tier(&far)]);
    let other = environment.clone();
    near.interrupt_removal(move || {
        RUNS.set(0);
        other.enter(|| assert_eq!((double(1), RUNS.get()), (2, 0), "it is still in the one below"));
    });
    environment.enter(|| {
        assert_eq!(double::forget_all().unwrap(), 1);
        assert_eq!((double(1), RUNS.get()), (2, 1), "and is not there any more");
    });
}

/// A memento of [`count`], another one each time.
fn memento_of(n: u64) -> Entry {
    let store = Store::default();
    of(store.stores()).enter(|| count(n));
    let entries = store.stores().metadata.list(&Filter::default(), None, 10).unwrap().entries;
    entries.into_iter().find(|entry| entry.memento().unwrap().is_some()).unwrap()
}

/// Looks up what only the far tier has, and does `meanwhile` while it is copied into the middle one, until that is told
/// to go on; whether it was, within a long time.
fn while_it_is_copied_up(
    metadata: &dyn MetadataStore,
    middle: &Store,
    key: &Key,
    meanwhile: impl FnOnce(Sender<()>),
) -> bool {
    let (begun, is_begun) = mpsc::channel();
    let (told, is_told) = mpsc::channel();
    let (said, is_said) = mpsc::channel();
    middle.interrupt_put(move || {
        begun.send(()).unwrap();
        said.send(is_told.recv_timeout(Duration::from_secs(20)).is_ok()).unwrap();
    });
    std::thread::scope(|scope| {
        scope.spawn(|| assert!(metadata.get(key).unwrap().is_some()));
        is_begun.recv().unwrap();
        meanwhile(told);
    });
    is_said.recv().unwrap()
}

#[test]
fn what_is_copied_up_slowly_holds_up_nothing_of_another_key() {
    let [near, middle, far] = [(); 3].map(|()| Store::default());
    let metadata = Tiers::new([tier(&near), tier(&middle), tier(&far)]).into_stores().metadata;
    let [first, second, third] = [1, 2, 3].map(memento_of);
    far.stores().metadata.put(&[first.clone(), third.clone()]).unwrap();
    let is_told = while_it_is_copied_up(&*metadata, &middle, &first.key, |told| {
        metadata.put(std::slice::from_ref(&second)).unwrap();
        assert!(metadata.remove(&second.key).unwrap());
        assert!(metadata.get(&third.key).unwrap().is_some());
        assert!(middle.stores().metadata.get(&third.key).unwrap().is_some(), "it was copied up");
        // Where that has waited, nobody listens.
        let _ = told.send(());
    });
    assert!(is_told, "it waited");
    assert!(middle.stores().metadata.get(&first.key).unwrap().is_some());
}

#[test]
fn what_is_put_while_it_is_copied_up_comes_behind_that() {
    let [near, middle, far] = [(); 3].map(|()| Store::default());
    let metadata = Tiers::new([tier(&near), tier(&middle), tier(&far)]).into_stores().metadata;
    let (former, later) = (memento_of(1), memento_of(1));
    assert!(former.key == later.key && former.record != later.record);
    far.stores().metadata.put(std::slice::from_ref(&former)).unwrap();
    std::thread::scope(|scope| {
        let put = || metadata.put(std::slice::from_ref(&later)).unwrap();
        assert!(while_it_is_copied_up(&*metadata, &middle, &former.key, |told| {
            behind::begin(scope, put, || true);
            told.send(()).unwrap();
        }));
    });
    for store in [near, middle, far] {
        let kept = store.stores().metadata.get(&later.key).unwrap();
        assert_eq!(kept, Some(later.record.clone()));
    }
}

#[test]
fn lists_have_what_is_in_any_tier_once() {
    let (near, far) = (Store::default(), Store::default());
    of(near.stores()).enter(|| (0..30).map(double).sum::<u64>());
    of(far.stores()).enter(|| (20..50).map(double).sum::<u64>());
    assert_eq!(listed(&tiers([tier(&near), tier(&far)])), 50);
}

#[test]
fn whether_contents_are_there_is_asked_below_only_where_some_are_missing() {
    let (near, far) = (Store::default(), Store::default());
    let data = Tiers::new([tier(&near), tier(&far)]).into_stores().data;
    let [here, there] = [b"here", b"ther"].map(|content| Name::of_result(&Digest::of(content)));
    near.stores().data.put(&here, b"here").unwrap();
    let contains = |names: &[Name]| {
        let found = data.contains(names);
        found.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    assert_eq!((contains(std::slice::from_ref(&here)), far.lookups()), (vec![true], 0));
    assert_eq!((contains(&[]), far.lookups()), (vec![], 0));
    assert_eq!((contains(&[here, there]), far.lookups()), (vec![true, false], 1));
}

#[test]
fn objects_that_may_change_are_in_one_tier() {
    let (near, far) = (Store::default(), Store::default());
    let stores = Tiers::new([tier(&near), tier(&far)]).into_stores();
    let name = Name::new("notes/a").unwrap();
    stores.data.put(&name, b"one").unwrap();
    assert_eq!(near.stores().data.get(&name).unwrap(), None);
    far.stores().data.put(&name, b"two").unwrap();
    assert_eq!(stores.data.get(&name).unwrap().as_deref(), Some(&b"two"[..]));
}
