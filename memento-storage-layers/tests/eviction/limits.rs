//! How much stays.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use memento::plugin::Stores;
use memento::storage::{
    DataStore, ListOptions, Listing, MemoryDataStore, MetadataStore as _, Prefix,
};
use memento::{Digest, ErrorKind, Name, Partition, memento};
use memento_storage_layers::Eviction;

use crate::{LONG, Lab, NOTHING, ask, over, right, room_for};

const DAY: Duration = Duration::from_hours(24);

#[test]
fn a_storage_keeps_within_its_size_and_returns_right_values() {
    for inline in [0, 1 << 20] {
        let lab = Lab::new();
        let limit = 20 * (LONG + 500);
        let environment = lab.environment_with(room_for(20), inline);
        for n in 0..200 {
            assert_eq!(ask(&environment, [n]), [n]);
            // A sixty-fourth may not be counted yet, and what has just been put.
            assert!(lab.size() <= limit + limit / 64 + 2 * LONG, "{} bytes", lab.size());
        }
        environment.flush().unwrap();
        assert!(lab.size() <= limit, "{} bytes", lab.size());
        assert!(lab.size() >= limit / 2, "{} bytes", lab.size());
        assert_eq!(ask(&environment, 195..200), NOTHING, "the last ones are there");
        assert_eq!(environment.statistics().store_failures, 0);
    }
}

#[test]
fn what_was_not_used_for_too_long_goes() {
    let lab = Lab::new();
    let eviction = || Eviction::new().max_age(30 * DAY);
    let environment = lab.environment(eviction());
    ask(&environment, 0..10);
    environment.flush().unwrap();
    lab.wait(20 * DAY);
    assert_eq!(ask(&environment, 0..5), NOTHING);
    environment.flush().unwrap();
    lab.wait(20 * DAY);
    // Another process finds what is old when it ends.
    let other = lab.environment(eviction());
    assert_eq!(ask(&other, [100]), [100]);
    other.flush().unwrap();
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, 0..10), [5, 6, 7, 8, 9]);
}

#[test]
fn a_program_that_runs_on_drops_what_is_old() {
    let lab = Lab::new();
    let environment = lab.environment(Eviction::new().max_age(16 * DAY));
    ask(&environment, [0, 1]);
    for _ in 0..17 {
        lab.wait(DAY);
        assert_eq!(ask(&environment, [0]), NOTHING);
    }
    // It has told nobody of its last day, but has counted.
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, [0, 1]), [1]);
    std::mem::forget(environment);
}

/// A store that does not say when something was put.
#[derive(Debug, Default)]
struct Timeless(MemoryDataStore);

impl DataStore for Timeless {
    fn get(&self, name: &Name) -> memento::Result<Option<Vec<u8>>> {
        self.0.get(name)
    }
    fn put(&self, name: &Name, content: &[u8]) -> memento::Result<()> {
        self.0.put(name, content)
    }
    fn remove(&self, name: &Name) -> memento::Result<bool> {
        self.0.remove(name)
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> memento::Result<Listing> {
        let mut listing = self.0.list(prefix, options)?;
        for object in &mut listing.objects {
            object.modified = None;
        }
        Ok(listing)
    }
}

#[test]
fn the_age_of_what_has_no_time_counts_from_when_it_is_seen_first() {
    let lab = Lab::new();
    let data = Arc::new(Timeless::default());
    let stores = Stores { data: data.clone(), metadata: lab.stores().metadata };
    let ahead = Arc::clone(&lab.ahead);
    let now = move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::Relaxed));
    let within = Eviction::new().max_age(30 * DAY).clock(now).around(stores);
    let name = Name::of_result(&Digest::of(b"content"));
    within.data.put(&name, b"content").unwrap();
    within.data.flush().unwrap();
    assert!(data.get(&name).unwrap().is_some(), "it has just been put");
    for (days, is_there) in [(20, true), (20, false)] {
        lab.wait(days * DAY);
        within
            .data
            .put(&Name::new("notes/a").unwrap(), b"so that there is something to tell")
            .unwrap();
        assert_eq!(data.get(&name).unwrap().is_some(), is_there);
    }
}

#[test]
fn what_is_longer_than_the_limit_is_refused_and_nothing_is_dropped_for_it() {
    let lab = Lab::new();
    let environment = lab.environment_with(room_for(10), 0);
    ask(&environment, 0..8);
    let stores = environment.storage("").unwrap().stores();
    let name = Name::new("reports/huge").unwrap();
    let huge = vec![0; 200_000];
    let error = stores.data.put(&name, &huge).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let text = error.to_string();
    assert!(text.contains("200000 bytes") && text.contains("105000 bytes"), "{text}");
    environment.flush().unwrap();
    assert_eq!(ask(&environment, 0..8), NOTHING);
}

#[memento]
fn pinned(n: u64) -> Vec<u8> {
    crate::RAN.lock().unwrap().insert(n);
    vec![u8::try_from(n).unwrap(); 50_000]
}

#[memento]
fn parts(n: u64) -> memento::Result<Partition<u64, String>> {
    crate::RAN.lock().unwrap().insert(n);
    let mut parts = Partition::new();
    for part in 0..4 {
        parts.insert(part, &right(n * 1000 + part))?;
    }
    Ok(parts)
}

pub(crate) fn path_of(name: &str) -> String {
    memento::functions()
        .map(|function| function.path().to_owned())
        .find(|path| path.ends_with(name))
        .unwrap()
}

#[test]
fn what_pinned_functions_computed_stays_with_its_parts() {
    for inline in [0, 1 << 20] {
        let lab = Lab::new();
        let eviction = room_for(40).pin(path_of("::pinned")).pin(path_of("::parts"));
        let environment = lab.environment_with(eviction, inline);
        let ask_pinned = || {
            crate::RAN.lock().unwrap().clear();
            environment.enter(|| {
                assert_eq!(pinned(1), vec![1; 50_000]);
                let parts = parts(2).unwrap();
                for part in 0..4 {
                    assert_eq!(parts.get(&part).unwrap().unwrap(), right(2000 + part));
                }
            });
            std::mem::take(&mut *crate::RAN.lock().unwrap()).len()
        };
        assert_eq!(ask_pinned(), 2);
        for n in 0..200 {
            ask(&environment, [n]);
        }
        environment.flush().unwrap();
        assert!(lab.size() <= 40 * (LONG + 500));
        assert_eq!(ask_pinned(), 0);
        assert_eq!(environment.statistics().store_failures, 0);
    }
}

#[test]
fn objects_of_users_and_results_with_names_stay() {
    let lab = Lab::new();
    let environment = lab.environment(room_for(10));
    let stores = environment.storage("").unwrap().stores();
    let names = ["reports/today", "named/of/somebody"].map(|name| Name::new(name).unwrap());
    for name in &names {
        stores.data.put(name, &vec![7; 30_000]).unwrap();
    }
    ask(&environment, 0..100);
    environment.flush().unwrap();
    assert!(stores.data.contains(&names).into_iter().all(|there| there.unwrap()));
    assert!(lab.size() <= 10 * (LONG + 500));
}

#[memento]
pub(crate) fn of_file(path: String) -> String {
    String::from_utf8(memento::resource::file(&path).unwrap()).unwrap()
}

#[test]
fn what_a_memento_took_the_place_of_counts_and_goes_with_it() {
    let lab = Lab::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("input");
    let environment = lab.environment(room_for(30));
    let call = |text: String| {
        std::fs::write(&path, &text).unwrap();
        let path = path.to_str().unwrap().to_owned();
        environment.enter(|| assert_eq!(of_file(path), text));
    };
    for n in 0..5 {
        call(right(n));
    }
    ask(&environment, 0..100);
    environment.flush().unwrap();
    let page = lab.metadata.list(&<_>::default(), None, 1000).unwrap();
    assert!(page.entries.iter().all(|entry| !entry.function.ends_with("::of_file")));
    assert!(lab.records() <= 30 * (LONG + 500));
}
