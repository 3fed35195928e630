//! Files as arguments: what they hold is part of the key.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fmt, io};

use parking_lot::Mutex;
use serde::ser::{Error as _, Serialize, Serializer};

use super::file::{Content, File, failed};
use super::observe::read_observed;
use super::{Observation, Resource as _, State, memo, reading};
use crate::Digest;
use crate::stack::{self, Frame};

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
/// There is no `Deserialize`: what is written tells neither path nor content, so it cannot be read back. Hence it
/// cannot be part of a result: return the path, or what the file holds.
///
/// A function that hands one on to another function hands on the content that it was called with: where the file was
/// written to since, that is an error of the other call. One that it makes itself, and reads or hands on, it observes
/// as [`file()`](super::file()) does: its own key says nothing of it. A value is for one call at a time; others get a
/// clone.
///
/// Two of them are equal where their paths are.
pub struct FileContent {
    path: PathBuf,
    keyed: Mutex<Option<Keyed>>,
}

/// What a content was when it was last made part of a key.
#[derive(Clone, Copy)]
struct Keyed {
    digest: Digest,
    /// The numbers of the frames that made it part of a key of what they call, first and last; 0 outside of functions.
    by: [u64; 2],
}

impl Keyed {
    /// Whether it is part of the key of `frame`, which then stands for this content and no other.
    fn is_of(&self, frame: &Frame) -> bool {
        self.by.contains(&frame.caller_number())
    }
}

impl FileContent {
    /// The path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The content that the key was made of. It is not observed where it is part of the key of the function that reads
    /// it.
    ///
    /// # Errors
    ///
    /// Those of [`file()`](super::file()). [`InvalidData`](io::ErrorKind::InvalidData) where the content is no longer
    /// what the key was made of: the result would stand for a content that it does not come from.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let file = File::new(&self.path);
        // The lock is not held while the content is hashed.
        let keyed = *self.keyed.lock();
        let is_of_frame = |frame: &Frame| keyed.is_some_and(|keyed| keyed.is_of(frame));
        if stack::with(|caller| caller.frame.as_deref().is_some_and(|frame| !is_of_frame(frame))) {
            return read_observed(&file, File::read, Content::state).map(|content| content.bytes);
        }
        let content = file.read().inspect_err(|_| stack::note_failure())?;
        if keyed.is_some_and(|keyed| keyed.digest != Digest::of(&content.bytes)) {
            return Err(self.written_since());
        }
        Ok(content.bytes)
    }

    /// The error of a file that holds something else by now. What is made of it is not kept: the next call has another
    /// key, or finds the content that it was called with.
    fn written_since(&self) -> io::Error {
        stack::note_failure();
        failed(&self.path, io::ErrorKind::InvalidData, WRITTEN_SINCE)
    }

    /// What the file holds at the time `now` or later, unless it cannot be read.
    pub(super) fn look(&self, now: SystemTime) -> (io::Result<()>, Observation) {
        let file = File::new(&self.path);
        if let Some((stamp, _)) = file.stamp() {
            let name = file.name();
            if let Some(digest) = memo::get(File::KIND, &name, stamp) {
                return (Ok(()), Observation::new(File::KIND, name, Some(stamp), digest));
            }
        }
        let state =
            |hashed: &io::Result<State>| hashed.as_ref().map_or_else(State::failed, |state| *state);
        let (hashed, observation) = reading::read(&file, File::hash, state, now);
        (hashed.map(drop), observation)
    }

    /// The digest of the content, as a part of the key of what the function that runs in this thread calls. That
    /// function observes it, unless it is part of its own key.
    fn keyed_for_call(&self) -> io::Result<Digest> {
        let (readable, observation) = self.look(SystemTime::now());
        let digest = *observation.digest();
        let mut keyed = self.keyed.lock();
        let (by, is_observed) = stack::with(|caller| {
            let Some(frame) = &caller.frame else { return (Ok([0, 0]), false) };
            match *keyed {
                // What a function was called with, it hands on as it was then, or not at all.
                Some(own) if own.is_of(frame) && own.digest != digest => (Err(()), false),
                Some(own) if own.is_of(frame) => (Ok([own.by[0], frame.number]), false),
                _ => (Ok([frame.number, frame.number]), true),
            }
        });
        if is_observed {
            stack::observe(observation);
        }
        // It is noted where it cannot be read any more, too.
        let by = by.map_err(|()| self.written_since());
        readable?;
        *keyed = Some(Keyed { digest, by: by? });
        Ok(digest)
    }
}

impl Serialize for FileContent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = self.keyed_for_call().map_err(|error| {
            S::Error::custom(format_args!("{error}; what it holds is part of the key"))
        })?;
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
