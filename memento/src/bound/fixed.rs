//! What can be fixed, and how it is encoded.

use std::fmt;

use serde::de::{DeserializeOwned, Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What can be an argument of a function that is bound, where it takes it as it is. The lifetime, which means nothing,
/// keeps the compiler from asking before somebody binds; so does that the trait asks nothing by itself.
#[diagnostic::on_unimplemented(
    message = "a function with an argument of type `{Self}` cannot be bound",
    label = "an argument of the function cannot be read back",
    note = "add `#[derive(serde::Serialize, serde::Deserialize)]` to the type"
)]
pub trait BoundOwned<'a> {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned> BoundOwned<'_> for T {}

/// The same for what a function takes by reference.
#[diagnostic::on_unimplemented(
    message = "a function with an argument of type `&{Self}` cannot be bound",
    label = "what an argument of the function refers to cannot be read back",
    note = "add `#[derive(Clone, serde::Serialize, serde::Deserialize)]` to the type"
)]
pub trait BoundBorrowed<'a> {
    /// What a reference takes in its place.
    type Owned: Serialize + DeserializeOwned;
}

#[diagnostic::do_not_recommend]
impl<T: ?Sized + ToOwned<Owned: Serialize + DeserializeOwned>> BoundBorrowed<'_> for T {
    type Owned = T::Owned;
}

/// Never implemented: a function of a shape that cannot be bound.
#[diagnostic::on_unimplemented(
    message = "this function cannot be bound",
    label = "there can be no reference to this function",
    note = "a reference holds the function's path and its arguments, so the function may not be generic, async, or have \
            `ignore(…)` or `key(…)`; and its arguments have no lifetimes, but for one `&` in front",
    note = "bind a function that calls this one"
)]
pub trait CanBeBound<'a> {}

/// Stands for such a function.
pub struct CannotBeBound;

/// Encodings of arguments.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_byte_buf(BytesVisitor).map(Self)
    }
}

struct BytesVisitor;

impl<'de> Visitor<'de> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    /// As formats that are text have them.
    fn visit_seq<S: SeqAccess<'de>>(self, mut bytes: S) -> Result<Vec<u8>, S::Error> {
        let mut all = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            all.push(byte);
        }
        Ok(all)
    }
}
