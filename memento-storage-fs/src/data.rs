//! Objects in files, by their names.

mod format;
mod listing;
mod staged;
#[cfg(test)]
mod tests;
mod url;

use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, Prefix, Properties, PutOptions, Source, Staged,
    UserMetadata, unreadable,
};
use memento::{Error, ErrorKind, Name, Result};

use crate::folder::{Folder, sync_folder};
use crate::{Durability, Options};
use format::Found;
use staged::StagedFile;

/// The folder of objects.
const FOLDER: &str = "data";

/// A data store in a folder. A file gets its name when it is whole.
///
/// Names that differ in nothing but case are one where the filesystem does not tell them apart.
#[derive(Debug)]
pub struct FileDataStore {
    folder: Folder,
    objects: PathBuf,
}

impl FileDataStore {
    /// The data store in the folder that `options` names. Nothing is touched before the first use.
    pub fn new(options: &Options) -> Self {
        let folder = Folder::new(options);
        let objects = folder.path(FOLDER);
        Self { folder, objects }
    }

    fn path(&self, name: &Name) -> PathBuf {
        self.objects.join(name.as_str())
    }

    fn failed(&self, operation: &'static str, path: &Path, error: io::Error) -> Error {
        let kind = match error.kind() {
            io::ErrorKind::InvalidData => ErrorKind::Damaged,
            _ => ErrorKind::Storage,
        };
        self.folder.error(kind, operation).with("file", path.display()).because(error)
    }

    /// The error of an object that could not be kept. Without the file's name: a full disk fails all in the same words,
    /// which are said once. What is there already may be damaged, which says so itself.
    fn not_kept(&self, error: io::Error) -> Error {
        use io::ErrorKind::{
            AlreadyExists, DirectoryNotEmpty, InvalidData, IsADirectory, NotADirectory,
        };
        let operation = "keep an object";
        match error.kind() {
            AlreadyExists | DirectoryNotEmpty | IsADirectory | NotADirectory => self.unsupported(
                "keep an object under the name of a folder, or below an object",
                "nested",
            ),
            InvalidData => self.folder.error(ErrorKind::Damaged, operation).because(error),
            _ => self.folder.error(ErrorKind::Storage, operation).because(error),
        }
    }

    fn open(&self, name: &Name) -> Result<Option<Found>> {
        let path = self.path(name);
        format::open(&path).map_err(|error| self.failed("read an object", &path, error))
    }

    /// Does `write`, which makes a new file and gives it a name; once more where someone removed the folder meanwhile.
    fn try_write<T>(&self, mut write: impl FnMut() -> io::Result<T>) -> Result<T> {
        self.folder.make()?;
        let mut written = write();
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            self.folder.forget();
            self.folder.make()?;
            written = write();
        }
        written.map_err(|error| self.not_kept(error))
    }

    /// Makes a file count as put now: its time, and, if asked for, on the disk.
    fn renew(&self, path: &Path) -> io::Result<()> {
        let file = File::options().write(true).open(path)?;
        file.set_modified(SystemTime::now())?;
        if self.folder.durability() == Durability::Full {
            file.sync_all()?;
            sync_folder(path.parent().unwrap_or(path))?;
        }
        Ok(())
    }

    fn stage(&self) -> io::Result<StagedFile<'_>> {
        StagedFile::new(self)
    }
}

impl DataStore for FileDataStore {
    fn location(&self) -> String {
        self.folder.location()
    }

    fn capabilities(&self) -> Capabilities {
        let all = self.folder.capabilities().conditional().metadata().modified();
        all.not_nested().streams().url()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let Some(mut found) = self.open(name)? else { return Ok(None) };
        let read = found.read_to_end();
        read.map(Some).map_err(|error| self.failed("read an object", &self.path(name), error))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.folder.check_writable("keep an object")?;
        let path = self.path(name);
        // What cannot be renewed is written anew: it may be gone by now.
        if options.is_plain() && format::is_there(&path, content) && self.renew(&path).is_ok() {
            return Ok(true);
        }
        self.try_write(|| {
            let mut staged = self.stage()?;
            staged.write_all(content)?;
            staged.place(name, options)
        })
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let mut staged = self.create()?;
        let copied = io::copy(source, &mut staged);
        copied.map_err(|error| {
            if source.has_failed() { unreadable(error) } else { self.not_kept(error) }
        })?;
        staged.keep(name, options)
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        self.folder.check_writable("keep an object")?;
        Ok(Box::new(self.try_write(|| self.stage())?))
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.folder.check_writable("append to an object")?;
        self.try_write(|| {
            let _lock = self.folder.lock_name(name)?;
            let mut staged = self.stage()?;
            let metadata = match format::open(&self.path(name))? {
                Some(mut found) => {
                    io::copy(&mut found, &mut staged)?;
                    found.metadata()?
                }
                None => UserMetadata::new(),
            };
            staged.write_all(content)?;
            staged.finish(&metadata)?;
            staged.rename(name)
        })
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.folder.check_writable("copy an object")?;
        let Some(mut found) = self.open(from)? else { return Ok(false) };
        let path = self.path(from);
        let failed = |error| self.failed("read an object", &path, error);
        let options = PutOptions { metadata: found.metadata().map_err(failed)?, ..<_>::default() };
        self.put_from(to, &mut Source::new(&mut found), &options)
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        Ok(self.open(name)?.map(|found| Box::new(found) as _))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let Some(mut found) = self.open(name)? else { return Ok(None) };
        let read = found.read_range(&range);
        read.map(Some).map_err(|error| self.failed("read an object", &self.path(name), error))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let Some(mut found) = self.open(name)? else { return Ok(None) };
        let properties = found.properties();
        let failed = |error| self.failed("read an object", &self.path(name), error);
        properties.map(Some).map_err(failed)
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        let is_there = |name| {
            let path = self.path(name);
            let found = format::none_if_absent(fs::metadata(&path));
            let found = found.map(|found| found.is_some_and(|found| found.is_file()));
            found.map_err(|error| self.failed("look for an object", &path, error))
        };
        names.iter().map(is_there).collect()
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.folder.check_writable("drop an object")?;
        let path = self.path(name);
        let failed = |error| self.failed("drop an object", &path, error);
        let _lock = self.folder.lock_name_if_possible(name).map_err(failed)?;
        match format::none_if_absent(fs::remove_file(&path)) {
            Ok(Some(())) => {
                self.remove_empty(&path);
                Ok(true)
            }
            Ok(None) => Ok(false),
            Err(_) if path.is_dir() => Ok(false),
            Err(error) => Err(failed(error)),
        }
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let path = self.objects.join(prefix.as_str());
        let listed = listing::list(&path, prefix, options);
        listed.map_err(|error| self.failed("list objects", &path, error))
    }

    fn url(&self, name: &Name) -> Result<String> {
        let path = self.path(name);
        url::of(&path).map_err(|error| self.failed("tell the URL of an object", &path, error))
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        self.folder.check_writable("move a damaged object aside")?;
        let path = self.path(name);
        let failed = |error| self.failed("move a damaged object aside", &path, error);
        let _lock = self.folder.lock_name_if_possible(name).map_err(failed)?;
        match format::open(&path) {
            // A folder of this name is no object, and what is below it has other names.
            Ok(None) => return Ok(()),
            Ok(Some(found)) => {
                if name.is_whole(found) {
                    return Ok(());
                }
            }
            Err(_) if path.is_dir() => return Ok(()),
            Err(_) => {}
        }
        self.folder.set_aside(&path, name.of_damaged().as_str()).map_err(failed)?;
        self.remove_empty(&path);
        Ok(())
    }
}

impl FileDataStore {
    /// Removes the folders around a file that was there, as far as nothing is in them.
    fn remove_empty(&self, path: &Path) {
        let mut folder = path.parent();
        while let Some(empty) = folder.filter(|folder| *folder != self.objects) {
            if fs::remove_dir(empty).is_err() {
                return;
            }
            folder = empty.parent();
        }
    }
}
