//! What is said of bytes that are the encoding of something else.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::values::{Newtype, Point, Shape, Unit};
use crate::ErrorKind;
use crate::encoding::{decode, encode};

/// Checks what is said of `bytes` where a `T` is asked for.
#[track_caller]
fn check<T: DeserializeOwned>(bytes: &[u8], expected: &str) {
    let Err(error) = decode::<T>(bytes) else { panic!("they were read") };
    assert_eq!(error.kind(), ErrorKind::Damaged);
    let name = std::any::type_name::<T>();
    assert_eq!(
        error.to_string(),
        format!("cannot decode recorded arguments (type: {name}): {expected}")
    );
}

/// Checks what is said of the encoding of `value` where a `T` is asked for.
#[track_caller]
fn check_value<T: DeserializeOwned>(value: &impl Serialize, expected: &str) {
    check::<T>(&encode(value).unwrap(), expected);
}

#[test]
fn another_type() {
    check_value::<u8>(&1_u16, "expected u8, found u16 at byte 0");
    check_value::<(u8, String)>(&(1_u8, 'a'), "expected a string, found char at byte 3");
    check_value::<Option<u8>>(&vec![1_u8], "expected option, found sequence at byte 0");
    check_value::<bool>(&(), "expected a boolean, found () at byte 0");
    check_value::<Point>(&Unit, "expected struct Point, found unit struct `Unit` at byte 0");
    check_value::<Point>(
        &Shape::Empty,
        "expected struct Point, found unit variant `Shape::Empty` at byte 0",
    );
    check_value::<Shape>(
        &Newtype(1),
        "expected enum Shape, found newtype struct `Newtype` at byte 0",
    );
}

#[test]
fn another_name() {
    #[derive(Serialize, Deserialize)]
    struct Place {
        x: u8,
    }
    #[derive(Serialize, Deserialize)]
    enum Form {
        Empty,
    }
    check_value::<Point>(
        &Place { x: 1 },
        "expected struct Point with the name `Point`, found struct `Place` at byte 0",
    );
    check_value::<Shape>(
        &Form::Empty,
        "expected enum Shape with the name `Shape`, found unit variant `Form::Empty` at byte 0",
    );
}

#[test]
fn other_parts() {
    check_value::<(u8, u8)>(&(1_u8, 2_u8, 'a'), "expected no further part, found char at byte 5");
    check_value::<(u8, u8)>(&(1_u8,), "invalid length 1, expected a tuple of size 2");
    check_value::<Newtype<u8>>(&Newtype(Unit), "expected u8, found unit struct `Unit` at byte 17");
}

#[test]
fn other_fields_and_variants() {
    #[derive(Serialize)]
    #[serde(rename = "Point")]
    struct Place {
        z: u8,
    }
    #[derive(Serialize)]
    #[serde(rename = "Shape")]
    enum Form {
        Round,
        Newtype,
    }
    check_value::<Point>(&Place { z: 1 }, "missing field `x`");
    check_value::<Shape>(
        &Form::Round,
        "unknown variant `Round`, expected one of `Empty`, `Newtype`, `Pair`, `Point`, `NoFields`, `NoItems`",
    );
    check_value::<Shape>(
        &Form::Newtype,
        "expected a newtype variant, found unit variant `Shape::Newtype` at byte 0",
    );
}

#[test]
fn no_encoding() {
    check::<u8>(&[], "expected u8, found no more bytes at byte 0");
    check::<u8>(&[0xff], "expected u8, found 0xff, which begins no value, at byte 0");
    check::<Vec<u8>>(
        &[0x1e],
        "expected a value or the end of the value around it, found no more bytes at byte 1",
    );
    check::<Vec<u8>>(
        &[0x1e, 0, 1, 1],
        "expected nothing behind the value, found 2 more bytes at byte 2",
    );
    check::<(u8,)>(&[0x1d, 0], "invalid length 0, expected a tuple of size 1");
    check::<Option<u8>>(&[0x13, 0], "expected u8, found the end of the value around it at byte 1");
    check::<u32>(&[0x0a, 1, 2], "expected 4 more bytes, found 2 at byte 1");
    let text = |length: u64, bytes: &[u8]| [&[0x10], &length.to_le_bytes()[..], bytes].concat();
    check::<String>(&text(3, b"ab"), "expected 3 more bytes, found 2 at byte 9");
    check::<String>(
        &text(u64::MAX, b"ab"),
        "expected 18446744073709551615 more bytes, found 2 at byte 9",
    );
    check::<String>(
        &text(2, b"a\xff"),
        "expected text at byte 1, found invalid utf-8 sequence of 1 bytes from index 1",
    );
    check::<char>(
        &[0x0f, 0, 0xd8, 0, 0],
        "expected the bits of a character, found 0xd800 at byte 1",
    );
    check::<Unit>(&[0x15, 0x08, 1], "expected a name, found u8 at byte 1");
}

#[test]
fn nothing_quoted_can_command_a_terminal() {
    let name = "\u{1b}[2J\n'\"\\";
    let mut bytes = vec![0x15, 0x10, 8, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend(name.bytes());
    check::<Unit>(
        &bytes,
        "expected unit struct Unit with the name `Unit`, found unit struct `\\u{1b}[2J\\n'\"\\` at byte 0",
    );
}
