//! The way back from the canonical encoding: a serde deserializer.
//!
//! A value is read as what it was recorded as: each method of serde takes the tags that its counterpart of the
//! serializer writes, and the names, where there are any, have to be those of the type that is asked for. Nothing is
//! converted, not even a number into a wider one: an error is better than a value that was never recorded. Where a type
//! asks for whatever is there (`deserialize_any`: untagged and internally tagged enums, flattened fields), serde holds
//! the value in a buffer of its own, which knows no names of structs and enums and lets numbers grow. So the value of
//! such a type may be another than the recorded one, and who needs to be sure encodes it again and compares.
//!
//! Bytes may come from anyone. No length in them is believed, no value is nested deeper than a fixed limit, and what
//! does not begin with a tag that is expected is an error.

mod parts;
mod reader;
#[cfg(test)]
mod tests;

use std::any::type_name;

use serde::de::{self, DeserializeOwned, Visitor};

use self::parts::{Parts, Variant};
use self::reader::{DecodeError, Reader, Result, check_depth};
use super::tag;

/// The value that has this canonical encoding.
///
/// # Errors
///
/// [`Damaged`](crate::ErrorKind::Damaged) where `bytes` are the encoding of no `T`, or of more than one value, or of
/// one whose parts are nested too deep.
pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> crate::Result<T> {
    let mut reader = Reader::new(bytes);
    let decoded = T::deserialize(Deserializer { reader: &mut reader, depth: 0, around: None })
        .and_then(|value| reader.finish().map(|()| value));
    decoded.map_err(|error| {
        crate::Error::new(crate::ErrorKind::Damaged, "decode recorded arguments")
            .with("type", type_name::<T>())
            .because(error)
    })
}

/// The bytes of the first value, and those behind it; `None` where no whole value stands there that [`decode`] could
/// read.
pub(crate) fn split_first(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Reader::new(bytes);
    reader.skip(0).ok()?;
    Some(bytes.split_at(reader.position()))
}

/// The bytes of the values in the tuple that stands first, and those behind it.
pub(crate) fn split_tuple(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (tuple, rest) = split_first(bytes)?;
    let parts = tuple.strip_prefix(&[tag::TUPLE])?.strip_suffix(&[tag::END])?;
    Some((parts, rest))
}

/// Reads one value.
struct Deserializer<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// How many values there are around this one.
    depth: usize,
    /// The name of the struct that has this value in a field.
    around: Option<&'de str>,
}

impl<'r, 'de> Deserializer<'r, 'de> {
    /// Reads a value that is nested in `depth` others.
    fn nested(reader: &'r mut Reader<'de>, depth: usize) -> Result<Self> {
        check_depth(depth)?;
        Ok(Self { reader, depth, around: None })
    }

    /// Reads the only part of the value that has just been begun.
    fn inner(self) -> Result<Self> {
        Self::nested(self.reader, self.depth + 1)
    }

    /// Reads the parts of the value that has just been begun.
    fn parts(self) -> Parts<'r, 'de> {
        Parts::unnamed(self.reader, self.depth)
    }

    /// Reads an enum's value: its names, and then what the visitor wants to know of the content.
    fn variant(self, expected: &dyn de::Expected) -> Result<(&'de str, Variant<'r, 'de>)> {
        let start = *self.reader;
        let tag = self.reader.peek(expected)?;
        if !(tag::UNIT_VARIANT..=tag::STRUCT_VARIANT).contains(&tag) {
            return Err(start.unexpected(expected));
        }
        self.reader.take(1)?;
        let (enumeration, name) = (self.reader.name()?, self.reader.name()?);
        Ok((enumeration, Variant { start, tag, name, reader: self.reader, depth: self.depth }))
    }

    /// Reads a value of whatever kind that has the name of its type in front.
    fn named_any<V: Visitor<'de>>(self, tag: u8, visitor: V) -> Result<V::Value> {
        if (tag::UNIT_VARIANT..=tag::STRUCT_VARIANT).contains(&tag) {
            let (_, variant) = self.variant(&visitor)?;
            return variant.map(visitor);
        }
        self.reader.take(1)?;
        let name = self.reader.name()?;
        match tag {
            tag::UNIT_STRUCT => visitor.visit_unit(),
            tag::NEWTYPE_STRUCT => visitor.visit_newtype_struct(self.inner()?),
            tag::TUPLE_STRUCT => self.parts().seq(visitor),
            _ => Parts::named(self.reader, self.depth, Some(name)).map(visitor),
        }
    }
}

/// Implements the methods for numbers, which differ in nothing but the type.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ident $tag:ident),+ $(,)?) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            self.reader.expect(tag::$tag, &visitor)?;
            visitor.$visit($type::from_le_bytes(self.reader.array()?))
        }
    )+};
}

impl<'de> de::Deserializer<'de> for Deserializer<'_, 'de> {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.peek(&visitor)? {
            tag::FALSE | tag::TRUE => self.deserialize_bool(visitor),
            tag::I8 => self.deserialize_i8(visitor),
            tag::I16 => self.deserialize_i16(visitor),
            tag::I32 => self.deserialize_i32(visitor),
            tag::I64 => self.deserialize_i64(visitor),
            tag::I128 => self.deserialize_i128(visitor),
            tag::U8 => self.deserialize_u8(visitor),
            tag::U16 => self.deserialize_u16(visitor),
            tag::U32 => self.deserialize_u32(visitor),
            tag::U64 => self.deserialize_u64(visitor),
            tag::U128 => self.deserialize_u128(visitor),
            tag::F32 => self.deserialize_f32(visitor),
            tag::F64 => self.deserialize_f64(visitor),
            tag::CHAR => self.deserialize_char(visitor),
            tag::STR => self.deserialize_str(visitor),
            tag::BYTES => self.deserialize_bytes(visitor),
            tag::NONE | tag::SOME => self.deserialize_option(visitor),
            tag::UNIT => self.deserialize_unit(visitor),
            tag @ tag::UNIT_STRUCT..=tag::STRUCT_VARIANT => self.named_any(tag, visitor),
            tag::TUPLE => self.deserialize_tuple(0, visitor),
            tag::SEQUENCE | tag::UNORDERED_SEQUENCE => self.deserialize_seq(visitor),
            tag::MAP | tag::UNORDERED_MAP => self.deserialize_map(visitor),
            _ => Err(self.reader.unexpected(&visitor as &dyn de::Expected)),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let value = match self.reader.peek(&visitor)? {
            tag::FALSE => false,
            tag::TRUE => true,
            _ => return Err(self.reader.unexpected(&visitor as &dyn de::Expected)),
        };
        self.reader.take(1)?;
        visitor.visit_bool(value)
    }

    numbers! {
        deserialize_i8 visit_i8 i8 I8,
        deserialize_i16 visit_i16 i16 I16,
        deserialize_i32 visit_i32 i32 I32,
        deserialize_i64 visit_i64 i64 I64,
        deserialize_i128 visit_i128 i128 I128,
        deserialize_u8 visit_u8 u8 U8,
        deserialize_u16 visit_u16 u16 U16,
        deserialize_u32 visit_u32 u32 U32,
        deserialize_u64 visit_u64 u64 U64,
        deserialize_u128 visit_u128 u128 U128,
        deserialize_f32 visit_f32 f32 F32,
        deserialize_f64 visit_f64 f64 F64,
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.expect(tag::CHAR, &visitor)?;
        visitor.visit_char(self.reader.scalar()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.expect(tag::STR, &visitor)?;
        visitor.visit_borrowed_str(self.reader.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.expect(tag::BYTES, &visitor)?;
        visitor.visit_borrowed_bytes(self.reader.sized()?)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.reader.peek(&visitor)? == tag::NONE {
            self.reader.take(1)?;
            return visitor.visit_none();
        }
        self.reader.expect(tag::SOME, &visitor)?;
        visitor.visit_some(self.inner()?)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.expect(tag::UNIT, &visitor)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.expect_named(tag::UNIT_STRUCT, name, &visitor)?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.expect_named(tag::NEWTYPE_STRUCT, name, &visitor)?;
        visitor.visit_newtype_struct(self.inner()?)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.peek(&visitor)? {
            tag::UNORDERED_SEQUENCE => self.reader.take(1).map(drop)?,
            _ => self.reader.expect(tag::SEQUENCE, &visitor)?,
        }
        self.parts().seq(visitor)
    }

    /// The length is one that the visitor asks for by itself.
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.reader.expect(tag::TUPLE, &visitor)?;
        self.parts().seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.expect_named(tag::TUPLE_STRUCT, name, &visitor)?;
        self.parts().seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.peek(&visitor)? {
            tag::UNORDERED_MAP => self.reader.take(1).map(drop)?,
            _ => self.reader.expect(tag::MAP, &visitor)?,
        }
        self.parts().map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.reader.expect_named(tag::STRUCT, name, &visitor)?;
        Parts::named(self.reader, self.depth, Some(name)).map(visitor)
    }

    /// An adjacently tagged enum is a struct with the variant in a field. serde writes the enum's serialized name into
    /// both, and then asks for the variant by the name that the enum has in Rust.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        let around = self.around;
        let (enumeration, variant) = self.variant(&visitor)?;
        let is_tag = variant.tag == tag::UNIT_VARIANT && around == Some(enumeration);
        if enumeration != name && !is_tag {
            let start = variant.start;
            return Err(start.unexpected(format_args!(
                "{} with the name `{name}`",
                &visitor as &dyn de::Expected
            )));
        }
        visitor.visit_enum(variant)
    }

    /// Names of fields and variants are text. Where a map is flattened into the fields, its keys are asked for in the
    /// same way: as text they can be told from the names, and go into serde's buffer.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.reader.peek(&visitor)? {
            tag::UNIT_VARIANT => {
                let (_, variant) = self.variant(&visitor)?;
                visitor.visit_borrowed_str(variant.name)
            }
            tag::NEWTYPE_STRUCT => {
                self.reader.take(1)?;
                self.reader.name()?;
                self.inner()?.deserialize_identifier(visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.reader.skip(self.depth)?;
        visitor.visit_unit()
    }
}
