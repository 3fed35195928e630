//! Records as a later release writes them, and as who is hostile does.

use std::ops::Range;

use memento::Key;

/// Where the digest of a record is.
const DIGEST: Range<usize> = 0..32;
/// Where the length of its head is, in front of the head.
const LENGTH: Range<usize> = 33..37;
/// The format of this release.
const FORMAT: u8 = 3;

/// What is said of [`newer`] records.
pub const NEWER: [&str; 3] = ["kind=NewerFormat", "its format is 4", "update this program"];

/// A record of a later release under this key: digest, format, length, and whatever that release puts behind them.
pub fn newer(key: &Key) -> Vec<u8> {
    let length = 5_u32.to_le_bytes();
    let mut record = [&[0; 32], [FORMAT + 1].as_slice(), &length, b"later"].concat();
    seal(key, &mut record);
    record
}

/// Gives a record the digest that is right for what it has now.
///
/// # Panics
///
/// If it is too short.
pub fn seal(key: &Key, record: &mut [u8]) {
    let length = record[LENGTH].try_into().map(u32::from_le_bytes).expect("four bytes");
    let end = LENGTH.end + length as usize;
    let digest = blake3::keyed_hash(key.as_bytes(), &record[DIGEST.end..end]);
    record[DIGEST].copy_from_slice(digest.as_bytes());
}
