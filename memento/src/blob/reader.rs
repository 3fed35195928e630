//! Reads a file out of the data store.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use tempfile::SpooledTempFile;

use super::IN_MEMORY;
use crate::part::{Checked, Part};

/// Reads a [`Blob`](super::Blob).
///
/// Where the bytes are not those that were written, whoever reads from the beginning to the end gets an error,
/// [`InvalidData`](io::ErrorKind::InvalidData), in place of the last bytes: what was read before may be wrong, and only
/// who has read all knows that it is not. The first [`seek`](Seek::seek) to another place copies the whole into a
/// temporary file and checks it, so that what is read from then on is right, whatever becomes of the storage. What is
/// found damaged is moved aside, and the next call of the function that returned it computes it again.
pub struct BlobReader {
    part: Part,
    bytes: Bytes,
}

enum Bytes {
    Streamed(Checked),
    /// All of them are known to be right.
    Copied(SpooledTempFile),
}

impl BlobReader {
    pub(super) fn open(part: &Part) -> io::Result<Self> {
        let content = Checked::open(part)?;
        Ok(Self { part: part.clone(), bytes: Bytes::Streamed(content) })
    }

    fn position(&mut self) -> io::Result<u64> {
        match &mut self.bytes {
            Bytes::Streamed(content) => Ok(content.position()),
            Bytes::Copied(file) => file.stream_position(),
        }
    }

    /// All bytes, in a file in which any place can be reached.
    fn copied(&mut self) -> io::Result<&mut SpooledTempFile> {
        if let Bytes::Streamed(_) = self.bytes {
            let mut file = SpooledTempFile::new(IN_MEMORY);
            io::copy(&mut Checked::open(&self.part)?, &mut file)?;
            self.bytes = Bytes::Copied(file);
        }
        match &mut self.bytes {
            Bytes::Copied(file) => Ok(file),
            Bytes::Streamed(_) => Err(io::ErrorKind::NotSeekable.into()),
        }
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.bytes {
            Bytes::Streamed(content) => content.read(buffer),
            Bytes::Copied(file) => file.read(buffer),
        }
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = self.position()?;
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.part.size.checked_add_signed(offset),
        };
        let target = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "cannot seek to before the beginning")
        })?;
        if target != position {
            self.copied()?.seek(SeekFrom::Start(target))?;
        }
        Ok(target)
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Part { digest, size, .. } = &self.part;
        f.debug_struct("BlobReader")
            .field("digest", digest)
            .field("size", size)
            .finish_non_exhaustive()
    }
}
