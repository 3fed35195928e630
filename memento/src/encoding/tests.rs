mod encoded;
mod equality;
mod golden;
mod properties;
mod rendered;

use serde::ser::{Serialize, SerializeSeq, Serializer};

use super::encode;

/// The encoding of a value that has one.
fn bytes_of<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    encode(value).unwrap()
}

/// A value that reaches the serializer as bytes.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// A sequence that is wrong about its length.
struct Lying<'a> {
    claimed: usize,
    items: &'a [u8],
}

impl Serialize for Lying<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.claimed))?;
        for item in self.items {
            sequence.serialize_element(item)?;
        }
        sequence.end()
    }
}
