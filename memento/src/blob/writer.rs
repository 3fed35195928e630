//! Writes a file, and puts it into the data store.

use std::fmt;
use std::io::{self, BufWriter, Cursor, Read, Write};

use tempfile::NamedTempFile;

use super::{Blob, IN_MEMORY};
use crate::Digest;
use crate::part::{Home, Part, writable_home};
use crate::storage::Source;

/// Writes a [`Blob`]. What is dropped before [`finish`](Self::finish) leaves nothing behind.
pub struct BlobWriter {
    written: Written,
    hasher: Box<blake3::Hasher>,
    size: u64,
}

/// Where the bytes wait until all of them are there. A store gets them then: before, it could fail in the middle, and
/// the file would be lost with it.
enum Written {
    Memory(Vec<u8>),
    File(BufWriter<NamedTempFile>),
}

impl BlobWriter {
    pub(super) fn new() -> Self {
        Self { written: Written::Memory(Vec::new()), hasher: Box::default(), size: 0 }
    }

    /// The file with all that was written. In a memento function it is in the data store now, if that keeps what is
    /// put.
    ///
    /// # Errors
    ///
    /// Where not all of it could be written to a temporary file. What the store reports is noted in the storage.
    pub fn finish(self) -> io::Result<Blob> {
        let Self { written, hasher, size } = self;
        let digest = Digest::from_bytes(hasher.finalize().into());
        let home = match written {
            Written::Memory(bytes) => {
                kept(&digest, size, &mut Cursor::new(&bytes)).unwrap_or(Home::Memory(bytes))
            }
            Written::File(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                let home = kept(&digest, size, &mut file.reopen()?);
                home.unwrap_or_else(|| Home::File(file.into_temp_path()))
            }
        };
        Ok(Blob(Part::new(digest, size, home)))
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
            let mut file = BufWriter::new(NamedTempFile::new()?);
            file.write_all(written)?;
            self.written = Written::File(file);
        }
        let length = match &mut self.written {
            Written::Memory(written) => written.write(bytes)?,
            Written::File(file) => file.write(bytes)?,
        };
        self.hasher.update(&bytes[..length]);
        self.size += length as u64;
        Ok(length)
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
        f.debug_struct("BlobWriter").field("size", &self.size).finish_non_exhaustive()
    }
}
