//! The bytes of a memento in a metadata store.
//!
//! | bytes | what                                                                                             |
//! | ----- | ------------------------------------------------------------------------------------------------ |
//! | 32    | BLAKE3 of format, length and head                                                                |
//! | 1     | the format                                                                                       |
//! | 4     | the length of the head, little-endian                                                            |
//! | …     | [`Head`] in postcard: all that a hit needs, readable without a copy, small results included      |
//! | …     | [`Provenance`] in postcard, whose digest is in the head: for whoever asks where a result is from |
//!
//! The first four stand in every format, so that a record of a newer one can be told from a damaged one. A hit does
//! not hash the provenance, which it does not read.
//!
//! A record proves itself: that it is whole, and that it belongs to the key that it was asked for by.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::memento::Dependency;
use crate::{
    Digest, Error, ErrorKind, Key, Memento, Outcome, Provenance, Result, StoredValue, Version,
};

/// The format of records. Records of another format are not read.
const FORMAT: u8 = 2;
/// Where digest, format and length are.
const DIGEST: std::ops::Range<usize> = 0..32;
const LENGTH: std::ops::Range<usize> = 33..37;

/// What a hit needs to know.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Head<'a> {
    pub(crate) key: Key,
    /// Nanoseconds since the Unix epoch.
    pub(crate) finished: u64,
    pub(crate) digest: Digest,
    /// Nanoseconds that it took, its callees included.
    pub(crate) took: u64,
    /// Whether it called or read anything, so that its provenance has to be asked whether it is valid.
    pub(crate) depends: bool,
    /// The digest of the encoded provenance.
    pub(crate) provenance: Digest,
    /// The keys of the records that this one took the place of, because a callee's result or something outside of the
    /// program had changed: they are valid again when it changes back.
    pub(crate) earlier: &'a [u8],
    /// Whether it is such a record itself.
    pub(crate) is_earlier: bool,
    pub(crate) error: Option<&'a str>,
    pub(crate) value: Option<EncodedValue<'a>>,
    /// The [outline](crate::digest::segments::Outline) of a value that is in the data store and has several segments.
    /// Where there is none, nothing is written: so were records before there were outlines.
    #[serde(skip_serializing_if = "<[u8]>::is_empty")]
    pub(crate) outline: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads by hand what serde's derive writes: a derived `Deserialize` reads digests byte by byte, which took a third
    /// of a look-up, hashing aside.
    fn read(mut bytes: &'a [u8]) -> postcard::Result<Self> {
        let bytes = &mut bytes;
        Ok(Self {
            key: Key::from_bytes(take_digest(bytes)?),
            finished: take(bytes)?,
            digest: Digest::from_bytes(take_digest(bytes)?),
            took: take(bytes)?,
            depends: take(bytes)?,
            provenance: Digest::from_bytes(take_digest(bytes)?),
            earlier: take(bytes)?,
            is_earlier: take(bytes)?,
            error: take(bytes)?,
            value: take(bytes)?,
            outline: if bytes.is_empty() { &[] } else { take(bytes)? },
        })
    }
}

/// Takes a value off the front.
fn take<'a, T: Deserialize<'a>>(bytes: &mut &'a [u8]) -> postcard::Result<T> {
    let (value, rest) = postcard::take_from_bytes(bytes)?;
    *bytes = rest;
    Ok(value)
}

fn take_digest(bytes: &mut &[u8]) -> postcard::Result<[u8; 32]> {
    let end = postcard::Error::DeserializeUnexpectedEnd;
    let (digest, rest) = bytes.split_first_chunk().ok_or(end)?;
    *bytes = rest;
    Ok(*digest)
}

impl Head<'_> {
    /// The keys of the records that this one took the place of, those replaced last first.
    pub(crate) fn earlier_keys(&self) -> impl Iterator<Item = Key> {
        let (keys, _) = self.earlier.as_chunks::<32>();
        keys.iter().map(|key| Key::from_bytes(*key))
    }

    /// Whether it is internal: [`Entry::hidden`](crate::Entry).
    pub(crate) fn is_hidden(&self) -> bool {
        self.is_forgotten() || self.is_earlier
    }

    /// Whether it stands for a result that was dropped on purpose: it has neither a value nor an error.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.value.is_none() && self.error.is_none()
    }
}

/// A value in the bytes of its codec.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct EncodedValue<'a> {
    pub(crate) codec: &'a str,
    pub(crate) size: u64,
    /// The bytes; `None` where they are in the data store.
    pub(crate) inline: Option<&'a [u8]>,
}

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
    let digest = Digest::of(&bytes[DIGEST.end..]);
    bytes[DIGEST].copy_from_slice(digest.as_bytes());
    bytes.extend_from_slice(&encoded);
    Ok(bytes)
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
        return Err(damaged("its bytes are not those that were written"));
    };
    if sealed[DIGEST] != *Digest::of(&sealed[DIGEST.end..]).as_bytes() {
        return Err(damaged("its bytes are not those that were written"));
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
    let head = Head::read(&sealed[LENGTH.end..])
        .map_err(|error| failed(ErrorKind::Damaged).because(error))?;
    if head.key != *key {
        let reason = format!("it belongs to the key {}", head.key);
        return Err(failed(ErrorKind::Damaged).because(reason));
    }
    Ok((head, provenance))
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
