//! Contents that worker processes write into the data store of their parent.

use std::collections::BTreeMap;
use std::io::Write as _;

use parking_lot::Mutex;

use crate::storage::{ContentWriter, Contents};
use crate::{Digest, Error, ErrorKind, Result};

/// How many contents are written at once. What a worker that was killed has begun goes when there are so many later ones.
const WRITTEN: usize = 1024;

/// Contents on their way, by number.
#[derive(Default)]
pub(crate) struct Uploads(Mutex<Open>);

#[derive(Default)]
struct Open {
    next: u64,
    writers: BTreeMap<u64, ContentWriter>,
}

impl Uploads {
    /// Begins a content: its number.
    pub(super) fn create(&self, contents: &Contents) -> Result<u64> {
        let writer = contents.create_content()?;
        let mut open = self.0.lock();
        if open.writers.len() >= WRITTEN {
            open.writers.pop_first();
        }
        let number = open.next;
        open.next += 1;
        open.writers.insert(number, writer);
        Ok(number)
    }

    /// Adds to a content. One that cannot be added to goes, and cannot be kept.
    pub(super) fn append(&self, number: u64, bytes: &[u8]) -> Result<()> {
        let Some(mut writer) = self.0.lock().writers.remove(&number) else { return Ok(()) };
        writer.write_all(bytes).map_err(|error| failed().source(error))?;
        self.0.lock().writers.insert(number, writer);
        Ok(())
    }

    /// Keeps a content, whose digest has to be this one.
    pub(super) fn keep(&self, number: u64, digest: &Digest) -> Result<()> {
        let writer = self.0.lock().writers.remove(&number);
        let mut writer = writer.ok_or_else(|| failed().source("not all of it came"))?;
        let (written, _) = writer.finish()?;
        if written == *digest { Ok(()) } else { Err(failed().source("other bytes came")) }
    }

    /// Gives a content up.
    pub(super) fn drop(&self, number: u64) {
        self.0.lock().writers.remove(&number);
    }
}

fn failed() -> Error {
    Error::new(ErrorKind::Storage, "keep a part of a result for a worker process")
}
