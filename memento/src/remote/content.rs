//! Contents of another process, piece by piece.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use super::question::StoreRequest;
use super::{Bytes, Question, read, write};
use crate::worker::Parent;
use crate::{Creation, Digest, Result};

/// How many bytes pass at once.
const PIECE: usize = 1 << 20;

/// A content that is being written into the data store of the parent.
pub(super) struct RemoteCreation {
    pub(super) cluster: String,
    pub(super) parent: Arc<dyn Parent>,
    /// What the parent calls it.
    pub(super) number: u64,
    pub(super) is_kept: bool,
}

impl RemoteCreation {
    fn tell(&self, request: StoreRequest<'_>) -> Result<()> {
        self.parent.tell(&write(&Question { cluster: &self.cluster, request }))
    }
}

impl Creation for RemoteCreation {
    fn keep(mut self: Box<Self>, digest: &Digest) -> Result<()> {
        self.is_kept = true;
        let request = StoreRequest::KeepData(self.number, *digest);
        let answer = self.parent.ask(&write(&Question { cluster: &self.cluster, request }))?;
        read::<Result<()>>(&answer)?
    }
}

impl Write for RemoteCreation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let piece = &bytes[..bytes.len().min(PIECE)];
        self.tell(StoreRequest::AppendData(self.number, Bytes(piece)))?;
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for RemoteCreation {
    fn drop(&mut self) {
        if !self.is_kept {
            // Where the parent is gone, so is what it was writing.
            let _ = self.tell(StoreRequest::DropData(self.number));
        }
    }
}

/// A content that is being read out of the data store of the parent.
pub(super) struct RemoteContent {
    cluster: String,
    parent: Arc<dyn Parent>,
    digest: Digest,
    position: u64,
    /// The bytes behind `position` that came with others.
    piece: io::Cursor<Vec<u8>>,
}

impl RemoteContent {
    /// The content with this digest; `None` where there is none.
    pub(super) fn open(
        cluster: &str,
        parent: &Arc<dyn Parent>,
        digest: Digest,
    ) -> Result<Option<Self>> {
        let mut content = Self {
            cluster: cluster.to_owned(),
            parent: Arc::clone(parent),
            digest,
            position: 0,
            piece: io::Cursor::default(),
        };
        Ok(content.fetch()?.then_some(content))
    }

    /// Asks for the next bytes; whether there is such a content.
    fn fetch(&mut self) -> Result<bool> {
        let request = StoreRequest::ReadData(self.digest, self.position, PIECE as u64);
        let answer = self.parent.ask(&write(&Question { cluster: &self.cluster, request }))?;
        let piece = read::<Result<Option<Bytes<'_>>>>(&answer)??;
        self.piece = io::Cursor::new(piece.map(|piece| piece.0.to_vec()).unwrap_or_default());
        Ok(piece.is_some())
    }
}

impl Read for RemoteContent {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut read = self.piece.read(buffer)?;
        if read == 0 && !buffer.is_empty() {
            // What is gone by now has no more bytes, which whoever reads finds out.
            self.fetch()?;
            read = self.piece.read(buffer)?;
        }
        self.position += read as u64;
        Ok(read)
    }
}

impl Seek for RemoteContent {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            // Nobody asks for it: whoever reads knows the size.
            SeekFrom::End(_) => None,
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        self.piece = io::Cursor::default();
        Ok(self.position)
    }
}
