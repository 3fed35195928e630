//! Reads a file out of the data store, and checks it on the way.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use crate::Digest;
use crate::part::Part;
use crate::storage::Content;

/// Reads a [`Blob`](super::Blob).
///
/// Who reads from the beginning to the end gets an error, [`InvalidData`](io::ErrorKind::InvalidData), in place of the last
/// bytes where the bytes are not those that were written: what was read before may be wrong, and only who has read all knows that
/// it is not. The first [`seek`](Seek::seek) to another place reads and checks the whole, so that what is read from then on is
/// right. What is found damaged is moved aside, and the next call of the function that returned it computes it again.
pub struct BlobReader {
    part: Part,
    content: Box<dyn Content>,
    position: u64,
    /// What hashes the bytes that are read; `None` where all are known to be right.
    hasher: Option<Box<blake3::Hasher>>,
}

impl BlobReader {
    pub(super) fn open(part: &Part) -> io::Result<Self> {
        let content = part.open()?;
        let mut reader = Self {
            part: part.clone(),
            content,
            position: 0,
            hasher: Some(Box::new(blake3::Hasher::new())),
        };
        if part.size == 0 {
            reader.check_end()?;
        }
        Ok(reader)
    }

    /// Fails if all bytes have been read and are not those that were written.
    fn check_end(&mut self) -> io::Result<()> {
        let Some(hasher) = &self.hasher else { return Ok(()) };
        if Digest::from_bytes(hasher.finalize().into()) == self.part.digest {
            self.hasher = None;
            return Ok(());
        }
        Err(self.part.set_aside(self.position).into())
    }

    /// Reads and checks all that has not been read.
    fn check_rest(&mut self) -> io::Result<()> {
        if self.hasher.is_some() {
            io::copy(self, &mut io::sink())?;
        }
        Ok(())
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.part.size.saturating_sub(self.position);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            // Who goes on after an error gets it again.
            return if left == 0 { self.check_end().map(|()| 0) } else { Ok(0) };
        }
        let read = self.content.read(&mut buffer[..wanted])?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&buffer[..read]);
        }
        self.position += read as u64;
        // What ends too early has another digest.
        if read == 0 || self.position == self.part.size {
            self.check_end()?;
        }
        Ok(read)
    }
}

impl Seek for BlobReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => self.part.size.checked_add_signed(offset),
        };
        let target = target.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "cannot seek to before the beginning")
        })?;
        if target != self.position {
            self.check_rest()?;
            self.position = self.content.seek(SeekFrom::Start(target))?;
        }
        Ok(target)
    }
}

impl fmt::Debug for BlobReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digest, position) = (&self.part.digest, self.position);
        f.debug_struct("BlobReader")
            .field("digest", digest)
            .field("position", &position)
            .finish_non_exhaustive()
    }
}
