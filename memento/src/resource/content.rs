//! Files as arguments: what they hold is part of the key.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, io};

use parking_lot::Mutex;
use serde::ser::{Error as _, Serialize, Serializer};

use super::file::{Content, File, failed};
use super::reading::settle;
use super::{Resource as _, memo};
use crate::{Digest, stack};

const WRITTEN_SINCE: &str = "it was written to since the function was called, so what it holds is not what the call is \
                             named by; call the function again";

/// The file at a path as an argument: the key of a call is made of its content, wherever it is.
///
/// ```
/// use memento::memento;
/// use memento::resource::FileContent;
///
/// #[memento]
/// fn count_lines(log: FileContent) -> std::io::Result<usize> {
///     Ok(log.read()?.split(|byte| *byte == b'\n').count())
/// }
/// # let _ = || count_lines("access.log".into());
/// ```
///
/// A copy of the file under another name has the same results, and a file that gets back a content that it had before
/// finds the results that it had then. [`file()`](super::file()) is for paths that a function finds out itself: there
/// the path is part of the key and the content is checked, so that only the results of the last content are found.
///
/// It serializes as a newtype struct `memento::FileContent` around the 64 hexadecimal digits of the content's BLAKE3
/// digest. While the [stamp](super::Stamp) of a file stays the same, a process hashes it once. A file that cannot
/// be read is an error of the call.
///
/// There is no `Deserialize`: what is written tells neither path nor content, so it cannot be read back. Hence it is
/// no part of results; return the path, or what the file holds.
///
/// A function that hands one on to another function hands on the content that it was called with: where the file was
/// written to since, that is an error of the other call. A value is for one call at a time; others get a clone.
///
/// Two of them are equal where their paths are.
pub struct FileContent {
    path: PathBuf,
    /// The digest that was last made part of a key.
    keyed: Mutex<Option<Digest>>,
}

impl FileContent {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content that the key was made of. It is not observed, as it is part of the key already.
    ///
    /// # Errors
    ///
    /// Those of [`file()`](super::file()). [`InvalidData`](io::ErrorKind::InvalidData) where the content is no longer
    /// what the key was made of: the result would stand for a content that it does not come from.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let content: Content = File::new(&self.path).read()?;
        // The lock is not held while the content is hashed.
        let keyed = *self.keyed.lock();
        if keyed.is_some_and(|keyed| keyed != Digest::of(&content.bytes)) {
            return Err(failed(&self.path, io::ErrorKind::InvalidData, WRITTEN_SINCE));
        }
        Ok(content.bytes)
    }

    /// The digest of the content at the time `now` or later.
    pub(super) fn digest_at(&self, now: SystemTime) -> io::Result<Digest> {
        let file = File::new(&self.path);
        let (name, stamped) = (file.name(), file.stamp());
        if let Some(digest) = stamped.and_then(|(stamp, _)| memo::get(File::KIND, &name, stamp)) {
            return Ok(digest);
        }
        let hash = || {
            let hashed = file.hash();
            let state = hashed.as_ref().map_or_else(super::State::failed, |state| *state);
            (hashed, state)
        };
        let settled = settle(stamped, || file.stamp(), hash, now);
        settled.value?;
        if let Some(stamp) = settled.stamp {
            memo::insert(File::KIND, &name, stamp, settled.digest);
        }
        Ok(settled.digest)
    }
}

impl Serialize for FileContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = self.digest_at(SystemTime::now()).map_err(|error| {
            S::Error::custom(format_args!("{error}; what it holds is part of the key"))
        })?;
        let mut keyed = self.keyed.lock();
        // What a function was called with, it hands on as it was then, or not at all.
        let is_other = keyed.is_some_and(|keyed| keyed != digest);
        if is_other && stack::with(|caller| caller.frame.is_some()) {
            return Err(S::Error::custom(format_args!("{}: {WRITTEN_SINCE}", self.path.display())));
        }
        *keyed = Some(digest);
        drop(keyed);
        serializer.serialize_newtype_struct("memento::FileContent", &digest.to_string())
    }
}

impl From<PathBuf> for FileContent {
    fn from(path: PathBuf) -> Self {
        Self { path, keyed: Mutex::new(None) }
    }
}

impl From<&Path> for FileContent {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl From<&str> for FileContent {
    fn from(path: &str) -> Self {
        PathBuf::from(path).into()
    }
}

impl Clone for FileContent {
    fn clone(&self) -> Self {
        Self { path: self.path.clone(), keyed: Mutex::new(*self.keyed.lock()) }
    }
}

impl PartialEq for FileContent {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for FileContent {}

impl AsRef<Path> for FileContent {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

impl Deref for FileContent {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl fmt::Debug for FileContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FileContent").field(&self.path).finish()
    }
}
