//! Objects on their way to the server, chunk by chunk.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;

use memento::storage::{PutOptions, Source, Staged, unreadable};
use memento::{Name, Result};
use redis::Pipeline;

use super::keeping::Put;
use super::{KEEP, RedisDataStore};
use crate::format::CHUNK;
use crate::server::Repeat;
use crate::token;

/// How long chunks stay that no object has yet: what a process leaves behind that is killed is gone after this.
const STAGED: u64 = 3600;

/// An object that is being written. Chunks that are full are on the server already.
pub(super) struct StagedObject<'a> {
    store: &'a RedisDataStore,
    id: String,
    /// The chunks on the server that are no object's.
    chunks: u64,
    /// What comes behind them: at most one chunk.
    rest: Vec<u8>,
}

impl<'a> StagedObject<'a> {
    pub(super) fn new(store: &'a RedisDataStore) -> Self {
        Self { store, id: token::long(), chunks: 0, rest: Vec::new() }
    }

    fn size(&self) -> u64 {
        self.chunks * CHUNK as u64 + self.rest.len() as u64
    }

    /// Adds to what was written.
    pub(super) fn add(&mut self, mut content: &[u8]) -> Result<()> {
        self.store.server.check_size(KEEP, self.size() + content.len() as u64)?;
        while !content.is_empty() {
            if self.rest.len() == CHUNK {
                self.send()?;
            }
            let (part, behind) = content.split_at(content.len().min(CHUNK - self.rest.len()));
            self.rest.extend_from_slice(part);
            content = behind;
        }
        Ok(())
    }

    /// Adds all that `source` has.
    pub(super) fn add_all(&mut self, source: &mut Source<'_>) -> Result<()> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match source.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => self.add(&buffer[..length])?,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(unreadable(error)),
            }
        }
    }

    /// Sends what is behind the last chunk as another one.
    fn send(&mut self) -> Result<()> {
        let mut set = redis::cmd("SET");
        set.arg(self.chunk(self.chunks)).arg(&*self.rest).arg("EX").arg(STAGED);
        self.store.server.ask::<()>(KEEP, Repeat::Yes, &set)?;
        self.chunks += 1;
        self.rest.clear();
        Ok(())
    }

    fn chunk(&self, index: u64) -> String {
        self.store.server.key("chunk", &format!("{}:{index}", self.id))
    }

    /// The commands that drop the chunks.
    fn drop_chunks(&self) -> Pipeline {
        let mut pipeline = redis::pipe();
        for index in 0..self.chunks {
            pipeline.cmd("UNLINK").arg(self.chunk(index));
        }
        pipeline
    }
}

impl Write for StagedObject<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.add(content).map_err(io::Error::other)?;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Staged for StagedObject<'_> {
    fn keep(mut self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        let size = self.size();
        if self.chunks == 0 {
            return self.store.put_whole(name, &mem::take(&mut self.rest), options);
        }
        self.send()?;
        let (store, id, metadata) = (self.store, &*self.id, &options.metadata);
        let chunks = &mut self.chunks;
        store.place_where(name, &options.condition, |condition| {
            let placed = store.place(&Put { name, condition, size, id, content: &[], metadata });
            // Where nobody knows whether they are the object's now, they stay. If they are not, they go by themselves.
            if !matches!(placed, Ok(false)) {
                *chunks = 0;
            }
            placed
        })
    }
}

impl Drop for StagedObject<'_> {
    fn drop(&mut self) {
        // They go by themselves, later, where this fails.
        let _ = self.store.server.ask_all(KEEP, Repeat::Yes, &self.drop_chunks());
    }
}
