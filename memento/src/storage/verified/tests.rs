use std::sync::Arc;

use super::{OF_RESULT, REMEMBERED, Verified};
use crate::validity::{self, Period, Validity};
use crate::{Digest, Key};

fn key(number: usize) -> Key {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(number as u64).to_le_bytes());
    Key::from_bytes(bytes)
}

const DIGEST: Digest = Digest::from_bytes([1; 32]);

/// Remembers that the result of a key was found valid.
fn add(verified: &Verified, number: usize, digest: Digest, validity: Validity) {
    verified.add(key(number), digest, Arc::new(validity));
}

fn expiring(until: u64) -> Validity {
    Validity { period: Some(Period { from: 0, until }), ..Validity::default() }
}

#[test]
fn what_was_found_valid_is_remembered_with_what_it_depends_on() {
    let verified = Verified::default();
    assert!(verified.get(&key(1), &DIGEST).is_none());
    add(&verified, 1, DIGEST, expiring(u64::MAX));
    let found = verified.get(&key(1), &DIGEST).unwrap();
    assert_eq!(found.period.unwrap().until, u64::MAX);
    assert!(verified.get(&key(2), &DIGEST).is_none());
}

#[test]
fn a_result_with_another_digest_is_another_result() {
    let verified = Verified::default();
    let other = Digest::from_bytes([2; 32]);
    add(&verified, 1, DIGEST, expiring(u64::MAX));
    assert!(verified.get(&key(1), &other).is_none());
    assert!(verified.get(&key(1), &DIGEST).is_some(), "asking changes nothing");
    add(&verified, 1, other, expiring(u64::MAX - 1));
    assert!(verified.get(&key(1), &DIGEST).is_none());
    assert_eq!(verified.get(&key(1), &other).unwrap().period.unwrap().until, u64::MAX - 1);
}

#[test]
fn what_has_expired_is_not_there() {
    let verified = Verified::default();
    add(&verified, 1, DIGEST, expiring(1));
    assert!(verified.get(&key(1), &DIGEST).is_none());
}

/// The only test of this program that begins a generation, so that it can tell which one it is.
#[test]
fn what_was_found_in_another_generation_is_not_there() {
    let verified = Verified::default();
    let of = |generation| Validity { generation, ..Validity::default() };
    let before = validity::generation();
    add(&verified, 1, DIGEST, of(Some(before)));
    add(&verified, 2, DIGEST, expiring(u64::MAX));
    // What was looked at before something changed.
    add(&verified, 3, DIGEST, of(Some(before.wrapping_sub(1))));
    let found = || [1, 2, 3].map(|number| verified.get(&key(number), &DIGEST).is_some());
    assert_eq!(found(), [true, true, false]);
    validity::count_replaced_result();
    assert_eq!(validity::generation(), before + 1);
    assert_eq!(found(), [false, true, false], "what called nobody stays");
    add(&verified, 1, DIGEST, of(Some(before)));
    assert_eq!(found(), [false, true, false]);
    add(&verified, 1, DIGEST, of(Some(before + 1)));
    assert_eq!(found(), [true, true, false]);
}

#[test]
fn memory_is_bounded() {
    let verified = Verified::default();
    let validity = Arc::new(expiring(u64::MAX));
    let most = usize::try_from(REMEMBERED / OF_RESULT).unwrap();
    for number in 0..most + 2 {
        verified.add(key(number), DIGEST, Arc::clone(&validity));
    }
    assert_eq!(verified.found.lock().results.len(), 2);
    assert!(verified.get(&key(0), &DIGEST).is_none());
    assert!(verified.get(&key(most + 1), &DIGEST).is_some(), "what came last");
    for _ in 0..2 * most {
        verified.add(key(0), DIGEST, Arc::clone(&validity));
    }
    assert_eq!(verified.found.lock().results.len(), 3, "the same counts once");
}
