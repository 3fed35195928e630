//! Writes a file, and puts it into the data store.

use std::fmt;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};

use super::{Blob, IN_MEMORY};
use crate::Digest;
use crate::digest::hashed::{HashedWriter, PIECE};
use crate::part::{Home, Part, Unnamed, writable_home};
use crate::storage::Source;

/// Writes a [`Blob`]. What is dropped before [`finish`](Self::finish) leaves nothing behind.
pub struct BlobWriter {
    written: Written,
}

/// Where the bytes wait until all of them are there. A store gets them then: before, it could fail in the middle, and
/// the file would be lost with it.
enum Written {
    Memory(Vec<u8>),
    File(BufWriter<HashedWriter<File>>),
}

impl BlobWriter {
    pub(super) fn new() -> Self {
        Self { written: Written::Memory(Vec::new()) }
    }

    /// The file with all that was written. In a memento function it is in the data store now, if that keeps what is
    /// put.
    ///
    /// # Errors
    ///
    /// Where not all of it could be written to a temporary file. What the store reports is noted in the storage.
    pub fn finish(self) -> io::Result<Blob> {
        match self.written {
            Written::Memory(bytes) => {
                let (digest, size) = (Digest::of(&bytes), bytes.len() as u64);
                let home = kept(&digest, size, &mut &*bytes).unwrap_or(Home::Memory(bytes));
                Ok(Blob(Part::new(digest, size, home)))
            }
            Written::File(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                let (digest, size) = (file.digest(), file.count());
                let file = Unnamed::new(file.writer);
                let home = kept(&digest, size, &mut file.reader());
                let home = home.unwrap_or(Home::File(file));
                Ok(Blob(Part::new(digest, size, home)))
            }
        }
    }
}

/// The data store of the function that runs, if it has taken the bytes.
fn kept(digest: &Digest, size: u64, bytes: &mut dyn Read) -> Option<Home> {
    let (contents, function) = writable_home()?;
    let mut source = Source::new(bytes).total(size);
    contents.note(contents.put_content_from(digest, &mut source))?;
    Some(Home::Store(contents, Some(function)))
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Written::Memory(written) = &mut self.written
            && written.len() + bytes.len() > IN_MEMORY
        {
            let file = HashedWriter::new(tempfile::tempfile()?);
            let mut file = BufWriter::with_capacity(PIECE, file);
            file.write_all(written)?;
            self.written = Written::File(file);
        }
        match &mut self.written {
            Written::Memory(written) => written.write(bytes),
            Written::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.written {
            Written::Memory(_) => Ok(()),
            Written::File(file) => file.flush(),
        }
    }
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = match &self.written {
            Written::Memory(written) => written.len() as u64,
            Written::File(file) => file.get_ref().count() + file.buffer().len() as u64,
        };
        f.debug_struct("BlobWriter").field("size", &size).finish_non_exhaustive()
    }
}
