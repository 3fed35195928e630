//! Records that others take the place of.

use super::{KEY, RESULT, head, inline, memento, provenance, sealed};
use crate::record::{self, EARLIER, Head, open, read, seal, set_behind};
use crate::{ErrorKind, Key, Provenance};

/// One of which all can be verified.
fn verifiable() -> Provenance {
    let mut verifiable = provenance();
    verifiable.dependencies.remove(1);
    assert!(verifiable.can_be_verified() && !provenance().can_be_verified());
    verifiable
}

#[test]
fn a_record_that_another_one_takes_the_place_of_gets_a_key_of_its_own() {
    let whole = seal(head(None, Some(inline(b"42"))), &verifiable()).unwrap();
    let (found, encoded) = open(&KEY, &whole).unwrap();
    let behind = set_behind(&found, encoded).unwrap();
    let ((key, record), earlier) = (behind.record.unwrap(), behind.keys);
    // BLAKE3 of the digest of the provenance, keyed with the key: done by hand.
    let expected = "491624fbbb3230c4ea0b02523f86d1b3d951f536a1dafdbb7b2fe7588d45ae2e";
    assert_eq!(key.to_string(), expected);
    assert_eq!(earlier, key.as_bytes());

    assert_eq!(open(&KEY, &record).err().unwrap().kind(), ErrorKind::Damaged);
    let (behind, encoded) = open(&key, &record).unwrap();
    assert!(behind.is_earlier && behind.earlier.is_empty() && !behind.is_forgotten());
    assert_eq!((behind.finished, behind.digest), (found.finished, found.digest));
    assert_eq!((behind.took, behind.depends), (found.took, found.depends));
    assert_eq!(behind.value.unwrap().inline, Some(&b"42"[..]));
    assert_eq!(record::provenance(&behind, encoded).unwrap(), verifiable());
    assert_eq!(read(&key, &record).unwrap(), None, "it is not listed beside the new one");

    let newer = Head { earlier: &earlier, ..head(None, Some(inline(b"43"))) };
    let newer = seal(newer, &provenance()).unwrap();
    assert_eq!(open(&KEY, &newer).unwrap().0.earlier_keys().collect::<Vec<_>>(), [key]);
    assert_eq!(memento(&newer).outcome.digest, RESULT);
}

#[test]
fn the_last_few_records_that_were_replaced_are_kept() {
    let mut earlier = Vec::new();
    let mut keys = Vec::new();
    for process in 0..20 {
        let provenance = Provenance { process, ..verifiable() };
        let sealed =
            seal(Head { earlier: &earlier, ..head(None, Some(inline(b"42"))) }, &provenance);
        let sealed = sealed.unwrap();
        let (found, encoded) = open(&KEY, &sealed).unwrap();
        let expected: Vec<Key> = keys.iter().rev().take(EARLIER).copied().collect();
        assert_eq!(found.earlier_keys().collect::<Vec<_>>(), expected, "after {process}");
        let behind = set_behind(&found, encoded).unwrap();
        let ((key, _), next) = (behind.record.unwrap(), behind.keys);
        assert!(!keys.contains(&key));
        keys.push(key);
        earlier = next;
    }
    assert_eq!(earlier.len(), 32 * EARLIER);
}

#[test]
fn a_damaged_record_is_not_kept_behind_a_new_one() {
    let whole = sealed();
    let (found, encoded) = open(&KEY, &whole).unwrap();
    let error = set_behind(&found, &encoded[1..]).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Damaged);
}

/// What is behind it stays there.
#[test]
fn a_record_that_is_never_valid_again_is_not_kept_behind_a_new_one() {
    let earlier = [7; 64];
    let sealed = seal(Head { earlier: &earlier, ..head(None, None) }, &provenance()).unwrap();
    let (found, encoded) = open(&KEY, &sealed).unwrap();
    let behind = set_behind(&found, encoded).unwrap();
    assert_eq!((behind.record, &*behind.keys), (None, &earlier[..]));
}
