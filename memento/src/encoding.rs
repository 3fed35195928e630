//! The canonical encoding: the bytes that stand for a value in a key.
//!
//! Equal values have equal bytes on every machine, in every process and in every release; values that serialize
//! differently have different bytes. What `Serialize` makes alike (skipped fields, untagged variants of the same
//! content) is alike here, too, as it is in every result that is stored. The encoding describes itself, so that it can
//! be shown without the types that it came from ([`Rendered`]).
//!
//! Each value is one byte that tells its type, then its content. What has a fixed width is little-endian; text and
//! bytes stand behind their length; what has parts ends with a zero byte, which no value starts with (`END`). Lengths
//! that serde passes along are hints that a type may get wrong, so none of them is written.
//!
//! | type                                             | content                                                         |
//! | ------------------------------------------------ | --------------------------------------------------------------- |
//! | `bool`, `()`, `None`                             | nothing: each has a tag of its own                              |
//! | integers, `f32`, `f64`, `char`                   | the bits; `usize` and `isize` are 64 bits wide                  |
//! | `str`, bytes                                     | length as `u64`, then the bytes                                 |
//! | `Some`                                           | the value                                                       |
//! | unit struct                                      | the name                                                        |
//! | newtype struct                                   | the name, the value                                             |
//! | tuple struct                                     | the name, the values, `END`                                     |
//! | struct                                           | the name, each field's name and value, `END`                    |
//! | enum variant                                     | the names of enum and variant, then as above                    |
//! | tuple, sequence                                  | the values, `END`                                               |
//! | map                                              | each key and value, `END`                                       |
//! | `HashMap`, `HashSet` (also hashbrown's)          | as map and sequence under other tags, sorted by encoded entry   |
//!
//! A collection that its own `Serialize` walks through entry by entry, as that of `DashMap` does, is a map like any
//! other. Names of structs, fields and variants count, because values may reach here through an untagged enum. The
//! order of a map counts unless its type says that it has none: a function can see the order of an `IndexMap`, so two
//! orders are two arguments.

mod deserializer;
mod parts;
mod pieces;
mod render;
mod serializer;
mod sink;
mod tag;
#[cfg(test)]
mod tests;

pub(crate) use deserializer::{decode, split_first, split_tuple};
pub(crate) use pieces::have_same_pieces;
pub use render::Rendered;
pub(crate) use serializer::Serializer;
pub use sink::{Encode, EncodeResult, Encoder};
pub(crate) use sink::{Encoded, Sink, Written};

/// The canonical encoding of `value`.
///
/// # Errors
///
/// What the value's own `Serialize` implementation reports.
pub fn encode<T: serde::Serialize + ?Sized>(value: &T) -> crate::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    value.serialize(Serializer::new(&mut bytes)).map_err(|error| {
        crate::Error::new(crate::ErrorKind::Encoding, "encode a value for a key")
            .with("type", std::any::type_name::<T>())
            .because(error)
    })?;
    Ok(bytes)
}

/// The canonical encoding of a map whose keys are text and whose values are encoded already, in the order given.
pub(crate) fn encode_map<'a>(entries: impl Iterator<Item = (&'a str, &'a [u8])>) -> Vec<u8> {
    serializer::map_of_encoded(entries)
}
