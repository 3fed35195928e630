//! Digests of contents that are checked segment by segment.
//!
//! BLAKE3 hashes a tree: the digest of a long content is made of one value for each of its subtrees (O'Connor,
//! Aumasson, Neves, Wilcox-O'Hearn, "BLAKE3", 2020, section 2.4). Who has those values, and has seen that they make the
//! digest, can tell of each segment by itself whether it is what was written, before the next one has come.

#[cfg(test)]
mod tests;

use blake3::hazmat::{self, ChainingValue, HasherExt, Mode};

use super::Digest;

/// How long a segment is, in bytes; the last one may be shorter. A power of two, so that each is a subtree.
pub(crate) const SEGMENT: usize = 1 << 20;

impl Digest {
    /// The digest of `content`, and its outline: the chaining values of its segments, one after the other. A content of
    /// one segment has none.
    pub(crate) fn with_outline(content: &[u8]) -> (Self, Vec<u8>) {
        if content.len() <= SEGMENT {
            return (Self::of(content), Vec::new());
        }
        let segments = content.chunks(SEGMENT).enumerate();
        let values: Vec<_> =
            segments.map(|(index, segment)| chaining_value(index, segment)).collect();
        (root(&values), values.into_flattened())
    }
}

/// The outline of a content: what tells of each of its segments whether it is what was written.
#[derive(Clone, Copy)]
pub(crate) struct Outline<'o> {
    values: &'o [ChainingValue],
    /// How long the last segment is.
    last: usize,
}

impl<'o> Outline<'o> {
    /// The outline in these bytes; `None` where it is none of a content with this digest and of `size` bytes.
    pub(crate) fn read(bytes: &'o [u8], digest: &Digest, size: u64) -> Option<Self> {
        let (values, rest) = bytes.as_chunks();
        let last = size.checked_sub((values.len() as u64).checked_sub(1)? * SEGMENT as u64)?;
        let last = usize::try_from(last).ok().filter(|last| (1..=SEGMENT).contains(last))?;
        let is_one = rest.is_empty() && values.len() > 1 && root(values) == *digest;
        is_one.then_some(Self { values, last })
    }

    /// How long the content is, in bytes.
    pub(crate) fn size(self) -> u64 {
        (self.count() - 1) as u64 * SEGMENT as u64 + self.last as u64
    }

    /// How many segments it has.
    pub(crate) fn count(self) -> usize {
        self.values.len()
    }

    /// How long a segment is, in bytes.
    pub(crate) fn length(self, index: usize) -> usize {
        if index + 1 == self.count() { self.last } else { SEGMENT }
    }

    /// Whether these are the bytes of a segment.
    pub(crate) fn has(self, index: usize, segment: &[u8]) -> bool {
        let is_whole = |value: &ChainingValue| chaining_value(index, segment) == *value;
        segment.len() == self.length(index) && self.values.get(index).is_some_and(is_whole)
    }
}

/// What a segment adds to the digest of its content.
fn chaining_value(index: usize, segment: &[u8]) -> ChainingValue {
    let mut hasher = blake3::Hasher::new();
    hasher.set_input_offset((index * SEGMENT) as u64).update(segment).finalize_non_root()
}

/// The digest of a content whose segments, two or more, have these values.
fn root(values: &[ChainingValue]) -> Digest {
    let (left, right) = halves(values);
    let digest = hazmat::merge_subtrees_root(&subtree(left), &subtree(right), Mode::Hash);
    Digest::from_bytes(digest.into())
}

fn subtree(values: &[ChainingValue]) -> ChainingValue {
    if let [value] = values {
        return *value;
    }
    let (left, right) = halves(values);
    hazmat::merge_subtrees_non_root(&subtree(left), &subtree(right), Mode::Hash)
}

/// A tree's left half is the largest that is complete.
fn halves(values: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    values.split_at(values.len().next_power_of_two() / 2)
}
