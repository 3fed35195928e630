//! The head of a record, in postcard.

use serde::Serialize;

use crate::{Digest, Key};

/// What a hit needs to know.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Head<'a> {
    /// What the record was asked for by.
    #[serde(skip)]
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
    /// Where there is none, nothing is written.
    #[serde(skip_serializing_if = "<[u8]>::is_empty")]
    pub(crate) outline: &'a [u8],
}

impl<'a> Head<'a> {
    /// Reads by hand what serde's derive writes: a derived `Deserialize` reads digests byte by byte, which took a third
    /// of a look-up, hashing aside. `None` where `bytes` are no head.
    pub(super) fn read(key: Key, mut bytes: &'a [u8]) -> Option<Self> {
        let bytes = &mut bytes;
        Some(Self {
            key,
            finished: take_number(bytes)?,
            digest: Digest::from_bytes(take_digest(bytes)?),
            took: take_number(bytes)?,
            depends: take_bool(bytes)?,
            provenance: Digest::from_bytes(take_digest(bytes)?),
            earlier: take_bytes(bytes)?,
            is_earlier: take_bool(bytes)?,
            error: if take_bool(bytes)? { Some(take_text(bytes)?) } else { None },
            value: if take_bool(bytes)? { Some(EncodedValue::take(bytes)?) } else { None },
            outline: if bytes.is_empty() { &[] } else { take_bytes(bytes)? },
        })
    }
}

impl Head<'_> {
    /// The keys of the records that this one took the place of, those replaced last first.
    pub(crate) fn earlier_keys(&self) -> impl Iterator<Item = Key> {
        let (keys, _) = self.earlier.as_chunks::<32>();
        keys.iter().map(|key| Key::from_bytes(*key))
    }

    /// Whether it is internal: [`Entry::hidden`](crate::storage::Entry).
    pub(crate) fn is_hidden(&self) -> bool {
        self.is_forgotten() || self.is_earlier
    }

    /// Whether it stands for a result that was dropped on purpose: it has neither a value nor an error.
    pub(crate) fn is_forgotten(&self) -> bool {
        self.value.is_none() && self.error.is_none()
    }
}

/// A value in the bytes of its codec.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct EncodedValue<'a> {
    pub(crate) codec: &'a str,
    pub(crate) size: u64,
    /// The bytes; `None` where they are in the data store.
    pub(crate) inline: Option<&'a [u8]>,
}

impl<'a> EncodedValue<'a> {
    fn take(bytes: &mut &'a [u8]) -> Option<Self> {
        Some(Self {
            codec: take_text(bytes)?,
            size: take_number(bytes)?,
            inline: if take_bool(bytes)? { Some(take_bytes(bytes)?) } else { None },
        })
    }
}

/// Takes an integer, seven bits in each byte, off the front.
fn take_number(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = bytes.split_off_first()?;
        let bits = u64::from(byte & 0x7f);
        // The last byte has one bit.
        number |= Some(bits << shift).filter(|shifted| shifted >> shift == bits)?;
        if *byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn take_bool(bytes: &mut &[u8]) -> Option<bool> {
    match bytes.split_off_first()? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

fn take_digest(bytes: &mut &[u8]) -> Option<[u8; 32]> {
    let (digest, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*digest)
}

fn take_bytes<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take_number(bytes)?).ok()?;
    bytes.split_off(..length)
}

fn take_text<'a>(bytes: &mut &'a [u8]) -> Option<&'a str> {
    str::from_utf8(take_bytes(bytes)?).ok()
}
