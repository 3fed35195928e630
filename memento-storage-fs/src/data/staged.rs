//! Files that are being written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use memento::storage::{Condition, PutOptions, Staged, UserMetadata};
use memento::{Name, Result};

use super::{FileDataStore, format};
use crate::Durability;
use crate::folder::sync_folder;

/// How often a file is given its name where others remove the folder that it should be in.
const TRIES: usize = 100;

/// How much of what was written last is remembered: what shows whether a content looks as if it had metadata.
const REMEMBERED: usize = 16;

/// A file that is being written, in the folder for such. It gets its name when it is whole, or is removed.
#[derive(Debug)]
pub(super) struct StagedFile<'a> {
    store: &'a FileDataStore,
    /// `None` when all is written.
    file: Option<File>,
    path: PathBuf,
    size: u64,
    /// The last bytes.
    end: Vec<u8>,
}

impl<'a> StagedFile<'a> {
    pub(super) fn new(store: &'a FileDataStore) -> io::Result<Self> {
        let path = store.folder.temporary();
        let file = Some(File::create_new(&path)?);
        Ok(Self { store, file, path, size: 0, end: Vec::new() })
    }

    /// Gives the file its name, if the condition is met.
    pub(super) fn place(&mut self, name: &Name, options: &PutOptions) -> io::Result<bool> {
        self.finish(&options.metadata)?;
        if options.condition == Condition::Always {
            let _lock = self.store.folder.lock_name_if_possible(name)?;
            self.rename(name)?;
            return Ok(true);
        }
        let _lock = self.store.folder.lock_name(name)?;
        let is_met = is_met(&options.condition, &self.store.path(name))?;
        if is_met {
            self.rename(name)?;
        }
        Ok(is_met)
    }

    /// Ends the file.
    pub(super) fn finish(&mut self, metadata: &UserMetadata) -> io::Result<()> {
        let Some(mut file) = self.file.take() else { return Ok(()) };
        format::write_end(&mut file, self.size, &self.end, metadata)?;
        if self.store.folder.durability() == Durability::Full {
            file.sync_all()?;
        }
        Ok(())
    }

    /// Gives the file its name.
    pub(super) fn rename(&mut self, name: &Name) -> io::Result<()> {
        let path = self.store.path(name);
        let folder = path.parent().unwrap_or(&path);
        for _ in 0..TRIES {
            match fs::rename(&self.path, &path) {
                Ok(()) => {
                    self.path = PathBuf::new();
                    if self.store.folder.durability() == Durability::Full {
                        sync_folder(folder)?;
                    }
                    return Ok(());
                }
                Err(error) => self.make_way(error, &path, folder)?,
            }
        }
        Err(io::Error::from(io::ErrorKind::NotFound))
    }

    /// Does what can be done about a file that cannot get its name.
    fn make_way(&self, error: io::Error, path: &Path, folder: &Path) -> io::Result<()> {
        if error.kind() == io::ErrorKind::NotFound && self.path.exists() {
            use io::ErrorKind::{AlreadyExists, NotFound};
            return match self.store.folder.make_to_last(folder, |folder| fs::create_dir_all(folder))
            {
                // Others are making or removing what it stands in: the next try tells.
                Err(error) if error.kind() == NotFound => Ok(()),
                Err(error) if error.kind() == AlreadyExists && !folder.is_file() => Ok(()),
                made => made,
            };
        }
        // A folder with nothing in it is none.
        if path.is_dir() {
            return fs::remove_dir(path);
        }
        Err(error)
    }
}

/// Whether what is at `path` is what a condition asks for. Contents are read only where they can be the same.
fn is_met(condition: &Condition, path: &Path) -> io::Result<bool> {
    match (condition, format::open(path)?) {
        (Condition::Always, _) | (Condition::Absent, None) => Ok(true),
        (Condition::Content(content), Some(mut found)) if found.size() == content.len() as u64 => {
            Ok(found.read_to_end()? == *content)
        }
        _ => Ok(false),
    }
}

impl Write for StagedFile<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let Some(file) = &mut self.file else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let length = file.write(content)?;
        self.size += length as u64;
        let written = &content[..length];
        if length < REMEMBERED {
            let kept = self.end.len().min(REMEMBERED - length);
            self.end.drain(..self.end.len() - kept);
        } else {
            self.end.clear();
        }
        self.end.extend_from_slice(&written[length.saturating_sub(REMEMBERED)..]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Staged for StagedFile<'_> {
    fn keep(mut self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        self.place(name, options).map_err(|error| self.store.not_kept(error))
    }
}

impl Drop for StagedFile<'_> {
    fn drop(&mut self) {
        if !self.path.as_os_str().is_empty() {
            self.file = None;
            // Room for others, where the disk is full. That it is not there any more is what is wanted.
            let _ = fs::remove_file(&self.path);
        }
    }
}
