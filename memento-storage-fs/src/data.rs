//! Results in files, by the digest of their encoding.

mod creation;

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use memento::{Capabilities, Content, Creation, DataStore, Digest, Error, ErrorKind, Result};

use creation::FileCreation;

use crate::folder::Folder;
use crate::{Durability, Options};

/// A data store in a folder. A file gets its name when it is whole.
#[derive(Debug)]
pub struct FileDataStore {
    folder: Arc<Folder>,
}

impl FileDataStore {
    /// The data store in the folder that `options` names. Nothing is touched before the first use.
    pub fn new(options: &Options) -> Self {
        Self { folder: Arc::new(Folder::new(options)) }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        path(&self.folder, digest)
    }

    /// The file of a name.
    fn published(&self, name: &str) -> Result<PathBuf> {
        // Whoever gives a name, it stays in its folder.
        if Path::new(name).components().all(|part| matches!(part, Component::Normal(_))) {
            return Ok(self.folder.path("named").join(name));
        }
        let error = self.folder.error(ErrorKind::Storage, "publish a result under a name");
        Err(error.with("name", name).source("it leads out of the folder of names"))
    }

    /// Copies the file `from` to `temporary`, and gives it the name `path`.
    fn copy(&self, from: &Path, temporary: &Path, path: &Path) -> io::Result<()> {
        fs::copy(from, temporary)?;
        if self.folder.durability() == Durability::Full {
            File::open(temporary)?.sync_all()?;
        }
        name(temporary, path, self.folder.durability())
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
        name(temporary, path, self.folder.durability())
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

    fn create(&self) -> Result<Option<Box<dyn Creation>>> {
        let creation = FileCreation::new(Arc::clone(&self.folder))?;
        Ok(Some(Box::new(creation)))
    }

    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Content>>> {
        let path = self.path(digest);
        match File::open(&path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.failed("read a result", &path, error)),
        }
    }

    fn contains(&self, digests: &[Digest]) -> Result<Vec<bool>> {
        Ok(digests.iter().map(|digest| self.path(digest).is_file()).collect())
    }

    fn publish(&self, name: &str, digest: &Digest) -> Result<()> {
        self.folder.check_writable("publish a result under a name")?;
        let path = self.published(name)?;
        self.folder.make()?;
        let temporary = self.folder.temporary();
        self.copy(&self.path(digest), &temporary, &path).map_err(|error| {
            let _ = fs::remove_file(&temporary);
            self.failed("publish a result under a name", &path, error)
        })
    }

    fn is_published(&self, name: &str) -> Result<bool> {
        Ok(self.published(name)?.exists())
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

/// The file of a content: 256 folders, so that none of them gets too long to list.
fn path(folder: &Folder, digest: &Digest) -> PathBuf {
    let name = digest.to_string();
    let (shard, rest) = name.split_at(2);
    folder.path("data").join(shard).join(rest)
}

/// Gives the file `temporary` the name `path`.
fn name(temporary: &Path, path: &Path, durability: Durability) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if !folder.is_dir() {
        fs::create_dir_all(folder)?;
    }
    fs::rename(temporary, path)?;
    if durability == Durability::Full {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whether the file at `path` has this content: one that was damaged is written again.
fn is_there(path: &Path, content: &[u8]) -> bool {
    let has_length = |found: fs::Metadata| found.is_file() && found.len() == content.len() as u64;
    fs::metadata(path).is_ok_and(has_length) && fs::read(path).is_ok_and(|found| found == content)
}
