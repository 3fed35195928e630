//! From contents to what is stored.

use std::io::{self, Read};

use memento::Result;

use super::{CHUNK, Chunks, Position, Subject, Transform};

/// The bit of a chunk's length that says that it is the last one.
pub(super) const LAST: u32 = 1 << 31;

/// How long what stands in front of each chunk is.
pub(super) const PREFIX: usize = 4;

/// Writes chunks one behind the other.
pub(crate) struct Sealer<T: Transform> {
    chunks: T::Chunks,
    index: u64,
    /// How long the content is up to here, and what was made of it.
    plain: u64,
    sealed: u64,
    /// Where each chunk begins, where somebody may have to know that and cannot compute it.
    table: Option<Vec<u8>>,
}

impl<T: Transform> Sealer<T> {
    /// Begins, with what comes before the chunks.
    fn new(transform: &T, subject: &Subject, sealed: &mut Vec<u8>) -> Result<Self> {
        let before = sealed.len();
        sealed.extend_from_slice(&T::MAGIC);
        sealed.push(T::VERSION);
        let chunks = transform.begin(subject, sealed)?;
        let has_table = T::GROWTH.is_none() && matches!(subject, Subject::Object(_));
        let table = has_table.then(Vec::new);
        Ok(Self { chunks, index: 0, plain: 0, sealed: (sealed.len() - before) as u64, table })
    }

    fn add(&mut self, chunk: &[u8], is_last: bool, sealed: &mut Vec<u8>) -> Result<()> {
        let before = sealed.len();
        sealed.extend_from_slice(&[0; PREFIX]);
        self.chunks.seal(Position { index: self.index, is_last }, chunk, sealed)?;
        let length = sealed.len() - before - PREFIX;
        let length = u32::try_from(length).expect("a chunk is far shorter");
        let length = if is_last { length | LAST } else { length };
        sealed[before..before + PREFIX].copy_from_slice(&length.to_le_bytes());
        if let Some(table) = &mut self.table {
            table.extend_from_slice(&self.sealed.to_le_bytes());
        }
        self.index += 1;
        self.plain += chunk.len() as u64;
        self.sealed += (sealed.len() - before) as u64;
        if let Some(table) = self.table.as_ref().filter(|_| is_last) {
            sealed.extend_from_slice(table);
            sealed.extend_from_slice(&self.plain.to_le_bytes());
            sealed.extend_from_slice(&self.index.to_le_bytes());
        }
        Ok(())
    }
}

/// What is stored for a content.
pub(crate) fn seal<T: Transform>(
    transform: &T,
    subject: &Subject,
    content: &[u8],
) -> Result<Vec<u8>> {
    let mut sealed = Vec::with_capacity(content.len() + content.len() / 1024 + 128);
    let mut sealer = Sealer::new(transform, subject, &mut sealed)?;
    let mut rest = content;
    loop {
        let (chunk, behind) = rest.split_at(rest.len().min(CHUNK));
        sealer.add(chunk, behind.is_empty(), &mut sealed)?;
        if behind.is_empty() {
            return Ok(sealed);
        }
        rest = behind;
    }
}

/// A content on its way into a store.
pub(crate) struct SealingReader<'a, T: Transform> {
    sealer: Sealer<T>,
    content: &'a mut dyn Read,
    /// What comes next of the content; the chunk behind it has to be known, too, since the last one is marked.
    chunk: Vec<u8>,
    ahead: Vec<u8>,
    has_begun: bool,
    is_over: bool,
    sealed: Vec<u8>,
    given: usize,
}

impl<'a, T: Transform> SealingReader<'a, T> {
    pub(crate) fn new(transform: &T, subject: &Subject, content: &'a mut dyn Read) -> Result<Self> {
        let mut sealed = Vec::new();
        let sealer = Sealer::new(transform, subject, &mut sealed)?;
        let (chunk, ahead) = (Vec::new(), Vec::new());
        let (has_begun, is_over) = (false, false);
        Ok(Self { sealer, content, chunk, ahead, has_begun, is_over, sealed, given: 0 })
    }

    fn go_on(&mut self) -> io::Result<()> {
        let mut read = |chunk: &mut Vec<u8>| {
            chunk.clear();
            Read::take(&mut *self.content, CHUNK as u64).read_to_end(chunk)
        };
        if !self.has_begun {
            read(&mut self.chunk)?;
            self.has_begun = true;
        }
        self.is_over = read(&mut self.ahead)? == 0;
        (self.given, self.sealed) = (0, std::mem::take(&mut self.sealed));
        self.sealed.clear();
        self.sealer.add(&self.chunk, self.is_over, &mut self.sealed)?;
        std::mem::swap(&mut self.chunk, &mut self.ahead);
        Ok(())
    }
}

impl<T: Transform> Read for SealingReader<'_, T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.sealed.len() && !self.is_over {
            self.go_on()?;
        }
        let read = (&self.sealed[self.given..]).read(buffer)?;
        self.given += read;
        Ok(read)
    }
}
