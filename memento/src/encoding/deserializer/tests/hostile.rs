//! Bytes that nobody encoded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use serde::de::{
    DeserializeOwned, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde::{Deserialize, Serialize};

use super::properties::{Adjacent, Flattened, Internal, Tree, Untagged, tree};
use super::values::{Bytes, Newtype, Pair, Point, Shape, Unit};
use crate::encoding::{decode, encode, split_first};

/// A value of whatever type it was: how many there are in it.
struct Anything(usize);

impl<'de> Deserialize<'de> for Anything {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

/// Implements methods for values that have no others in them.
macro_rules! leaves {
    ($($method:ident($type:ty)),+) => {$(
        fn $method<E>(self, _: $type) -> Result<Anything, E> {
            Ok(Anything(1))
        }
    )+};
}

impl<'de> Visitor<'de> for Any {
    type Value = Anything;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    leaves!(
        visit_bool(bool),
        visit_i64(i64),
        visit_i128(i128),
        visit_u64(u64),
        visit_u128(u128),
        visit_f64(f64),
        visit_char(char),
        visit_str(&str),
        visit_bytes(&[u8])
    );

    fn visit_none<E>(self) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_unit<E>(self) -> Result<Anything, E> {
        Ok(Anything(1))
    }

    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Anything, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Anything, D::Error> {
        inner.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Anything, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<Anything>()? {
            all.push(item.0);
        }
        // There is no further element where there was none.
        match items.next_element::<Anything>()? {
            None => Ok(Anything(all.iter().sum())),
            Some(_) => Err(A::Error::custom("an element behind the end")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Anything, A::Error> {
        let mut all = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Anything, Anything>()? {
            all.push(key.0 + value.0);
        }
        Ok(Anything(all.iter().sum()))
    }
}

/// A type whose values have one encoding each that is taken for them: nothing in it may be left out, or has entries
/// that may come in another order.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    numbers: (i8, u16, i32, u64, i128, f32, f64),
    char: char,
    text: String,
    bytes: Bytes,
    options: (Option<()>, Option<u8>),
    structs: (Unit, Newtype<bool>, Pair),
    shapes: (Kind, Kind, Kind, Kind),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    Newtype(u8),
    Pair(u8, u8),
    Named { x: u8 },
}

fn strict() -> Strict {
    Strict {
        numbers: (-1, 2, -3, 4, -5, 6.0, 7.0),
        char: 'a',
        text: "ab".into(),
        bytes: Bytes(vec![1, 2]),
        options: (Some(()), None),
        structs: (Unit, Newtype(true), Pair(1, "a".into())),
        shapes: (Kind::Unit, Kind::Newtype(1), Kind::Pair(1, 2), Kind::Named { x: 1 }),
    }
}

/// Asks for one type after the other: each time, there is a value or an error.
fn ask_for_all(bytes: &[u8]) {
    fn ask_for<T: DeserializeOwned>(bytes: &[u8]) {
        let _ = decode::<T>(bytes);
    }
    ask_for::<Strict>(bytes);
    ask_for::<Tree>(bytes);
    ask_for::<Flattened>(bytes);
    ask_for::<Internal>(bytes);
    ask_for::<Adjacent>(bytes);
    ask_for::<Untagged>(bytes);
    ask_for::<(Shape, Point)>(bytes);
    ask_for::<Vec<Vec<()>>>(bytes);
    ask_for::<Option<HashMap<char, HashSet<u8>>>>(bytes);
    ask_for::<BTreeMap<Option<String>, [u8; 2]>>(bytes);
    // What may be anything is read in two ways, which agree.
    let is_whole = split_first(bytes).is_some_and(|(_, rest)| rest.is_empty());
    assert_eq!(decode::<IgnoredAny>(bytes).is_ok(), is_whole);
    let anything = decode::<Anything>(bytes);
    assert_eq!(anything.is_ok(), is_whole);
    assert!(anything.is_ok_and(|anything| anything.0 <= bytes.len()) == is_whole);
}

/// Encodings to damage.
fn encodings() -> impl Strategy<Value = Vec<u8>> {
    let many = (vec![Shape::Empty], Point { x: 1, y: None }, strict(), HashMap::from([(1, 'a')]));
    prop_oneof![
        tree().prop_map(|tree| encode(&tree).unwrap()),
        Just(encode(&strict()).unwrap()),
        Just(encode(&many).unwrap()),
    ]
}

/// Tags, and bytes of lengths and names; most other bytes end it at once.
fn likely_byte() -> impl Strategy<Value = u8> {
    prop_oneof![8 => 0_u8..0x23, 1 => Just(0), 1 => any::<u8>()]
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..200)) {
        ask_for_all(&bytes);
    }

    #[test]
    fn any_tags(bytes in vec(likely_byte(), 0..200)) {
        ask_for_all(&bytes);
    }

    #[test]
    fn changed_encodings(
        bytes in encodings(),
        changes in vec((any::<Index>(), likely_byte(), 0..3_u8), 1..4),
    ) {
        let mut bytes = bytes;
        for (index, byte, change) in changes {
            let at = index.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                _ if bytes.len() > 1 => drop(bytes.remove(at)),
                _ => {}
            }
        }
        ask_for_all(&bytes);
        if let Ok(value) = decode::<Strict>(&bytes) {
            prop_assert_eq!(encode(&value).unwrap(), bytes);
        }
    }

    #[test]
    fn spliced_encodings(a in encodings(), b in encodings(), from: Index, to: Index) {
        let bytes = [&a[..from.index(a.len())], &b[to.index(b.len())..]].concat();
        ask_for_all(&bytes);
    }

    #[test]
    fn no_beginning_of_an_encoding_is_one(tree in tree(), length: Index) {
        let bytes = encode(&tree).unwrap();
        let beginning = &bytes[..length.index(bytes.len())];
        prop_assert!(decode::<Tree>(beginning).is_err());
        prop_assert!(decode::<IgnoredAny>(beginning).is_err());
        prop_assert_eq!(split_first(beginning), None);
    }
}

#[test]
fn each_byte_of_an_encoding_counts() {
    let bytes = encode(&strict()).unwrap();
    assert_eq!(decode::<Strict>(&bytes).unwrap(), strict());
    for at in 0..bytes.len() {
        for byte in 0..=u8::MAX {
            let mut changed = bytes.clone();
            changed[at] = byte;
            if let Ok(value) = decode::<Strict>(&changed) {
                assert_eq!(encode(&value).unwrap(), changed, "{byte} at {at}");
            }
        }
    }
}

/// `depth` values that each have the next one in them: `before` it, and `behind`.
fn nested(depth: usize, before: &[u8], innermost: &[u8], behind: &[u8]) -> Vec<u8> {
    [before.repeat(depth), innermost.to_vec(), behind.repeat(depth)].concat()
}

#[test]
fn nesting_is_limited() {
    fn check<T: DeserializeOwned>(before: &[u8], innermost: &[u8], behind: &[u8]) {
        let deepest = nested(128, before, innermost, behind);
        assert_eq!(split_first(&deepest), Some((&*deepest, &[][..])));
        decode::<T>(&deepest).map(drop).unwrap();
        for depth in [129, 100_000] {
            let deeper = nested(depth, before, innermost, behind);
            let Err(error) = decode::<T>(&deeper) else { panic!("{depth} levels were read") };
            let message = error.to_string();
            assert!(message.ends_with("expected at most 128 values around another, found more"));
            assert_eq!(split_first(&deeper), None);
            // Nor does it matter that the end is missing.
            decode::<T>(&before.repeat(depth)).map(drop).unwrap_err();
            assert_eq!(split_first(&before.repeat(depth)), None);
        }
    }
    #[derive(Deserialize)]
    struct Options(#[expect(dead_code)] Option<Box<Options>>);
    #[derive(Deserialize)]
    #[serde(transparent)]
    struct Sequences(#[expect(dead_code)] Vec<Sequences>);
    let name = |name: &str| encode(name).unwrap();
    let newtype = [&[0x16][..], &name("Options")].concat();

    check::<Sequences>(&[0x1e], &[0x1e, 0], &[0]);
    check::<Sequences>(&[0x20], &[0x1e, 0], &[0]);
    check::<IgnoredAny>(&[0x13], &[0x14], &[]);
    check::<Anything>(&[0x13], &[0x14], &[]);
    check::<Anything>(&newtype, &[0x14], &[]);
    check::<Anything>(&[0x1d], &[0x14], &[0]);
    check::<Anything>(&[0x1f, 0x14], &[0x14], &[0]);
    check::<Anything>(&[&[0x1a][..], &name("E"), &name("V")].concat(), &[0x14], &[]);
    check::<Anything>(&[&[0x1b][..], &name("E"), &name("V")].concat(), &[0x14], &[0]);
    check::<Anything>(&[&[0x18][..], &name("S"), &name("f")].concat(), &[0x14], &[0]);
    // Two values a level: the newtype and the option in it.
    let options = |depth| {
        nested(depth, &[&newtype[..], &[0x13]].concat(), &[&newtype[..], &[0x12]].concat(), &[])
    };
    assert!(decode::<Options>(&options(63)).is_ok());
    assert!(decode::<Options>(&options(64)).is_err());
}

/// As deep as it gets, in types that take much of the stack.
#[test]
fn the_stack_is_large_enough() {
    #[track_caller]
    fn deepest(levels: usize, wrap: impl Fn(Box<Tree>) -> Tree) {
        let trees = std::iter::successors(Some(Tree::Number(1)), |tree| {
            let deeper = wrap(tree.clone().into());
            decode(&encode(&deeper).unwrap()).ok().inspect(|decoded| assert_eq!(*decoded, deeper))
        });
        assert_eq!(trees.count() - 1, levels);
    }
    deepest(127, |tree| Tree::Tuple(tree, None));
    deepest(63, |tree| Tree::Named { left: Some(tree), right: Newtype(vec![]) });
    deepest(63, |tree| Tree::Unordered(HashMap::from([("a".into(), *tree)]), HashSet::new()));
    deepest(63, |tree| Tree::Adjacent(Adjacent::Tree(tree)));
    deepest(127, |tree| Tree::Internal(Internal::Tree(tree)));
    deepest(127, |tree| Tree::Untagged(Untagged::Tree(tree)));
}

#[test]
fn a_huge_length_costs_no_memory() {
    for tag in [0x10, 0x11, 0x15, 0x18, 0x1a] {
        for length in [u64::MAX, u64::MAX / 2, 1 << 40] {
            let bytes = [&[tag][..], &length.to_le_bytes(), &[0; 20]].concat();
            ask_for_all(&bytes);
            ask_for_all(&[&[tag, 0x10][..], &length.to_le_bytes(), &[0; 20]].concat());
        }
    }
}
