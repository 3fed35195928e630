//! Reads a part, and checks it on the way.

use std::io::{self, Read};

use super::Part;
use crate::{Digest, Result};

/// The bytes of a part, as they come. Where they are not those that were written, reading fails in place of the last
/// ones.
pub(crate) struct Checked {
    part: Part,
    content: Box<dyn Read + Send>,
    position: u64,
    hasher: Box<blake3::Hasher>,
}

impl Checked {
    /// # Errors
    ///
    /// [`Damaged`](crate::ErrorKind::Damaged) where the part is gone, and what the store reports.
    pub(crate) fn open(part: &Part) -> Result<Self> {
        let content = part.open()?;
        let checked = Self { part: part.clone(), content, position: 0, hasher: Box::default() };
        if part.size == 0 {
            // Nobody has to read it to its end.
            checked.check_end()?;
        }
        Ok(checked)
    }

    /// How many bytes were read.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Fails if the bytes that were read are not those that were written.
    fn check_end(&self) -> Result<()> {
        let is_whole = Digest::from_bytes(self.hasher.finalize().into()) == self.part.digest;
        if is_whole { Ok(()) } else { Err(self.part.set_aside(self.position)) }
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.part.size.saturating_sub(self.position);
        let wanted = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if wanted == 0 {
            // Who goes on after an error gets it again.
            if left == 0 {
                self.check_end()?;
            }
            return Ok(0);
        }
        let read =
            self.content.read(&mut buffer[..wanted]).map_err(|error| match error.kind() {
                // The store itself finds it damaged.
                io::ErrorKind::InvalidData => self.part.set_aside(self.position).into(),
                _ => error,
            })?;
        self.hasher.update(&buffer[..read]);
        self.position += read as u64;
        // What ends too early has another digest.
        if read == 0 || left == read as u64 {
            self.check_end()?;
        }
        Ok(read)
    }
}
