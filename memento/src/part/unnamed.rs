//! Temporary files without a name: nobody removes them, and they go with the process, however that ends.

use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;

/// What was written to a temporary file, for any number of readers.
#[derive(Clone, Debug)]
pub(crate) struct Unnamed(Arc<File>);

impl Unnamed {
    pub(crate) fn new(file: File) -> Self {
        Self(Arc::new(file))
    }

    /// All of it, from the beginning.
    pub(crate) fn reader(&self) -> impl Read + Send + use<> {
        Reader { file: Arc::clone(&self.0), position: 0 }
    }
}

/// Reads at a position of its own: that of the file is shared.
struct Reader {
    file: Arc<File>,
    position: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = read_at(&self.file, buffer, self.position)?;
        self.position += read as u64;
        Ok(read)
    }
}

#[cfg(unix)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, position)
}

#[cfg(windows)]
fn read_at(file: &File, buffer: &mut [u8], position: u64) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, position)
}
