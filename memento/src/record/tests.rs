mod behind;

use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;

use super::{EncodedValue, FORMAT, Head, open, read, seal};
use crate::clock::nanoseconds;
use crate::memento::{Arguments, Callee, Correlation, Dependency};
use crate::{
    Digest, ErrorKind, Invocation, Key, Memento, Outcome, Provenance, StoredValue, Version,
};

const KEY: Key = Key::from_bytes([0x11; 32]);
/// Where the head begins: behind digest, format and length.
const HEAD: usize = 37;
const RESULT: Digest = Digest::from_bytes([0x22; 32]);

fn head<'a>(error: Option<&'a str>, value: Option<EncodedValue<'a>>) -> Head<'a> {
    Head {
        key: KEY,
        finished: 1_000_000_001,
        digest: RESULT,
        // What sealing finds out.
        took: 0,
        depends: false,
        provenance: RESULT,
        earlier: &[],
        is_earlier: false,
        error,
        value,
        outline: &[],
    }
}

fn inline(bytes: &[u8]) -> EncodedValue<'_> {
    EncodedValue { codec: "json", size: bytes.len() as u64, inline: Some(bytes) }
}

fn provenance() -> Provenance {
    let callee = |byte, digest| {
        Dependency::Callee(Callee {
            function: "p::g".to_owned(),
            invocation: Invocation::from_bytes([byte; 32]),
            version: Version::from_bytes([0x44; 32]),
            digest,
        })
    };
    // It is made where it is read only; these are its parts.
    let parts = ("file", "x", Some([0x99_u8; 16]), Digest::from_bytes([0xaa; 32]));
    let observation = postcard::from_bytes(&postcard::to_stdvec(&parts).unwrap()).unwrap();
    Provenance {
        function: "p::f".to_owned(),
        version: Version::from_bytes([0x33; 32]),
        code: Digest::from_bytes([0x88; 32]),
        package_version: "1.2.3".to_owned(),
        arguments: Some(Arguments::new(vec![0x1d, 0x08, 0x05, 0x00])),
        result_type: "u8".to_owned(),
        dependencies: vec![
            callee(0x55, Some(Digest::from_bytes([0x66; 32]))),
            callee(0x77, None),
            Dependency::Resource(observation),
        ],
        total_time: Duration::new(2, 3),
        own_time: Duration::new(1, 2),
        runner: "local".to_owned(),
        host: "here".to_owned(),
        process: 300,
        correlation: postcard::from_bytes::<Correlation>(&[9]).unwrap(),
    }
}

fn sealed() -> Vec<u8> {
    seal(head(None, Some(inline(b"42"))), &provenance()).unwrap()
}

/// A record with digests that are right, whatever is in it: what a hostile store can make.
fn sealed_head(head: &[u8]) -> Vec<u8> {
    sealed_format(FORMAT, head)
}

fn sealed_format(format: u8, head: &[u8]) -> Vec<u8> {
    let length = u32::try_from(head.len()).unwrap().to_le_bytes();
    let sealed = [&[format], length.as_slice(), head].concat();
    [super::digest(&KEY, &sealed).as_bytes().as_slice(), &sealed].concat()
}

/// The head of [`sealed`], without what is in front of it and behind it.
fn encoded_head() -> Vec<u8> {
    let whole = sealed();
    let (_, provenance) = open(&KEY, &whole).unwrap();
    whole[HEAD..whole.len() - provenance.len()].to_vec()
}

/// The memento in a record of which there is one.
#[track_caller]
fn memento(bytes: &[u8]) -> Memento {
    read(&KEY, bytes).unwrap().unwrap()
}

#[track_caller]
fn refused(key: &Key, bytes: &[u8], kind: ErrorKind, reason: &str) {
    let expected = format!("cannot read a memento (key: {key}): {reason}");
    for error in [open(key, bytes).err().unwrap(), read(key, bytes).unwrap_err()] {
        assert_eq!(error.kind(), kind);
        assert_eq!(error.to_string(), expected);
    }
}

/// Records are in stores: another layout needs another format.
#[test]
fn golden() {
    let part = |byte: &str| byte.repeat(32);
    let digest_of_provenance = "1122e7f415964fc7fe491013e23463ddefa61e37bf264bf75e60b787155a96be";
    let head = [
        "8194ebdc03",
        &part("22"),
        "83a8d6b907",
        "01",
        digest_of_provenance,
        "00",
        "00",
        "00",
        "01 04 6a736f6e 02 01 02 3432",
    ];
    let provenance = [
        "04 703a3a66",
        &part("33"),
        &part("88"),
        "05 312e322e33",
        "01 04 1d080500",
        "02 7538",
        "03",
        &format!("00 04 703a3a67 {} {} 01 {}", part("55"), part("44"), part("66")),
        &format!("00 04 703a3a67 {} {} 00", part("77"), part("44")),
        &format!("01 04 66696c65 01 78 01 {} {}", "99".repeat(16), part("aa")),
        "02 03 01 02",
        "05 6c6f63616c",
        "04 68657265",
        "ac02",
        "09",
    ];
    let digest = "d42ab507b7b870888d080c1514e68e1b01b4894a8e102c502221565e7887eac4";
    let expected = [digest, "03", "59000000", &head.concat(), &provenance.concat()];
    let expected = expected.concat().replace(' ', "");
    let bytes = sealed();
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: String =
        digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect();
    assert_eq!(digits, expected);
}

#[test]
fn a_record_reads_as_it_was_written() {
    let bytes = sealed();
    let (found, _) = open(&KEY, &bytes).unwrap();
    assert_eq!(found.key, KEY);
    assert_eq!(found.digest, RESULT);
    assert_eq!(found.finished, 1_000_000_001);
    assert_eq!(found.took, 2_000_000_003);
    assert!(found.depends && !found.is_forgotten());
    assert_eq!(found.error, None);
    assert_eq!(found.value.unwrap().inline, Some(&b"42"[..]));

    let memento = memento(&bytes);
    assert_eq!(memento.key, KEY);
    assert_eq!(memento.finished, SystemTime::UNIX_EPOCH + Duration::new(1, 1));
    assert_eq!(memento.provenance, provenance());
    let value = StoredValue { codec: "json".to_owned(), size: 2, inline: true };
    assert_eq!(memento.outcome, Outcome { digest: RESULT, error: None, value: Some(value) });
}

#[test]
fn a_record_of_each_outcome_reads_as_it_was_written() {
    let stored = || Some(EncodedValue { codec: "bincode", size: 1 << 40, inline: None });
    for (error, value) in [(None, stored()), (Some("no such file"), None), (Some(""), stored())] {
        let kept = value.is_some();
        let bytes = seal(head(error, value), &provenance()).unwrap();
        let outcome = memento(&bytes).outcome;
        assert_eq!(outcome.error.as_deref(), error);
        let value = StoredValue { codec: "bincode".to_owned(), size: 1 << 40, inline: false };
        assert_eq!(outcome.value, kept.then_some(value));
    }
}

#[test]
fn what_was_forgotten_is_no_memento() {
    let bytes = seal(head(None, None), &provenance()).unwrap();
    let (found, behind) = open(&KEY, &bytes).unwrap();
    assert!(found.is_forgotten());
    // What it was computed from stays.
    assert_eq!((found.took, found.depends), (2_000_000_003, true));
    assert_eq!(super::provenance(&found, behind).unwrap(), provenance());
    assert_eq!(read(&KEY, &bytes).unwrap(), None);
    for (error, value) in
        [(Some(""), None), (None, Some(inline(b""))), (Some("failed"), Some(inline(b"")))]
    {
        assert!(!head(error, value).is_forgotten());
    }
}

#[test]
fn a_head_tells_what_a_hit_needs_of_the_provenance() {
    for (total_time, took) in [
        (Duration::ZERO, 0),
        (Duration::from_nanos(7), 7),
        (Duration::from_nanos(u64::MAX), u64::MAX),
        (Duration::from_nanos(u64::MAX) + Duration::from_nanos(1), u64::MAX),
        (Duration::MAX, u64::MAX),
    ] {
        let nothing = Provenance { total_time, dependencies: Vec::new(), ..provenance() };
        // What is said of it before it is sealed does not count.
        let bytes = seal(Head { took: 3, depends: true, ..head(None, None) }, &nothing).unwrap();
        let (found, _) = open(&KEY, &bytes).unwrap();
        assert_eq!((found.took, found.depends), (took, false));
    }
}

#[test]
fn a_changed_byte_is_noticed() {
    let whole = sealed();
    for position in 0..whole.len() {
        for change in 1..=255 {
            let mut bytes = whole.clone();
            bytes[position] ^= change;
            let error = read(&KEY, &bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Damaged, "at {position}");
            // What is left to be read of a hit is what was written.
            let is_head = position < HEAD + encoded_head().len();
            assert_eq!(open(&KEY, &bytes).is_err(), is_head, "at {position}");
        }
    }
}

#[test]
fn a_missing_or_added_byte_is_noticed() {
    let whole = sealed();
    for length in 0..whole.len() {
        let error = read(&KEY, &whole[..length]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Damaged, "cut to {length}");
    }
    let longer = [&*whole, &[0]].concat();
    assert_eq!(read(&KEY, &longer).unwrap_err().kind(), ErrorKind::Damaged);
}

#[test]
fn a_refusal_says_why() {
    let whole = sealed();
    refused(&KEY, &[], ErrorKind::Damaged, "it is too short to be a memento");
    refused(&KEY, &whole[..20], ErrorKind::Damaged, "it is too short to be a memento");
    let changed = "its bytes are not those that were written for this key";
    refused(&KEY, &whole[..HEAD + 20], ErrorKind::Damaged, changed);
    let other = Key::from_bytes([0x12; 32]);
    refused(&other, &whole, ErrorKind::Damaged, changed);

    for older in 0..FORMAT {
        let mut older = sealed_format(older, &encoded_head());
        refused(&KEY, &older, ErrorKind::Damaged, "it is of no known format");
        // As they were written.
        let digest = Digest::of(&older[32..]);
        older[..32].copy_from_slice(digest.as_bytes());
        refused(&KEY, &older, ErrorKind::Damaged, changed);
    }
    let newer = sealed_format(4, b"whatever it is");
    let reason = "its format is 4, this release knows 3; update this program";
    refused(&KEY, &newer, ErrorKind::NewerFormat, reason);
    for head in [&encoded_head()[..10], &[0xff; 80], b""] {
        refused(&KEY, &sealed_head(head), ErrorKind::Damaged, "its head is none of ours");
    }
}

#[test]
fn a_hit_does_not_need_the_provenance() {
    let head_only = sealed_head(&encoded_head());
    assert!(open(&KEY, &head_only).is_ok());
    let error = read(&KEY, &head_only).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let message = error.to_string();
    let expected = format!("cannot read the provenance of a memento (key: {KEY}): ");
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn times_before_the_epoch_are_the_epoch() {
    assert_eq!(nanoseconds(SystemTime::UNIX_EPOCH - Duration::from_secs(1)), 0);
    assert_eq!(nanoseconds(SystemTime::UNIX_EPOCH + Duration::new(1, 2)), 1_000_000_002);
    let late = SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(u32::MAX) * 100);
    assert_eq!(nanoseconds(late), u64::MAX);
}

#[test]
fn the_latest_time_is_read() {
    let latest = Head { finished: u64::MAX, ..head(Some("late"), None) };
    let bytes = seal(latest, &provenance()).unwrap();
    assert_eq!(nanoseconds(memento(&bytes).finished), u64::MAX);
}

/// A head without its outline.
type Fields<'a> = (
    (u64, Digest, u64, bool, Digest),
    (&'a [u8], bool, Option<&'a str>),
    Option<(&'a str, u64, Option<&'a [u8]>)>,
);

fn fields(head: Head<'_>) -> Fields<'_> {
    (
        (head.finished, head.digest, head.took, head.depends, head.provenance),
        (head.earlier, head.is_earlier, head.error),
        head.value.map(|value| (value.codec, value.size, value.inline)),
    )
}

proptest! {
    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..300)) {
        prop_assert!(open(&KEY, &bytes).is_err());
        prop_assert!(read(&KEY, &bytes).is_err());
    }

    /// Who can write to a store can make the digest right.
    #[test]
    fn any_body_is_read_or_refused(body in vec(any::<u8>(), 0..300)) {
        let _ = read(&KEY, &sealed_head(&body));
    }

    /// What is read by hand is what serde's derive would read.
    #[test]
    fn a_head_is_read_as_postcard_reads_it(
        index: prop::sample::Index,
        with in vec(prop_oneof![any::<u8>(), Just(0x80), Just(0xff), 0..3_u8], 0..12),
    ) {
        let mut body = encoded_head();
        let at = index.index(body.len());
        let end = body.len().min(at + with.len());
        body.splice(at..end, with);
        let expected = postcard::take_from_bytes::<Fields<'_>>(&body).ok();
        let read = Head::read(KEY, &body);
        let has_outline = read.is_some_and(|head| !head.outline.is_empty());
        if let Some((_, rest)) = &expected && !rest.is_empty() {
            // An outline, if it is any.
            prop_assert!(read.is_none() || has_outline || rest[0] == 0);
        } else {
            prop_assert_eq!(read.map(fields), expected.map(|(fields, _)| fields));
        }
    }

    #[test]
    fn any_change_with_a_right_digest_is_read_or_refused(
        index: prop::sample::Index,
        with in vec(any::<u8>(), 0..12),
    ) {
        let mut body = encoded_head();
        let at = index.index(body.len());
        let end = body.len().min(at + with.len());
        body.splice(at..end, with);
        let _ = read(&KEY, &sealed_head(&body)).map(|memento| memento.map(|memento| memento.started()));
    }

    #[test]
    fn any_record_reads_as_it_was_written(
        error: Option<String>,
        bytes: Option<Vec<u8>>,
        codec: String,
        finished: u64,
        result: [u8; 32],
        outline: Vec<u8>,
    ) {
        let size = bytes.as_ref().map_or(7, |bytes| bytes.len() as u64);
        let value = EncodedValue { codec: &codec, size, inline: bytes.as_deref() };
        let digest = Digest::from_bytes(result);
        let head =
            Head { finished, digest, outline: &outline, ..head(error.as_deref(), Some(value)) };
        let sealed = seal(head, &provenance()).unwrap();
        let (found, _) = open(&KEY, &sealed).unwrap();
        prop_assert_eq!(found.error, error.as_deref());
        prop_assert_eq!((found.finished, found.digest), (finished, digest));
        prop_assert_eq!(found.outline, outline);
        let value = found.value.unwrap();
        prop_assert_eq!((value.codec, value.size, value.inline), (&*codec, size, bytes.as_deref()));
    }
}
