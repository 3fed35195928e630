//! Results in files, by the digest of their encoding.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memento::{Capabilities, DataStore, Digest, Error, ErrorKind, Result};

use crate::folder::Folder;
use crate::{Durability, Options};

/// A data store in a folder. A file gets its name when it is whole.
#[derive(Debug)]
pub struct FileDataStore {
    folder: Folder,
}

impl FileDataStore {
    /// The data store in the folder that `options` names. Nothing is touched before the first use.
    pub fn new(options: &Options) -> Self {
        Self { folder: Folder::new(options) }
    }

    /// The file of a content: 256 folders, so that none of them gets too long to list.
    fn path(&self, digest: &Digest) -> PathBuf {
        let name = digest.to_string();
        let (shard, rest) = name.split_at(2);
        self.folder.path("data").join(shard).join(rest)
    }

    fn failed(&self, operation: &'static str, path: &Path, error: io::Error) -> Error {
        self.folder.error(ErrorKind::Storage, operation).with("file", path.display()).source(error)
    }

    /// Writes `content` to `temporary`, and gives it the name `path`.
    fn write(&self, temporary: &Path, path: &Path, content: &[u8]) -> io::Result<()> {
        let is_durable = self.folder.durability() == Durability::Full;
        let mut file = File::create_new(temporary)?;
        file.write_all(content)?;
        if is_durable {
            file.sync_all()?;
        }
        drop(file);
        let shard = path.parent().unwrap_or(path);
        if !shard.is_dir() {
            fs::create_dir_all(shard)?;
        }
        fs::rename(temporary, path)?;
        if is_durable {
            File::open(shard)?.sync_all()?;
        }
        Ok(())
    }
}

impl DataStore for FileDataStore {
    fn location(&self) -> String {
        self.folder.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.folder.capabilities()
    }

    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let path = self.path(digest);
        match fs::read(&path) {
            Ok(content) => Ok(Some(content)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read a result", &path, error)),
        }
    }

    fn put(&self, digest: &Digest, content: &[u8]) -> Result<()> {
        self.folder.check_writable("keep a result")?;
        let path = self.path(digest);
        if is_there(&path, content) {
            return Ok(());
        }
        self.folder.make()?;
        let temporary = self.folder.temporary();
        let mut written = self.write(&temporary, &path, content);
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            self.folder.forget();
            self.folder.make()?;
            written = self.write(&temporary, &path, content);
        }
        written.map_err(|error| {
            // Room for others, where the disk is full. That it is not there any more is what is wanted.
            let _ = fs::remove_file(&temporary);
            // Without the file's name: a full disk fails all in the same words, which are said once.
            self.folder.error(ErrorKind::Storage, "keep a result").source(error)
        })
    }

    fn remove(&self, digest: &Digest) -> Result<bool> {
        self.folder.check_writable("drop a result")?;
        let path = self.path(digest);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(self.failed("drop a result", &path, error)),
        }
    }

    fn set_aside(&self, digest: &Digest) -> Result<()> {
        self.folder.check_writable("move a damaged result aside")?;
        let path = self.path(digest);
        let moved = self.folder.set_aside(&path);
        moved.map_err(|error| self.failed("move a damaged result aside", &path, error))
    }
}

/// Whether the file at `path` has this content: one that was damaged is written again.
fn is_there(path: &Path, content: &[u8]) -> bool {
    let has_length = |found: fs::Metadata| found.is_file() && found.len() == content.len() as u64;
    fs::metadata(path).is_ok_and(has_length) && fs::read(path).is_ok_and(|found| found == content)
}
