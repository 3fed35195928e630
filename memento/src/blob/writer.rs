//! Writes a file into the data store, or to a temporary file.

use std::fmt;
use std::io::{self, BufWriter, Write};

use tempfile::NamedTempFile;

use super::Blob;
use crate::part::{Home, Part, writable_home};
use crate::storage::ContentWriter;
use crate::{Digest, Error, ErrorKind};

/// How much is written at once.
const BUFFER: usize = 64 << 10;

/// Writes a [`Blob`]. What is dropped before [`finish`](Self::finish) leaves nothing behind.
pub struct BlobWriter(BufWriter<Target>);

impl BlobWriter {
    pub(super) fn new() -> io::Result<Self> {
        let into_store = writable_home().and_then(|(contents, function)| {
            let writer = contents.note(contents.create_content())?;
            Some(Target::Store(writer, function))
        });
        let target = match into_store {
            Some(target) => target,
            None => Target::Temporary(Target::temporary()?),
        };
        Ok(Self(BufWriter::with_capacity(BUFFER, target)))
    }

    /// The file with all that was written.
    ///
    /// # Errors
    ///
    /// Where not all of it could be written.
    pub fn finish(self) -> io::Result<Blob> {
        let mut target = self.0.into_inner().map_err(io::IntoInnerError::into_error)?;
        if let Target::Store(writer, function) = &mut target {
            let contents = writer.contents().clone();
            if let Some((digest, size)) = contents.note(writer.finish()) {
                return Ok(Blob(Part::new(digest, size, Home::Store(contents, Some(*function)))));
            }
        }
        let Temporary { file, hasher, size } = target.into_temporary()?;
        let digest = Digest::from_bytes(hasher.finalize().into());
        Ok(Blob(Part::new(digest, size, Home::File(file.into_temp_path()))))
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

/// Where the bytes go.
enum Target {
    Store(ContentWriter, &'static str),
    /// What the store did not take goes here, too: trouble with it is none of the result.
    Temporary(Temporary),
}

struct Temporary {
    file: NamedTempFile,
    hasher: blake3::Hasher,
    size: u64,
}

impl Target {
    fn temporary() -> io::Result<Temporary> {
        Ok(Temporary { file: NamedTempFile::new()?, hasher: blake3::Hasher::new(), size: 0 })
    }

    /// A temporary file with all that was written.
    fn into_temporary(self) -> io::Result<Temporary> {
        match self {
            Self::Store(mut writer, _) => rescue(&mut writer),
            Self::Temporary(temporary) => Ok(temporary),
        }
    }
}

/// A temporary file with all that was written into a store, which does not take it.
fn rescue(writer: &mut ContentWriter) -> io::Result<Temporary> {
    let mut file = NamedTempFile::new()?;
    writer.rescue(&mut file)?;
    let (hasher, size) = writer.hashed();
    Ok(Temporary { file, hasher, size })
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Self::Store(writer, _) = self {
            match writer.write(bytes) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => {
                    let store = writer.contents().location();
                    let failed = Error::new(ErrorKind::Storage, "keep a part of a result");
                    let failed = failed.with("store", store).source(error);
                    let contents = writer.contents().clone();
                    contents.note::<()>(Err(failed));
                    *self = Self::Temporary(rescue(writer)?);
                }
                written => return written,
            }
        }
        let Self::Temporary(Temporary { file, hasher, size }) = self else { return Ok(0) };
        let written = file.write(bytes)?;
        hasher.update(&bytes[..written]);
        *size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Store(writer, _) => writer.flush(),
            Self::Temporary(Temporary { file, .. }) => file.flush(),
        }
    }
}

impl fmt::Debug for BlobWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobWriter").finish_non_exhaustive()
    }
}
