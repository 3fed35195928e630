//! What the codecs write, and what they make of bytes from anyone.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;
use crate::digest::segments::{Outline, SEGMENT};
use crate::{Digest, Storage};

/// The bytes of each codec are in stores: they may not change.
#[test]
fn golden_bytes() {
    fn encoded<C: Codec>() -> Vec<u8> {
        let value = (7_u16, Some("ab"), vec![1.5_f32]);
        let mut bytes = Vec::new();
        C::encode(&value, &mut bytes).unwrap();
        let back: (u16, Option<String>, Vec<f32>) = C::decode(&bytes).unwrap();
        assert_eq!(back, (7, Some("ab".into()), vec![1.5]));
        bytes
    }
    assert_eq!(
        encoded::<Bincode>(),
        b"\x07\0\x01\x02\0\0\0\0\0\0\0ab\x01\0\0\0\0\0\0\0\0\0\xc0\x3f"
    );
    assert_eq!(encoded::<Postcard>(), b"\x07\x01\x02ab\x01\0\0\xc0\x3f");
    assert_eq!(encoded::<Json>(), br#"[7,"ab",[1.5]]"#);
}

#[test]
fn left_over_and_missing_bytes_are_damage() {
    fn check<C: Codec>() {
        let mut bytes = Vec::new();
        C::encode(&(1_u8, "two"), &mut bytes).unwrap();
        let short = C::decode::<(u8, String)>(&bytes[..bytes.len() - 1]).unwrap_err();
        assert_eq!(short.kind(), ErrorKind::Damaged);
        bytes.push(b'!');
        let long = C::decode::<(u8, String)>(&bytes).unwrap_err();
        assert_eq!(long.kind(), ErrorKind::Damaged);
    }
    check::<Bincode>();
    check::<Postcard>();
    check::<Json>();
}

#[test]
fn a_huge_length_in_hostile_bytes_costs_no_memory() {
    let bytes = u64::MAX.to_le_bytes();
    assert_eq!(Bincode::decode::<Vec<u64>>(&bytes).unwrap_err().kind(), ErrorKind::Damaged);
    let bytes = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    assert_eq!(Postcard::decode::<Vec<u64>>(&bytes).unwrap_err().kind(), ErrorKind::Damaged);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Quote {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<u8>,
    quantity: Option<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Offer {
    Of {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discount: Option<u8>,
        quantity: Option<u8>,
    },
}

/// What is read is what was encoded, or it is not encoded.
#[test]
fn what_reads_as_another_value_is_not_encoded() {
    fn kept<C: Codec, T>(value: &T) -> bool
    where
        T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        let mut bytes = Vec::new();
        match C::encode(value, &mut bytes) {
            Ok(()) => {
                assert_eq!(&C::decode::<T>(&bytes).unwrap(), value);
                true
            }
            Err(error) => {
                assert!(error.to_string().contains("choose another codec"), "{error}");
                false
            }
        }
    }
    fn kept_by_each<T>(value: &T) -> [bool; 3]
    where
        T: Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
    {
        [kept::<Bincode, _>(value), kept::<Postcard, _>(value), kept::<Json, _>(value)]
    }
    let quote = |discount| Quote { discount, quantity: Some(2) };
    let offer = |discount| Offer::Of { discount, quantity: Some(2) };
    assert_eq!(
        [quote(None), quote(Some(1))].map(|q| kept_by_each(&q)),
        [[false, false, true], [true; 3]]
    );
    assert_eq!(
        [offer(None), offer(Some(1))].map(|o| kept_by_each(&o)),
        [[false, false, true], [true; 3]]
    );
    for number in [f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(kept_by_each(&Some(number)), [true, true, false]);
        assert_eq!(kept_by_each(&vec![(number, 1)]), [true, true, false]);
    }
    assert!(!kept::<Json, _>(&f32::NAN) && !kept::<Json, _>(&f64::NAN));
    assert_eq!(
        [Some(None), Some(Some(1)), None].map(|o| kept_by_each(&o)),
        [[true, true, false], [true; 3], [true; 3]]
    );
    assert_eq!([Some(()), None].map(|o| kept_by_each(&o)), [[true, true, false], [true; 3]]);
    assert_eq!(kept_by_each(&BTreeMap::from([(1, Some(vec![None, Some(2)]))])), [true; 3]);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Nothing,
    Number(f64),
    Pair(i128, char),
    Named { text: String, flag: bool },
    Nested(Vec<Shape>),
    Other(Box<Option<Shape>>),
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    shape: Shape,
    numbers: (u8, i16, u32, i64, u128, f32),
    map: BTreeMap<String, Option<u16>>,
    pointer: usize,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Nothing),
        (-1e9..1e9).prop_map(Shape::Number),
        any::<(i128, char)>().prop_map(|(number, letter)| Shape::Pair(number, letter)),
        any::<(String, bool)>().prop_map(|(text, flag)| Shape::Named { text, flag }),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Shape::Nested),
            proptest::option::of(inner).prop_map(|inner| Shape::Other(Box::new(inner))),
        ]
    })
}

fn everything() -> impl Strategy<Value = Everything> {
    let numbers = (any::<(u8, i16, u32, i64, u128)>(), -1e9_f32..1e9)
        .prop_map(|((a, b, c, d, e), f)| (a, b, c, d, e, f));
    let map = btree_map(any::<String>(), any::<Option<u16>>(), 0..5);
    (shapes(), numbers, map, any::<usize>()).prop_map(|(shape, numbers, map, pointer)| Everything {
        shape,
        numbers,
        map,
        pointer,
    })
}

/// What bincode itself reads, which ends the process where it is not told how long values are at most.
fn by_bincode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let format = ::bincode::config::standard().with_fixed_int_encoding().with_limit::<1_000_000>();
    let (value, used) = ::bincode::serde::decode_from_slice(bytes, format).ok()?;
    (used == bytes.len()).then_some(value)
}

/// Its last bit, too.
#[test]
fn a_number_is_read_as_it_was() {
    fn check<C: Codec>() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            let number = f64::from_bits(bits);
            if number.is_finite() {
                let mut bytes = Vec::new();
                C::encode(&number, &mut bytes).unwrap();
                assert_eq!(C::decode::<f64>(&bytes).unwrap().to_bits(), bits, "{number:e}");
            }
        }
    }
    check::<Bincode>();
    check::<Postcard>();
    check::<Json>();
}

proptest! {
    #[test]
    fn what_was_written_is_read(value in everything()) {
        fn check<C: Codec>(value: &Everything) {
            let mut bytes = Vec::new();
            C::encode(value, &mut bytes).unwrap();
            assert_eq!(C::decode::<Everything>(&bytes).unwrap(), *value);
        }
        check::<Bincode>(&value);
        check::<Postcard>(&value);
    }

    #[test]
    fn damaged_bytes_are_read_as_bincode_reads_them(
        value in everything(),
        place in any::<prop::sample::Index>(),
        byte in 0..3_u8,
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = Vec::new();
        Bincode::encode(&value, &mut bytes).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        bytes.truncate(bytes.len() - length.index(bytes.len()) / 8);
        assert_eq!(Bincode::decode::<Everything>(&bytes).ok(), by_bincode(&bytes));
    }
}

/// The value of an encoding of several segments.
fn decode_segments<C: Codec, T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let (digest, outline) = Digest::with_outline(bytes);
    let outline = Outline::read(&outline, &digest, bytes.len() as u64).unwrap();
    let contents = &Storage::memory().contents;
    contents.put_content(&digest, bytes).unwrap();
    contents.read_segments("read", &digest, outline, C::decode_segments).unwrap()
}

/// A text so long that the first segment ends so many bytes behind its encoding by bincode.
fn text_before(bytes: usize) -> String {
    "x".repeat(SEGMENT - 8 - bytes)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A segment ends at any byte of any value.
    #[test]
    fn values_in_two_segments_are_read(value in everything(), end in any::<prop::sample::Index>()) {
        fn check<C: Codec>(before: &str, value: &Everything, behind: &str) {
            let mut bytes = Vec::new();
            C::encode(&(before, value, behind), &mut bytes).unwrap();
            let read: (String, Everything, String) = decode_segments::<C, _>(&bytes).unwrap();
            assert!((&*read.0, &read.1, &*read.2) == (before, value, behind));
        }
        let mut bytes = Vec::new();
        Bincode::encode(&value, &mut bytes).unwrap();
        let (before, behind) = (text_before(end.index(bytes.len() + 1)), "x".repeat(bytes.len()));
        check::<Bincode>(&before, &value, &behind);
        check::<Postcard>(&before, &value, &behind);
    }

    #[test]
    fn damaged_bytes_in_two_segments_are_read_as_those_in_one(
        value in everything(),
        end in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in 0..3_u8,
    ) {
        let mut alone = Vec::new();
        Bincode::encode(&value, &mut alone).unwrap();
        let mut bytes = Vec::new();
        let text = text_before(end.index(alone.len() + 1));
        Bincode::encode(&(&text, value, "behind"), &mut bytes).unwrap();
        let place = 8 + text.len() + place.index(alone.len());
        bytes[place] = byte;
        let read = decode_segments::<Bincode, (String, Everything, String)>(&bytes).ok();
        prop_assert!(read == Bincode::decode(&bytes).ok());
    }
}

#[test]
fn texts_and_bytes_of_many_segments_are_read() {
    let text = "ä€𝄞x".repeat(SEGMENT / 4);
    let mut bytes = Vec::new();
    Bincode::encode(&(&text, 'x', &text), &mut bytes).unwrap();
    let read: (String, char, String) = decode_segments::<Bincode, _>(&bytes).unwrap();
    assert!((&read.0, read.1, &read.2) == (&text, 'x', &text));
    // Cut in the middle of a character.
    bytes[2 * SEGMENT] = 0xff;
    assert!(decode_segments::<Bincode, (String, char, String)>(&bytes).is_err());
}

#[test]
fn segments_that_are_left_over_or_missing_are_damage() {
    let mut bytes = Vec::new();
    Bincode::encode(&"x".repeat(3 * SEGMENT), &mut bytes).unwrap();
    let long = decode_segments::<Bincode, (String, u8)>(&bytes).unwrap_err();
    assert_eq!(long.kind(), ErrorKind::Damaged);
    let short = decode_segments::<Bincode, u64>(&bytes).unwrap_err();
    assert!(short.to_string().contains("bytes are left over"), "{short}");
    for length in [3 * SEGMENT + 1, 1 << 40, usize::MAX] {
        bytes[..8].copy_from_slice(&length.to_le_bytes());
        let huge = decode_segments::<Bincode, String>(&bytes).unwrap_err();
        assert!(huge.to_string().contains("end before the value does"), "{huge}");
    }
}

#[test]
fn a_huge_length_of_a_text_costs_no_memory() {
    for length in [1_u64 << 33, 1 << 46, 1 << 62, u64::MAX] {
        let bytes = [&length.to_le_bytes()[..], b"text"].concat();
        assert_eq!(Bincode::decode::<String>(&bytes).unwrap_err().kind(), ErrorKind::Damaged);
        assert_eq!(
            Bincode::decode::<Vec<()>>(&length.to_le_bytes()).unwrap_err().kind(),
            ErrorKind::Damaged
        );
    }
    assert_eq!(Bincode::decode::<Vec<()>>(&1000_u64.to_le_bytes()).unwrap().len(), 1000);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Chain(Option<Box<Chain>>);

fn chain(length: usize) -> Chain {
    (0..length).fold(Chain(None), |inner, _| Chain(Some(Box::new(inner))))
}

#[test]
fn values_that_are_nested_without_an_end_are_damage() {
    for threads_stack in [1 << 20, 2 << 20, 16 << 20] {
        let thread = std::thread::Builder::new().stack_size(threads_stack).spawn(|| {
            let nested = vec![1; 10_000_000];
            let errors = [
                Bincode::decode::<Chain>(&nested).unwrap_err(),
                Postcard::decode::<Chain>(&nested).unwrap_err(),
                // Of lists in lists, each has a length in front.
                Bincode::decode::<Shape>(&[4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0].repeat(1_000_000))
                    .unwrap_err(),
                Postcard::decode::<Shape>(&[4, 1].repeat(1_000_000)).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.kind(), ErrorKind::Damaged);
                assert!(error.to_string().contains("nested so deep"), "{error}");
            }
            let nested = vec![b'['; 1_000_000];
            assert_eq!(Json::decode::<Shape>(&nested).unwrap_err().kind(), ErrorKind::Damaged);
        });
        thread.unwrap().join().unwrap();
    }
}

#[test]
fn values_that_are_nested_as_deep_as_people_nest_them_are_read() {
    fn check<C: Codec>() {
        let mut bytes = Vec::new();
        C::encode(&chain(200), &mut bytes).unwrap();
        assert_eq!(C::decode::<Chain>(&bytes).unwrap(), chain(200));
    }
    check::<Bincode>();
    check::<Postcard>();
}
