//! Many objects at once, and parts of one.

use memento::Name;

use crate::data_store::DataStoreSuite;
use crate::data_store::lab::{Lab, content, done, name, same};
use crate::suite::promised;

/// How many objects a batch has: more than a page or a request takes.
const COUNT: usize = 1200;

pub(super) fn each_of_a_batch_has_its_own_result(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "each object of a batch has its own result, in the order asked for";
    let names: Vec<Name> = (0..COUNT).map(|index| name(&format!("a/{index}"))).collect();
    let contents: Vec<_> = (0..COUNT).map(|index| content(index, index % 50)).collect();
    // Every second one.
    let objects = names.iter().cloned().zip(contents.iter().map(Vec::as_slice));
    let objects: Vec<_> = objects.step_by(2).collect();
    let put = lab.put_many(&objects);
    promised(put.len() == objects.len(), promise, || format!("{} of {}", put.len(), objects.len()));
    for put in put {
        done(put, promise);
    }

    // Backwards, and each twice.
    let asked: Vec<_> = (0..COUNT).rev().chain(0..COUNT).collect();
    let named: Vec<_> = asked.iter().map(|index| names[*index].clone()).collect();
    let (found, there) = (lab.get_many(&named), lab.contains(&named));
    let lengths = (found.len(), there.len());
    promised(lengths == (asked.len(), asked.len()), promise, || format!("{lengths:?} results"));
    for ((index, found), there) in asked.into_iter().zip(found).zip(there) {
        let expected = (index % 2 == 0).then_some(&*contents[index]);
        same(promise, names[index].as_str(), done(found, promise).as_deref(), expected);
        let is_there = done(there, promise);
        promised(is_there == expected.is_some(), promise, || {
            format!("`contains` says {is_there} of object {index}")
        });
    }

    let removed = lab.remove_many(&names[..6]).into_iter().map(|removed| done(removed, promise));
    let removed: Vec<_> = removed.collect();
    promised(removed == [true, false, true, false, true, false], promise, || {
        format!("{removed:?}")
    });
    lab.holds(promise, "a/4", None);
    lab.holds(promise, "a/6", Some(&contents[6]));
    let nothing = (lab.get_many(&[]).len(), lab.put_many(&[]).len(), lab.contains(&[]).len());
    promised(nothing == (0, 0, 0), "a batch of nothing has no results", || format!("{nothing:?}"));
}

pub(super) fn ranges_are_parts_of_the_content(suite: &DataStoreSuite) {
    let lab = Lab::new(suite);
    let promise = "a range is that part of the content, as far as there is any";
    let length = 3_000_000;
    let whole = content(7, length);
    lab.keep("a/b", &whole);
    lab.keep("a/empty", b"");
    let end = length as u64;
    let ranges = [
        (0..0, 0..0),
        (0..1, 0..1),
        (0..end, 0..length),
        (5..5, 0..0),
        (100..2_500_000, 100..2_500_000),
        (end - 1..end, length - 1..length),
        (end - 3..end + 10, length - 3..length),
        (end..end + 10, 0..0),
        (end + 5..end + 10, 0..0),
        (10..u64::MAX, 10..length),
        (u64::MAX - 1..u64::MAX, 0..0),
    ];
    for (range, expected) in ranges {
        let found = done(lab.get_range(&name("a/b"), range.clone()), promise);
        let text = format!("a/b[{range:?}]");
        same(promise, &text, found.as_deref(), Some(&whole[expected]));
    }
    // The end before the beginning.
    let (from, to) = (9, 3);
    let found = done(lab.get_range(&name("a/b"), from..to), promise);
    same(promise, "a/b[9..3]", found.as_deref(), Some(b""));
    let empty = done(lab.get_range(&name("a/empty"), 0..10), promise);
    same(promise, "a/empty[0..10]", empty.as_deref(), Some(b""));
    let missing = done(lab.get_range(&name("a/c"), 0..10), promise);
    same(promise, "a/c[0..10]", missing.as_deref(), None);
}
