use std::collections::{BTreeMap, HashMap, HashSet};

use proptest::collection::vec;
use proptest::prelude::*;
use serde::Serialize;

use super::{Bytes, bytes_of};
use crate::encoding::Rendered;

#[track_caller]
fn check<T: Serialize + ?Sized>(value: &T, expected: &str) {
    assert_eq!(Rendered(&bytes_of(value)).to_string(), expected);
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
    y: i64,
}
#[derive(Serialize)]
enum Shape {
    Empty,
    Newtype(u8),
    Pair(u8, bool),
    Point { x: u8 },
}

#[test]
fn values_look_as_when_debugged() {
    check(&true, "true");
    check(&false, "false");
    check(&(), "()");
    check(&-1_i8, "-1");
    check(&i16::MIN, "-32768");
    check(&i32::MAX, "2147483647");
    check(&i64::MIN, "-9223372036854775808");
    check(&i128::MAX, "170141183460469231731687303715884105727");
    check(&7_u8, "7");
    check(&7_u16, "7");
    check(&7_u32, "7");
    check(&u64::MAX, "18446744073709551615");
    check(&u128::MAX, "340282366920938463463374607431768211455");
    check(&1.5_f32, "1.5");
    check(&1_f64, "1.0");
    check(&f64::NAN, "NaN");
    check(&'\'', r"'\''");
    check("a\"b\n", r#""a\"b\n""#);
    check(&Bytes(vec![1, 2, 3]), "<3 bytes>");
    check(&None::<u8>, "None");
    check(&Some(Some(1)), "Some(Some(1))");
}

#[test]
fn parts_look_as_when_debugged() {
    check(&Unit, "Unit");
    check(&Newtype(1), "Newtype(1)");
    check(&Pair(1, true), "Pair(1, true)");
    check(&Point { x: 1, y: -2 }, "Point { x: 1, y: -2 }");
    check(&Shape::Empty, "Empty");
    check(&Shape::Newtype(1), "Newtype(1)");
    check(&Shape::Pair(1, false), "Pair(1, false)");
    check(&Shape::Point { x: 1 }, "Point { x: 1 }");
    check(&(1, "a"), "(1, \"a\")");
    check(&(1,), "(1)");
    check(&vec![vec![1, 2], vec![]], "[[1, 2], []]");
    check(&BTreeMap::from([("a", 1), ("b", 2)]), r#"{"a": 1, "b": 2}"#);
    check(&HashMap::from([("b", 2), ("a", 1)]), r#"{"a": 1, "b": 2}"#);
    check(&HashSet::from([2_u8, 1]), "{1, 2}");
    check(&HashSet::<u8>::new(), "{}");
}

#[test]
fn what_is_damaged_is_shown_as_far_as_it_goes() {
    assert_eq!(Rendered(&[]).to_string(), "<damaged>");
    assert_eq!(Rendered(&[0xff]).to_string(), "<damaged>");
    assert_eq!(Rendered(&[0x00]).to_string(), "<damaged>");

    let whole = bytes_of(&(1_u8, "abc"));
    assert_eq!(Rendered(&whole[..whole.len() - 1]).to_string(), "(1, \"abc\"<damaged>");
    assert_eq!(Rendered(&whole[..whole.len() - 2]).to_string(), "(1, <damaged>");

    let no_text = [0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0xff];
    assert_eq!(Rendered(&no_text).to_string(), "<damaged>");
    let no_character = [0x0f, 0, 0xd8, 0, 0];
    assert_eq!(Rendered(&no_character).to_string(), "<damaged>");
    let mut too_long = bytes_of("abc");
    too_long[1..9].copy_from_slice(&u64::MAX.to_le_bytes());
    assert_eq!(Rendered(&too_long).to_string(), "<damaged>");
    let name_is_a_number = [0x15, 0x08, 1];
    assert_eq!(Rendered(&name_is_a_number).to_string(), "<damaged>");
}

#[test]
fn values_that_follow_each_other_are_all_shown() {
    let arguments = [bytes_of(&(1_u8, "a")), bytes_of(&BTreeMap::from([("seed", 5)]))].concat();
    assert_eq!(Rendered(&arguments).to_string(), r#"(1, "a") {"seed": 5}"#);
    let left_over = [bytes_of(&1_u8), vec![0xff]].concat();
    assert_eq!(Rendered(&left_over).to_string(), "1 <damaged>");
}

#[test]
fn names_cannot_command_a_terminal() {
    let mut bytes = vec![0x15, 0x10, 5, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(b"\x1b[2J\n");
    assert_eq!(Rendered(&bytes).to_string(), r"\u{1b}[2J\n");
}

#[test]
fn deep_values_are_cut_off() {
    let nested = |depth| [vec![0x13; depth], vec![0x14]].concat();
    let shown = Rendered(&nested(64)).to_string();
    assert_eq!(shown, format!("{}(){}", "Some(".repeat(64), ")".repeat(64)));
    let cut = Rendered(&nested(65)).to_string();
    assert_eq!(cut, format!("{}<damaged>", "Some(".repeat(65)));
    let cut = Rendered(&nested(1_000_000)).to_string();
    assert_eq!(cut, format!("{}<damaged>", "Some(".repeat(65)));
}

proptest! {
    #[test]
    fn any_bytes_are_shown(bytes in vec(any::<u8>(), 0..200)) {
        let _ = Rendered(&bytes).to_string();
    }

    /// Most bytes are no tag: these are likelier to lead deeper.
    #[test]
    fn any_tags_are_shown(bytes in vec(0_u8..0x23, 0..200)) {
        let _ = Rendered(&bytes).to_string();
    }

    #[test]
    fn changed_encodings_are_shown(index: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let value = (Point { x: 1, y: 2 }, HashMap::from([("key", vec![Some('a')])]), Shape::Pair(1, true));
        let mut bytes = bytes_of(&value);
        let at = index.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len() + 1));
        let _ = Rendered(&bytes).to_string();
    }
}
