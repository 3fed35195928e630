//! What goes first.

use std::collections::BTreeSet;

use memento_storage_layers::EvictionOrder;

use crate::{Lab, NOTHING, ask, over, room_for};

/// Puts 100 results, uses some, and puts 10 more than there is room for; which of the 100 are there then.
fn staying(order: EvictionOrder) -> Vec<u64> {
    let lab = Lab::new();
    let environment = lab.environment(room_for(105).order(order));
    assert_eq!(ask(&environment, 0..100).len(), 100);
    // Twice each of the first twenty, and then once the others of the first half.
    for used in [0..20, 0..20, 20..50] {
        assert_eq!(ask(&environment, used), NOTHING);
    }
    environment.flush().unwrap();
    assert_eq!(ask(&environment, 1000..1010).len(), 10);
    environment.flush().unwrap();
    let there: BTreeSet<u64> = (0..100).collect();
    // Another environment, which drops nothing and so can ask.
    let plain = over(lab.stores(), 1 << 20);
    let gone = ask(&plain, 0..100);
    assert!((5..20).contains(&gone.len()), "{gone:?}");
    there.difference(&gone.into_iter().collect()).copied().collect()
}

fn gone(order: EvictionOrder) -> Vec<u64> {
    let staying: BTreeSet<u64> = staying(order).into_iter().collect();
    (0..100).filter(|n| !staying.contains(n)).collect()
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let gone = gone(EvictionOrder::LeastRecentlyUsed);
    assert_eq!(gone, (50..50 + gone.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_was_used_least_often_goes_first() {
    let gone = gone(EvictionOrder::LeastFrequentlyUsed);
    // Of those that were never used, the oldest.
    assert_eq!(gone, (50..50 + gone.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_was_put_first_goes_first() {
    let gone = gone(EvictionOrder::FirstIn);
    assert_eq!(gone, (0..gone.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_was_used_last_goes_first() {
    let lab = Lab::new();
    let environment = lab.environment(room_for(50).order(EvictionOrder::MostRecentlyUsed));
    // Nothing is dropped in the order in which it is put: that would be what has just been put.
    ask(&over(lab.stores(), 1 << 20), 0..60);
    assert_eq!(ask(&environment, (0..30).rev()), NOTHING);
    environment.flush().unwrap();
    let gone = ask(&over(lab.stores(), 1 << 20), 0..60);
    assert!((10..20).contains(&gone.len()), "{gone:?}");
    assert_eq!(gone, (0..gone.len() as u64).collect::<Vec<_>>());
}

#[test]
fn what_is_used_more_often_stays_though_it_was_used_long_ago() {
    let lab = Lab::new();
    let environment = lab.environment(room_for(42).order(EvictionOrder::LeastFrequentlyUsed));
    ask(&environment, 0..40);
    for used in [0..20, 0..20, 20..40] {
        assert_eq!(ask(&environment, used), NOTHING);
    }
    environment.flush().unwrap();
    // There is room for as many as are put, and twenty that stay.
    ask(&environment, 1000..1015);
    environment.flush().unwrap();
    let plain = over(lab.stores(), 1 << 20);
    assert_eq!(ask(&plain, 0..20), NOTHING);
}
