//! What is asked of many entries.

use std::collections::BTreeMap;

use memento::storage::{Entry, Filter};

use crate::metadata_store::MetadataStoreSuite;
use crate::metadata_store::lab::{Lab, done, entry, failed, key, of_function, version};
use crate::suite::promised;

/// Six entries, put in the order of their numbers: the odd ones are of `f`, those from 4 on failed.
fn fill(lab: &Lab) {
    for number in 1..=6 {
        let function = if number % 2 == 1 { "f" } else { "g" }.to_owned();
        lab.keep(&[Entry { function, failed: number >= 4, ..entry(number) }]);
    }
}

fn of_failed(function: &str, failed: bool) -> Filter {
    Filter { failed: Some(failed), ..of_function(function) }
}

pub(super) fn lists_hold_what_the_filter_admits(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a list holds the entries that the filter admits, those put last first";
    let is = |filter: &Filter, expected: &[u64]| {
        for limit in [0, 1, 2, 100] {
            let listed = lab.listed(filter, limit);
            promised(listed == expected, promise, || format!("{listed:?} for {filter:?}"));
        }
    };
    is(&Filter::default(), &[]);
    fill(&lab);
    is(&Filter::default(), &[6, 5, 4, 3, 2, 1]);
    is(&of_function("f"), &[5, 3, 1]);
    is(&of_function("h"), &[]);
    is(&failed(true), &[6, 5, 4]);
    is(&of_failed("g", false), &[2]);
    lab.keep(&[entry(2)]);
    is(&Filter::default(), &[2, 6, 5, 4, 3, 1]);
    is(&of_function("f"), &[2, 5, 3, 1]);
    let page = done(lab.list(&of_failed("g", true), None, 1), promise);
    let expected = Entry { function: "g".to_owned(), failed: true, ..entry(6) };
    promised(page.entries == [expected], "entries come as they were put", || format!("{page:?}"));
}

pub(super) fn pages_hold_each_entry_once(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "each entry is in exactly one page, and the last page says that it is";
    lab.keep(&(0..1000).map(entry).collect::<Vec<_>>());
    let expected: Vec<_> = (0..1000).rev().collect();
    for limit in [1, 7, 100, 999, 1000, 1001] {
        let listed = lab.listed(&Filter::default(), limit);
        promised(listed == expected, promise, || {
            format!("{} of 1000, {limit} a page", listed.len())
        });
    }
    let page = done(lab.list(&Filter::default(), None, 1000), promise);
    promised(page.next.is_none(), promise, || "another page comes behind the last".to_owned());
}

pub(super) fn pages_go_on_while_entries_come_and_go(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is there all the while is in exactly one page, whatever comes and goes";
    lab.keep(&(0..100).map(entry).collect::<Vec<_>>());
    let mut found = BTreeMap::<u64, usize>::new();
    let mut from = None;
    for turn in 0..100 {
        let page = done(lab.list(&Filter::default(), from, 9), promise);
        for entry in &page.entries {
            let number = (0..1000).find(|number| key(*number) == entry.key).expect("a key of ours");
            *found.entry(number).or_default() += 1;
        }
        lab.keep(&[entry(500 + turn)]);
        // Those that are listed next, among others.
        for gone in [turn * 10 + 9, 90 - turn * 9].iter().filter(|number| **number % 3 == 0) {
            done(lab.remove(&key(*gone)), promise);
        }
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    promised(from.is_none(), "a list comes to an end", || "it did not in 100 pages".to_owned());
    for number in (0..100).filter(|number| number % 3 != 0) {
        let times = found.get(&number).copied().unwrap_or_default();
        promised(times == 1, promise, || format!("entry {number} is in {times} pages"));
    }
    let twice: Vec<_> = found.iter().filter(|(_, times)| **times > 1).collect();
    promised(twice.is_empty(), promise, || format!("{twice:?}"));
}

pub(super) fn what_is_hidden_is_found_and_not_listed(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "what is hidden is found by its key, and neither listed nor counted";
    lab.keep(&[entry(1), Entry { hidden: true, ..entry(2) }, entry(3)]);
    lab.holds(promise, 2, Some(b"2"));
    for limit in [1, 10] {
        let listed = lab.listed(&of_function("f"), limit);
        promised(listed == [3, 1], promise, || format!("{listed:?} are listed"));
    }
    let removed = done(lab.remove_all(&of_function("f")), promise);
    promised(removed == 2, promise, || format!("{removed} were removed"));
    lab.holds("what is hidden is removed with the rest", 2, None);
}

pub(super) fn all_that_a_filter_admits_is_removed(suite: &MetadataStoreSuite) {
    let promise = "all that a filter admits is removed and counted, and nothing else";
    let cases: [(Filter, u64, &[u64]); 5] = [
        (of_function("f"), 3, &[6, 4, 2]),
        (of_failed("f", false), 2, &[6, 5, 4, 2]),
        (failed(true), 3, &[3, 2, 1]),
        (of_function("h"), 0, &[6, 5, 4, 3, 2, 1]),
        (Filter::default(), 6, &[]),
    ];
    for (filter, count, left) in cases {
        let lab = Lab::new(suite);
        fill(&lab);
        for count in [count, 0] {
            let removed = done(lab.remove_all(&filter), promise);
            promised(removed == count, promise, || format!("{removed} for {filter:?}"));
        }
        let listed = lab.listed(&Filter::default(), 10);
        promised(listed == left, promise, || format!("{listed:?} are left of {filter:?}"));
        for number in 1..=6 {
            let record = number.to_string().into_bytes();
            lab.holds(promise, number, left.contains(&number).then_some(&record));
        }
    }
}

pub(super) fn versions_come_the_last_first(suite: &MetadataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "the versions of a function come the last first, and stay known without records";
    let is = |function: &str, limit: usize, expected: &[u8]| {
        let versions = done(lab.versions(function, limit), promise);
        let expected: Vec<_> = expected.iter().map(|byte| version(*byte)).collect();
        promised(versions == expected, promise, || {
            format!("of `{function}`, at most {limit}: {versions:?}, not {expected:?}")
        });
    };
    let of = |byte: u8, number: u64| Entry { version: version(byte), ..entry(number) };
    is("f", 10, &[]);
    lab.keep(&[of(1, 1)]);
    lab.keep(&[of(2, 2), of(3, 3)]);
    lab.keep(&[of(1, 4), Entry { function: "g".to_owned(), ..of(9, 5) }]);
    for round in 0..2 {
        is("f", 10, &[3, 2, 1]);
        is("f", 2, &[3, 2]);
        is("f", 0, &[]);
        is("g", 10, &[9]);
        is("h", 10, &[]);
        if round == 0 {
            done(lab.remove(&key(1)), promise);
            done(lab.remove_all(&of_function("f")), promise);
        }
    }
}
