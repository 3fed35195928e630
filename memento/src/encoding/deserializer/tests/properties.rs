//! Whatever is encoded comes back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::num::{NonZeroU32, Wrapping};
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use proptest::collection::{btree_map, hash_map, hash_set, vec};
use proptest::option::of;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::values::{Bytes, Colour, Newtype, Pair, Point, Shape, Unit};
use super::{comes_back, same_bytes};
use crate::encoding::{decode, encode, split_first};

/// A value that has others in it in every way that `derive` and serde know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Tree {
    Unit,
    Number(i64),
    Shape(Shape),
    Bytes(Bytes),
    Tuple(Box<Tree>, Option<Newtype<Box<Tree>>>),
    Named { left: Option<Box<Tree>>, right: Newtype<Vec<Tree>> },
    ByKey(BTreeMap<(u8, Option<char>), Tree>),
    Unordered(HashMap<String, Tree>, HashSet<Colour>),
    Flattened(Box<Flattened>),
    Internal(Internal),
    Adjacent(Adjacent),
    Untagged(Untagged),
}

/// A value whose fields and those of another are in one map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Flattened {
    first: Option<Tree>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    second: Option<u8>,
    #[serde(flatten)]
    point: Point,
    #[serde(flatten)]
    rest: BTreeMap<String, Tree>,
}

/// A value behind its variant, among its fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t")]
pub(super) enum Internal {
    Unit,
    Tree(Box<Tree>),
    Named { tree: Option<Box<Tree>> },
}

/// A value behind its variant, in a field of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "t", content = "c", rename = "beside")]
pub(super) enum Adjacent {
    Unit,
    Tree(Box<Tree>),
    Pair(Box<Tree>, u128),
    Named { tree: Box<Tree> },
}

/// A value that is told from others by what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Untagged {
    Text(String),
    Tree(Box<Tree>),
    Pair(u8, Box<Tree>),
    Many(Vec<Colour>),
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a\0\x10\x1e]{0,3}", ".{0,10}"]
}

fn colour() -> impl Strategy<Value = Colour> {
    prop_oneof![Just(Colour::Red), Just(Colour::Green)]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        Just(Shape::Empty),
        any::<u8>().prop_map(Shape::Newtype),
        (any::<u8>(), vec(any::<bool>(), 0..3)).prop_map(|(x, flags)| Shape::Pair(x, flags)),
        (any::<u8>(), of(text())).prop_map(|(x, label)| Shape::Point { x, label }),
        Just(Shape::NoFields {}),
        Just(Shape::NoItems()),
    ]
}

fn bytes() -> impl Strategy<Value = Bytes> {
    vec(0_u8..0x23, 0..4).prop_map(Bytes)
}

/// As `Internal` may hold it. serde puts the content of tuple and struct variants there into a buffer when it writes
/// it, in which a `HashMap` is a map like any other: equal values have different bytes.
fn behind_a_variant(tree: Tree) -> Tree {
    match tree {
        Tree::Tuple(..) | Tree::Named { .. } | Tree::Unordered(..) => {
            Tree::Adjacent(Adjacent::Tree(tree.into()))
        }
        other => other,
    }
}

/// Any tree.
pub(super) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Unit),
        any::<i64>().prop_map(Tree::Number),
        shape().prop_map(Tree::Shape),
        bytes().prop_map(Tree::Bytes),
        Just(Tree::Internal(Internal::Unit)),
        Just(Tree::Adjacent(Adjacent::Unit)),
        text().prop_map(|text| Tree::Untagged(Untagged::Text(text))),
        vec(colour(), 0..3).prop_map(|colours| Tree::Untagged(Untagged::Many(colours))),
    ];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let optional = of(boxed.clone());
        let by_name = btree_map("[a-w]{1,3}", inner.clone(), 0..3);
        let point = (any::<u8>(), any::<Option<i64>>()).prop_map(|(x, y)| Point { x, y });
        let flattened = (of(inner.clone()), any::<Option<u8>>(), point, by_name);
        prop_oneof![
            (boxed.clone(), optional.clone())
                .prop_map(|(first, second)| Tree::Tuple(first, second.map(Newtype))),
            (optional.clone(), vec(inner.clone(), 0..3))
                .prop_map(|(left, right)| Tree::Named { left, right: Newtype(right) }),
            btree_map(any::<(u8, Option<char>)>(), inner.clone(), 0..3).prop_map(Tree::ByKey),
            (hash_map(text(), inner, 0..4), hash_set(colour(), 0..3))
                .prop_map(|(map, set)| Tree::Unordered(map, set)),
            flattened.prop_map(|(first, second, point, rest)| {
                Tree::Flattened(Flattened { first, second, point, rest }.into())
            }),
            boxed.clone().prop_map(|tree| {
                Tree::Internal(Internal::Tree(behind_a_variant(*tree).into()))
            }),
            optional.prop_map(|tree| Tree::Internal(Internal::Named { tree })),
            boxed.clone().prop_map(|tree| Tree::Adjacent(Adjacent::Tree(tree))),
            boxed.clone().prop_map(|tree| Tree::Adjacent(Adjacent::Named { tree })),
            boxed.clone().prop_map(|tree| Tree::Untagged(Untagged::Tree(tree))),
            (any::<u8>(), boxed)
                .prop_map(|(number, tree)| Tree::Untagged(Untagged::Pair(number, tree))),
        ]
    })
}

proptest! {
    #[test]
    fn integers_come_back(
        signed: (i8, i16, i32, i64, i128, isize),
        unsigned: (u8, u16, u32, u64, u128, usize),
    ) {
        comes_back(&(signed, unsigned));
    }

    #[test]
    fn floats_come_back_with_their_bits(single: u32, double: u64) {
        let (a, b) = same_bytes(&(f32::from_bits(single), f64::from_bits(double)));
        prop_assert_eq!((a.to_bits(), b.to_bits()), (single, double));
    }

    #[test]
    fn scalars_come_back(
        value: (bool, char, (), Option<Option<Option<char>>>),
        text in text(),
        bytes in bytes(),
    ) {
        comes_back(&(value, text, bytes));
    }

    #[test]
    fn structs_come_back(number: u8, y: Option<i64>, text in text(), shape in shape()) {
        comes_back(&(Unit, Newtype(Newtype(number)), Pair(number, text), Point { x: number, y }));
        comes_back(&Newtype(Some((shape, Unit))));
    }

    #[test]
    fn collections_come_back(
        sequence in vec((any::<u8>(), text()), 0..5),
        by_number in btree_map(any::<(i16, Option<bool>)>(), vec(any::<u8>(), 0..3), 0..5),
        unordered in hash_map(any::<u32>(), hash_set(text(), 0..5), 0..20),
        array: [u16; 3],
    ) {
        let by_set: BTreeMap<BTreeSet<u8>, bool> =
            by_number.values().map(|bytes| (bytes.iter().copied().collect(), true)).collect();
        comes_back(&(sequence, by_number, by_set, unordered, array));
    }

    #[test]
    fn types_of_the_standard_library_come_back(
        duration: Duration,
        since in 0_u64..1 << 40,
        path in text(),
        addresses: (IpAddr, std::net::SocketAddr),
        range: Range<i32>,
        number: NonZeroU32,
        wrapping: u64,
        result: Result<u8, ()>,
    ) {
        let time = SystemTime::UNIX_EPOCH + Duration::from_millis(since);
        comes_back(&(duration, time, PathBuf::from(path), addresses.0, range, number));
        // serde leaves out the scope and the flow of the socket's address.
        same_bytes(&addresses);
        comes_back(&(Wrapping(wrapping), result, Box::new(number)));
    }

    #[test]
    fn trees_come_back(tree in tree(), number: u128) {
        comes_back(&tree);
        comes_back(&Adjacent::Pair(Box::new(tree), number));
    }

    #[test]
    fn the_first_value_is_told_from_what_follows(tree in tree(), behind in vec(any::<u8>(), 0..20)) {
        let value = encode(&tree).unwrap();
        let bytes = [value.clone(), behind.clone()].concat();
        prop_assert_eq!(split_first(&bytes), Some((&*value, &*behind)));
        prop_assert_eq!(decode::<Tree>(&bytes).is_ok(), behind.is_empty());
    }
}
