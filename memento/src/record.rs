//! The bytes of a memento in a metadata store.
//!
//! | bytes | what                                                                                             |
//! | ----- | ------------------------------------------------------------------------------------------------ |
//! | 32    | BLAKE3 of format, length and head, keyed with the key of the record                              |
//! | 1     | the format                                                                                       |
//! | 4     | the length of the head, little-endian                                                            |
//! | …     | [`Head`] in postcard: all that a hit needs, readable without a copy, small results included      |
//! | …     | [`Provenance`] in postcard, whose digest is in the head: for whoever asks where a result is from |
//!
//! The first three stand in every format from 3 on, so that a record of a newer one can be told from a damaged one.
//! Older ones look damaged. A hit does not hash the provenance, which it does not read. The head of a small result is two
//! blocks of BLAKE3, since the key is not hashed but keys the hash.
//!
//! A record proves itself: that it is whole, and that it belongs to the key that it was asked for by.

mod head;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use serde::Deserialize;

pub(crate) use head::{EncodedValue, Head};

use crate::memento::Dependency;
use crate::{
    Digest, Error, ErrorKind, Key, Memento, Outcome, Provenance, Result, StoredValue, Version,
};

/// The format of records. Records of another format are not read.
const FORMAT: u8 = 3;
/// What is said of a record that does not prove itself.
const OTHER_BYTES: &str = "its bytes are not those that were written for this key";
/// Where digest, format and length are.
const DIGEST: std::ops::Range<usize> = 0..32;
const LENGTH: std::ops::Range<usize> = 33..37;

/// The fields of [`Provenance`] up to its dependencies: what verification has to read.
#[derive(Deserialize)]
struct Trace<'a> {
    _function: &'a str,
    _version: Version,
    _code: Digest,
    _package_version: &'a str,
    _arguments: Option<&'a [u8]>,
    _result_type: &'a str,
    dependencies: Vec<Dependency>,
}

/// The provenance whose encoding is `bytes`, if it is what `head` says.
pub(crate) fn provenance(head: &Head<'_>, bytes: &[u8]) -> Result<Provenance> {
    read_provenance(head, bytes)
}

/// The dependencies in the provenance whose encoding is `bytes`, if it is what `head` says.
pub(crate) fn dependencies(head: &Head<'_>, bytes: &[u8]) -> Result<Vec<Dependency>> {
    read_provenance(head, bytes).map(|trace: Trace<'_>| trace.dependencies)
}

/// Reads a provenance, or as much of it as `T` has.
fn read_provenance<'a, T: Deserialize<'a>>(head: &Head<'_>, bytes: &'a [u8]) -> Result<T> {
    let failed = || {
        let operation = "read the provenance of a memento";
        Error::new(ErrorKind::Damaged, operation).with("key", head.key)
    };
    if Digest::of(bytes) != head.provenance {
        return Err(failed().because("its bytes are not those that were written"));
    }
    let read = postcard::take_from_bytes(bytes).map_err(|error| failed().because(error));
    read.map(|(value, _)| value)
}

/// How many records that were replaced are kept for an invocation.
const EARLIER: usize = 8;

/// What another record takes the place of.
pub(crate) struct Behind {
    /// A record, and the key that it has from then on; `None` where it will never be valid again.
    pub(crate) record: Option<(Key, Vec<u8>)>,
    /// The keys of all that is behind the other one.
    pub(crate) keys: Vec<u8>,
}

/// What is behind a record that takes the place of this one.
///
/// # Errors
///
/// [`ErrorKind::Damaged`].
pub(crate) fn set_behind(head: &Head<'_>, provenance: &[u8]) -> Result<Behind> {
    let opened = self::provenance(head, provenance)?;
    if !opened.can_be_verified() {
        return Ok(Behind { record: None, keys: head.earlier.to_vec() });
    }
    let key =
        Key::from_bytes(blake3::keyed_hash(head.key.as_bytes(), head.provenance.as_bytes()).into());
    let mut keys = key.as_bytes().to_vec();
    keys.extend(head.earlier.iter().take(32 * (EARLIER - 1)));
    let behind = Head { key, earlier: &[], is_earlier: true, ..*head };
    Ok(Behind { record: Some((key, seal(behind, &opened)?)), keys })
}

/// The bytes of a record. Sets in `head` what is known of the provenance.
pub(crate) fn seal(mut head: Head<'_>, provenance: &Provenance) -> Result<Vec<u8>> {
    let failed = |error: postcard::Error| {
        Error::new(ErrorKind::Encoding, "encode a memento")
            .with("function", &provenance.function)
            .because(error)
    };
    let encoded = postcard::to_stdvec(provenance).map_err(failed)?;
    head.provenance = Digest::of(&encoded);
    head.took = u64::try_from(provenance.total_time.as_nanos()).unwrap_or(u64::MAX);
    head.depends = !provenance.dependencies.is_empty();
    let inline = head.value.as_ref().and_then(|value| value.inline).map_or(0, <[u8]>::len);
    let mut bytes = Vec::with_capacity(LENGTH.end + 160 + inline + encoded.len());
    bytes.resize(LENGTH.end, 0);
    let mut bytes = postcard::to_extend(&head, bytes).map_err(failed)?;
    let length = u32::try_from(bytes.len() - LENGTH.end)
        .map_err(|_| failed(postcard::Error::SerializeBufferFull))?;
    bytes[DIGEST.end] = FORMAT;
    bytes[LENGTH].copy_from_slice(&length.to_le_bytes());
    let digest = digest(&head.key, &bytes[DIGEST.end..]);
    bytes[DIGEST].copy_from_slice(digest.as_bytes());
    bytes.extend_from_slice(&encoded);
    Ok(bytes)
}

/// The digest in front of a record: of its format, the length of its head, and the head.
fn digest(key: &Key, sealed: &[u8]) -> blake3::Hash {
    blake3::keyed_hash(key.as_bytes(), sealed)
}

/// The head of a record that was stored under `key`, and the bytes of its provenance.
///
/// # Errors
///
/// [`ErrorKind::NewerFormat`], [`ErrorKind::Damaged`].
pub(crate) fn open<'a>(key: &Key, bytes: &'a [u8]) -> Result<(Head<'a>, &'a [u8])> {
    let failed = |kind| Error::new(kind, "read a memento").with("key", key);
    let damaged = |reason| failed(ErrorKind::Damaged).because(reason);
    let Some(length) = bytes.get(LENGTH).and_then(<[u8]>::first_chunk) else {
        return Err(damaged("it is too short to be a memento"));
    };
    let end =
        usize::try_from(u32::from_le_bytes(*length)).ok().and_then(|n| n.checked_add(LENGTH.end));
    let Some((sealed, provenance)) = end.and_then(|end| bytes.split_at_checked(end)) else {
        return Err(damaged(OTHER_BYTES));
    };
    if sealed[DIGEST] != *digest(key, &sealed[DIGEST.end..]).as_bytes() {
        return Err(damaged(OTHER_BYTES));
    }
    match sealed[DIGEST.end] {
        FORMAT => {}
        newer if newer > FORMAT => {
            return Err(failed(ErrorKind::NewerFormat)
                .because(format!("its format is {newer}, this release knows {FORMAT}"))
                .help("update this program"));
        }
        _ => return Err(damaged("it is of no known format")),
    }
    let head = Head::read(*key, &sealed[LENGTH.end..]);
    head.map(|head| (head, provenance)).ok_or_else(|| damaged("its head is none of ours"))
}

/// The whole memento in a record that was stored under `key`; none where it was forgotten, or took another's place.
pub(crate) fn read(key: &Key, bytes: &[u8]) -> Result<Option<Memento>> {
    let (head, provenance) = open(key, bytes)?;
    if head.is_forgotten() || head.is_earlier {
        return Ok(None);
    }
    let provenance = self::provenance(&head, provenance)?;
    Ok(Some(Memento {
        key: head.key,
        finished: SystemTime::UNIX_EPOCH + Duration::from_nanos(head.finished),
        outcome: Outcome {
            digest: head.digest,
            error: head.error.map(str::to_owned),
            value: head.value.map(|value| StoredValue {
                codec: value.codec.to_owned(),
                size: value.size,
                inline: value.inline.is_some(),
            }),
        },
        provenance,
    }))
}
