//! Different values have different bytes, and no encoding goes on where another ends. Both follow from there being a
//! way back, so there is one here.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use serde::ser::{self, Serialize, Serializer};

use super::super::tag;
use super::bytes_of;

type Name = &'static str;

/// The names of types, fields and variants here. Some are the beginning of others.
const NAMES: [Name; 4] = ["", "a", "ab", "b"];

/// A value of any shape that serde knows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Value {
    Bool(bool),
    I8(i8),
    I16(i16),
    I32(i32),
    I64(i64),
    I128(i128),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    U128(u128),
    F32(u32),
    F64(u64),
    Char(char),
    Str(String),
    Bytes(Vec<u8>),
    None,
    Some(Box<Value>),
    Unit,
    UnitStruct(Name),
    NewtypeStruct(Name, Box<Value>),
    TupleStruct(Name, Vec<Value>),
    Struct(Name, Vec<(Name, Value)>),
    UnitVariant(Name, Name),
    NewtypeVariant(Name, Name, Box<Value>),
    TupleVariant(Name, Name, Vec<Value>),
    StructVariant(Name, Name, Vec<(Name, Value)>),
    Tuple(Vec<Value>),
    Sequence(Vec<Value>),
    Map(Vec<(Value, Value)>),
    UnorderedSequence(BTreeSet<Value>),
    UnorderedMap(BTreeMap<Value, Value>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use ser::{
            SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
            SerializeTupleStruct, SerializeTupleVariant,
        };

        /// Each part goes in by `$method`; then the end.
        macro_rules! parts {
            ($parts:expr, $items:expr, $interface:ident::$method:ident($($argument:tt),+)) => {{
                let mut parts = $parts?;
                for item in $items {
                    $interface::$method(&mut parts, $(parts!(@ item $argument)),+)?;
                }
                $interface::end(parts)
            }};
            (@ $item:ident whole) => { $item };
            (@ $item:ident name) => { $item.0 };
            (@ $item:ident key) => { &$item.0 };
            (@ $item:ident value) => { &$item.1 };
        }

        match self {
            Self::Bool(value) => to.serialize_bool(*value),
            Self::I8(value) => to.serialize_i8(*value),
            Self::I16(value) => to.serialize_i16(*value),
            Self::I32(value) => to.serialize_i32(*value),
            Self::I64(value) => to.serialize_i64(*value),
            Self::I128(value) => to.serialize_i128(*value),
            Self::U8(value) => to.serialize_u8(*value),
            Self::U16(value) => to.serialize_u16(*value),
            Self::U32(value) => to.serialize_u32(*value),
            Self::U64(value) => to.serialize_u64(*value),
            Self::U128(value) => to.serialize_u128(*value),
            Self::F32(bits) => to.serialize_f32(f32::from_bits(*bits)),
            Self::F64(bits) => to.serialize_f64(f64::from_bits(*bits)),
            Self::Char(value) => to.serialize_char(*value),
            Self::Str(text) => to.serialize_str(text),
            Self::Bytes(bytes) => to.serialize_bytes(bytes),
            Self::None => to.serialize_none(),
            Self::Some(value) => to.serialize_some(value),
            Self::Unit => to.serialize_unit(),
            Self::UnitStruct(name) => to.serialize_unit_struct(name),
            Self::NewtypeStruct(name, value) => to.serialize_newtype_struct(name, value),
            Self::TupleStruct(name, items) => {
                let parts = to.serialize_tuple_struct(name, items.len());
                parts!(parts, items, SerializeTupleStruct::serialize_field(whole))
            }
            Self::Struct(name, fields) => {
                let parts = to.serialize_struct(name, fields.len());
                parts!(parts, fields, SerializeStruct::serialize_field(name, value))
            }
            Self::UnitVariant(name, variant) => to.serialize_unit_variant(name, 0, variant),
            Self::NewtypeVariant(name, variant, value) => {
                to.serialize_newtype_variant(name, 0, variant, value)
            }
            Self::TupleVariant(name, variant, items) => {
                let parts = to.serialize_tuple_variant(name, 0, variant, items.len());
                parts!(parts, items, SerializeTupleVariant::serialize_field(whole))
            }
            Self::StructVariant(name, variant, fields) => {
                let parts = to.serialize_struct_variant(name, 0, variant, fields.len());
                parts!(parts, fields, SerializeStructVariant::serialize_field(name, value))
            }
            Self::Tuple(items) => {
                let parts = to.serialize_tuple(items.len());
                parts!(parts, items, SerializeTuple::serialize_element(whole))
            }
            Self::Sequence(items) => {
                let parts = to.serialize_seq(None);
                parts!(parts, items, SerializeSeq::serialize_element(whole))
            }
            Self::Map(entries) => {
                let parts = to.serialize_map(None);
                parts!(parts, entries, SerializeMap::serialize_entry(key, value))
            }
            // Each collection has a hasher of its own, so two encodings of one value meet two orders.
            Self::UnorderedSequence(items) => items.iter().collect::<HashSet<_>>().serialize(to),
            Self::UnorderedMap(entries) => entries.iter().collect::<HashMap<_, _>>().serialize(to),
        }
    }
}

/// The value that `bytes` begin with, and what stands behind it.
fn read(bytes: &[u8]) -> Option<(Value, &[u8])> {
    let mut rest = bytes;
    let value = read_value(&mut rest)?;
    Some((value, rest))
}

fn read_value(rest: &mut &[u8]) -> Option<Value> {
    macro_rules! number {
        ($type:ty) => {
            <$type>::from_le_bytes(*rest.split_off(..size_of::<$type>())?.as_array()?)
        };
    }
    Some(match *rest.split_off_first()? {
        tag::FALSE => Value::Bool(false),
        tag::TRUE => Value::Bool(true),
        tag::I8 => Value::I8(number!(i8)),
        tag::I16 => Value::I16(number!(i16)),
        tag::I32 => Value::I32(number!(i32)),
        tag::I64 => Value::I64(number!(i64)),
        tag::I128 => Value::I128(number!(i128)),
        tag::U8 => Value::U8(number!(u8)),
        tag::U16 => Value::U16(number!(u16)),
        tag::U32 => Value::U32(number!(u32)),
        tag::U64 => Value::U64(number!(u64)),
        tag::U128 => Value::U128(number!(u128)),
        tag::F32 => Value::F32(number!(u32)),
        tag::F64 => Value::F64(number!(u64)),
        tag::CHAR => Value::Char(char::from_u32(number!(u32))?),
        tag::STR => Value::Str(String::from_utf8(read_sized(rest)?.to_vec()).ok()?),
        tag::BYTES => Value::Bytes(read_sized(rest)?.to_vec()),
        tag::NONE => Value::None,
        tag::SOME => Value::Some(read_value(rest)?.into()),
        tag::UNIT => Value::Unit,
        tag::UNIT_STRUCT => Value::UnitStruct(read_name(rest)?),
        tag::NEWTYPE_STRUCT => Value::NewtypeStruct(read_name(rest)?, read_value(rest)?.into()),
        tag::TUPLE_STRUCT => Value::TupleStruct(read_name(rest)?, read_all(rest, read_value)?),
        tag::STRUCT => Value::Struct(read_name(rest)?, read_all(rest, read_field)?),
        tag::UNIT_VARIANT => Value::UnitVariant(read_name(rest)?, read_name(rest)?),
        tag::NEWTYPE_VARIANT => {
            Value::NewtypeVariant(read_name(rest)?, read_name(rest)?, read_value(rest)?.into())
        }
        tag::TUPLE_VARIANT => {
            Value::TupleVariant(read_name(rest)?, read_name(rest)?, read_all(rest, read_value)?)
        }
        tag::STRUCT_VARIANT => {
            Value::StructVariant(read_name(rest)?, read_name(rest)?, read_all(rest, read_field)?)
        }
        tag::TUPLE => Value::Tuple(read_all(rest, read_value)?),
        tag::SEQUENCE => Value::Sequence(read_all(rest, read_value)?),
        tag::MAP => Value::Map(read_all(rest, read_entry)?),
        tag::UNORDERED_SEQUENCE => {
            Value::UnorderedSequence(read_all(rest, read_value)?.into_iter().collect())
        }
        tag::UNORDERED_MAP => {
            Value::UnorderedMap(read_all(rest, read_entry)?.into_iter().collect())
        }
        _ => return None,
    })
}

fn read_sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u64::from_le_bytes(*rest.split_off(..8)?.as_array()?);
    rest.split_off(..usize::try_from(length).ok()?)
}

fn read_name(rest: &mut &[u8]) -> Option<Name> {
    (*rest.split_off_first()? == tag::STR).then_some(())?;
    let text = read_sized(rest)?;
    NAMES.into_iter().find(|name| name.as_bytes() == text)
}

fn read_entry(rest: &mut &[u8]) -> Option<(Value, Value)> {
    Some((read_value(rest)?, read_value(rest)?))
}

fn read_field(rest: &mut &[u8]) -> Option<(Name, Value)> {
    Some((read_name(rest)?, read_value(rest)?))
}

fn read_all<T>(rest: &mut &[u8], read: fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut items = Vec::new();
    while *rest.first()? != tag::END {
        items.push(read(rest)?);
    }
    rest.split_off_first();
    Some(items)
}

fn name() -> impl Strategy<Value = Name> + Clone {
    prop::sample::select(&NAMES[..])
}

/// Numbers whose bytes are likely to be taken for tags, and any others.
fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::Bool),
        any::<i8>().prop_map(Value::I8),
        any::<i16>().prop_map(Value::I16),
        any::<i32>().prop_map(Value::I32),
        any::<i64>().prop_map(Value::I64),
        any::<i128>().prop_map(Value::I128),
        (0_u8..0x23).prop_map(Value::U8),
        any::<u16>().prop_map(Value::U16),
        any::<u32>().prop_map(Value::U32),
        (0_u64..4).prop_map(Value::U64),
        any::<u128>().prop_map(Value::U128),
        any::<f32>().prop_map(|value| Value::F32(value.to_bits())),
        any::<f64>().prop_map(|value| Value::F64(value.to_bits())),
        any::<char>().prop_map(Value::Char),
        "[a\0\x10\x1e]{0,3}".prop_map(Value::Str),
        ".{0,10}".prop_map(Value::Str),
        vec(0_u8..0x23, 0..4).prop_map(Value::Bytes),
        Just(Value::None),
        Just(Value::Unit),
        name().prop_map(Value::UnitStruct),
        (name(), name()).prop_map(|(name, variant)| Value::UnitVariant(name, variant)),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(4, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let items = vec(inner.clone(), 0..4);
        let fields = vec((name(), inner.clone()), 0..4);
        let entries = vec((inner.clone(), inner.clone()), 0..3);
        prop_oneof![
            boxed.clone().prop_map(Value::Some),
            (name(), boxed.clone()).prop_map(|(name, value)| Value::NewtypeStruct(name, value)),
            (name(), items.clone()).prop_map(|(name, items)| Value::TupleStruct(name, items)),
            (name(), fields.clone()).prop_map(|(name, fields)| Value::Struct(name, fields)),
            (name(), name(), boxed)
                .prop_map(|(name, variant, value)| Value::NewtypeVariant(name, variant, value)),
            (name(), name(), items.clone())
                .prop_map(|(name, variant, items)| Value::TupleVariant(name, variant, items)),
            (name(), name(), fields)
                .prop_map(|(name, variant, fields)| Value::StructVariant(name, variant, fields)),
            items.clone().prop_map(Value::Tuple),
            items.prop_map(Value::Sequence),
            entries.prop_map(Value::Map),
            btree_set(inner.clone(), 0..4).prop_map(Value::UnorderedSequence),
            btree_map(inner.clone(), inner, 0..4).prop_map(Value::UnorderedMap),
        ]
    })
}

proptest! {
    /// So different values have different bytes, and where a value ends is known without looking further.
    #[test]
    fn there_is_a_way_back(value in value(), behind in vec(any::<u8>(), 0..20)) {
        let bytes = [bytes_of(&value), behind.clone()].concat();
        prop_assert_eq!(read(&bytes), Some((value, &*behind)));
    }

    #[test]
    fn equal_values_have_equal_bytes(value in value()) {
        prop_assert_eq!(bytes_of(&value), bytes_of(&value.clone()));
    }

    #[test]
    fn equal_bytes_are_of_equal_values(a in value(), b in value()) {
        prop_assert_eq!(bytes_of(&a) == bytes_of(&b), a == b);
    }

    #[test]
    fn no_encoding_is_the_beginning_of_another(a in value(), b in value()) {
        let (encoded_a, encoded_b) = (bytes_of(&a), bytes_of(&b));
        prop_assert_eq!(encoded_a.starts_with(&encoded_b), a == b);
        prop_assert_eq!(encoded_b.starts_with(&encoded_a), a == b);
    }

    #[test]
    fn pairs_are_not_mixed_up(a in leaf(), b in leaf(), c in leaf(), d in leaf()) {
        let first = [bytes_of(&a), bytes_of(&b)].concat();
        let second = [bytes_of(&c), bytes_of(&d)].concat();
        prop_assert_eq!(first == second, (a, b) == (c, d));
    }

    /// No value starts with the byte that ends the parts of another, nor with that of a hashed identity.
    #[test]
    fn no_value_starts_with_a_reserved_byte(value in value()) {
        let first = bytes_of(&value)[0];
        prop_assert!(first != tag::END && first != 0xff);
    }
}
