//! Writes an archive.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use memento::{Error, ErrorKind, Result};
use tempfile::NamedTempFile;

use super::{FORMAT, Head, MAGIC};
use crate::file;

const WRITE: &str = "write an archive";

/// An archive that is being written, beside the place where it is to be. Dropped, it leaves nothing behind.
pub(crate) struct Writer {
    path: PathBuf,
    file: BufWriter<NamedTempFile>,
    /// Of all that was written.
    hasher: blake3::Hasher,
    length: u64,
    members: u64,
}

impl Writer {
    /// One that is to be at `path`.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let file = file::beside(path).map_err(|error| failed(path, error))?;
        let mut writer = Self {
            path: path.to_owned(),
            file: BufWriter::new(file),
            hasher: blake3::Hasher::new(),
            length: 0,
            members: 0,
        };
        writer.write(MAGIC).and_then(|()| writer.write(&FORMAT.to_le_bytes()))?;
        Ok(writer)
    }

    /// Writes a member of `size` bytes.
    ///
    /// # Errors
    ///
    /// Where it cannot be written. What `reader` reports is in the inner result, as is another length: then the archive
    /// is what it was before.
    pub(crate) fn member(
        &mut self,
        head: &Head,
        size: u64,
        reader: &mut dyn Read,
    ) -> Result<io::Result<()>> {
        let (length, hasher) = (self.length, self.hasher.clone());
        let bytes = postcard::to_stdvec(head)
            .map_err(|error| failed(&self.path, io::Error::other(error)))?;
        let head_length = u32::try_from(bytes.len())
            .map_err(|_| failed(&self.path, io::ErrorKind::FileTooLarge.into()))?;
        self.write(&head_length.to_le_bytes())?;
        self.write(&size.to_le_bytes())?;
        self.write(&bytes)?;
        if let Err(error) = self.body(size, reader)? {
            self.rewind(length).map_err(|error| failed(&self.path, error))?;
            (self.length, self.hasher) = (length, hasher);
            return Ok(Err(error));
        }
        let digest = self.hasher.finalize();
        self.write(digest.as_bytes())?;
        self.members += 1;
        Ok(Ok(()))
    }

    fn body(&mut self, size: u64, reader: &mut dyn Read) -> Result<io::Result<()>> {
        let (mut left, mut buffer) = (size, vec![0; 64 << 10]);
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Ok(Err(error)),
            };
            if read as u64 > left || read == 0 && left > 0 {
                let changed = "its length changed while it was read";
                return Ok(Err(io::Error::new(io::ErrorKind::InvalidData, changed)));
            }
            if read == 0 {
                return Ok(Ok(()));
            }
            self.write(&buffer[..read])?;
            left -= read as u64;
        }
    }

    /// Ends the archive, and puts it where it is to be.
    pub(crate) fn finish(mut self, overwrites: bool) -> Result<()> {
        let end = Head::End(self.members);
        self.member(&end, 0, &mut io::empty())?.map_err(|error| failed(&self.path, error))?;
        let Self { path, file, .. } = self;
        let file = file.into_inner().map_err(|error| failed(&path, error.into_error()))?;
        file.as_file().sync_all().map_err(|error| failed(&path, error))?;
        let kept = if overwrites { file.persist(&path) } else { file.persist_noclobber(&path) };
        kept.map(drop).map_err(|error| failed(&path, error.error))
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| failed(&self.path, error))?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn rewind(&mut self, length: u64) -> io::Result<()> {
        self.file.flush()?;
        let file: &mut File = self.file.get_mut().as_file_mut();
        file.set_len(length)?;
        file.seek(SeekFrom::Start(length)).map(drop)
    }
}

/// Fails where an archive at `path` would take the place of something.
pub(crate) fn check_free(path: &Path, overwrites: bool) -> Result<()> {
    if file::is_special(path) {
        return Err(failed(path, io::Error::other("it is no file")));
    }
    if !overwrites && path.symlink_metadata().is_ok() {
        return Err(failed(path, io::ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

/// The error of an archive that cannot be at `path`.
fn failed(path: &Path, error: io::Error) -> Error {
    let failed = Error::new(ErrorKind::Storage, WRITE).with("archive", path.display());
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            failed.because("there is a file already").help("add `--overwrite` to replace it")
        }
        _ => failed.because(error),
    }
}
