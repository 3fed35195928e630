//! Parts of results in a data store: contents that are read, written and missed by themselves.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, Read as _, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::{Content, Creation, DataStore, Trouble};
use crate::{Digest, Error, ErrorKind, Result, validity};

/// The contents of one data store. It is held by values that live as long as they like, so it has nothing to do with
/// the memory cache, which holds such values.
#[derive(Clone)]
pub(crate) struct Contents(Arc<Inner>);

struct Inner {
    data: Arc<dyn DataStore>,
    trouble: Arc<Trouble>,
    /// Contents that were found damaged, and not written again since.
    damaged: Mutex<HashSet<Digest>>,
}

impl Contents {
    pub(super) fn new(data: Arc<dyn DataStore>, trouble: Arc<Trouble>) -> Self {
        Self(Arc::new(Inner { data, trouble, damaged: Mutex::default() }))
    }

    /// Whether both are of one data store.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.data, &other.0.data)
    }

    /// Whether what is put is kept.
    pub(crate) fn is_writable(&self) -> bool {
        self.0.data.capabilities().writable
    }

    /// Where it is, for messages.
    pub(crate) fn location(&self) -> String {
        self.0.data.location()
    }

    /// What could not be done, reported where the result is what matters.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Option<T> {
        self.0.trouble.note(result)
    }

    /// The content with this digest, which its bytes come to; `None` where there is none, or it was found damaged.
    pub(crate) fn content(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let Some(content) = self.0.data.get(digest)? else {
            self.miss(digest);
            return Ok(None);
        };
        if Digest::of(&content) != *digest {
            return Err(self.set_aside(digest, content.len() as u64));
        }
        Ok(Some(content))
    }

    /// Opens a content, whose bytes whoever reads them has to check.
    pub(crate) fn open_content(&self, digest: &Digest) -> Result<Option<Box<dyn Content>>> {
        let content = self.0.data.open(digest)?;
        if content.is_none() {
            self.miss(digest);
        }
        Ok(content)
    }

    /// Keeps a content.
    pub(crate) fn put_content(&self, digest: &Digest, content: &[u8]) -> Result<()> {
        self.0.data.put(digest, content)?;
        self.0.damaged.lock().remove(digest);
        Ok(())
    }

    /// Begins a content that is written piece by piece.
    pub(crate) fn create_content(&self) -> Result<ContentWriter> {
        let target = self.0.data.create()?.map_or_else(|| Target::Whole(Vec::new()), Target::Piece);
        Ok(ContentWriter { contents: self.clone(), target, hasher: blake3::Hasher::new(), size: 0 })
    }

    /// The first one of these contents that is not there. What the store fails to tell is not there.
    pub(crate) fn missing_content(&self, digests: &[Digest]) -> Option<Digest> {
        if digests.is_empty() {
            return None;
        }
        let Some(found) = self.note(self.0.data.contains(digests)) else { return Some(digests[0]) };
        let damaged = self.0.damaged.lock();
        let is_missing = |(digest, found): &(&Digest, bool)| !found || damaged.contains(*digest);
        digests.iter().zip(found).find(is_missing).map(|(digest, _)| *digest)
    }

    /// Puts a copy of a content where it is found by `name`.
    pub(crate) fn publish(&self, name: &str, digest: &Digest) -> Result<()> {
        self.0.data.publish(name, digest)
    }

    /// Whether anything has this name. What the store fails to tell is there.
    pub(crate) fn is_published(&self, name: &str) -> bool {
        self.note(self.0.data.is_published(name)).unwrap_or(true)
    }

    /// Moves a content aside whose bytes are not those that were written, so that no result has it any more; the error
    /// that says so.
    pub(crate) fn set_aside(&self, digest: &Digest, length: u64) -> Error {
        let error = Error::new(ErrorKind::Damaged, "read a part of a result")
            .with("store", self.location())
            .with("digest", digest)
            .with("length", length)
            .source("its bytes are not those that were written");
        self.0.trouble.report(&error);
        self.0.damaged.lock().insert(*digest);
        if self.is_writable() {
            self.note(self.0.data.set_aside(digest));
        }
        validity::count_replaced_result();
        error
    }

    /// A content that results in memory have is gone: they are looked at again.
    fn miss(&self, digest: &Digest) {
        tracing::debug!(%digest, store = self.location(), "a part of a result is gone");
        validity::count_replaced_result();
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Contents").field(&self.0.data).finish()
    }
}

/// A content on its way into the data store.
pub(crate) struct ContentWriter {
    contents: Contents,
    target: Target,
    hasher: blake3::Hasher,
    size: u64,
}

enum Target {
    Piece(Box<dyn Creation>),
    Whole(Vec<u8>),
}

impl ContentWriter {
    /// Keeps what was written: its digest and size.
    pub(crate) fn finish(&mut self) -> Result<(Digest, u64)> {
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        match &mut self.target {
            Target::Whole(content) => self.contents.put_content(&digest, content)?,
            Target::Piece(creation) => {
                creation.keep(&digest)?;
                self.contents.0.damaged.lock().remove(&digest);
            }
        }
        Ok((digest, self.size))
    }

    /// Copies what was written to where it is kept after an error.
    pub(crate) fn rescue(&mut self, mut to: impl Write) -> io::Result<()> {
        let copied = match &mut self.target {
            Target::Whole(content) => io::copy(&mut &content[..], &mut to)?,
            Target::Piece(creation) => {
                io::copy(&mut creation.read_back()?.take(self.size), &mut to)?
            }
        };
        if copied == self.size { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// What has hashed the bytes that were written, and how many these are.
    pub(crate) fn hashed(&self) -> (blake3::Hasher, u64) {
        (self.hasher.clone(), self.size)
    }

    /// Where it goes.
    pub(crate) fn contents(&self) -> &Contents {
        &self.contents
    }
}

impl Write for ContentWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.target {
            Target::Piece(creation) => creation.write(bytes)?,
            Target::Whole(content) => content.write(bytes)?,
        };
        self.hasher.update(&bytes[..written]);
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Piece(creation) => creation.flush(),
            Target::Whole(_) => Ok(()),
        }
    }
}
