//! The bytes of a memento in a metadata store.
//!
//! | bytes | what                                                                                       |
//! | ----- | ------------------------------------------------------------------------------------------ |
//! | 32    | BLAKE3 of all that follows; it stands here in every format                                  |
//! | 1     | the format                                                                                 |
//! | …     | [`Head`] in postcard: all that a hit needs, readable without a copy, small results included |
//! | …     | [`Provenance`] in postcard: for whom asks where the result came from                        |
//!
//! A record proves itself: that it is whole, and that it belongs to the key that it was asked for by.

#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use crate::{Digest, Error, ErrorKind, Key, Memento, Outcome, Provenance, Result, StoredValue};

/// The format of records. Records of another format are not read.
const FORMAT: u8 = 1;
const DIGEST: std::ops::Range<usize> = 0..32;

/// What a hit needs to know.
#[derive(Serialize, Deserialize)]
pub(crate) struct Head<'a> {
    pub(crate) key: Key,
    /// Nanoseconds since the Unix epoch.
    pub(crate) finished: u64,
    pub(crate) digest: Digest,
    pub(crate) error: Option<&'a str>,
    #[serde(borrow)]
    pub(crate) value: Option<EncodedValue<'a>>,
}

/// A value in the bytes of its codec.
#[derive(Serialize, Deserialize)]
pub(crate) struct EncodedValue<'a> {
    pub(crate) codec: &'a str,
    pub(crate) size: u64,
    /// The bytes; `None` where they are in the data store.
    pub(crate) inline: Option<&'a [u8]>,
}

/// Nanoseconds since the Unix epoch, of which there are enough for 584 years.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The bytes of a record.
pub(crate) fn seal(head: &Head<'_>, provenance: &Provenance) -> Result<Vec<u8>> {
    let inline = head.value.as_ref().and_then(|value| value.inline).map_or(0, <[u8]>::len);
    let mut bytes = Vec::with_capacity(512 + inline);
    bytes.resize(DIGEST.end, 0);
    bytes.push(FORMAT);
    let encode = |bytes, part: &_| postcard::to_extend(part, bytes);
    let bytes = encode(bytes, head).and_then(|bytes| postcard::to_extend(provenance, bytes));
    let mut bytes = bytes.map_err(|error| {
        Error::new(ErrorKind::Encoding, "encode a memento")
            .with("function", &provenance.function)
            .source(error)
    })?;
    let digest = Digest::of(&bytes[DIGEST.end..]);
    bytes[DIGEST].copy_from_slice(digest.as_bytes());
    Ok(bytes)
}

/// The head of a record that was stored under `key`, and the bytes of its provenance.
///
/// # Errors
///
/// [`ErrorKind::NewerFormat`], [`ErrorKind::Damaged`].
pub(crate) fn open<'a>(key: &Key, bytes: &'a [u8]) -> Result<(Head<'a>, &'a [u8])> {
    let failed = |kind| Error::new(kind, "read a memento").with("key", key);
    let Some((digest, sealed)) = bytes.split_first_chunk::<32>() else {
        return Err(failed(ErrorKind::Damaged).source("it is too short to be a memento"));
    };
    if digest != Digest::of(sealed).as_bytes() {
        return Err(failed(ErrorKind::Damaged).source("its bytes are not those that were written"));
    }
    let body = match sealed.split_first() {
        Some((&FORMAT, body)) => body,
        Some((&newer, _)) if newer > FORMAT => {
            return Err(failed(ErrorKind::NewerFormat)
                .source(format!("its format is {newer}, this release knows {FORMAT}"))
                .help("update this program"));
        }
        _ => return Err(failed(ErrorKind::Damaged).source("it is of no known format")),
    };
    let (head, provenance) = postcard::take_from_bytes::<Head<'_>>(body)
        .map_err(|error| failed(ErrorKind::Damaged).source(error))?;
    if head.key != *key {
        return Err(
            failed(ErrorKind::Damaged).source(format!("it belongs to the key {}", head.key))
        );
    }
    Ok((head, provenance))
}

/// The whole memento in a record that was stored under `key`.
pub(crate) fn read(key: &Key, bytes: &[u8]) -> Result<Memento> {
    let (head, provenance) = open(key, bytes)?;
    let provenance = postcard::from_bytes(provenance).map_err(|error| {
        Error::new(ErrorKind::Damaged, "read the provenance of a memento")
            .with("key", key)
            .source(error)
    })?;
    Ok(Memento {
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
    })
}
