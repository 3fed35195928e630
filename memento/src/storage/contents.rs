//! Contents by their digest: the only place where a digest becomes the name of an object.

use std::collections::HashSet;
use std::fmt;
use std::io::Read;
use std::sync::Arc;

use parking_lot::Mutex;

use super::segments::{self, Broken, Segments};
use super::{DataStore, Name, PutOptions, Source, Trouble};
use crate::digest::segments::Outline;
use crate::{Digest, Error, ErrorKind, Result};

/// The contents of one data store. Values hold it that live as long as they like, so it has nothing to do with the
/// memory cache, which holds such values.
#[derive(Clone)]
pub(crate) struct Contents(Arc<Inner>);

struct Inner {
    data: Arc<dyn DataStore>,
    trouble: Arc<Trouble>,
    damaged: Mutex<Damaged>,
}

/// Contents that were found damaged, and not written again since.
#[derive(Default)]
struct Damaged(HashSet<Digest>);

/// How many of them are remembered; then all are forgotten, so that memory is bounded: who reads one finds out again.
const REMEMBERED: usize = 1 << 14;

impl Damaged {
    fn add(&mut self, digest: Digest) {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        self.0.insert(digest);
    }
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

    /// The value, or `None` after the error has been reported, where the result is what matters.
    pub(crate) fn note<T>(&self, result: Result<T>) -> Option<T> {
        self.0.trouble.note(result)
    }

    /// The content with this digest, which its bytes come to, or `None` where there is none. `operation` says in
    /// messages what was to be done, and `written` how long the content was then.
    ///
    /// # Errors
    ///
    /// What the store reports, and [`ErrorKind::Damaged`]: then the content has been moved aside. It is noted as
    /// trouble.
    pub(crate) fn content(
        &self,
        operation: &'static str,
        digest: &Digest,
        written: Option<u64>,
    ) -> Result<Option<Vec<u8>>> {
        let content = self.reported(digest, self.0.data.get(&Name::of_result(digest)))?;
        match &content {
            Some(bytes) if Digest::of(bytes) != *digest => {
                Err(self.set_aside(operation, digest, bytes.len() as u64, written))
            }
            _ => Ok(content),
        }
    }

    /// The content with this digest as a stream, whose bytes whoever reads them has to check; `None` where there is
    /// none.
    ///
    /// # Errors
    ///
    /// What the store reports. It is noted as trouble.
    pub(crate) fn open_content(&self, digest: &Digest) -> Result<Option<Box<dyn Read + Send>>> {
        self.reported(digest, self.0.data.read(&Name::of_result(digest)))
    }

    /// Does `read` with the segments of the content with this digest and outline, each of which is what was written;
    /// what came of it. `None` where there is no such content, and after it has been reported what is wrong with it, or
    /// why it could not be read to its end. `operation` says in messages what was to be done.
    ///
    /// Where the first one is damaged, the store may have another one, as in a tier below: it is read from its
    /// beginning.
    pub(crate) fn read_segments<T>(
        &self,
        operation: &'static str,
        digest: &Digest,
        outline: Outline<'_>,
        mut read: impl FnMut(&mut Segments) -> T,
    ) -> Option<T> {
        let mut is_damaged = false;
        loop {
            let content = self.open_content(digest).ok()??;
            match segments::read(content, outline, &mut read) {
                Ok(read) => return Some(read),
                Err(Broken::Damaged(_)) if is_damaged => return None,
                Err(Broken::Damaged(length)) => {
                    self.set_aside(operation, digest, length, Some(outline.size()));
                    is_damaged = true;
                }
                Err(Broken::Failed(error)) => {
                    let failed = Error::new(ErrorKind::Storage, operation)
                        .with("store", self.location())
                        .with("digest", digest)
                        .because(error);
                    self.0.trouble.report(&failed);
                    return None;
                }
            }
        }
    }

    /// Notes what the store reports of a content. One that the store itself finds damaged is moved aside.
    fn reported<T>(&self, digest: &Digest, result: Result<T>) -> Result<T> {
        result.inspect_err(|error| {
            self.0.trouble.report(error);
            if error.kind() == ErrorKind::Damaged {
                self.move_aside(digest);
            }
        })
    }

    /// Keeps a content under its digest.
    pub(crate) fn put_content(&self, digest: &Digest, content: &[u8]) -> Result<()> {
        self.0.data.put(&Name::of_result(digest), content)?;
        self.0.damaged.lock().0.remove(digest);
        Ok(())
    }

    /// Keeps what `source` has under this digest, which it has, or ends with an error.
    pub(crate) fn put_content_from(&self, digest: &Digest, source: &mut Source<'_>) -> Result<()> {
        self.0.data.put_from(&Name::of_result(digest), source, &PutOptions::default())?;
        self.0.damaged.lock().0.remove(digest);
        Ok(())
    }

    /// The first one of these contents that is not there. What the store fails to tell is not there.
    pub(crate) fn missing_content(&self, digests: &[Digest]) -> Option<Digest> {
        if digests.is_empty() {
            return None;
        }
        let names: Vec<_> = digests.iter().map(Name::of_result).collect();
        let found = self.0.data.contains(&names);
        let is_there = |found| self.note(found).unwrap_or(false);
        let found: Vec<_> = found.into_iter().map(is_there).collect();
        let damaged = self.0.damaged.lock();
        let is_missing = |(digest, found): &(&Digest, bool)| !found || damaged.0.contains(*digest);
        digests.iter().zip(found).find(is_missing).map(|(digest, _)| *digest)
    }

    /// Puts a copy of a content where it is found by `name`.
    pub(crate) fn publish(&self, name: &Name, digest: &Digest) -> Result<()> {
        let is_there = self.0.data.copy(&Name::of_result(digest), name)?;
        is_there.then_some(()).ok_or_else(|| {
            Error::new(ErrorKind::Storage, "copy a content")
                .with("digest", digest)
                .with("store", self.location())
                .because("it is gone")
        })
    }

    /// Puts what was made for nothing else where it is found by `name`.
    pub(crate) fn publish_bytes(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.data.put(name, content)
    }

    /// Whether anything has this name. What the store fails to tell is there.
    pub(crate) fn is_published(&self, name: &Name) -> bool {
        self.note(self.0.data.properties(name)).is_none_or(|found| found.is_some())
    }

    /// Moves a content aside of which `length` bytes were read that are not those that were written; the error that
    /// says so, which has been noted as trouble.
    pub(crate) fn set_aside(
        &self,
        operation: &'static str,
        digest: &Digest,
        length: u64,
        written: Option<u64>,
    ) -> Error {
        let mut error = Error::new(ErrorKind::Damaged, operation)
            .with("store", self.location())
            .with("digest", digest)
            .with("length", length);
        if let Some(written) = written {
            error = error.with("length written", written);
        }
        let error = error.because("its bytes are not those that were written");
        self.0.trouble.report(&error);
        self.move_aside(digest);
        error
    }

    fn move_aside(&self, digest: &Digest) {
        self.0.damaged.lock().add(*digest);
        if self.is_writable() {
            self.note(self.0.data.set_aside(&Name::of_result(digest)));
        }
    }
}

impl fmt::Debug for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.data.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_damaged_contents_are_remembered_and_no_more() {
        let mut damaged = Damaged::default();
        for n in 0..REMEMBERED {
            damaged.add(Digest::of(&n.to_le_bytes()));
        }
        assert_eq!(damaged.0.len(), REMEMBERED);
        damaged.add(Digest::of(b"one more"));
        assert!(damaged.0.contains(&Digest::of(b"one more")) && damaged.0.len() < REMEMBERED);
    }
}
