//! What processes tell each other.

use std::sync::Arc;
use std::time::Duration;

use memento::Name;
use memento::plugin::Stores;
use memento::storage::DataStore as _;
use memento_storage_layers::{Eviction, Guarded, SizeLimit};

use crate::{LONG, Lab, NOTHING, ask, over, room_for};

#[test]
fn what_one_process_used_another_one_keeps() {
    let lab = Lab::new();
    let one = lab.environment(room_for(30));
    ask(&one, 0..25);
    drop(one);
    let two = lab.environment(room_for(30));
    assert_eq!(ask(&two, 0..10), NOTHING);
    drop(two);
    let three = lab.environment(room_for(30));
    ask(&three, 100..115);
    drop(three);
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, 0..10), NOTHING);
    assert!(ask(&plain, 10..25).len() >= 10);
}

#[test]
fn many_processes_that_put_little_keep_within_the_limit_together() {
    let lab = Lab::new();
    let limit = 20 * (LONG + 500);
    for n in 0..200 {
        let environment = lab.environment(room_for(20));
        assert_eq!(ask(&environment, [n]), [n]);
        drop(environment);
        assert!(lab.size() <= limit + limit / 64 + LONG, "{} bytes", lab.size());
    }
}

#[test]
fn processes_that_are_killed_tell_nothing_and_the_limit_holds_all_the_same() {
    let lab = Lab::new();
    let limit = 64 * (LONG + 500);
    for n in 0..300 {
        // It puts less than a sixty-fourth, and neither ends nor is dropped.
        let environment = lab.environment(room_for(64));
        assert_eq!(ask(&environment, [n]), [n]);
        std::mem::forget(environment);
        if n % 10 == 9 {
            // After a day, whoever ends counts.
            lab.wait(Duration::from_hours(24));
            drop(ask_and_end(&lab, n + 1000));
            assert!(lab.size() <= limit + limit / 64, "{} bytes", lab.size());
        }
    }
}

fn ask_and_end(lab: &Lab, n: u64) -> Vec<u64> {
    let environment = lab.environment(room_for(64));
    ask(&environment, [n])
}

#[test]
fn accounts_are_few() {
    let lab = Lab::new();
    let eviction = || Eviction::new().max_size(1 << 30);
    for n in 0..600 {
        let environment = lab.environment(eviction());
        ask(&environment, [n % 7]);
        drop(environment);
        assert!(lab.listed("usage").len() <= 257);
    }
}

/// Accounts of the store, by how they are called: what was counted, and what was written since.
fn kinds(lab: &Lab) -> Vec<&'static str> {
    let kind = |name: String| if name.contains("-counted-") { "counted" } else { "written" };
    lab.listed("usage").into_iter().map(|account| kind(account.name.to_string())).collect()
}

#[test]
fn what_is_too_long_for_an_account_is_left_out_and_the_latest_uses_are_told() {
    let lab = Lab::new();
    ask(&over(lab.stores(), 1 << 20), 0..60);
    let Stores { data, metadata } = lab.stores();
    let stores = Stores { data: Arc::new(Guarded::new(SizeLimit::new(1000), data)), metadata };
    let environment = over(room_for(1000).around(stores), 1 << 20);
    assert_eq!(ask(&environment, (0..60).rev()), NOTHING);
    environment.flush().unwrap();
    assert_eq!(kinds(&lab), ["counted"]);
    assert_eq!(ask(&environment, (0..60).rev()), NOTHING);
    environment.flush().unwrap();
    assert_eq!(kinds(&lab), ["counted", "written"], "it is not counted again");
    assert!(lab.listed("usage").iter().all(|account| account.size <= 1000));
    let other = lab.environment(room_for(60));
    ask(&other, 100..130);
    other.flush().unwrap();
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, 0..10), NOTHING);
    assert!(ask(&plain, 10..60).len() >= 30);
}

#[test]
fn accounts_that_are_damaged_or_invented_cost_nothing() {
    let lab = Lab::new();
    let one = lab.environment(room_for(30));
    ask(&one, 0..25);
    drop(one);
    for object in lab.listed("usage") {
        let mut content = lab.data.get(&object.name).unwrap().unwrap();
        content.truncate(content.len() / 2);
        lab.data.put(&object.name, &content).unwrap();
    }
    let longest = u64::MAX;
    for (index, name) in [
        "nonsense".to_owned(),
        "written".to_owned(),
        format!("{longest:x}-written-{longest:x}-0"),
        format!("{longest:x}-written-{longest:x}-1"),
        format!("{longest:x}-counted-{longest:x}-2"),
        "0-counted-zz-3".to_owned(),
        "0-0-0-0-0-0".to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let name = Name::new(&format!("usage/{name}")).unwrap();
        lab.data.put(&name, &vec![0xff; index * 17]).unwrap();
    }
    let two = lab.environment(room_for(30));
    ask(&two, 100..140);
    two.flush().unwrap();
    assert!(lab.size() <= 30 * (LONG + 500));
    assert_eq!(two.statistics().store_failures, 0);
}

#[test]
fn a_clock_that_was_ahead_keeps_nothing_for_ever() {
    let lab = Lab::new();
    let ahead = lab.environment(room_for(30));
    ask(&ahead, 0..10);
    lab.wait(Duration::from_hours(24 * 365));
    assert_eq!(ask(&ahead, 0..10), NOTHING);
    drop(ahead);
    lab.ahead.store(0, std::sync::atomic::Ordering::Relaxed);
    let right = lab.environment(room_for(30));
    for n in 100..300 {
        ask(&right, [n]);
    }
    right.flush().unwrap();
    assert_eq!(ask(&right, 295..300), NOTHING, "what is new stays");
    assert!(lab.size() <= 30 * (LONG + 500));
}
