//! Contents by their digest: the only place where a digest becomes the name of an object.

use std::fmt;
use std::io::{self, Read, Write};

use super::{Name, PutOptions, Staged, Storage};
use crate::{Digest, Error, ErrorKind, Result};

/// What contents are called in messages that do not know better.
const READ: &str = "read a content from the data store";

impl Storage {
    /// The content with this digest, or `None` where there is none. A damaged one is reported and moved aside, and is
    /// not there.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn content(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        self.read_content(READ, digest, None)
    }

    /// The same, for messages that say what was to be done, and how long the content was when it was written.
    pub(super) fn read_content(
        &self,
        operation: &'static str,
        digest: &Digest,
        written: Option<u64>,
    ) -> Result<Option<Vec<u8>>> {
        let content = self.data.get(&Name::of_result(digest))?;
        Ok(content.filter(|content| {
            let is_whole = Digest::of(content) == *digest;
            if !is_whole {
                self.set_content_aside(operation, digest, content.len() as u64, written);
            }
            is_whole
        }))
    }

    /// Keeps a content under its digest.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn put_content(&self, digest: &Digest, content: &[u8]) -> Result<()> {
        self.data.put(&Name::of_result(digest), content)
    }

    /// Begins a content that is written piece by piece; its digest is known in the end.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn create_content(&self) -> Result<ContentWriter<'_>> {
        let staged = self.data.create()?;
        Ok(ContentWriter { staged, hasher: blake3::Hasher::new(), size: 0 })
    }

    /// The content with this digest as a stream, or `None` where there is none. That it is damaged is an error where it
    /// would end; it is then reported and moved aside.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn open_content(&self, digest: &Digest) -> Result<Option<ContentReader<'_>>> {
        let content = self.data.read(&Name::of_result(digest))?;
        Ok(content.map(|content| ContentReader {
            storage: self,
            content,
            digest: *digest,
            hasher: blake3::Hasher::new(),
        }))
    }

    /// Which of these contents are there, in the order of `digests`. They are not looked at.
    pub fn has_contents(&self, digests: &[Digest]) -> Vec<Result<bool>> {
        self.data.contains(&digests.iter().map(Name::of_result).collect::<Vec<_>>())
    }

    /// Drops a content; whether there was one.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn remove_content(&self, digest: &Digest) -> Result<bool> {
        self.data.remove(&Name::of_result(digest))
    }

    /// Reports a content that is not what was written, and moves it aside.
    fn set_content_aside(
        &self,
        operation: &'static str,
        digest: &Digest,
        length: u64,
        written: Option<u64>,
    ) {
        let mut error = Error::new(ErrorKind::Damaged, operation)
            .with("store", self.data.location())
            .with("digest", digest)
            .with("length", length);
        if let Some(written) = written {
            error = error.with("length written", written);
        }
        self.trouble.report(&error.source("its bytes are not those that were written"));
        if self.data.capabilities().writable {
            self.trouble.note(self.data.set_aside(&Name::of_result(digest)));
        }
    }
}

/// A content that is being written: nobody sees it before it is finished, and dropped it leaves nothing behind.
pub struct ContentWriter<'a> {
    staged: Box<dyn Staged + 'a>,
    hasher: blake3::Hasher,
    size: u64,
}

impl ContentWriter<'_> {
    /// Keeps what was written under its digest; says the digest and the length.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub fn finish(self) -> Result<(Digest, u64)> {
        let digest = Digest::from_bytes(self.hasher.finalize().into());
        self.staged.keep(&Name::of_result(&digest), &PutOptions::default())?;
        Ok((digest, self.size))
    }
}

impl Write for ContentWriter<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let length = self.staged.write(content)?;
        self.hasher.update(&content[..length]);
        self.size += length as u64;
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.staged.flush()
    }
}

impl fmt::Debug for ContentWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentWriter").field("size", &self.size).finish_non_exhaustive()
    }
}

/// A content that is being read. Only who has read it to its end knows that it is whole.
pub struct ContentReader<'a> {
    storage: &'a Storage,
    content: Box<dyn Read + Send>,
    digest: Digest,
    hasher: blake3::Hasher,
}

impl Read for ContentReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.content.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        if length > 0 || buffer.is_empty() {
            return Ok(length);
        }
        if Digest::from_bytes(self.hasher.finalize().into()) == self.digest {
            return Ok(0);
        }
        self.storage.set_content_aside(READ, &self.digest, self.hasher.count(), None);
        let message = format!("the content with the digest {} is damaged", self.digest);
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

impl fmt::Debug for ContentReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContentReader").field("digest", &self.digest).finish_non_exhaustive()
    }
}
