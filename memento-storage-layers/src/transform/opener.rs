//! From what is stored to contents.

use std::io::{self, Cursor, Read};

use memento::storage::fill;
use memento::{Error, ErrorKind, Result};

use super::sealer::{LAST, PREFIX};
use super::size::{Footer, TABLE_ENTRY};
use super::{
    CHUNK, Chunks, Damage, ENDS_EARLY, MOST_GROWTH, Position, Subject, Transform, damaged, resume,
    start_length,
};

/// Reads chunks one behind the other. No byte of a chunk is given that was not found to be what was written.
pub(crate) struct Opener<T: Transform, R> {
    chunks: T::Chunks,
    sealed: R,
    subject: Subject,
    index: u64,
    plain: u64,
    is_over: bool,
    frame: Vec<u8>,
}

impl<T: Transform, R: Read> Opener<T, R> {
    /// Begins with what comes before the chunks.
    pub(crate) fn new(transform: &T, subject: Subject, mut sealed: R) -> Result<Self> {
        let mut start = vec![0; start_length::<T>()];
        let length = fill(&mut sealed, &mut start).map_err(unread)?;
        let chunks = resume(transform, &subject, &start[..length])?;
        Ok(Self::at(0, chunks, subject, sealed))
    }

    /// Goes on at a chunk, with which `sealed` begins.
    pub(crate) fn at(index: u64, chunks: T::Chunks, subject: Subject, sealed: R) -> Self {
        let plain = index * CHUNK as u64;
        Self { chunks, sealed, subject, index, plain, is_over: false, frame: Vec::new() }
    }

    pub(crate) fn damaged(&self, damage: impl Into<Damage>) -> Error {
        damaged::<T>(&self.subject, damage.into())
    }

    /// How long the content is up to here.
    pub(crate) fn plain(&self) -> u64 {
        self.plain
    }

    /// Writes the next chunk behind what is in `content`; whether it is the last one.
    pub(crate) fn chunk(&mut self, content: &mut Vec<u8>) -> io::Result<bool> {
        let mut prefix = [0; PREFIX];
        if fill(&mut self.sealed, &mut prefix)? < PREFIX {
            return Err(self.damaged(ENDS_EARLY).into());
        }
        let length = u32::from_le_bytes(prefix);
        let is_last = length & LAST != 0;
        let length = (length & !LAST) as usize;
        if length > CHUNK + MOST_GROWTH {
            return Err(self.damaged("a chunk of it is longer than any is").into());
        }
        self.frame.resize(length, 0);
        if fill(&mut self.sealed, &mut self.frame)? < length {
            return Err(self.damaged(ENDS_EARLY).into());
        }
        let before = content.len();
        let position = Position { index: self.index, is_last };
        let opened = self.chunks.open(position, &mut self.frame, content);
        opened.map_err(|damage| self.damaged(damage))?;
        let opened = content.len() - before;
        if opened > CHUNK || opened < CHUNK && !is_last {
            return Err(self.damaged("a chunk of it is not as long as it has to be").into());
        }
        self.index += 1;
        self.plain += opened as u64;
        Ok(is_last)
    }

    /// As [`chunk`](Self::chunk), up to the end, behind which nothing comes; whether there was one more.
    fn next(&mut self, content: &mut Vec<u8>) -> io::Result<bool> {
        if self.is_over {
            return Ok(false);
        }
        if self.chunk(content)? {
            self.check_end()?;
            self.is_over = true;
        }
        Ok(true)
    }

    /// Reads what has to come behind the last chunk.
    fn check_end(&mut self) -> io::Result<()> {
        let has_table = T::GROWTH.is_none() && matches!(self.subject, Subject::Object(_));
        let expected = Footer { plain: self.plain, count: self.index };
        let mut is_right = true;
        if has_table {
            let table = &mut self.sealed.by_ref().take(self.index * TABLE_ENTRY);
            let table = io::copy(table, &mut io::sink())?;
            let mut footer = [0; Footer::LENGTH];
            let length = fill(&mut self.sealed, &mut footer)?;
            is_right = table == self.index * TABLE_ENTRY
                && length == footer.len()
                && Footer::from_bytes(footer) == expected;
        }
        if !is_right || fill(&mut self.sealed, &mut [0])? > 0 {
            return Err(self.damaged("what comes behind its end is not what was written").into());
        }
        Ok(())
    }
}

/// The content that `sealed` is what was stored for.
pub(crate) fn open<T: Transform>(
    transform: &T,
    subject: Subject,
    sealed: &[u8],
) -> Result<Vec<u8>> {
    let mut opener = Opener::new(transform, subject, Cursor::new(sealed))?;
    let mut content = Vec::with_capacity(sealed.len());
    while opener.next(&mut content).map_err(unread)? {}
    Ok(content)
}

/// A content on its way out of a store. Where it turns out not to be what was written, it ends with an error.
pub(crate) struct OpeningReader<T: Transform> {
    opener: Opener<T, Box<dyn Read + Send>>,
    store: String,
    chunk: Vec<u8>,
    given: usize,
    /// What went wrong: who goes on after an error gets it again.
    pub(crate) failed: Option<Error>,
}

impl<T: Transform> OpeningReader<T> {
    pub(crate) fn new(
        transform: &T,
        subject: Subject,
        store: String,
        sealed: Box<dyn Read + Send>,
    ) -> Result<Self> {
        let opener = Opener::new(transform, subject, sealed);
        let opener = opener.map_err(|error| error.with("store", &store))?;
        Ok(Self { opener, store, chunk: Vec::new(), given: 0, failed: None })
    }
}

impl<T: Transform> Read for OpeningReader<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(error) = &self.failed {
            return Err(error.clone().into());
        }
        if self.given == self.chunk.len() {
            self.given = 0;
            self.chunk.clear();
            if let Err(error) = self.opener.next(&mut self.chunk) {
                self.chunk.clear();
                let error = unread(error).with("store", &self.store);
                return Err(self.failed.insert(error).clone().into());
            }
        }
        let read = (&self.chunk[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}

/// The error of this crate that a stream ended with, or one of the store's.
pub(crate) fn unread(error: io::Error) -> Error {
    error
        .downcast::<Error>()
        .unwrap_or_else(|error| Error::new(ErrorKind::Storage, "read an object").because(error))
}
