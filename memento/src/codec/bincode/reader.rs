//! Values from bytes in the format of bincode 2, with integers of fixed width.
//!
//! | value                       | bytes                                                                    |
//! | --------------------------- | ------------------------------------------------------------------------ |
//! | numbers                     | little-endian, as many bytes as the type has                             |
//! | `bool`, `Option`            | 0 or 1; then the value, if there is one                                  |
//! | `char`                      | its bytes in UTF-8                                                       |
//! | text, bytes, lists, maps    | how many, in eight bytes; then the bytes or the values                   |
//! | tuples, structs             | their fields                                                             |
//! | enums                       | the number of the variant, in four bytes; then its fields                |

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::input::{Content, Input};
use super::malformed::{Malformed, Result, ended, not_described, wrong};
use crate::codec::TOO_DEEP;
use crate::codec::stack::Stack;

/// How many values may be in a list that take no bytes.
const MOST_EMPTY: usize = 1 << 24;

/// Reads one value after the other.
pub(super) struct Reader<'r> {
    input: Input<'r>,
    stack: Stack,
}

impl<'r> Reader<'r> {
    pub(super) fn new(input: Input<'r>) -> Self {
        Self { input, stack: Stack::new() }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.input.left() == 0
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        self.input.array()
    }

    fn flag(&mut self) -> Result<bool> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(wrong(format_args!("{other} is neither 0 nor 1"))),
        }
    }

    #[inline]
    fn length(&mut self) -> Result<usize> {
        let length = u64::from_le_bytes(self.array()?);
        usize::try_from(length).map_err(|_| ended())
    }

    /// How many values follow, each in a byte or more unless it takes none.
    fn count(&mut self) -> Result<usize> {
        let count = self.length()?;
        if count as u64 > self.input.left() && count > MOST_EMPTY {
            Err(ended())
        } else {
            Ok(count)
        }
    }

    fn content(&mut self) -> Result<Content<'_>> {
        let length = self.length()?;
        self.input.content(length)
    }

    fn character(&mut self) -> Result<char> {
        let [first] = self.array()?;
        let mut bytes = [first, 0, 0, 0];
        let length = match first {
            0..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
        for byte in &mut bytes[1..length] {
            [*byte] = self.array()?;
        }
        let text = std::str::from_utf8(&bytes[..length]).map_err(wrong)?;
        text.chars().next().ok_or_else(ended)
    }

    /// What stands inside of a value that may contain itself.
    #[inline]
    fn inside(&mut self) -> Result<&mut Self> {
        if self.stack.has_room() { Ok(self) } else { Err(wrong(TOO_DEEP)) }
    }
}

/// Reads numbers, which differ in nothing but their type.
macro_rules! numbers {
    ($($method:ident $visit:ident $type:ident),+ $(,)?) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            visitor.$visit($type::from_le_bytes(self.array()?))
        }
    )+};
}

impl<'de> Deserializer<'de> for &mut Reader<'_> {
    type Error = Malformed;

    numbers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_bool(self.flag()?)
    }

    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_char(self.character()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.content()? {
            Content::Here(bytes) => visitor.visit_str(std::str::from_utf8(bytes).map_err(wrong)?),
            Content::Gathered(bytes) => {
                visitor.visit_string(String::from_utf8(bytes).map_err(wrong)?)
            }
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.content()? {
            Content::Here(bytes) => visitor.visit_bytes(bytes),
            Content::Gathered(bytes) => visitor.visit_byte_buf(bytes),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.flag()? { visitor.visit_some(self.inside()?) } else { visitor.visit_none() }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.count()?;
        visitor.visit_seq(Values { reader: self.inside()?, left })
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value> {
        visitor.visit_seq(Values { reader: self, left })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(left, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let left = self.count()?;
        visitor.visit_map(Values { reader: self.inside()?, left })
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        visitor.visit_enum(self.inside()?)
    }

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(not_described())
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(not_described())
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value> {
        Err(not_described())
    }

    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The values in a list, a tuple or a map that were not read yet.
struct Values<'v, 'r> {
    reader: &'v mut Reader<'r>,
    left: usize,
}

impl Values<'_, '_> {
    fn advance(&mut self) -> bool {
        let is_one = self.left > 0;
        self.left -= usize::from(is_one);
        is_one
    }
}

impl<'de> SeqAccess<'de> for Values<'_, '_> {
    type Error = Malformed;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.advance() { seed.deserialize(&mut *self.reader).map(Some) } else { Ok(None) }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Values<'_, '_> {
    type Error = Malformed;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value> {
        seed.deserialize(&mut *self.reader)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'_> {
    type Error = Malformed;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self)> {
        let variant = u32::from_le_bytes(self.array()?);
        let value = seed.deserialize(IntoDeserializer::<Malformed>::into_deserializer(variant))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'_> {
    type Error = Malformed;

    fn unit_variant(self) -> Result<()> {
        Ok(())
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_tuple(length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_tuple(fields.len(), visitor)
    }
}
