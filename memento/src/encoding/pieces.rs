//! What is in a value, in whatever order.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::serializer::{SerializeError, Serializer};
use super::sink::Sink;

/// Whether two values have the same pieces in their canonical encodings. Their order does not count: that of a set may
/// be another one each time. What cannot be encoded is not told apart.
pub(crate) fn have_same_pieces<T: Serialize>(one: &T, other: &T) -> bool {
    match (Pieces::of(one), Pieces::of(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => true,
    }
}

/// The sum of the hashes of all pieces of an encoding.
#[derive(Default, PartialEq, Eq)]
struct Pieces(u64);

impl Pieces {
    fn of<T: Serialize>(value: &T) -> Result<Self, SerializeError> {
        let mut pieces = Self::default();
        value.serialize(Serializer::new(&mut pieces))?;
        Ok(pieces)
    }

    fn add(&mut self, hash: u64) {
        self.0 = self.0.wrapping_add(hash);
    }
}

impl Sink for Pieces {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.add(FixedState::default().hash_one(bytes));
    }

    #[inline]
    fn put_number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        self.add(FixedState::default().hash_one((tag, bytes)));
    }
}
