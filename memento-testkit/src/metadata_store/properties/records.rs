//! What is put, found and removed.

use std::sync::Barrier;
use std::time::Duration;

use memento::Key;
use memento::storage::{Entry, Filter, Replacement};

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, entry, key};
use crate::suite::{in_threads, promised};

pub(super) fn what_is_put_is_found(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is put is found by all who use the store, and nothing else";
    lab.holds(promise, 1, None);
    lab.keep(&[]);
    lab.keep(&[entry(1), entry(2)]);
    lab.holds(promise, 1, Some(b"1"));
    lab.holds(promise, 3, None);
    let found = done(lab.other().get(&key(2)), promise);
    promised(found.as_deref() == Some(b"2"), promise, || format!("{found:?} for another"));
    for record in [vec![], vec![0; 300_000], (0..=255).collect()] {
        lab.keep(&[Entry { record: record.clone(), ..entry(4) }]);
        lab.holds("records of every length and of any bytes are kept", 4, Some(&record));
    }
}

pub(super) fn an_entry_takes_the_place_of_that_of_its_key(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "an entry takes the place of that of its key, the last one of those put together";
    lab.keep(&[entry(1), entry(2)]);
    lab.keep(&[Entry { record: b"new".to_vec(), function: "g".to_owned(), ..entry(1) }]);
    lab.holds(promise, 1, Some(b"new"));
    let (one, two) = (Entry { record: b"one".to_vec(), ..entry(1) }, entry(1));
    lab.keep(&[one, Entry { record: b"two".to_vec(), ..two }]);
    lab.holds(promise, 1, Some(b"two"));
    lab.holds(promise, 2, Some(b"2"));
    let listed = lab.listed(&Filter::default(), 10);
    promised(listed == [1, 2], promise, || format!("{listed:?} are listed"));
}

pub(super) fn many_come_in_the_order_asked_for(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "records come in the order in which they were asked for, each as often";
    let asked = keep_every_other(&lab);
    found_in_order(promise, &asked, done(lab.get_many(&keys(&asked)), promise));
    let none = done(lab.get_many(&[]), promise);
    promised(none.is_empty(), promise, || format!("{none:?} for no keys"));
}

pub(super) fn each_of_many_comes_by_itself(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise =
        "records that are asked for together, each with its own error, come in that order";
    let asked = keep_every_other(&lab);
    let each = done(lab.get_each(&keys(&asked)), promise);
    found_in_order(promise, &asked, each.into_iter().map(|one| done(one, promise)).collect());
    let none = done(lab.get_each(&[]), promise);
    promised(none.is_empty(), promise, || format!("{} for no keys", none.len()));
}

pub(super) fn streamed_records_come_in_the_order_asked_for(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "streamed records come in the order in which they were asked for";
    let asked = keep_every_other(&lab);
    for asked in [&asked[..], &asked[..1], &[]] {
        let mut found = Vec::new();
        let all = lab.stream(&keys(asked), &mut |some| found.extend(some));
        done(all, promise);
        found_in_order(promise, asked, found);
    }
}

/// Keeps the records of even numbers. What to ask for: all numbers, down and up again.
fn keep_every_other(lab: &Lab) -> Vec<u64> {
    lab.keep(&(0..1500).step_by(2).map(entry).collect::<Vec<_>>());
    (0..1500).rev().chain(0..1500).collect()
}

fn keys(numbers: &[u64]) -> Vec<Key> {
    numbers.iter().copied().map(key).collect()
}

/// Those of even numbers are there.
fn found_in_order(promise: &str, asked: &[u64], found: Vec<Option<Vec<u8>>>) {
    promised(found.len() == asked.len(), promise, || format!("{} of {}", found.len(), asked.len()));
    for (number, found) in asked.iter().zip(found) {
        let expected = (number % 2 == 0).then(|| number.to_string().into_bytes());
        promised(found == expected, promise, || format!("{found:?} for key {number}"));
    }
}

pub(super) fn what_is_forgotten_leaves_a_note(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a note takes the place of what is forgotten, and is not listed";
    let note = |number| Entry { hidden: true, record: b"a note".to_vec(), ..entry(number) };
    lab.keep(&[entry(1), entry(2)]);
    done(lab.forget(&note(1)), promise);
    lab.holds(promise, 1, Some(b"a note"));
    lab.holds(promise, 2, Some(b"2"));
    let found = done(lab.other().get(&key(1)), promise);
    promised(found.as_deref() == Some(b"a note"), promise, || format!("{found:?} for another"));
    done(lab.forget(&note(3)), promise);
    lab.holds("of what is not there, there is a note, too", 3, Some(b"a note"));
    let listed = lab.listed(&Filter::default(), 10);
    promised(listed == [2], promise, || format!("{listed:?} are listed"));
    lab.keep(&[entry(1)]);
    lab.holds("what is forgotten can be put again", 1, Some(b"1"));
}

pub(super) fn levels_are_looked_up_until_none_is_asked_for(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "each level is looked up in the order asked for, until none is";
    lab.keep(&(1..=6).map(entry).collect::<Vec<_>>());
    let mut levels = [vec![4, 9, 3], vec![6], vec![9]].into_iter();
    let mut seen = Vec::new();
    let looked_up = lab.get_levels([1, 2].map(key).to_vec(), &mut |records| {
        let texts = records.iter().flatten().map(|record| String::from_utf8_lossy(record));
        seen.push((records.len(), texts.collect::<String>()));
        levels.next().unwrap_or_default().into_iter().map(key).collect()
    });
    done(looked_up, promise);
    let expected = [(2, "12"), (3, "43"), (1, "6"), (1, "")];
    let is_right = seen.iter().map(|(count, texts)| (*count, &**texts)).eq(expected);
    promised(is_right, promise, || format!("the levels had {seen:?}"));
    let nothing = lab.get_levels(Vec::new(), &mut |_| panic!("there is a level of no keys"));
    done(nothing, promise);
}

pub(super) fn what_is_removed_is_gone(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is removed is gone, and was there once";
    lab.keep(&[entry(1), entry(2)]);
    for expected in [true, false] {
        let removed = done(lab.remove(&key(1)), promise);
        promised(removed == expected, promise, || format!("removing it says {removed}"));
    }
    lab.holds(promise, 1, None);
    lab.holds(promise, 2, Some(b"2"));
    lab.keep(&[entry(1)]);
    lab.holds(promise, 1, Some(b"1"));
}

pub(super) fn what_is_set_aside_is_gone_and_can_be_put_again(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is set aside is out of the way, and can be put again";
    lab.keep(&[entry(1), entry(2)]);
    for _ in 0..2 {
        done(lab.set_aside(&key(1), b"1"), promise);
        lab.holds(promise, 1, None);
        let listed = lab.listed(&Filter::default(), 10);
        promised(listed == [2], promise, || format!("{listed:?} are listed"));
    }
    lab.keep(&[entry(1)]);
    lab.holds(promise, 1, Some(b"1"));
    done(lab.set_aside(&key(1), b"1"), promise);
    lab.holds(promise, 1, None);
}

pub(super) fn what_took_the_place_of_the_damaged_stays(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a record that was put in the place of the damaged one is not set aside";
    lab.keep(&[entry(1)]);
    for damaged in [&b"damaged"[..], b"", b"11"] {
        done(lab.set_aside(&key(1), damaged), promise);
        lab.holds(promise, 1, Some(b"1"));
    }
    let listed = lab.listed(&Filter::default(), 10);
    promised(listed == [1], promise, || format!("{listed:?} are listed"));
}

/// The record of this number in the place of another one.
fn replacement(number: u64, seen: &[u8], record: &[u8]) -> Replacement {
    Replacement { seen: seen.to_vec(), entry: Entry { record: record.to_vec(), ..entry(number) } }
}

pub(super) fn what_was_read_is_replaced(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a record takes the place of the one that was read, and of no other";
    lab.keep(&[entry(1), entry(2), entry(3)]);
    let replacements = [
        replacement(1, b"1", b"one"),
        replacement(2, b"another", b"two"),
        replacement(4, b"4", b"four"),
        replacement(3, b"3", b"three"),
    ];
    done(lab.replace(&replacements), promise);
    let expected: [Option<&[u8]>; 4] = [Some(b"one"), Some(b"2"), Some(b"three"), None];
    for (number, record) in (1..).zip(expected) {
        lab.holds(promise, number, record);
    }
    let mut listed = lab.listed(&Filter::default(), 10);
    listed.sort_unstable();
    promised(listed == [1, 2, 3], promise, || format!("{listed:?} are listed"));
    done(lab.replace(&replacements), promise);
    done(lab.replace(&[]), promise);
    lab.holds(promise, 1, Some(b"one"));
    let removed = done(lab.remove(&key(1)), promise);
    promised(removed, promise, || "what was replaced is not removed".to_owned());
    lab.holds(promise, 1, None);
}

pub(super) fn what_came_since_is_not_replaced(suite: &MetadataStoreSuite) {
    const ROUNDS: u64 = 40;
    let lab = Lab::new(suite);
    if !lab.capabilities().conditional {
        return;
    }
    let promise = "what another one puts or drops meanwhile stays put or dropped";
    let others = [lab.other(), lab.other()];
    for round in 0..ROUNDS {
        let begin = Barrier::new(2);
        lab.keep(&[entry(1)]);
        in_threads(2, |thread| {
            begin.wait();
            if thread == 1 {
                // At another moment in each round.
                std::thread::sleep(Duration::from_micros(25 * round));
            }
            let changed = match (thread, round % 2) {
                (0, _) => others[0].replace(&[replacement(1, b"1", b"one")]),
                (_, 0) => others[1].put(&[Entry { record: b"new".into(), ..entry(1) }]),
                _ => others[1].remove(&key(1)).map(drop),
            };
            done(changed, promise);
        });
        let expected: Option<&[u8]> = if round % 2 == 0 { Some(b"new") } else { None };
        lab.holds(promise, 1, expected);
    }
}

pub(super) fn entries_of_many_writers_are_all_there(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what many put is all there, each of it once";
    in_threads(4, |writer| {
        let other = lab.other();
        for first in (0..40).step_by(2) {
            let first = writer as u64 * 100 + first;
            let of_all = Entry { record: vec![b'x'; 10], ..entry(1000) };
            done(other.put(&[entry(first), of_all, entry(first + 1)]), promise);
        }
    });
    for number in (0..4_u64).flat_map(|writer| writer * 100..writer * 100 + 40) {
        lab.holds(promise, number, Some(number.to_string().as_bytes()));
    }
    lab.holds(promise, 1000, Some(&[b'x'; 10]));
    let mut listed = lab.listed(&Filter::default(), 50);
    listed.sort_unstable();
    let expected = (0..4_u64).flat_map(|writer| writer * 100..writer * 100 + 40).chain([1000]);
    promised(listed == expected.collect::<Vec<_>>(), promise, || format!("{listed:?} are listed"));
}

pub(super) fn what_changes_is_seen_by_others(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is put over, replaced or removed is so for all who have read it before";
    lab.keep(&[entry(1), entry(2), entry(3), entry(4)]);
    let other = lab.other();
    let seen = |expected: [Option<&[u8]>; 5]| {
        for (number, expected) in (1..).zip(expected) {
            let found = done(other.get(&key(number)), promise);
            promised(found.as_deref() == expected, promise, || {
                format!("the record of key {number} is {found:?} for another, not {expected:?}")
            });
        }
    };
    seen([Some(b"1"), Some(b"2"), Some(b"3"), Some(b"4"), None]);
    lab.keep(&[Entry { record: b"new".to_vec(), ..entry(1) }, entry(5)]);
    done(lab.replace(&[replacement(2, b"2", b"two")]), promise);
    done(lab.remove(&key(3)), promise);
    seen([Some(b"new"), Some(b"two"), None, Some(b"4"), Some(b"5")]);
    done(lab.remove_all(&Filter::default()), promise);
    seen([None; 5]);
}
