//! Files: observed by content, looked at by length, times and place.

use std::fmt::Display;
use std::fs::{self, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{Resource, Stamp, State, name, register};
use crate::resource::observe::read_observed;
use crate::{Digest, Result};

/// The file at a path, whatever is there; symlinks are followed.
pub(super) struct File(PathBuf);

register!(File);

/// Reads a whole file, and observes its content.
///
/// A file that is not there, or cannot be read, is observed as that: a result computed without it is computed again
/// when it appears. A file that is written to while it is read is read again, three times at most; what is returned is
/// what is observed in any case.
///
/// # Errors
///
/// Those of [`std::fs::read`], with the path in the message; [`InvalidInput`](io::ErrorKind::InvalidInput) for what is
/// no regular file, such as a pipe: what it gives once cannot be compared later.
pub fn file(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let file = File::new(path.as_ref());
    let content = read_observed(&file, File::read, Content::state);
    content.map(|content| content.bytes)
}

/// Reads a whole file of UTF-8 text, and observes its content as [`file()`] does.
///
/// # Errors
///
/// Those of [`file()`]; [`InvalidData`](io::ErrorKind::InvalidData) where the content is not UTF-8.
pub fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    String::from_utf8(file(path)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let reason = format!("byte {at} and what follows is not UTF-8; read it with `file`");
        failed(path, io::ErrorKind::InvalidData, reason)
    })
}

/// What was read of a file.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    /// Whether these are as many bytes as the file is long. Files that the kernel makes up while they are read
    /// (`/proc`, `/sys`) are as long as they like, and neither length nor times tell when they change.
    is_whole: bool,
}

impl Content {
    /// The state of a file of which this came.
    pub(super) fn state(read: &io::Result<Self>) -> State {
        match read {
            Ok(content) => state_of(Digest::of(&content.bytes), content.is_whole),
            Err(error) => State::failed(error),
        }
    }
}

fn state_of(digest: Digest, is_whole: bool) -> State {
    let state = State::of_digest(digest);
    if is_whole { state } else { state.without_stamp() }
}

impl File {
    pub(super) fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The whole content.
    pub(super) fn read(&self) -> io::Result<Content> {
        let read = || {
            let mut file = open(&self.0)?;
            let length = file.metadata()?.len();
            let mut bytes = Vec::new();
            bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX))?;
            file.read_to_end(&mut bytes)?;
            let is_whole = bytes.len() as u64 == length;
            Ok(Content { bytes, is_whole })
        };
        read().map_err(|error: io::Error| explained(&self.0, &error))
    }

    /// The state by its content, which is hashed piece by piece.
    pub(super) fn hash(&self) -> io::Result<State> {
        let hash = || {
            let file = open(&self.0)?;
            let length = file.metadata()?.len();
            let mut hasher = blake3::Hasher::new();
            hasher.update_reader(file)?;
            let digest = Digest::from_bytes(hasher.finalize().into());
            Ok(state_of(digest, hasher.count() == length))
        };
        hash().map_err(|error: io::Error| explained(&self.0, &error))
    }
}

impl Resource for File {
    const KIND: &'static str = "file";

    fn name(&self) -> String {
        name::escape(self.0.as_os_str())
    }

    fn from_name(name: &str) -> Result<Self> {
        Ok(Self(name::unescape(name)?.into()))
    }

    fn state(&self) -> State {
        self.hash().unwrap_or_else(|error| State::failed(&error))
    }

    fn stamp(&self) -> Option<(Stamp, SystemTime)> {
        let metadata = fs::metadata(&self.0).ok()?;
        // To read an empty file costs nothing, and many a file in `/proc` says that it is empty.
        let has_stamp = metadata.is_file() && metadata.len() > 0;
        if has_stamp { stamp_of(&self.0, &metadata) } else { None }
    }
}

/// Opens a regular file.
fn open(path: &Path) -> io::Result<fs::File> {
    // Looked at before it is opened: to open a pipe is to wait until somebody writes to it.
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, NOT_REGULAR));
    }
    fs::File::open(path)
}

const NOT_REGULAR: &str = "it is no regular file, so what it gives now cannot be compared later";

/// The error of an attempt to read `path`, with what was tried and what to do.
fn explained(path: &Path, error: &io::Error) -> io::Error {
    let kind = error.kind();
    let help = match kind {
        io::ErrorKind::NotFound if path.is_relative() => match std::env::current_dir() {
            Ok(folder) => format!("; the path starts in `{}`", folder.display()),
            Err(_) => String::new(),
        },
        io::ErrorKind::IsADirectory => "; list it with `resource::directory`".to_owned(),
        io::ErrorKind::InvalidInput if !path.is_file() => {
            "; read it outside of memento functions, and pass on what it holds".to_owned()
        }
        _ => String::new(),
    };
    failed(path, kind, format!("{error}{help}"))
}

/// The error of this kind for a file.
pub(super) fn failed(path: &Path, kind: io::ErrorKind, reason: impl Display) -> io::Error {
    io::Error::new(kind, format!("cannot read the file `{}`: {reason}", path.display()))
}

/// Length, times to the nanosecond, inode and device; and the later one of the two times.
///
/// Nobody can set the change time back, as the modification time can be. That it sees a file that
/// was renamed, or that got other rights, costs a comparison.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere, there may be no times")]
fn stamp_of(_: &Path, metadata: &Metadata) -> Option<(Stamp, SystemTime)> {
    use std::os::unix::fs::MetadataExt as _;
    use std::time::{Duration, UNIX_EPOCH};

    let facts = [
        metadata.len(),
        metadata.mtime().cast_unsigned(),
        metadata.mtime_nsec().cast_unsigned(),
        metadata.ctime().cast_unsigned(),
        metadata.ctime_nsec().cast_unsigned(),
        metadata.ino(),
        metadata.dev(),
    ];
    let time = |seconds: i64, nanoseconds: i64| {
        let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
        UNIX_EPOCH + seconds + Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
    };
    let modified = time(metadata.mtime(), metadata.mtime_nsec());
    let changed = time(metadata.ctime(), metadata.ctime_nsec());
    Some((Stamp::of(facts.map(u64::to_le_bytes).as_flattened()), modified.max(changed)))
}

/// Length, times of modification and creation, and where a relative path starts: without an inode, a file of
/// another folder, copied with its times, would have the same stamp.
#[cfg(not(unix))]
fn stamp_of(path: &Path, metadata: &Metadata) -> Option<(Stamp, SystemTime)> {
    let modified = metadata.modified().ok()?;
    let mut facts = metadata.len().to_le_bytes().to_vec();
    for time in [Some(modified), metadata.created().ok()] {
        let since = time.and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        facts.extend(since.unwrap_or_default().as_nanos().to_le_bytes());
    }
    if path.is_relative() {
        facts.extend(std::env::current_dir().ok()?.as_os_str().as_encoded_bytes());
    }
    Some((Stamp::of(&facts), modified))
}
