//! Where large results live.

use std::fmt::Debug;
use std::io::{self, Cursor, Read, Seek, Write};

use super::Capabilities;
use crate::{Digest, Error, ErrorKind, Result};

/// A content that is being read.
pub trait Content: Read + Seek + Send {}

impl<T: Read + Seek + Send> Content for T {}

/// A content that is being written, before its digest is known. What is dropped before it is kept leaves nothing behind.
pub trait Creation: Write + Send {
    /// Keeps what was written under its digest, in place of a content that is there.
    ///
    /// # Errors
    ///
    /// Where the content could not be kept.
    fn keep(&mut self, digest: &Digest) -> Result<()>;

    /// All that was written, for whoever has to put it elsewhere after an error.
    ///
    /// # Errors
    ///
    /// Where it cannot be read.
    fn read_back(&mut self) -> io::Result<Box<dyn Read + Send>>;
}

/// Keeps contents by their digest.
///
/// A store need not check what it returns: the framework compares every content with its digest. It may lose any
/// content at any time; that costs a computation, never a wrong value.
pub trait DataStore: Send + Sync + Debug {
    /// Where it is, for messages: a folder, a host.
    fn location(&self) -> String {
        format!("{self:?}")
    }

    /// What it can do, beyond what every store does.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// The content with this digest, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell. The caller treats it as a miss.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>>;

    /// Keeps `content`. It is seen by others whole or not at all; putting what is there already changes nothing.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the content could not be kept.
    fn put(&self, digest: &Digest, content: &[u8]) -> Result<()>;

    /// Begins a content that is written piece by piece; `None` where the store takes contents only as a whole, by
    /// [`put`](Self::put).
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn create(&self) -> Result<Option<Box<dyn Creation>>> {
        Ok(None)
    }

    /// Opens the content with this digest, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn open(&self, digest: &Digest) -> Result<Option<Box<dyn Content>>> {
        let content = self.get(digest)?;
        Ok(content.map(|content| Box::new(Cursor::new(content)) as Box<dyn Content>))
    }

    /// Which of these contents are there, in the order of `digests`. Their bytes need not be looked at.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn contains(&self, digests: &[Digest]) -> Result<Vec<bool>> {
        digests.iter().map(|digest| Ok(self.get(digest)?.is_some())).collect()
    }

    /// Puts a copy of a content where other programs and people find it: under `name`, parts of which are separated by
    /// `/`, in place of what has that name. What becomes of the copy does not touch the content.
    ///
    /// # Errors
    ///
    /// Where there can be no such copy: in stores that have no names, where this is not implemented.
    fn publish(&self, name: &str, _digest: &Digest) -> Result<()> {
        Err(Error::new(ErrorKind::Storage, "publish a result under a name")
            .with("name", name)
            .with("store", self.location())
            .source("the store has no names"))
    }

    /// Whether anything has this name.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn is_published(&self, _name: &str) -> Result<bool> {
        Ok(false)
    }

    /// Drops a content; whether there was one.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the content could not be dropped.
    fn remove(&self, digest: &Digest) -> Result<bool>;

    /// Takes a content that is not what its digest says out of the way, where it can be looked at. Later reads do
    /// not find it, and a put replaces it.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), which is what happens unless a store does better.
    fn set_aside(&self, digest: &Digest) -> Result<()> {
        self.remove(digest).map(drop)
    }
}
