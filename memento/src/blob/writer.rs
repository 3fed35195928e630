//! Writes a file into the data store, or to a temporary file.

use std::fmt;
use std::io::{self, BufWriter, Write};

use tempfile::NamedTempFile;

use super::Blob;
use crate::Digest;
use crate::part::{Home, Part, writable_home};
use crate::storage::ContentWriter;

/// How much is written at once.
const BUFFER: usize = 64 << 10;

/// Writes a [`Blob`]. What is dropped before [`finish`](Self::finish) leaves nothing behind.
pub struct BlobWriter(BufWriter<Target>);

enum Target {
    Store(ContentWriter, &'static str),
    Temporary { file: NamedTempFile, hasher: blake3::Hasher, size: u64 },
}

impl BlobWriter {
    pub(super) fn new() -> io::Result<Self> {
        let into_store = writable_home().and_then(|(contents, function)| {
            let writer = contents.note(contents.create_content())?;
            Some(Target::Store(writer, function))
        });
        let target = match into_store {
            Some(target) => target,
            None => Target::Temporary {
                file: NamedTempFile::new()?,
                hasher: blake3::Hasher::new(),
                size: 0,
            },
        };
        Ok(Self(BufWriter::with_capacity(BUFFER, target)))
    }

    /// The file with all that was written.
    ///
    /// # Errors
    ///
    /// Where not all of it could be written.
    pub fn finish(self) -> io::Result<Blob> {
        let target = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        let part = match target {
            Target::Store(writer, function) => {
                let contents = writer.contents().clone();
                let (digest, size) = writer.finish()?;
                Part::new(digest, size, Home::Store(contents, Some(function)))
            }
            Target::Temporary { file, hasher, size } => {
                let digest = Digest::from_bytes(hasher.finalize().into());
                Part::new(digest, size, Home::File(file.into_temp_path()))
            }
        };
        Ok(Blob(part))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Store(writer, _) => writer.write(bytes),
            Self::Temporary { file, hasher, size } => {
                let written = file.write(bytes)?;
                hasher.update(&bytes[..written]);
                *size += written as u64;
                Ok(written)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Store(writer, _) => writer.flush(),
            Self::Temporary { file, .. } => file.flush(),
        }
    }
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobWriter").finish_non_exhaustive()
    }
}
