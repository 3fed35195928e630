//! Contents that are checked while they are read.

use std::fmt;
use std::io::{self, Read};

use crate::Digest;
use crate::digest::hashed::HashedReader;

/// Reads a content by its digest. Where its bytes have another one, reading fails in place of the end, so that nobody
/// keeps them: for stores and programs that take contents from elsewhere.
pub struct CheckedReader<R> {
    reader: HashedReader<R>,
    digest: Digest,
    is_damaged: bool,
}

impl<R: Read> CheckedReader<R> {
    /// The bytes of `reader`, whose digest is to be `digest`.
    pub fn new(reader: R, digest: Digest) -> Self {
        Self { reader: HashedReader::new(reader), digest, is_damaged: false }
    }

    /// Whether all bytes were read, and have another digest.
    pub fn is_damaged(&self) -> bool {
        self.is_damaged
    }
}

impl<R: Read> Read for CheckedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        if length == 0 && !buffer.is_empty() {
            self.is_damaged = self.reader.digest() != self.digest;
            if self.is_damaged {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not what was put"));
            }
        }
        Ok(length)
    }
}

impl<R> fmt::Debug for CheckedReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedReader").field("digest", &self.digest).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_fail_at_the_end() {
        let mut whole = CheckedReader::new(&b"content"[..], Digest::of(b"content"));
        assert_eq!(io::read_to_string(&mut whole).unwrap(), "content");
        assert!(!whole.is_damaged());
        for bytes in [&b"contenT"[..], b"conten", b"content!", b""] {
            let mut other = CheckedReader::new(bytes, Digest::of(b"content"));
            let error = io::read_to_string(&mut other).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
            assert!(other.is_damaged());
        }
    }
}
