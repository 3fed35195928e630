//! Contents of another process, piece by piece.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use tempfile::NamedTempFile;

use super::question::StoreRequest;
use super::{Bytes, Question, read, write};
use crate::worker::Parent;
use crate::{Creation, Digest, Error, ErrorKind, Result};

/// How many bytes pass at once.
const PIECE: usize = 1 << 20;

/// A content that is being written: into a temporary file of this process, then into the data store of the parent, which may
/// not take it.
pub(super) struct RemoteCreation {
    cluster: String,
    parent: Arc<dyn Parent>,
    file: NamedTempFile,
}

impl RemoteCreation {
    pub(super) fn new(cluster: &str, parent: &Arc<dyn Parent>) -> io::Result<Self> {
        let (cluster, parent) = (cluster.to_owned(), Arc::clone(parent));
        Ok(Self { cluster, parent, file: NamedTempFile::new()? })
    }

    fn tell(&self, request: StoreRequest<'_>) -> Result<()> {
        self.parent.tell(&write(&Question { cluster: &self.cluster, request }))
    }

    fn ask<T: DeserializeOwned>(&self, request: StoreRequest<'_>) -> Result<T> {
        let answer = self.parent.ask(&write(&Question { cluster: &self.cluster, request }))?;
        read::<Result<T>>(&answer)?
    }

    /// Sends all bytes for the content that the parent calls `number`.
    fn send(&mut self, number: u64) -> io::Result<()> {
        let mut source = self.read_back()?;
        let mut piece = Vec::with_capacity(PIECE);
        while source.by_ref().take(PIECE as u64).read_to_end(&mut piece)? > 0 {
            self.tell(StoreRequest::AppendData(number, Bytes(&piece)))?;
            piece.clear();
        }
        Ok(())
    }
}

impl Creation for RemoteCreation {
    fn keep(&mut self, digest: &Digest) -> Result<()> {
        let number = self.ask(StoreRequest::CreateData)?;
        if let Err(error) = self.send(number) {
            // Where the parent is gone, so is what it was writing.
            let _ = self.tell(StoreRequest::DropData(number));
            return Err(Error::new(ErrorKind::Storage, "send a part of a result").source(error));
        }
        self.ask(StoreRequest::KeepData(number, *digest))
    }

    fn read_back(&mut self) -> io::Result<Box<dyn Read + Send>> {
        Ok(Box::new(self.file.reopen()?))
    }
}

impl Write for RemoteCreation {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
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
