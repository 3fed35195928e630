//! The bytes of every tag. They are in every key ever made: an edit here makes all stored results unfindable, and
//! needs another format in `key.rs`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::{Bytes, bytes_of};
use crate::encoding::encode_map;

/// Asserts that `value` is encoded as these hexadecimal digits; blanks count for nothing.
#[track_caller]
fn check<T: Serialize + ?Sized>(value: &T, expected: &str) {
    let bytes = bytes_of(value);
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    let digits: String =
        digits.map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)])).collect();
    assert_eq!(digits, expected.replace(' ', ""));
}

#[derive(Serialize)]
struct Unit;

#[derive(Serialize)]
struct Newtype(u8);

#[derive(Serialize)]
struct Pair(u8, bool);

#[derive(Serialize)]
struct Point {
    x: u8,
    y: u8,
}

#[derive(Serialize)]
enum Shape {
    Empty,
    Newtype(u8),
    Pair(u8, bool),
    Point { x: u8 },
}

#[test]
fn what_has_no_content() {
    check(&false, "01");
    check(&true, "02");
    check(&None::<u8>, "12");
    check(&(), "14");
}

#[test]
fn integers_are_little_endian() {
    check(&-2_i8, "03 fe");
    check(&-2_i16, "04 feff");
    check(&0x0102_0304_i32, "05 04030201");
    check(&-2_i64, "06 feffffffffffffff");
    check(&-2_i128, "07 feffffffffffffffffffffffffffffff");
    check(&0xfe_u8, "08 fe");
    check(&0x0102_u16, "09 0201");
    check(&0x0102_0304_u32, "0a 04030201");
    check(&0x0102_0304_0506_0708_u64, "0b 0807060504030201");
    check(&0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10_u128, "0c 100f0e0d0c0b0a090807060504030201");
}

#[test]
fn sizes_are_64_bits_wide() {
    check(&7_usize, "0b 0700000000000000");
    check(&-2_isize, "06 feffffffffffffff");
}

#[test]
fn floats_are_their_bits() {
    check(&1.5_f32, "0d 0000c03f");
    check(&1.5_f64, "0e 000000000000f83f");
    check(&0.0_f64, "0e 0000000000000000");
    check(&-0.0_f64, "0e 0000000000000080");
    check(&f64::INFINITY, "0e 000000000000f07f");
    check(&f64::from_bits(0x7ff8_0000_0000_0001), "0e 010000000000f87f");
    check(&f32::from_bits(0x7fc0_0000), "0d 0000c07f");
}

#[test]
fn text_and_bytes_stand_behind_their_length() {
    check(&'é', "0f e9000000");
    check("", "10 0000000000000000");
    check("aé", "10 0300000000000000 61c3a9");
    check(Path::new("a/b"), "10 0300000000000000 612f62");
    check(&Bytes(vec![0, 0xff]), "11 0200000000000000 00ff");
}

#[test]
fn options() {
    check(&Some(1_u8), "13 0801");
    check(&Some(()), "13 14");
    check(&Some(None::<u8>), "13 12");
    check(&Some(Some(1_u8)), "13 13 0801");
}

#[test]
fn structs() {
    check(&Unit, "15 10 0400000000000000 556e6974");
    check(&Newtype(1), "16 10 0700000000000000 4e657774797065 0801");
    check(&Pair(1, true), "17 10 0400000000000000 50616972 0801 02 00");
    check(
        &Point { x: 1, y: 2 },
        "18 10 0500000000000000 506f696e74 \
         10 0100000000000000 78 0801 10 0100000000000000 79 0802 00",
    );
}

#[test]
fn variants() {
    let shape = "10 0500000000000000 5368617065";
    check(&Shape::Empty, &format!("19 {shape} 10 0500000000000000 456d707479"));
    check(&Shape::Newtype(1), &format!("1a {shape} 10 0700000000000000 4e657774797065 0801"));
    check(&Shape::Pair(1, true), &format!("1b {shape} 10 0400000000000000 50616972 0801 02 00"));
    check(
        &Shape::Point { x: 1 },
        &format!("1c {shape} 10 0500000000000000 506f696e74 10 0100000000000000 78 0801 00"),
    );
}

#[test]
fn tuples_and_collections() {
    check(&(1_u8, true), "1d 0801 02 00");
    check(&[1_u8, 2], "1d 0801 0802 00");
    check(&[(); 0], "1d 00");
    check(&vec![1_u8, 2], "1e 0801 0802 00");
    check(&Vec::<u8>::new(), "1e 00");
    check(&BTreeSet::from([2_u8, 1]), "1e 0801 0802 00");
    check(&BTreeMap::from([(2_u8, true), (1, false)]), "1f 0801 01 0802 02 00");
    check(&HashSet::from([2_u8, 1]), "20 0801 0802 00");
    check(&HashMap::from([(2_u8, true), (1, false)]), "21 0801 01 0802 02 00");
}

#[test]
fn unordered_entries_stand_in_the_order_of_their_bytes() {
    // Lengths come first, so "b" stands before "aa"; the bytes of 256 are 0, 1, those of 1 are 1, 0.
    check(&HashSet::from(["aa", "b"]), "20 10 0100000000000000 62 10 0200000000000000 6161 00");
    check(&HashSet::from([1_u16, 256]), "20 09 0001 09 0100 00");
}

#[test]
fn types_of_the_standard_library() {
    check(
        &Duration::new(1, 2),
        "18 10 0800000000000000 4475726174696f6e \
         10 0400000000000000 73656373 0b 0100000000000000 \
         10 0500000000000000 6e616e6f73 0a 02000000 00",
    );
    check(
        &Err::<u8, &str>("x"),
        "1a 10 0600000000000000 526573756c74 10 0300000000000000 457272 10 0100000000000000 78",
    );
}

#[test]
fn context_arguments_are_a_map_like_any_other() {
    #[derive(Serialize)]
    #[serde(untagged)]
    enum Value {
        Number(u8),
        Text(&'static str),
    }
    let (one, two) = (bytes_of(&1_u8), bytes_of("x"));
    let encoded = encode_map([("a", &*one), ("b", &*two)].into_iter());
    let same = BTreeMap::from([("a", Value::Number(1)), ("b", Value::Text("x"))]);
    assert_eq!(encoded, bytes_of(&same));
    check(&same, "1f 10 0100000000000000 61 0801 10 0100000000000000 62 10 0100000000000000 78 00");
}
