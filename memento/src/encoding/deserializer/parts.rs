//! The parts of sequences, tuples, structs, maps and enum variants.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{self, DeserializeSeed, Visitor};

use super::super::tag;
use super::Deserializer;
use super::reader::{DecodeError, Reader, Result};

/// Reads the parts of a value, then [`tag::END`].
pub(super) struct Parts<'r, 'de> {
    reader: &'r mut Reader<'de>,
    /// How many values there are around the one that these are the parts of.
    depth: usize,
    /// Whether each part has a name in front.
    are_named: bool,
    /// The name of the struct that these are the fields of.
    around: Option<&'de str>,
    ended: bool,
}

impl<'r, 'de> Parts<'r, 'de> {
    /// The parts of a sequence, a tuple or a map that is nested in `depth` values.
    pub(super) fn unnamed(reader: &'r mut Reader<'de>, depth: usize) -> Self {
        Self { reader, depth, are_named: false, around: None, ended: false }
    }

    /// The fields of the struct with the name `around`, or of a variant.
    pub(super) fn named(
        reader: &'r mut Reader<'de>,
        depth: usize,
        around: Option<&'de str>,
    ) -> Self {
        Self { reader, depth, are_named: true, around, ended: false }
    }

    /// What `visitor` makes of the parts, one after the other.
    pub(super) fn seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        let value = visitor.visit_seq(&mut self)?;
        self.finish()?;
        Ok(value)
    }

    /// What `visitor` makes of keys, or names, and values.
    pub(super) fn map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value> {
        let value = visitor.visit_map(&mut self)?;
        self.finish()?;
        Ok(value)
    }

    /// Fails where parts are left that the visitor did not ask for. Some visitors do not look for the end.
    fn finish(mut self) -> Result {
        let start = *self.reader;
        if self.is_at_end()? {
            return Ok(());
        }
        Err(start.unexpected("no further part"))
    }

    fn is_at_end(&mut self) -> Result<bool> {
        self.ended = self.ended || self.reader.at_end()?;
        Ok(self.ended)
    }

    /// Reads a part.
    fn part(&mut self) -> Result<Deserializer<'_, 'de>> {
        let around = self.around;
        Ok(Deserializer { around, ..Deserializer::nested(self.reader, self.depth + 1)? })
    }
}

impl<'de> de::SeqAccess<'de> for Parts<'_, 'de> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        if self.is_at_end()? {
            return Ok(None);
        }
        seed.deserialize(self.part()?).map(Some)
    }
}

impl<'de> de::MapAccess<'de> for Parts<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        if self.is_at_end()? {
            return Ok(None);
        }
        if self.are_named {
            let name = self.reader.name()?;
            return seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some);
        }
        seed.deserialize(self.part()?).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        seed.deserialize(self.part()?)
    }
}

/// Reads the content of an enum variant, behind its names.
pub(super) struct Variant<'r, 'de> {
    /// Where the variant begins.
    pub(super) start: Reader<'de>,
    pub(super) tag: u8,
    pub(super) name: &'de str,
    pub(super) reader: &'r mut Reader<'de>,
    /// How many values there are around the variant.
    pub(super) depth: usize,
}

impl<'r, 'de> Variant<'r, 'de> {
    /// Fails where the variant has content of another kind than that with this `tag`.
    fn expect(&self, tag: u8, expected: &dyn de::Expected) -> Result {
        if self.tag == tag { Ok(()) } else { Err(self.start.unexpected(expected)) }
    }

    /// Reads the only value in the variant.
    fn inner(self) -> Result<Deserializer<'r, 'de>> {
        Deserializer::nested(self.reader, self.depth + 1)
    }

    /// What `visitor` makes of the variant as a map with its name as the only key. This is how serde's buffer holds an
    /// enum; it takes text for a unit variant, too, but then an untagged enum could not tell it from text.
    pub(super) fn map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let mut entry = Entry { name: Some(self.name), content: Some(self) };
        let value = visitor.visit_map(&mut entry)?;
        match entry.content {
            None => Ok(value),
            Some(variant) => Err(variant.start.unexpected("no further part")),
        }
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = DecodeError;
    type Variant = Self;

    fn variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<(T::Value, Self)> {
        Ok((seed.deserialize(BorrowedStrDeserializer::new(self.name))?, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result {
        self.expect(tag::UNIT_VARIANT, &"a unit variant")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value> {
        self.expect(tag::NEWTYPE_VARIANT, &"a newtype variant")?;
        seed.deserialize(self.inner()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.expect(tag::TUPLE_VARIANT, &visitor)?;
        Parts::unnamed(self.reader, self.depth).seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.expect(tag::STRUCT_VARIANT, &visitor)?;
        Parts::named(self.reader, self.depth, None).map(visitor)
    }
}

/// A variant as a map from its name to its content.
struct Entry<'r, 'de> {
    name: Option<&'de str>,
    content: Option<Variant<'r, 'de>>,
}

impl<'de> de::MapAccess<'de> for Entry<'_, 'de> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        let name = self.name.take().map(BorrowedStrDeserializer::new);
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value> {
        match self.content.take() {
            None => Err(de::Error::custom("the content of a variant was asked for twice")),
            Some(variant) if variant.tag == tag::NEWTYPE_VARIANT => {
                seed.deserialize(variant.inner()?)
            }
            Some(variant) => seed.deserialize(Content(variant)),
        }
    }
}

/// Reads the content of a variant as nothing, a sequence or a map: what its kind is.
struct Content<'r, 'de>(Variant<'r, 'de>);

impl<'de> de::Deserializer<'de> for Content<'_, 'de> {
    type Error = DecodeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        let Variant { tag, reader, depth, .. } = self.0;
        match tag {
            tag::UNIT_VARIANT => visitor.visit_unit(),
            tag::TUPLE_VARIANT => Parts::unnamed(reader, depth).seq(visitor),
            _ => Parts::named(reader, depth, None).map(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}
