//! Reads a part, and checks it on the way.

use std::io::{self, BufRead as _, Read, Take};

use super::Part;
use crate::Result;
use crate::digest::hashed::HashedReader;

/// The bytes of a part, as they come. Where they are not those that were written, reading fails in place of the last
/// ones.
pub(crate) struct Checked {
    part: Part,
    content: HashedReader<Take<Box<dyn Read + Send>>>,
    position: u64,
}

impl Checked {
    /// # Errors
    ///
    /// [`Damaged`](crate::ErrorKind::Damaged) where the part is gone, and what the store reports.
    pub(crate) fn open(part: &Part) -> Result<Self> {
        let content = HashedReader::new(part.open()?.take(part.size));
        let mut checked = Self { part: part.clone(), content, position: 0 };
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

    /// Gets the next piece. Behind the last one there is none.
    fn advance(&mut self) -> io::Result<()> {
        let piece = self.content.fill_buf().map_err(|error| match error.kind() {
            // The store itself finds it damaged.
            io::ErrorKind::InvalidData => self.part.set_aside(self.position).into(),
            _ => error,
        })?;
        // What ends too early has another digest.
        if piece.is_empty() || self.content.count() == self.part.size {
            self.check_end()?;
        }
        Ok(())
    }

    /// Fails if the bytes that have come are not those that were written. Who goes on after that gets the error again.
    fn check_end(&mut self) -> Result<()> {
        if self.content.digest() == self.part.digest {
            return Ok(());
        }
        self.content.consume(self.content.buffer().len());
        Err(self.part.set_aside(self.content.count()))
    }
}

impl Read for Checked {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.content.buffer().is_empty() && !buffer.is_empty() {
            self.advance()?;
        }
        let read = self.content.buffer().read(buffer)?;
        self.content.consume(read);
        self.position += read as u64;
        Ok(read)
    }
}
