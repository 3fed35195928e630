//! The names of contents, which have digests in them.

use std::io::Read;

use super::{INLINE, Name, Path};
use crate::Digest;
use crate::storage::reserved::RESULTS;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

impl Name {
    /// The name of the content with this digest, in the namespace `results`.
    pub fn of_result(digest: &Digest) -> Self {
        let mut bytes = [0; INLINE];
        bytes[..RESULTS.len()].copy_from_slice(RESULTS.as_bytes());
        bytes[RESULTS.len()] = b'/';
        let mut length = RESULTS.len() + 1;
        for (index, byte) in digest.as_bytes().iter().enumerate() {
            bytes[length] = DIGITS[usize::from(byte >> 4)];
            bytes[length + 1] = DIGITS[usize::from(byte & 15)];
            length += 2;
            // 256 folders, so that none of them gets too long to list.
            if index == 0 {
                bytes[length] = b'/';
                length += 1;
            }
        }
        Self(Path::Inline { length: 73, bytes })
    }

    /// The digest of the content that has this name; `None` where it is not the name of one.
    pub fn result_digest(&self) -> Option<Digest> {
        let (folder, rest) =
            self.as_str().strip_prefix(RESULTS)?.strip_prefix('/')?.split_once('/')?;
        if (folder.len(), rest.len()) != (2, 62) {
            return None;
        }
        let mut digest = [0; 32];
        let pairs = [folder, rest].into_iter().flat_map(|digits| digits.as_bytes().as_chunks().0);
        let mut all = 0;
        for (byte, [high, low]) in digest.iter_mut().zip(pairs) {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            all |= high | low;
            *byte = high << 4 | low;
        }
        (all < 16).then(|| Digest::from_bytes(digest))
    }

    /// Whether this is in the namespace of contents, `results`, none of which ever changes.
    pub fn is_result(&self) -> bool {
        self.segments().next() == Some(RESULTS)
    }

    /// Whether this is the name of a content, and `reader` has that content. What cannot be read is not whole.
    pub fn is_whole(&self, reader: impl Read) -> bool {
        let Some(digest) = self.result_digest() else { return false };
        let mut hasher = blake3::Hasher::new();
        let read = hasher.update_reader(reader);
        read.is_ok_and(|hasher| Digest::from_bytes(hasher.finalize().into()) == digest)
    }
}

/// What each byte stands for as a hexadecimal digit, which is lower-case in names; 255 where it is none.
const VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut value = 0;
    while value < 16 {
        values[DIGITS[value as usize] as usize] = value;
        value += 1;
    }
    values
};
