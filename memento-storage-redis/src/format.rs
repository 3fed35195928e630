//! The bytes of values. `scripts/objects.lua` and `scripts/mementos.lua` write the same heads.

use std::time::{Duration, SystemTime};

use memento::storage::Entry;
use memento::{Key, Version};

/// How long the head of an object is.
pub(crate) const HEAD: usize = 83;
/// How long the content of an object may be that is kept in one piece, and the pieces of one that is not.
pub(crate) const CHUNK: usize = 1 << 20;
/// The greatest length that a head may tell.
pub(crate) const LONGEST: u64 = 1 << 36;
/// How long the head of a memento is.
pub(crate) const MEMENTO_HEAD: usize = 76;

/// What stands in front of the content of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) is_chunked: bool,
    pub(crate) size: u64,
    pub(crate) modified: SystemTime,
    /// Another one after each change.
    pub(crate) revision: String,
    /// What the chunks are called by.
    pub(crate) id: String,
}

impl Head {
    /// `None` where `value` does not begin with a head of ours.
    pub(crate) fn read(value: &[u8]) -> Option<Self> {
        let text = value.get(..HEAD).and_then(|head| str::from_utf8(head).ok())?;
        let text = text.strip_prefix("o1").filter(|_| text.is_ascii())?;
        let size = text[1..17].parse().ok().filter(|size| *size <= LONGEST)?;
        let is_chunked = size > CHUNK as u64;
        if text.starts_with('c') != is_chunked {
            return None;
        }
        Some(Self {
            is_chunked,
            size,
            modified: time(&text[17..33])?,
            revision: text[33..49].to_owned(),
            id: text[49..81].to_owned(),
        })
    }

    pub(crate) fn chunks(&self) -> u64 {
        self.size.div_ceil(CHUNK as u64)
    }
}

/// How long a key is in the names of the server's keys.
pub(crate) const DIGITS: usize = 64;

/// A key as it stands in the names of the server's keys.
pub(crate) fn digits(key: &Key) -> String {
    let mut digits = vec![0; DIGITS];
    write_digits(key, &mut digits);
    String::from_utf8(digits).unwrap_or_default()
}

/// The same, in bytes that are there.
pub(crate) fn write_digits(key: &Key, digits: &mut [u8]) {
    for (pair, byte) in digits.as_chunks_mut().0.iter_mut().zip(key.as_bytes()) {
        *pair = PAIRS[usize::from(*byte)];
    }
}

/// The two digits of each byte.
static PAIRS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let (mut pairs, mut byte) = ([[0; 2]; 256], 0);
    while byte < 256 {
        pairs[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    pairs
};

pub(crate) fn from_digits(digits: &str) -> Option<Key> {
    let byte = |index: usize| u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok();
    let bytes: Vec<u8> = (0..32).map_while(byte).collect();
    Some(Key::from_bytes(bytes.try_into().ok()?))
}

/// The time that milliseconds since 1970 are, as text.
pub(crate) fn time(milliseconds: &str) -> Option<SystemTime> {
    let since = Duration::from_millis(milliseconds.parse().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

/// The content of an object that is kept in one piece; `None` where it is not what its head says.
pub(crate) fn content(mut value: Vec<u8>, head: &Head) -> Option<Vec<u8>> {
    value.drain(..HEAD);
    (value.len() as u64 == head.size).then_some(value)
}

/// The entry that a value is; `None` where it is none of ours.
pub(crate) fn entry(key: Key, mut value: Vec<u8>) -> Option<Entry> {
    let record = record_at(&value)?;
    let version = value[44..MEMENTO_HEAD].try_into().ok()?;
    let function = str::from_utf8(&value[MEMENTO_HEAD..record]).ok()?.to_owned();
    let (failed, hidden) = (value[2] == b'1', value[3] == b'1');
    value.drain(..record);
    let version = Version::from_bytes(version);
    Some(Entry { key, function, version, failed, hidden, record: value })
}

/// The record in a value. What is none of ours is a record as a whole, which is found out to be none.
pub(crate) fn record(mut value: Vec<u8>) -> Vec<u8> {
    value.drain(..record_at(&value).unwrap_or_default());
    value
}

/// Where the record begins.
fn record_at(value: &[u8]) -> Option<usize> {
    let head = value.get(..MEMENTO_HEAD).filter(|head| head.starts_with(b"m1"))?;
    let function: usize = str::from_utf8(&head[36..44]).ok()?.parse().ok()?;
    Some(MEMENTO_HEAD + function).filter(|record| *record <= value.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const REVISION: &str = "0123456789abcdef";
    const ID: &str = "00112233445566778899aabbccddeeff";

    #[test]
    fn heads_of_objects_are_these_bytes() {
        let value = format!("o1w00000000000000030001700000000123{REVISION}{ID}abc");
        let head = Head::read(value.as_bytes()).unwrap();
        assert_eq!((head.is_chunked, head.size, head.chunks()), (false, 3, 1));
        assert_eq!(
            head.modified,
            SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)
        );
        assert_eq!((&*head.revision, &*head.id), (REVISION, ID));
        assert_eq!(content(value.clone().into_bytes(), &head).unwrap(), b"abc");
        assert_eq!(content((value + "d").into_bytes(), &head), None);
        let value = format!("o1c00000000010485770001700000000123{REVISION}{ID}");
        assert_eq!(Head::read(value.as_bytes()).unwrap().chunks(), 2);
    }

    #[test]
    fn what_is_no_head_is_none() {
        let whole = format!("o1w00000000000000030001700000000123{REVISION}{ID}abc");
        for value in [
            String::new(),
            whole[..HEAD - 1].to_owned(),
            whole.replace("o1", "o2"),
            whole.replace("o1w", "o1c"),
            whole.replace("o1w0", "o1w9"),
            whole.replace("o1w0", "o1w-"),
            whole.replace("01234", "ü234"),
        ] {
            assert_eq!(Head::read(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn keys_are_these_digits() {
        let bytes: Vec<u8> = (0..32).map(|index| index * 8 + 1).collect();
        let key = Key::from_bytes(bytes.try_into().unwrap());
        assert!(digits(&key).starts_with("0109111921") && digits(&key).ends_with("e1e9f1f9"));
        assert_eq!(from_digits(&digits(&key)), Some(key));
        assert_eq!(from_digits("01"), None);
    }

    #[test]
    fn mementos_are_these_bytes() {
        let mut value = b"m1100000000000000007000000000000000500000004".to_vec();
        value.extend([9; 32]);
        value.extend(b"a::brecord");
        let key = Key::from_bytes([1; 32]);
        let found = entry(key, value.clone()).unwrap();
        assert_eq!(found.function, "a::b");
        assert_eq!((found.failed, found.hidden, &*found.record), (true, false, &b"record"[..]));
        assert_eq!(record(value.clone()), b"record");
        let cut = value[..MEMENTO_HEAD + 3].to_vec();
        assert_eq!(record(cut.clone()), cut);
        assert_eq!(entry(key, b"m2".to_vec()), None);
    }
}
