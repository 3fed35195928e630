//! How long contents are, and where their chunks are in what is stored.

use std::ops::Range;

use super::sealer::PREFIX;
use super::{CHUNK, MOST_GROWTH, Transform, start_length};

/// How long an entry of the table is that says where chunks begin.
pub(crate) const TABLE_ENTRY: u64 = 8;

/// The end of an object whose chunks grow by what is in them. In front of it is the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Footer {
    /// How long the content is.
    pub(crate) plain: u64,
    /// How many chunks it has.
    pub(crate) count: u64,
}

impl Footer {
    pub(crate) const LENGTH: usize = 16;

    pub(crate) fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
        Self {
            plain: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            count: u64::from_le_bytes([i, j, k, l, m, n, o, p]),
        }
    }

    /// Where the table begins in an object of `sealed` bytes; `None` where that object has no such footer.
    pub(crate) fn table<T: Transform>(self, sealed: u64) -> Option<u64> {
        let behind = self.count.checked_mul(TABLE_ENTRY)?.checked_add(Self::LENGTH as u64)?;
        let table = sealed.checked_sub(behind)?;
        let least = self.count.checked_mul(PREFIX as u64)? + start_length::<T>() as u64;
        (self.count == count(self.plain) && least <= table).then_some(table)
    }
}

/// How many chunks a content has: one at least.
pub(crate) fn count(plain: u64) -> u64 {
    plain.div_ceil(CHUNK as u64).max(1)
}

/// How long a whole chunk is with what stands in front of it.
fn whole(growth: usize) -> u64 {
    (PREFIX + CHUNK + growth) as u64
}

/// How much is stored for a content of `plain` bytes, where that does not depend on what is in it.
pub(crate) fn sealed<T: Transform>(plain: u64) -> Option<u64> {
    let grows = count(plain).checked_mul((PREFIX + T::GROWTH?) as u64)?;
    plain.checked_add(grows)?.checked_add(start_length::<T>() as u64)
}

/// How long a content is for which `sealed` bytes are stored; `None` where there is none.
pub(crate) fn plain<T: Transform>(sealed: u64, growth: usize) -> Option<u64> {
    let chunks = sealed.checked_sub(start_length::<T>() as u64)?;
    let count = chunks.div_ceil(whole(growth));
    let plain = chunks.checked_sub(count * (PREFIX + growth) as u64)?;
    (count == self::count(plain)).then_some(plain)
}

/// Where the chunks from `first` to `last` are, if all of them grow by as much.
pub(crate) fn span<T: Transform>(
    sealed: u64,
    growth: usize,
    first: u64,
    last: u64,
) -> Option<Range<u64>> {
    let start =
        |index: u64| index.checked_mul(whole(growth))?.checked_add(start_length::<T>() as u64);
    Some(start(first)?..start(last + 1)?.min(sealed))
}

/// Where the chunks from `first` to `last` are, by the entries of the table for them and the one behind; `None` where
/// the entries cannot be right.
pub(crate) fn span_of_table<T: Transform>(
    entries: &[u8],
    table: u64,
    first: u64,
    last: u64,
) -> Option<Range<u64>> {
    let (entries, _) = entries.as_chunks::<8>();
    let start = u64::from_le_bytes(*entries.first()?);
    let behind = entries.get(usize::try_from(last - first + 1).ok()?);
    let end = behind.map_or(table, |behind| u64::from_le_bytes(*behind));
    let longest = (last - first + 1).checked_mul(whole(MOST_GROWTH))?;
    let is_there = start_length::<T>() as u64 <= start && start <= end && end <= table;
    (is_there && end - start <= longest).then_some(start..end)
}
