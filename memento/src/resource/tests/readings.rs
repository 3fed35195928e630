use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Digest;
use crate::resource::memo::{self, Memo};
use crate::resource::reading::{Settled, settle};
use crate::resource::{Stamp, State};

/// Reads something that is at its first revision, and at the next one after each of the first `changes` times that it
/// was read; what was read last, and how often that was.
fn read_while_it_changes(changes: u8, now: SystemTime) -> (Settled<u8>, u8) {
    let reads = Cell::new(0);
    let revision = |reads: u8| reads.min(changes);
    let stamp = || Some((Stamp::of(&[revision(reads.get())]), UNIX_EPOCH));
    let read = || {
        let revision = revision(reads.get());
        reads.set(reads.get() + 1);
        (revision, State::of(&[revision]))
    };
    (settle(stamp(), stamp, read, now), reads.get())
}

#[test]
fn what_changes_while_it_is_read_is_read_again() {
    for (changes, reads, stamp) in [(0, 1, Some(0)), (1, 2, Some(1)), (2, 3, Some(2)), (3, 3, None)]
    {
        let (settled, counted) = read_while_it_changes(changes, SystemTime::now());
        assert_eq!(counted, reads);
        // Digest and content belong together in any case.
        assert_eq!(settled.value, reads - 1);
        assert_eq!(settled.digest, Digest::of(&[settled.value]));
        assert_eq!(settled.stamp, stamp.map(|revision: u8| Stamp::of(&[revision])));
    }
}

#[test]
fn what_appears_while_it_is_read_is_read_again() {
    let reads = Cell::new(0);
    let stamp = || (reads.get() > 0).then(|| (Stamp::of(b""), UNIX_EPOCH));
    let read = || {
        reads.set(reads.get() + 1);
        (reads.get(), State::of(b""))
    };
    let settled = settle(stamp(), stamp, read, SystemTime::now());
    assert_eq!((settled.value, settled.stamp), (2, Some(Stamp::of(b""))));
}

#[test]
fn a_stamp_is_trusted_after_more_than_two_seconds() {
    let now = SystemTime::now();
    let stamp_of = |change: SystemTime, state: State| {
        let stamp = || Some((Stamp::of(b"stamp"), change));
        settle(stamp(), stamp, || ((), state), now).stamp
    };
    let two = Duration::from_secs(2);
    let content = State::of(b"");
    assert_eq!(stamp_of(now - two, content), None);
    assert_eq!(stamp_of(now, content), None);
    assert_eq!(stamp_of(now + two, content), None);
    let before = now - two - Duration::from_millis(1);
    assert_eq!(stamp_of(before, content), Some(Stamp::of(b"stamp")));
    assert_eq!(stamp_of(before, content.without_stamp()), None);
    assert_eq!(stamp_of(before, State::absent()), None);
}

#[test]
fn the_memo_tells_kinds_names_and_stamps_apart() {
    let (stamp, other) = (Stamp::of(b"one"), Stamp::of(b"two"));
    memo::insert("kind of tests", "name", stamp, Digest::of(b"content"));
    assert_eq!(memo::get("kind of tests", "name", stamp), Some(Digest::of(b"content")));
    for (kind, name, stamp) in [
        ("kind of pests", "name", stamp),
        ("kind of tests", "game", stamp),
        ("kind of testsn", "ame", stamp),
        ("kind of tests", "name", other),
    ] {
        assert_eq!(memo::get(kind, name, stamp), None);
    }
}

#[test]
fn the_memo_forgets_what_was_not_asked_for_longest() {
    let mut memo = Memo::default();
    let digest = |number: usize| Digest::of(&number.to_le_bytes());
    for number in 0..10 * Memo::capacity() {
        memo.insert(digest(number), digest(number + 1));
        assert!(memo.len() <= Memo::capacity());
        assert_eq!(memo.get(digest(0)), Some(digest(1)), "{number}");
    }
    assert_eq!(memo.get(digest(1)), None);
    let last = 10 * Memo::capacity() - 1;
    assert_eq!(memo.get(digest(last)), Some(digest(last + 1)));
}
