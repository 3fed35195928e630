//! A file that is written before its digest is known.

use std::fs::{self, File};
use std::io::{self, Read, Seek as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use memento::{Creation, Digest, ErrorKind, Result};

use super::{name, path};
use crate::Durability;
use crate::folder::Folder;

/// A temporary file that gets the name of its digest, or goes.
pub(super) struct FileCreation {
    folder: Arc<Folder>,
    file: File,
    temporary: PathBuf,
    is_kept: bool,
}

impl FileCreation {
    pub(super) fn new(folder: Arc<Folder>) -> Result<Self> {
        folder.check_writable("keep a result")?;
        folder.make()?;
        let mut temporary = folder.temporary();
        let mut file = create(&temporary);
        if file.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            folder.forget();
            folder.make()?;
            temporary = folder.temporary();
            file = create(&temporary);
        }
        match file {
            Ok(file) => Ok(Self { folder, file, temporary, is_kept: false }),
            Err(error) => Err(folder.error(ErrorKind::Storage, "keep a result").source(error)),
        }
    }

    fn try_keep(&self, digest: &Digest) -> io::Result<()> {
        if self.folder.durability() == Durability::Full {
            self.file.sync_all()?;
        }
        name(&self.temporary, &path(&self.folder, digest), self.folder.durability())
    }
}

/// A new file, to be written and, after an error, read.
fn create(path: &Path) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).open(path)
}

impl Creation for FileCreation {
    fn keep(&mut self, digest: &Digest) -> Result<()> {
        self.try_keep(digest).map_err(|error| {
            self.folder.error(ErrorKind::Storage, "keep a result").source(error)
        })?;
        self.is_kept = true;
        Ok(())
    }

    fn read_back(&mut self) -> io::Result<Box<dyn Read + Send>> {
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(Box::new(file))
    }
}

impl Write for FileCreation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for FileCreation {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}
