//! The folder that a storage is in.

mod lock;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf, absolute};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use memento::storage::{Capabilities, unique};
use memento::{Digest, Error, ErrorKind, Name, Result};

use crate::{Durability, Options};

/// From <https://bford.info/cachedir/>; the signature may not change.
const CACHEDIR_TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55
# This folder holds results of memento functions. All of them can be computed again.
# Backup programs leave it out because of this file: https://bford.info/cachedir/
";

/// How old a temporary file is that nobody is writing any more.
const ABANDONED: Duration = Duration::from_hours(24);

/// How long another process is waited for, and other threads of this one.
const PATIENCE: Duration = Duration::from_secs(10);

/// What tells a file from another one that has its name later.
pub(crate) type FileIdentity = (u64, u64);

/// What changes when a file is written: its length, and the time.
pub(crate) type FileState = (u64, SystemTime);

/// A folder, made when it is first needed.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    durability: Durability,
    readonly: bool,
    is_made: AtomicBool,
    /// How long others are waited for.
    pub(crate) patience: Duration,
}

impl Folder {
    pub(crate) fn new(options: &Options) -> Self {
        // It stays the same folder when the process changes its own. Only an empty path cannot be made absolute, and
        // is refused before anything is made there.
        let root = absolute(&options.path).unwrap_or_else(|_| options.path.clone());
        Self {
            root,
            durability: options.durability,
            readonly: options.readonly,
            is_made: AtomicBool::new(false),
            patience: PATIENCE,
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// What messages call it.
    pub(crate) fn location(&self) -> String {
        self.root.display().to_string()
    }

    pub(crate) fn is_readonly(&self) -> bool {
        self.readonly
    }

    pub(crate) fn durability(&self) -> Durability {
        self.durability
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        if self.readonly { Capabilities::read_only() } else { Capabilities::default() }
    }

    /// An error of this storage.
    pub(crate) fn error(&self, kind: ErrorKind, operation: &'static str) -> Error {
        Error::new(kind, operation).with("storage", self.location())
    }

    /// Refuses an empty path: what is below it would be in whatever folder the process is in at the time.
    fn check_path(&self, operation: &'static str) -> Result<()> {
        if !self.root.as_os_str().is_empty() {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Configuration, operation)
            .because("the path of the storage's folder is empty")
            .help("name a folder by `path` in `[storage]`, or the folder that the process is in by `.`"))
    }

    /// Fails where nothing may be kept.
    pub(crate) fn check_writable(&self, operation: &'static str) -> Result<()> {
        self.check_path(operation)?;
        if self.readonly {
            let error = self.error(ErrorKind::ReadOnly, operation);
            return Err(error
                .because("it is open for reading only")
                .help("remove `readonly = true`"));
        }
        Ok(())
    }

    /// Makes the folder and what stands in every such folder.
    pub(crate) fn make(&self) -> Result<()> {
        const MAKE: &str = "make the folder of a storage";
        self.check_path(MAKE)?;
        if self.is_made.load(Ordering::Relaxed) || self.readonly {
            return Ok(());
        }
        self.try_make().map_err(|error| {
            let failed = self.error(ErrorKind::Storage, MAKE);
            if self.root.exists() && !self.root.is_dir() {
                let help = "remove it, or choose another place with `path` in `[storage]`";
                return failed.because("there is a file, and a folder is needed").help(help);
            }
            failed
                .because(error)
                .help("make it writable, or choose another one with `path` in `[storage]`")
        })?;
        self.is_made.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn try_make(&self) -> io::Result<()> {
        for name in ["", "data", "temporary", "locks"] {
            self.make_to_last(&self.path(name), make_private_folder)?;
        }
        let tag = self.path("CACHEDIR.TAG");
        if !tag.exists() {
            let temporary = self.temporary();
            let written = fs::write(&temporary, CACHEDIR_TAG);
            written.and_then(|()| fs::rename(&temporary, tag)).inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })?;
        }
        self.remove_abandoned();
        Ok(())
    }

    /// Does `make`, which makes the folder at `path` and those around it. Where what is kept has to be on the disk, so
    /// have their names, each of which is in the folder around.
    pub(crate) fn make_to_last(
        &self,
        path: &Path,
        make: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        if self.durability == Durability::Fast {
            return make(path);
        }
        let new = path.ancestors().take_while(|folder| !folder.exists()).count();
        make(path)?;
        path.ancestors().skip(1).take(new).try_for_each(sync_folder)
    }

    /// Lets [`make`](Self::make) look again: someone removed the folder, or part of it.
    pub(crate) fn forget(&self) {
        self.is_made.store(false, Ordering::Relaxed);
    }

    /// What tells the file that has this name now from others.
    pub(crate) fn identity(&self, name: &str) -> Option<FileIdentity> {
        fs::metadata(self.path(name)).ok().map(|metadata| identity(&metadata))
    }

    /// Removes what killed processes left behind. That it fails is no trouble: the next process tries again.
    fn remove_abandoned(&self) {
        let now = SystemTime::now();
        for entry in fs::read_dir(self.path("temporary")).into_iter().flatten().flatten() {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|modified| now.duration_since(modified).ok());
            if age.is_some_and(|age| age > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// A path for a file that is being written.
    pub(crate) fn temporary(&self) -> PathBuf {
        self.path("temporary").join(unique())
    }

    /// What changes when the file of this name is written.
    pub(crate) fn state(&self, name: &str) -> Option<FileState> {
        let metadata = fs::metadata(self.path(name)).ok()?;
        Some((metadata.len(), metadata.modified().ok()?))
    }

    /// Moves a file to where nothing reads it, as the object with this name. Nothing happens where there is none.
    pub(crate) fn set_aside(&self, file: &Path, name: &str) -> io::Result<()> {
        let to = self.path("data").join(name);
        make_private_folder(to.parent().unwrap_or(&to))?;
        match fs::rename(file, to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Waits until no other process prepares or repairs this storage. The lock ends with the file, or the process.
    pub(crate) fn lock(&self) -> io::Result<File> {
        lock::file(&self.path("lock"), self.patience)
    }

    /// Waits until nobody else changes the object of this name. Few objects share a lock.
    pub(crate) fn lock_name(&self, name: &Name) -> io::Result<File> {
        let [shard, ..] = *Digest::of(name.as_str().as_bytes()).as_bytes();
        lock::file(&self.path("locks").join(format!("{shard:02x}")), self.patience)
    }

    /// As [`lock_name`](Self::lock_name), for what can be done all the same where files cannot be locked. Where another
    /// process holds the lock, it cannot: that process would undo it.
    pub(crate) fn lock_name_if_possible(&self, name: &Name) -> io::Result<Option<File>> {
        match self.lock_name(name) {
            Err(error) if !lock::is_held(&error) => Ok(None),
            lock => lock.map(Some),
        }
    }
}

/// What tells a file from others. Where files cannot be removed while they are open, all are one.
pub(crate) fn identity(metadata: &fs::Metadata) -> FileIdentity {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        (metadata.dev(), metadata.ino())
    }
    #[cfg(not(unix))]
    (0, u64::from(metadata.is_file()))
}

/// Flushes the names in a folder to the disk.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a folder that only its owner can look into.
fn make_private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}
