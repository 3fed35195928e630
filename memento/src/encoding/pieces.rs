//! What is in a value, whatever the order of its collections.

use std::hash::BuildHasher as _;

use foldhash::fast::FixedState;
use serde::Serialize;

use super::serializer::{SerializeError, Serializer};
use super::sink::Sink;

/// Whether two values have the same pieces in their canonical encodings, each in its place. The order of elements of
/// sequences and of entries of maps does not count: that of a set may be another one each time. What cannot be encoded
/// is not told apart.
pub(crate) fn have_same_pieces<T: Serialize>(one: &T, other: &T) -> bool {
    match (Pieces::of(one), Pieces::of(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => true,
    }
}

/// The hashes of what a value consists of.
#[derive(Default, PartialEq, Eq)]
struct Pieces {
    /// Of all that has a place, one after the other.
    ordered: u64,
    /// The sum of those of elements, each with its place before the first one.
    elements: u64,
    /// Those of the values around the element that is written.
    around: Vec<(u64, u64)>,
}

impl Pieces {
    fn of<T: Serialize>(value: &T) -> Result<Self, SerializeError> {
        let mut pieces = Self::default();
        value.serialize(Serializer::new(&mut pieces))?;
        Ok(pieces)
    }
}

impl Sink for Pieces {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.ordered = FixedState::with_seed(self.ordered).hash_one(bytes);
    }

    #[inline]
    fn put_number<const N: usize>(&mut self, tag: u8, bytes: [u8; N]) {
        self.ordered = FixedState::with_seed(self.ordered).hash_one((tag, bytes));
    }

    #[inline]
    fn begin_element(&mut self) {
        self.around.push((self.ordered, self.elements));
        self.elements = 0;
    }

    #[inline]
    fn end_element(&mut self) {
        let element = FixedState::with_seed(self.ordered).hash_one(self.elements);
        let (ordered, elements) = self.around.pop().unwrap_or_default();
        self.ordered = ordered;
        self.elements = elements.wrapping_add(element);
    }
}
