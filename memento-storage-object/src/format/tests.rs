//! Formats are pinned: what is stored has these bytes.

use super::*;

fn memento() -> Entry {
    Entry {
        key: Key::from_bytes([1; 32]),
        function: "a::b".to_owned(),
        version: Version::from_bytes([9; 32]),
        failed: true,
        hidden: false,
        record: b"record".to_vec(),
    }
}

fn index_name() -> IndexName {
    IndexName { folder: [7; 16], top: 3, id: 4 }
}

#[test]
fn mementos_are_these_bytes() {
    let entry = memento();
    let object = Head::of(&entry, 1, 2, index_name(), true).with(&entry);
    let mut expected = b"m1\x05".to_vec();
    expected.extend(1_u64.to_be_bytes());
    expected.extend(2_u64.to_be_bytes());
    expected.extend([7; 16]);
    expected.extend(3_u64.to_be_bytes());
    expected.extend(4_u64.to_be_bytes());
    expected.extend([9; 32]);
    expected.extend(b"\0\0\0\x04a::brecord");
    assert_eq!(object, expected);
    let (head, found) = super::entry(entry.key, object.clone()).unwrap();
    assert_eq!(found, entry);
    assert_eq!((head.order, head.claim, head.is_alone), (1, 2, true));
    assert_eq!(record(object.clone()), (Some(head), b"record".to_vec()));
    for other in [&object[..HEAD + 2], &object[..HEAD - 1], b"m2", b""] {
        assert_eq!(record(other.to_vec()), (None, other.to_vec()));
        assert_eq!(super::entry(entry.key, other.to_vec()), None);
    }
    assert_eq!(Top::read(&object), Top::Ours(head));
}

#[test]
fn indices_are_these_bytes() {
    let key = "index/07070707070707070707070707070707/fffffffffffffffc-0000000000000004";
    assert_eq!(index_name().key(), key);
    assert_eq!(from_inverted("fffffffffffffffc-0000000000000004"), Some(3));
    let pointer = Pointer { key: Key::from_bytes([1; 32]), order: 2, failed: false, hidden: true };
    let pointers = vec![pointer];
    let index = Index { function: "a::b".to_owned(), is_shared: true, pointers };
    let mut expected = b"i1\x01\0\0\0\x04a::b".to_vec();
    expected.extend([1; 32]);
    expected.extend(2_u64.to_be_bytes());
    expected.push(2);
    assert_eq!(index.object(), expected);
    assert_eq!(Index::read(&expected), Some(index));
    for length in 0..expected.len() {
        let cut = Index::read(&expected[..length]);
        assert!(cut.is_none_or(|cut| cut.pointers.is_empty()), "cut to {length}");
    }
}

#[test]
fn formats_of_later_releases_are_told_by_their_numbers() {
    for (object, top) in [
        (&b"m2"[..], Top::Newer('2')),
        (b"m9 whatever it is", Top::Newer('9')),
        (b"m1", Top::Foreign),
        (b"m0", Top::Foreign),
        (b"mm", Top::Foreign),
        (b"i2", Top::Foreign),
        (b"m", Top::Foreign),
        (b"", Top::Foreign),
    ] {
        assert_eq!(Top::read(object), top, "{object:?}");
    }
    assert_eq!(Index::read_any(b"i2"), Some(Err('2')));
    assert_eq!((Index::read_any(b"i1"), Index::read_any(b"m2")), (None, None));
}

#[test]
fn claims_are_these_bytes() {
    let lease = Lease { token: [5; 16], number: 1, lasts: 2, renewed: 3 };
    let mut expected = b"c1".to_vec();
    expected.extend([5; 16]);
    for number in 1..=3_u64 {
        expected.extend(number.to_be_bytes());
    }
    assert_eq!(lease.object(), expected);
    assert_eq!(Lease::read(&expected), Some(lease));
    expected.push(0);
    assert_eq!(Lease::read(&expected), None);
    assert_eq!(Lease::read(b"c1"), None);
}

#[test]
fn keys_are_these_digits() {
    let bytes: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap() * 8 + 1);
    assert!(digits(&bytes).starts_with("0109111921") && digits(&bytes).ends_with("e1e9f1f9"));
    assert_eq!(from_digits(&digits(&bytes)), Some(bytes));
    assert_eq!(from_digits::<32>("01"), None);
}

#[test]
fn user_metadata_goes_through_headers() {
    let metadata: UserMetadata = [("a \"name\"\n", "wért%20"), ("", "")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let text = attribute(&attributes(&metadata).unwrap()).unwrap();
    assert!(text.bytes().all(|byte| (b' '..127).contains(&byte)), "{text}");
    assert_eq!(user_metadata(Some(&text)), Some(metadata));
    assert_eq!(user_metadata(None), Some(UserMetadata::new()));
    assert_eq!(user_metadata(Some("none")), None);
    let long = [("a".to_owned(), "b".repeat(LONGEST_ATTRIBUTE))].into();
    assert_eq!(attributes(&long).unwrap_err().kind(), ErrorKind::TooLarge);
}
