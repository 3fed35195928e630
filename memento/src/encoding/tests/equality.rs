//! What counts as the same value, and what does not.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use super::{Bytes, Lying, bytes_of};
use crate::ErrorKind;
use crate::encoding::encode;

#[track_caller]
fn same<A: Serialize + ?Sized, B: Serialize + ?Sized>(a: &A, b: &B) {
    assert_eq!(bytes_of(a), bytes_of(b));
}

#[track_caller]
fn differ<A: Serialize + ?Sized, B: Serialize + ?Sized>(a: &A, b: &B) {
    assert_ne!(bytes_of(a), bytes_of(b));
}

#[test]
fn neighbours_are_not_mixed_up() {
    differ(&("a", "bc"), &("ab", "c"));
    differ(&("", "a"), &("a", ""));
    differ(&(1_u8, (2_u8, 3_u8)), &((1_u8, 2_u8), 3_u8));
    differ(&(vec![1_u8], vec![2_u8, 3]), &(vec![1_u8, 2], vec![3_u8]));
    differ(&[vec![0_u8], vec![]], &[vec![], vec![0_u8]]);
    differ(&((), ()), &((),));
}

#[test]
fn nothing_has_many_kinds() {
    let kinds = [
        bytes_of(&None::<()>),
        bytes_of(&Some(())),
        bytes_of(&()),
        bytes_of(&false),
        bytes_of(&0_u8),
        bytes_of(""),
        bytes_of(&'\0'),
        bytes_of(&Bytes(Vec::new())),
        bytes_of(&Vec::<()>::new()),
        bytes_of(&[(); 0]),
        bytes_of(&BTreeMap::<u8, u8>::new()),
        bytes_of(&HashMap::<u8, u8>::new()),
        bytes_of(&HashSet::<()>::new()),
        bytes_of(&Some(None::<()>)),
        bytes_of(&Some(Some(()))),
        bytes_of(&Some(Some(None::<()>))),
    ];
    assert_eq!(kinds.iter().collect::<HashSet<_>>().len(), kinds.len());
}

#[test]
fn widths_and_signs_count() {
    differ(&1_u8, &1_i8);
    differ(&1_u32, &1_u64);
    differ(&1_f32, &1_f64);
    differ(&97_u32, &'a');
    differ("a", &'a');
    differ("ab", &Bytes(b"ab".to_vec()));
}

#[test]
fn floats_are_the_same_where_their_bits_are() {
    differ(&0.0_f64, &-0.0_f64);
    same(&f64::NAN, &f64::NAN);
    differ(&f64::NAN, &-f64::NAN);
    differ(&f64::from_bits(0x7ff8_0000_0000_0001), &f64::from_bits(0x7ff8_0000_0000_0002));
}

#[test]
fn sizes_are_numbers_of_64_bits() {
    same(&7_usize, &7_u64);
    same(&-7_isize, &-7_i64);
}

#[test]
fn what_points_to_a_value_is_the_value() {
    same(&&&7_u8, &7_u8);
    same(&Box::new(7_u8), &7_u8);
    same(String::from("a").as_str(), &std::borrow::Cow::Borrowed("a"));
    same(&vec![1_u8], [1_u8].as_slice());
}

/// The numbers below `count` as entries of a map, put in from the last on or from the first.
fn map_of<M: FromIterator<(String, Vec<u32>)>>(count: u32, backwards: bool) -> M {
    let entry = |n: u32| (format!("key {n}"), vec![n; n as usize % 3]);
    if backwards { (0..count).rev().map(entry).collect() } else { (0..count).map(entry).collect() }
}

/// Both orders of iteration: there are maps that differ in it, or the tests here would prove nothing.
fn iterate_differently<K: Eq + Hash, V, S: BuildHasher>(
    a: &HashMap<K, V, S>,
    b: &HashMap<K, V, S>,
) -> bool {
    !a.keys().eq(b.keys())
}

#[test]
fn the_order_of_a_hash_map_does_not_count() {
    for count in [0, 1, 2, 3, 100] {
        let forwards: HashMap<String, Vec<u32>> = map_of(count, false);
        let backwards: HashMap<String, Vec<u32>> = map_of(count, true);
        assert!(count < 100 || iterate_differently(&forwards, &backwards));
        same(&forwards, &backwards);

        let mut larger = backwards;
        larger.insert("another".to_owned(), Vec::new());
        differ(&forwards, &larger);
    }
}

#[test]
fn the_order_of_a_hash_set_does_not_count() {
    let forwards: HashSet<u32> = (0..100).collect();
    let backwards: HashSet<u32> = (0..100).rev().collect();
    assert!(!forwards.iter().eq(&backwards));
    same(&forwards, &backwards);
    differ(&forwards, &(1..101).collect::<HashSet<u32>>());
}

#[test]
fn the_order_of_a_hashbrown_collection_does_not_count() {
    type Map = hashbrown::HashMap<String, Vec<u32>, RandomState>;
    type Set = hashbrown::HashSet<u32, RandomState>;

    let (forwards, backwards): (Map, Map) = (map_of(100, false), map_of(100, true));
    assert!(!forwards.keys().eq(backwards.keys()));
    same(&forwards, &backwards);
    same(&forwards, &map_of::<HashMap<_, _>>(100, false));

    let (forwards, backwards): (Set, Set) = ((0..100).collect(), (0..100).rev().collect());
    assert!(!forwards.iter().eq(&backwards));
    same(&forwards, &backwards);
    same(&forwards, &(0..100).collect::<HashSet<u32>>());
}

#[test]
fn the_hasher_does_not_count() {
    let seeded: HashMap<String, Vec<u32>> = map_of(100, false);
    let folded: HashMap<String, Vec<u32>, foldhash::fast::RandomState> = map_of(100, false);
    same(&seeded, &folded);
}

#[test]
fn the_order_of_a_hash_map_does_not_count_wherever_it_stands() {
    #[derive(serde::Serialize)]
    struct Holder<'a> {
        by_value: HashMap<String, Vec<u32>>,
        by_reference: &'a HashMap<String, Vec<u32>>,
        optional: Option<Behind<'a>>,
    }
    #[derive(serde::Serialize)]
    struct Behind<'a>(&'a &'a HashMap<String, Vec<u32>>);

    let holder = |map: &HashMap<String, Vec<u32>>| {
        let optional = Some(Behind(&map));
        bytes_of(&Holder { by_value: map.clone(), by_reference: map, optional })
    };
    let forwards: HashMap<String, Vec<u32>> = map_of(100, false);
    let backwards: HashMap<String, Vec<u32>> = map_of(100, true);
    assert!(iterate_differently(&forwards, &backwards));
    assert_eq!(holder(&forwards), holder(&backwards));
    same(&vec![&forwards, &backwards], &vec![&backwards, &forwards]);
    same(&(1, Box::new(&forwards)), &(1, Box::new(&backwards)));

    let nested = |backwards| {
        let inner = |n: u32| (n, map_of::<HashMap<_, _>>(20, backwards));
        let outer: HashMap<u32, HashMap<String, Vec<u32>>> = if backwards {
            (0..20).rev().map(inner).collect()
        } else {
            (0..20).map(inner).collect()
        };
        bytes_of(&outer)
    };
    assert_eq!(nested(false), nested(true));
}

#[test]
fn what_has_an_order_keeps_it() {
    differ(&vec![1, 2], &vec![2, 1]);
    differ(&HashSet::from([1]), &vec![1]);
    differ(&HashMap::from([(1, 2)]), &BTreeMap::from([(1, 2)]));
    differ(&InOrder(&[(1, 2), (3, 4)]), &InOrder(&[(3, 4), (1, 2)]));
    same(&InOrder(&[(1, 2), (3, 4)]), &BTreeMap::from([(3, 4), (1, 2)]));
}

/// A map whose entries have an order, as in an `IndexMap`.
struct InOrder<'a>(&'a [(i32, i32)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

#[test]
fn entries_of_a_map_are_not_mixed_up() {
    differ(&HashMap::from([("a", "b"), ("c", "d")]), &HashMap::from([("a", "d"), ("c", "b")]));
    differ(&HashMap::from([("a", "bc")]), &HashMap::from([("ab", "c")]));
    differ(&HashMap::from([(1, 2)]), &HashMap::from([(2, 1)]));
    differ(&vec![HashSet::from([1]), HashSet::from([2])], &vec![HashSet::from([1, 2])]);
}

#[test]
fn a_newtype_is_not_what_is_in_it() {
    #[derive(serde::Serialize)]
    struct Metres(u64);
    #[derive(serde::Serialize)]
    struct Seconds(u64);
    #[derive(serde::Serialize)]
    #[serde(untagged)]
    enum Quantity {
        Distance(Metres),
        Time(Seconds),
        Count(u64),
    }
    differ(&Quantity::Distance(Metres(1)), &Quantity::Time(Seconds(1)));
    differ(&Quantity::Distance(Metres(1)), &Quantity::Count(1));
    same(&Quantity::Time(Seconds(1)), &Seconds(1));
}

#[test]
fn names_count() {
    mod one {
        #[derive(serde::Serialize)]
        pub(super) struct Named {
            pub(super) a: u8,
        }
    }
    #[derive(serde::Serialize)]
    #[serde(rename = "Named")]
    struct OtherField {
        b: u8,
    }
    #[derive(serde::Serialize)]
    #[serde(rename = "Named")]
    struct Same {
        a: u8,
    }
    #[derive(serde::Serialize)]
    struct OtherName {
        a: u8,
    }
    differ(&one::Named { a: 1 }, &OtherField { b: 1 });
    differ(&one::Named { a: 1 }, &OtherName { a: 1 });
    same(&one::Named { a: 1 }, &Same { a: 1 });
    differ(&Same { a: 1 }, &BTreeMap::from([("a", 1_u8)]));
}

#[test]
fn a_field_that_is_left_out_is_not_taken_for_another() {
    #[derive(serde::Serialize)]
    struct Sparse {
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        second: Option<u8>,
    }
    let all = [(None, None), (Some(1), None), (None, Some(1)), (Some(1), Some(1))];
    let encoded: HashSet<_> =
        all.iter().map(|&(first, second)| bytes_of(&Sparse { first, second })).collect();
    assert_eq!(encoded.len(), all.len());

    let none = || Sparse { first: None, second: None };
    differ(
        &(Sparse { first: Some(1), second: None }, none()),
        &(none(), Sparse { first: Some(1), second: None }),
    );
}

#[test]
fn what_a_type_claims_about_its_length_is_not_believed() {
    let honest = bytes_of(&vec![1_u8, 2]);
    for claimed in [0, 1, 2, 3, usize::MAX] {
        assert_eq!(bytes_of(&Lying { claimed, items: &[1, 2] }), honest);
    }
    let lying = |claimed, items| Lying { claimed, items };
    differ(&(lying(2, &[1]), lying(1, &[2, 3])), &(lying(2, &[1, 2]), lying(1, &[3])));
    differ(&(lying(0, &[1]), 2_u8), &(lying(0, &[]), (1_u8, 2_u8)));
}

#[test]
fn a_value_that_refuses_to_be_serialized_is_named() {
    struct Unwilling;
    impl Serialize for Unwilling {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("a socket has no value"))
        }
    }
    let messages = [
        encode(&Unwilling).unwrap_err(),
        encode(&vec![Unwilling]).unwrap_err(),
        encode(&HashMap::from([(1, Some(Unwilling))])).unwrap_err(),
    ];
    for error in messages {
        assert_eq!(error.kind(), ErrorKind::Encoding);
        let message = error.to_string();
        assert!(message.starts_with("cannot encode a value for a key (type: "), "{message}");
        assert!(message.contains("Unwilling"), "{message}");
        assert!(message.ends_with("): a socket has no value"), "{message}");
    }
}
