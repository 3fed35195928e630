//! A serde serializer that writes the canonical encoding.

use std::any::type_name;
use std::fmt::Display;

use serde::ser::{self, Serialize};

use super::parts::Parts;
use super::{Sink, tag};

/// Why a value could not be encoded: what its `Serialize` implementation said.
#[derive(Debug)]
pub struct SerializeError(String);

impl Display for SerializeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SerializeError {}

impl ser::Error for SerializeError {
    fn custom<T: Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

pub(super) type Result<T = ()> = std::result::Result<T, SerializeError>;

/// Writes one value to a sink.
pub(crate) struct Serializer<'a, S>(&'a mut S);

impl<'a, S: Sink> Serializer<'a, S> {
    /// A serializer that writes to `sink`.
    #[inline]
    pub(crate) fn new(sink: &'a mut S) -> Self {
        Self(sink)
    }

    #[inline(always)]
    #[expect(clippy::unnecessary_wraps, reason = "it ends the methods below")]
    fn number<const N: usize>(self, tag: u8, bytes: [u8; N]) -> Result {
        self.0.put_number(tag, bytes);
        Ok(())
    }

    #[inline]
    fn tagged(self, tag: u8) -> &'a mut S {
        self.0.put(&[tag]);
        self.0
    }

    fn named(self, tag: u8, names: &[&'static str]) -> &'a mut S {
        let sink = self.tagged(tag);
        for name in names {
            put_str(sink, name);
        }
        sink
    }
}

#[inline]
pub(super) fn put_str<S: Sink>(sink: &mut S, text: &str) {
    put_bytes(sink, tag::STR, text.as_bytes());
}

#[inline]
fn put_bytes<S: Sink>(sink: &mut S, tag: u8, bytes: &[u8]) {
    sink.put_number(tag, (bytes.len() as u64).to_le_bytes());
    sink.put(bytes);
}

#[inline]
pub(super) fn put<S: Sink, T: Serialize + ?Sized>(sink: &mut S, value: &T) -> Result {
    value.serialize(Serializer(sink))
}

/// Where collections are defined whose iteration order is no part of their value; their iterators, too.
const UNORDERED: [&str; 3] = ["std::collections::hash::", "hashbrown::map::", "hashbrown::set::"];

/// Whether `C`, or what it refers to, iterates in no order of its own. That the type is known only by its name costs no
/// correctness: where a compiler spells it otherwise, equal collections get different keys, and the tests of this
/// module fail.
fn is_unordered<C>() -> bool {
    let name = type_name::<C>().trim_start_matches('&');
    UNORDERED.iter().any(|module| name.starts_with(module))
}

/// Writes encoded entries in the order of their bytes.
fn put_sorted<S: Sink>(sink: &mut S, tag: u8, mut entries: Vec<Vec<u8>>) {
    entries.sort_unstable();
    sink.put(&[tag]);
    for entry in &entries {
        sink.put(entry);
    }
    sink.put(&[tag::END]);
}

/// A map whose keys are text and whose values are encoded already.
pub(super) fn map_of_encoded<'a>(entries: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    let mut bytes = vec![tag::MAP];
    for (key, value) in entries {
        put_str(&mut bytes, key);
        bytes.put(value);
    }
    bytes.put(&[tag::END]);
    bytes
}

impl<'a, S: Sink> ser::Serializer for Serializer<'a, S> {
    type Ok = ();
    type Error = SerializeError;
    type SerializeSeq = Parts<'a, S>;
    type SerializeTuple = Parts<'a, S>;
    type SerializeTupleStruct = Parts<'a, S>;
    type SerializeTupleVariant = Parts<'a, S>;
    type SerializeMap = Parts<'a, S>;
    type SerializeStruct = Parts<'a, S>;
    type SerializeStructVariant = Parts<'a, S>;

    fn is_human_readable(&self) -> bool {
        false
    }

    #[inline]
    fn serialize_bool(self, value: bool) -> Result {
        self.tagged(if value { tag::TRUE } else { tag::FALSE });
        Ok(())
    }
    #[inline]
    fn serialize_i8(self, value: i8) -> Result {
        self.number(tag::I8, value.to_le_bytes())
    }
    #[inline]
    fn serialize_i16(self, value: i16) -> Result {
        self.number(tag::I16, value.to_le_bytes())
    }
    #[inline]
    fn serialize_i32(self, value: i32) -> Result {
        self.number(tag::I32, value.to_le_bytes())
    }
    #[inline]
    fn serialize_i64(self, value: i64) -> Result {
        self.number(tag::I64, value.to_le_bytes())
    }
    #[inline]
    fn serialize_i128(self, value: i128) -> Result {
        self.number(tag::I128, value.to_le_bytes())
    }
    #[inline]
    fn serialize_u8(self, value: u8) -> Result {
        self.number(tag::U8, value.to_le_bytes())
    }
    #[inline]
    fn serialize_u16(self, value: u16) -> Result {
        self.number(tag::U16, value.to_le_bytes())
    }
    #[inline]
    fn serialize_u32(self, value: u32) -> Result {
        self.number(tag::U32, value.to_le_bytes())
    }
    #[inline]
    fn serialize_u64(self, value: u64) -> Result {
        self.number(tag::U64, value.to_le_bytes())
    }
    #[inline]
    fn serialize_u128(self, value: u128) -> Result {
        self.number(tag::U128, value.to_le_bytes())
    }
    #[inline]
    fn serialize_f32(self, value: f32) -> Result {
        self.number(tag::F32, value.to_le_bytes())
    }
    #[inline]
    fn serialize_f64(self, value: f64) -> Result {
        self.number(tag::F64, value.to_le_bytes())
    }
    #[inline]
    fn serialize_char(self, value: char) -> Result {
        self.number(tag::CHAR, u32::from(value).to_le_bytes())
    }
    #[inline]
    fn serialize_str(self, value: &str) -> Result {
        put_str(self.0, value);
        Ok(())
    }
    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result {
        put_bytes(self.0, tag::BYTES, value);
        Ok(())
    }
    #[inline]
    fn serialize_none(self) -> Result {
        self.tagged(tag::NONE);
        Ok(())
    }
    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result {
        put(self.tagged(tag::SOME), value)
    }
    #[inline]
    fn serialize_unit(self) -> Result {
        self.tagged(tag::UNIT);
        Ok(())
    }
    fn serialize_unit_struct(self, name: &'static str) -> Result {
        self.named(tag::UNIT_STRUCT, &[name]);
        Ok(())
    }
    fn serialize_unit_variant(self, name: &'static str, _: u32, variant: &'static str) -> Result {
        self.named(tag::UNIT_VARIANT, &[name, variant]);
        Ok(())
    }
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result {
        put(self.named(tag::NEWTYPE_STRUCT, &[name]), value)
    }
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result {
        put(self.named(tag::NEWTYPE_VARIANT, &[name, variant]), value)
    }
    #[inline]
    fn serialize_seq(self, _: Option<usize>) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.tagged(tag::SEQUENCE)))
    }
    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.tagged(tag::TUPLE)))
    }
    fn serialize_tuple_struct(self, name: &'static str, _: usize) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.named(tag::TUPLE_STRUCT, &[name])))
    }
    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.named(tag::TUPLE_VARIANT, &[name, variant])))
    }
    #[inline]
    fn serialize_map(self, _: Option<usize>) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.tagged(tag::MAP)))
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.named(tag::STRUCT, &[name])))
    }
    fn serialize_struct_variant(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Parts<'a, S>> {
        Ok(Parts::new(self.named(tag::STRUCT_VARIANT, &[name, variant])))
    }

    fn collect_seq<I>(self, items: I) -> Result
    where
        I: IntoIterator<Item: Serialize>,
    {
        if is_unordered::<I>() {
            let entries = items.into_iter().map(|item| entry(|bytes| put(bytes, &item)));
            put_sorted(self.0, tag::UNORDERED_SEQUENCE, entries.collect::<Result<_>>()?);
            return Ok(());
        }
        let sink = self.tagged(tag::SEQUENCE);
        for item in items {
            sink.begin_element();
            put(sink, &item)?;
            sink.end_element();
        }
        sink.put(&[tag::END]);
        Ok(())
    }

    fn collect_map<K, V, I>(self, pairs: I) -> Result
    where
        K: Serialize,
        V: Serialize,
        I: IntoIterator<Item = (K, V)>,
    {
        if is_unordered::<I>() {
            let entries = pairs.into_iter().map(|(key, value)| {
                entry(|bytes| {
                    put(bytes, &key)?;
                    put(bytes, &value)
                })
            });
            put_sorted(self.0, tag::UNORDERED_MAP, entries.collect::<Result<_>>()?);
            return Ok(());
        }
        let sink = self.tagged(tag::MAP);
        for (key, value) in pairs {
            sink.begin_element();
            put(sink, &key)?;
            put(sink, &value)?;
            sink.end_element();
        }
        sink.put(&[tag::END]);
        Ok(())
    }
}

/// The bytes that `write` writes.
fn entry(write: impl FnOnce(&mut Vec<u8>) -> Result) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    write(&mut bytes)?;
    Ok(bytes)
}
