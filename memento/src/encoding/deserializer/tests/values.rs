//! Values of the types that serde itself and plain `derive` know.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CString, OsString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{NonZeroI128, NonZeroU32, NonZeroUsize, Saturating, Wrapping};
use std::ops::Bound;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde::de::{Deserializer, IgnoredAny, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::{comes_back, is_no, same_bytes};
use crate::encoding::{decode, encode};

/// Bytes that serde knows to be bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsBytes;
        impl Visitor<'_> for AsBytes {
            type Value = Bytes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_byte_buf(AsBytes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Unit;

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Newtype<T>(pub(super) T);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Pair(pub(super) u8, pub(super) String);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) x: u8,
    pub(super) y: Option<i64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Shape {
    Empty,
    Newtype(u8),
    Pair(u8, Vec<bool>),
    Point { x: u8, label: Option<String> },
    NoFields {},
    NoItems(),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Colour {
    Red,
    Green,
}

/// One value of each variant.
pub(super) fn shapes() -> Vec<Shape> {
    vec![
        Shape::Empty,
        Shape::Newtype(7),
        Shape::Pair(7, vec![true, false]),
        Shape::Point { x: 7, label: None },
        Shape::Point { x: 7, label: Some("a".into()) },
        Shape::NoFields {},
        Shape::NoItems(),
    ]
}

#[test]
fn scalars() {
    comes_back(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN, isize::MIN));
    comes_back(&(u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX, usize::MAX));
    comes_back(&(true, false, (), 'ß', '\0', char::MAX));
    comes_back(&(String::new(), "ü\0".to_owned(), Bytes(vec![]), Bytes(vec![0, 0xff])));
    comes_back(&(0.0_f32, -1.5_f32, f64::MAX, f64::INFINITY));
    assert!(same_bytes(&-0.0_f64).is_sign_negative());
    for bits in [0x7fc0_0000, 0xffc0_0000, 0x7f80_0001, 0x7fff_ffff] {
        assert_eq!(same_bytes(&f32::from_bits(bits)).to_bits(), bits);
    }
    for bits in [0x7ff8_0000_0000_0001, 0xfff0_0000_0000_0001, u64::MAX] {
        assert_eq!(same_bytes(&f64::from_bits(bits)).to_bits(), bits);
    }
}

#[test]
fn options_and_structs() {
    comes_back(&[None, Some(None), Some(Some(None)), Some(Some(Some(7_u8)))]);
    comes_back(&(None::<()>, Some(()), Some(Unit)));
    comes_back(&(Unit, Newtype(7_u8), Newtype(Newtype(Some('a'))), PhantomData::<u8>));
    comes_back(&(Pair(1, "a".into()), Point { x: 1, y: None }, Point { x: 2, y: Some(-3) }));
    for shape in shapes() {
        comes_back(&shape);
        comes_back(&Newtype(Some(vec![(shape, 7_u8)])));
    }
}

#[test]
fn collections() {
    comes_back(&(Vec::<u8>::new(), vec![1_u8, 2], vec![vec![()], vec![]], [1_u16; 3], [(); 0]));
    comes_back(&(VecDeque::from([1, 2]), LinkedList::from(["a".to_owned()])));
    comes_back(&(BTreeSet::from([2, 1]), HashSet::from(['a', 'b'])));
    comes_back(&BTreeMap::from([((1_u8, 'a'), Some(1)), ((2, 'b'), None)]));
    comes_back(&BTreeMap::from([(Bytes(vec![1]), Colour::Red), (Bytes(vec![]), Colour::Green)]));
    comes_back(&BTreeMap::from([(Colour::Red, BTreeMap::from([(None, 1), (Some(Unit), 2)]))]));
    comes_back(&(0..100).map(|n| (n, n.to_string())).collect::<HashMap<u64, String>>());
    comes_back(&HashMap::from([(Newtype("a".to_owned()), HashSet::from([Colour::Red]))]));
    comes_back(&HashMap::<(), u8>::new());
    comes_back(&hashbrown::HashMap::<u8, u8, std::hash::RandomState>::from_iter([(1, 2), (3, 4)]));
    same_bytes(&BinaryHeap::from([3, 1, 4, 1, 5, 9, 2, 6]));
}

#[test]
fn types_of_the_standard_library() {
    comes_back(&(Duration::new(7, 8), Duration::MAX, SystemTime::UNIX_EPOCH));
    comes_back(&(SystemTime::UNIX_EPOCH + Duration::new(7, 8)));
    comes_back(&(PathBuf::from("/a/b"), OsString::from("a"), CString::from(c"a")));
    comes_back(&[IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)]);
    comes_back(&["127.0.0.1:80".parse::<SocketAddr>().unwrap(), "[::1]:80".parse().unwrap()]);
    comes_back(&(NonZeroU32::MIN, NonZeroI128::MAX, NonZeroUsize::MAX));
    comes_back(&(Wrapping(7_u8), Saturating(7_i64), std::cmp::Reverse(7_u16)));
    comes_back(&(1..7_u8, 1..=7_i32, 1_usize.., ..7_i8));
    comes_back(&[Bound::Included(1), Bound::Excluded(2), Bound::Unbounded]);
    comes_back(&[Ok("a".to_owned()), Err(7_u8)]);
    comes_back(&(Box::new(7), Box::<[u8]>::from([1, 2]), Box::<str>::from("a")));
    comes_back(&(Cow::<str>::Owned("a".into()), Cow::<[u8]>::Owned(vec![1])));
    comes_back(&(std::cell::Cell::new(7), std::cell::RefCell::new('a')));
    assert_eq!(same_bytes(&std::sync::Mutex::new(7)).into_inner().unwrap(), 7);
    assert_eq!(same_bytes(&std::sync::atomic::AtomicU64::new(7)).into_inner(), 7);
}

#[test]
fn arguments_are_read_as_a_tuple() {
    let bytes = encode(&(1_u8, "a")).unwrap();
    let (number, text): (u8, String) = decode(&bytes).unwrap();
    assert_eq!((number, &*text), (1, "a"));
    comes_back(&(1_u8,));
}

#[test]
fn any_value_can_be_left_out() {
    let value = (shapes(), Point { x: 1, y: Some(2) }, HashMap::from([(1, 'a')]), Unit, 1.5_f32);
    decode::<IgnoredAny>(&encode(&value).unwrap()).unwrap();
}

#[test]
fn nothing_is_converted() {
    is_no::<u16>(&1_u8);
    is_no::<u8>(&1_i8);
    is_no::<i64>(&1_u64);
    is_no::<f64>(&1_f32);
    is_no::<u32>(&'a');
    is_no::<char>(&"a");
    is_no::<String>(&'a');
    is_no::<String>(&Bytes(b"a".to_vec()));
    is_no::<Bytes>(&"a");
    is_no::<Bytes>(&vec![1_u8]);
    is_no::<Vec<u8>>(&Bytes(vec![1]));
    is_no::<Vec<u8>>(&(1_u8, 2_u8));
    is_no::<(u8, u8)>(&vec![1_u8, 2]);
    is_no::<()>(&[(); 0]);
    is_no::<()>(&None::<()>);
    is_no::<()>(&Unit);
    is_no::<Unit>(&());
    is_no::<Option<u8>>(&1_u8);
    is_no::<u8>(&Some(1_u8));
    is_no::<Option<()>>(&());
    is_no::<bool>(&1_u8);
    is_no::<Newtype<u8>>(&1_u8);
    is_no::<u8>(&Newtype(1_u8));
    is_no::<BTreeMap<String, u8>>(&vec![("a", 1_u8)]);
    is_no::<Vec<(String, u8)>>(&BTreeMap::from([("a", 1_u8)]));
    is_no::<BTreeMap<String, u8>>(&Point { x: 1, y: None });
    is_no::<Point>(&BTreeMap::from([("x", 1_u8)]));
    is_no::<Shape>(&"Empty");
    is_no::<String>(&Shape::Empty);
}

#[test]
fn the_number_of_parts_counts() {
    is_no::<(u8, u8)>(&(1_u8,));
    is_no::<(u8, u8)>(&(1_u8, 2_u8, 3_u8));
    is_no::<[u8; 3]>(&[1_u8; 4]);
    is_no::<[u8; 0]>(&[1_u8; 1]);
}

#[test]
fn names_count() {
    #[derive(Serialize, Deserialize)]
    struct Place {
        x: u8,
        y: Option<i64>,
    }
    #[derive(Serialize, Deserialize)]
    struct Nothing;
    #[derive(Serialize, Deserialize)]
    struct Wrapper<T>(T);
    #[derive(Serialize, Deserialize)]
    struct Two(u8, String);
    #[derive(Serialize, Deserialize)]
    enum Form {
        Empty,
        Newtype(u8),
    }
    is_no::<Point>(&Place { x: 1, y: None });
    is_no::<Unit>(&Nothing);
    is_no::<Newtype<u8>>(&Wrapper(1_u8));
    is_no::<Pair>(&Two(1, "a".into()));
    is_no::<Shape>(&Form::Empty);
    is_no::<Shape>(&Form::Newtype(1));
    is_no::<Form>(&Shape::Pair(1, vec![]));
    is_no::<Form>(&Shape::Point { x: 1, label: None });
    comes_back(&Newtype(1));
}

#[test]
fn kinds_of_variants_count() {
    mod changed {
        #[derive(serde::Serialize)]
        pub(super) enum Shape {
            Empty(u8),
            Newtype,
            Pair { x: u8 },
            Point(u8, Vec<bool>),
        }
    }
    is_no::<Shape>(&changed::Shape::Empty(1));
    is_no::<Shape>(&changed::Shape::Newtype);
    is_no::<Shape>(&changed::Shape::Pair { x: 1 });
    is_no::<Shape>(&changed::Shape::Point(1, vec![true]));
}
