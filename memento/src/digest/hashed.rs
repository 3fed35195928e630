//! Digests of contents that are read or written piece by piece.

#[cfg(test)]
mod tests;

use std::io::{self, BufRead, Read, Write};

use super::Digest;

/// How many bytes are hashed at once. BLAKE3 takes many parts of a kilobyte side by side, and is several times slower
/// where it gets fewer, or the rest of one, as streams from a network come.
pub(crate) const PIECE: usize = 64 << 10;

/// Hashes what is read, piece by piece, whatever lengths the reader gives and the caller asks for.
pub(crate) struct HashedReader<R> {
    reader: R,
    hasher: Box<blake3::Hasher>,
    piece: Box<[u8]>,
    /// Which bytes of the piece nobody has taken.
    at: usize,
    end: usize,
}

impl<R: Read> HashedReader<R> {
    pub(crate) fn new(reader: R) -> Self {
        let piece = vec![0; PIECE].into_boxed_slice();
        Self { reader, hasher: Box::default(), piece, at: 0, end: 0 }
    }
}

impl<R> HashedReader<R> {
    /// How many bytes were hashed: those that were taken, and the rest of the piece.
    pub(crate) fn count(&self) -> u64 {
        self.hasher.count()
    }

    /// The digest of the bytes that were hashed.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.finalize().into())
    }

    /// The rest of the piece.
    pub(crate) fn buffer(&self) -> &[u8] {
        &self.piece[self.at..self.end]
    }
}

impl<R: Read> BufRead for HashedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.buffer().is_empty() {
            (self.at, self.end) = (0, 0);
            self.end = fill(&mut self.reader, &mut self.piece)?;
            self.hasher.update(&self.piece[..self.end]);
        }
        Ok(self.buffer())
    }

    fn consume(&mut self, length: usize) {
        self.at = (self.at + length).min(self.end);
    }
}

impl<R: Read> Read for HashedReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

/// Hashes what is written, as it is written: behind a [`BufWriter`](io::BufWriter) of a [`PIECE`], where that may be
/// little at once.
#[derive(Debug)]
pub(crate) struct HashedWriter<W> {
    pub(crate) writer: W,
    hasher: Box<blake3::Hasher>,
}

impl<W> HashedWriter<W> {
    pub(crate) fn new(writer: W) -> Self {
        Self { writer, hasher: Box::default() }
    }

    /// How many bytes were written.
    pub(crate) fn count(&self) -> u64 {
        self.hasher.count()
    }

    /// Their digest.
    pub(crate) fn digest(&self) -> Digest {
        Digest::from_bytes(self.hasher.finalize().into())
    }
}

impl<W: Write> Write for HashedWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = self.writer.write(bytes)?;
        self.hasher.update(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Reads until `buffer` is full, or nothing is left; how many bytes were read.
///
/// # Errors
///
/// What the reader fails with, unless it was only interrupted. How much was read before is not known.
pub fn fill(reader: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < buffer.len() {
        match reader.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
