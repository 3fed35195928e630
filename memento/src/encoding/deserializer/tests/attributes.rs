//! Types with attributes that make serde write something else than the plain value, or read it by way of a buffer.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::values::{Bytes, Colour, Newtype, Pair, Point, Shape, Unit, shapes};
use super::{comes_back, same_bytes};
use crate::encoding::{decode, encode};

/// A value of each kind that may be anywhere, also in serde's buffer.
#[expect(clippy::option_option, reason = "each of the three has an encoding of its own")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Kinds {
    numbers: (i8, i16, i32, i64, u8, u16, u32, u64, f32, f64),
    bool: bool,
    char: char,
    text: String,
    bytes: Bytes,
    options: [Option<Option<u8>>; 3],
    units: ((), Unit),
    structs: (Newtype<u8>, Pair, Point),
    shapes: Vec<Shape>,
    map: BTreeMap<(u8, Colour), Newtype<Option<char>>>,
    unordered: HashMap<Colour, Vec<()>>,
    nested: Option<Box<Kinds>>,
}

fn kinds() -> Kinds {
    let inner = Kinds {
        numbers: (-1, -2, -3, -4, 1, 2, 3, 4, 1.5, -0.0),
        bool: true,
        char: 'ß',
        text: "a\0".into(),
        bytes: Bytes(vec![0, 0xff]),
        options: [None, Some(None), Some(Some(1))],
        units: ((), Unit),
        structs: (Newtype(1), Pair(1, "a".into()), Point { x: 1, y: Some(2) }),
        shapes: shapes(),
        map: BTreeMap::from([((1, Colour::Red), Newtype(Some('a')))]),
        unordered: HashMap::from([(Colour::Red, vec![()]), (Colour::Green, vec![])]),
        nested: None,
    };
    Kinds { nested: Some(Box::new(inner.clone())), ..inner }
}

#[test]
fn fields_may_be_left_out() {
    #[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, rename_all = "camelCase", deny_unknown_fields)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        the_first: Option<u8>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        the_second: Vec<u8>,
        #[serde(skip)]
        the_third: u8,
        #[serde(alias = "the_fourth")]
        renamed: String,
    }
    comes_back(&Sparse::default());
    comes_back(&Sparse { the_first: Some(1), ..Sparse::default() });
    comes_back(&Sparse { the_second: vec![1], renamed: "a".into(), ..Sparse::default() });
    comes_back(&vec![Sparse::default(), Sparse { the_first: Some(1), ..Sparse::default() }]);
}

#[test]
fn fields_without_names_may_be_left_out() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Tuple(#[serde(skip)] u8, u8);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Single(#[serde(skip)] u8);
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        One(#[serde(skip)] u8),
        Two(#[serde(skip)] u8, u8),
        Named {
            #[serde(skip)]
            left_out: u8,
            kept: u8,
        },
    }
    comes_back(&(Tuple(0, 1), Single(0)));
    comes_back(&[Variants::One(0), Variants::Two(0, 1), Variants::Named { left_out: 0, kept: 1 }]);
}

#[test]
fn a_value_may_be_written_as_another() {
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(transparent)]
    struct Transparent {
        only: Option<Newtype<u8>>,
    }
    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(from = "Pair", into = "Pair")]
    struct Converted(String, u8);
    impl From<Pair> for Converted {
        fn from(Pair(number, text): Pair) -> Self {
            Self(text, number)
        }
    }
    impl From<Converted> for Pair {
        fn from(Converted(text, number): Converted) -> Self {
            Self(number, text)
        }
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename = "other name", tag = "type")]
    struct Tagged {
        #[serde(rename = "y")]
        x: u8,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Renamed {
        FirstOne,
        #[serde(rename = "2", alias = "second")]
        Second(u8),
    }
    comes_back(&(Transparent { only: None }, Transparent { only: Some(Newtype(1)) }));
    comes_back(&(Converted("a".into(), 1), Tagged { x: 1 }));
    comes_back(&[Renamed::FirstOne, Renamed::Second(1)]);
}

#[test]
fn fields_may_be_flattened() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Outer<A, B> {
        first: u8,
        #[serde(flatten)]
        a: A,
        last: Option<Shape>,
        #[serde(flatten)]
        b: B,
    }
    fn check<A, B>(a: A, b: B)
    where
        Outer<A, B>: Serialize + DeserializeOwned + PartialEq + Debug,
    {
        comes_back(&Some(vec![Outer { first: 1, a, last: Some(Shape::Newtype(1)), b }]));
    }
    check(kinds(), ());
    check(Newtype(kinds()), Unit);
    check(Some(Point { x: 1, y: None }), None::<Kinds>);
    check(Point { x: 1, y: Some(1) }, BTreeMap::from([("a".to_owned(), kinds())]));
    check((), BTreeMap::from([(7_u32, 'a')]));
    check((), BTreeMap::from([(-7_i64, 'a')]));
    check((), BTreeMap::from([('k', 'a')]));
    check((), BTreeMap::from([(true, 'a')]));
    check((), BTreeMap::from([(Colour::Red, 1), (Colour::Green, 2)]));
    check((), BTreeMap::from([(Newtype("a".to_owned()), 1)]));
    check((), HashMap::from([("a".to_owned(), 1)]));
    for shape in shapes() {
        check(shape, BTreeMap::from([("a".to_owned(), 1)]));
    }
    check(Outer { first: 2, a: Point { x: 3, y: None }, last: None, b: () }.a, ());
}

#[test]
fn fields_of_a_variant_may_be_flattened() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Variants {
        Named {
            x: u8,
            #[serde(flatten)]
            rest: BTreeMap<String, Shape>,
        },
    }
    comes_back(&Variants::Named { x: 1, rest: BTreeMap::from([("a".into(), Shape::Empty)]) });
}

#[test]
fn enums_may_be_untagged() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Unit,
        Kinds(Box<Kinds>),
        Text(String),
        Shape(Shape),
        Pair(u8, Option<Colour>),
        Named { a: Newtype<u8>, b: Option<Colour> },
        Optional(Option<bool>),
        Many(Vec<Untagged>),
        Map(BTreeMap<Colour, Untagged>),
    }
    let leaf = || Untagged::Optional(Some(true));
    let values = || {
        let mut values = vec![
            Untagged::Unit,
            Untagged::Kinds(kinds().into()),
            Untagged::Text("Empty".into()),
            Untagged::Pair(1, None),
            Untagged::Pair(1, Some(Colour::Red)),
            Untagged::Named { a: Newtype(1), b: None },
            Untagged::Named { a: Newtype(1), b: Some(Colour::Green) },
            leaf(),
            Untagged::Many(vec![leaf()]),
            Untagged::Map(BTreeMap::from([(Colour::Red, leaf()), (Colour::Green, leaf())])),
        ];
        values.extend(shapes().into_iter().map(Untagged::Shape));
        values
    };
    for value in values() {
        comes_back(&value);
    }
    comes_back(&Untagged::Many(values()));
}

#[test]
fn single_variants_may_be_untagged() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    enum Partly {
        Tagged,
        Newtype(Shape),
        #[serde(untagged)]
        Untagged(u8),
        #[serde(untagged)]
        Text(String),
    }
    comes_back(&[Partly::Tagged, Partly::Newtype(Shape::Empty), Partly::Untagged(1)]);
    comes_back(&Partly::Text("a".into()));
}

#[test]
fn enums_may_be_tagged_inside() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t", rename = "renamed")]
    enum Tagged {
        Unit,
        Kinds(Box<Kinds>),
        Shape(Shape),
        UnitStruct(Unit),
        Empty(()),
        Newtype(Newtype<Point>),
        Map(BTreeMap<String, Kinds>),
        Named {
            kinds: Box<Kinds>,
            more: Option<Box<Tagged>>,
        },
        Inner(Inner),
        Flattened {
            #[serde(flatten)]
            kinds: Box<Kinds>,
        },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "inner")]
    enum Inner {
        One { x: u8 },
    }
    let mut values = vec![
        Tagged::Unit,
        Tagged::Kinds(kinds().into()),
        Tagged::UnitStruct(Unit),
        Tagged::Empty(()),
        Tagged::Newtype(Newtype(Point { x: 1, y: None })),
        Tagged::Map(BTreeMap::from([("a".into(), kinds())])),
        Tagged::Named { kinds: kinds().into(), more: None },
        Tagged::Named { kinds: kinds().into(), more: Some(Tagged::Unit.into()) },
        Tagged::Inner(Inner::One { x: 1 }),
        Tagged::Flattened { kinds: kinds().into() },
    ];
    values.extend(shapes().into_iter().map(Tagged::Shape));
    for value in &values {
        comes_back(value);
    }
    comes_back(&values);
}

#[test]
fn enums_may_be_tagged_beside() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "t", content = "c", rename = "renamed")]
    enum Tagged {
        Unit,
        Kinds(Box<Kinds>),
        Shape(Shape),
        Optional(Option<u8>),
        Wide(u128, i128),
        Address(std::net::IpAddr),
        Pair(u8, Shape),
        Named { x: u8, more: Option<Box<Tagged>> },
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Around {
        Tagged(Tagged),
    }
    let values = || {
        let mut values = vec![
            Tagged::Unit,
            Tagged::Kinds(kinds().into()),
            Tagged::Optional(None),
            Tagged::Optional(Some(1)),
            Tagged::Wide(u128::MAX, i128::MIN),
            Tagged::Address([127, 0, 0, 1].into()),
            Tagged::Pair(1, Shape::Empty),
            Tagged::Named { x: 1, more: Some(Tagged::Unit.into()) },
        ];
        values.extend(shapes().into_iter().map(Tagged::Shape));
        values
    };
    for value in values() {
        comes_back(&value);
        // Numbers of 128 bits have no place in serde's buffer, and what is in it is taken for readable.
        if !matches!(value, Tagged::Wide(..) | Tagged::Address(_)) {
            comes_back(&Around::Tagged(value));
        }
    }
    comes_back(&values());
}

/// serde's buffer tells no more than this. Whoever decodes has to compare, as here.
#[test]
fn what_serde_mixes_up_has_other_bytes() {
    fn does_not_come_back<T: Serialize + DeserializeOwned>(value: &T) {
        let bytes = encode(value).unwrap();
        if let Ok(other) = decode::<T>(&bytes) {
            assert_ne!(encode(&other).unwrap(), bytes);
        }
    }
    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either<A, B> {
        A(A),
        B(B),
    }
    #[derive(Serialize, Deserialize)]
    struct Other(u8);
    #[derive(Serialize, Deserialize)]
    struct Flattened<T> {
        #[serde(flatten)]
        values: BTreeMap<String, T>,
    }
    does_not_come_back(&Either::<u64, u8>::B(1));
    does_not_come_back(&Either::<Other, Newtype<u8>>::B(Newtype(1)));
    does_not_come_back(&Either::<Shape, String>::B("Empty".into()));
    does_not_come_back(&Either::<Vec<u8>, (u8, u8)>::B((1, 2)));
    does_not_come_back(&Either::<Option<bool>, ()>::B(()));
    does_not_come_back(&Flattened { values: BTreeMap::from([("a".into(), 1_u128)]) });
    let address = std::net::IpAddr::from([127, 0, 0, 1]);
    does_not_come_back(&Flattened { values: BTreeMap::from([("a".into(), address)]) });
    let either: [Either<String, Shape>; 2] = [Either::A("Empty".into()), Either::B(Shape::Empty)];
    same_bytes(&either);
}
