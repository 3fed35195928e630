//! Contents in chunks on their way from the server.

use std::io::{self, Cursor, Read};
use std::ops::Range;
use std::sync::Arc;

use memento::{Name, Result};
use redis::{Cmd, Pipeline, Value};

use super::{READ, RedisDataStore, TRIES};
use crate::format::{CHUNK, HEAD, Head, content};
use crate::server::{Repeat, Server};

/// How many chunks are asked for at once.
const AT_ONCE: u64 = 4;
/// For how long a stream keeps the chunks of its object from going, each time it asks for some; in milliseconds.
const READING: u64 = 600_000;

/// A content in chunks that is being read. While it is, the server keeps chunks of an object that has been replaced.
struct ChunkedReader {
    server: Arc<Server>,
    head: Head,
    /// The next chunk that is to come.
    next: u64,
    buffer: Cursor<Vec<u8>>,
}

/// What is found under a name.
pub(super) enum Found {
    Whole(Head, Vec<u8>),
    Chunked(Head),
}

impl Found {
    fn into_head(self) -> Head {
        match self {
            Self::Whole(head, _) | Self::Chunked(head) => head,
        }
    }
}

impl RedisDataStore {
    /// The command that reads what is under a name. Of what is longer than it may be, the rest stays where it is.
    pub(super) fn read_command(&self, name: &Name) -> Cmd {
        let mut read = redis::cmd("GETRANGE");
        read.arg(self.key(name)).arg(0).arg(HEAD + CHUNK);
        read
    }

    /// What a value of the server is; `None` where it is nothing.
    pub(super) fn found(&self, name: &Name, value: Vec<u8>) -> Result<Option<Found>> {
        if value.is_empty() {
            return Ok(None);
        }
        let head = Head::read(&value).ok_or_else(|| self.damaged(name))?;
        if head.is_chunked {
            return Ok(Some(Found::Chunked(head)));
        }
        let content = content(value, &head).ok_or_else(|| self.damaged(name))?;
        Ok(Some(Found::Whole(head, content)))
    }

    fn find(&self, name: &Name) -> Result<Option<Found>> {
        self.found(name, self.server.ask(READ, Repeat::Yes, &self.read_command(name))?)
    }

    /// The content of an object, and its revision.
    pub(super) fn get_revision(&self, name: &Name) -> Result<Option<(String, Vec<u8>)>> {
        for _ in 0..TRIES {
            match self.find(name)? {
                None => return Ok(None),
                Some(Found::Whole(head, content)) => return Ok(Some((head.revision, content))),
                Some(Found::Chunked(head)) => {
                    if let Some(content) = self.chunks_of(&head)? {
                        return Ok(Some((head.revision, content)));
                    }
                    self.check_changed(name, &head)?;
                }
            }
        }
        Err(self.busy(READ, name))
    }

    /// An object lacks a chunk: an error where it is not since another one took its place.
    fn check_changed(&self, name: &Name, before: &Head) -> Result<()> {
        match self.find(name)?.map(Found::into_head) {
            Some(head) if head == *before => Err(self.damaged(name)),
            _ => Ok(()),
        }
    }

    /// The content of an object in chunks; `None` where a chunk is gone.
    fn chunks_of(&self, head: &Head) -> Result<Option<Vec<u8>>> {
        self.server.check_size(READ, head.size)?;
        let mut content = Vec::with_capacity(usize::try_from(head.size).unwrap_or_default());
        let mut next = 0;
        while next < head.chunks() {
            let until = (next + AT_ONCE).min(head.chunks());
            if !add_chunks(&self.server, head, next..until, &mut content)? {
                return Ok(None);
            }
            next = until;
        }
        Ok(Some(content))
    }

    pub(super) fn open(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        for _ in 0..TRIES {
            let head = match self.find(name)? {
                None => return Ok(None),
                Some(Found::Whole(_, content)) => {
                    return Ok(Some(Box::new(Cursor::new(content))));
                }
                Some(Found::Chunked(head)) => head,
            };
            let mut reader = ChunkedReader {
                server: Arc::clone(&self.server),
                head: head.clone(),
                next: 0,
                buffer: Cursor::default(),
            };
            // From here on, the chunks stay.
            if reader.fill()? {
                return Ok(Some(Box::new(reader)));
            }
            self.check_changed(name, &head)?;
        }
        Err(self.busy(READ, name))
    }

    pub(super) fn read_range(&self, name: &Name, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        for _ in 0..TRIES {
            let (head, content) = match self.range_of_whole(name, range)? {
                None => return Ok(None),
                Some((head, content)) if !head.is_chunked => {
                    let expected = range.end.min(head.size).saturating_sub(range.start);
                    let content = Some(content).filter(|found| found.len() as u64 == expected);
                    return content.map(Some).ok_or_else(|| self.damaged(name));
                }
                Some(found) => found,
            };
            drop(content);
            if let Some(content) = self.range_of_chunks(&head, range)? {
                return Ok(Some(content));
            }
            self.check_changed(name, &head)?;
        }
        Err(self.busy(READ, name))
    }

    /// The head of an object and, where it is in one piece, a part of its content.
    fn range_of_whole(&self, name: &Name, range: &Range<u64>) -> Result<Option<(Head, Vec<u8>)>> {
        let mut pipeline = redis::pipe();
        pipeline.atomic();
        pipeline.cmd("GETRANGE").arg(self.key(name)).arg(0).arg(HEAD - 1);
        let bound = |position: u64| position.min(CHUNK as u64) + HEAD as u64;
        let (start, end) = (bound(range.start), bound(range.end));
        // An empty range is one behind all that can be there.
        let start = if start < end { start } else { u64::from(u32::MAX) };
        pipeline.cmd("GETRANGE").arg(self.key(name)).arg(start).arg(end.max(start) - 1);
        let mut replies = self.server.ask_all(READ, Repeat::Yes, &pipeline)?.into_iter();
        let mut reply = || self.reply::<Vec<u8>>(READ, replies.next().unwrap_or(Value::Nil));
        let (head, content) = (reply()?, reply()?);
        if head.is_empty() {
            return Ok(None);
        }
        let head = Head::read(&head).ok_or_else(|| self.damaged(name))?;
        Ok(Some((head, content)))
    }

    /// A part of a content in chunks; `None` where a chunk is gone.
    fn range_of_chunks(&self, head: &Head, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        let chunk = CHUNK as u64;
        let (mut at, end) = (range.start, range.end.min(head.size));
        let mut content = Vec::new();
        while at < end {
            let mut pipeline = redis::pipe();
            let mut expected = 0;
            for _ in 0..AT_ONCE {
                let from = at % chunk;
                let part = (chunk - from).min(end - at);
                let key = chunk_key(&self.server, head, at / chunk);
                pipeline.cmd("GETRANGE").arg(key).arg(from).arg(from + part - 1);
                (at, expected) = (at + part, expected + part);
                if at == end {
                    break;
                }
            }
            let before = content.len() as u64;
            for reply in self.server.ask_all(READ, Repeat::Yes, &pipeline)? {
                content.extend(self.reply::<Vec<u8>>(READ, reply)?);
            }
            if content.len() as u64 != before + expected {
                return Ok(None);
            }
        }
        Ok(Some(content))
    }
}

fn chunk_key(server: &Server, head: &Head, index: u64) -> String {
    server.key("chunk", &format!("{}:{index}", head.id))
}

/// Adds chunks to `content`; `false` where one is gone, or not as long as it has to be.
fn add_chunks(
    server: &Server,
    head: &Head,
    chunks: Range<u64>,
    content: &mut Vec<u8>,
) -> Result<bool> {
    let mut pipeline = redis::pipe();
    let is_kept = keep_chunks(server, head, &mut pipeline);
    // What was appended meanwhile is behind it.
    let length = |index: u64| (head.size - index * CHUNK as u64).min(CHUNK as u64);
    for index in chunks.clone() {
        let key = chunk_key(server, head, index);
        pipeline.cmd("GETRANGE").arg(key).arg(0).arg(length(index) - 1);
    }
    let replies = server.ask_all(READ, Repeat::Yes, &pipeline)?;
    for (index, reply) in chunks.zip(replies.into_iter().skip(usize::from(is_kept))) {
        match reply {
            Value::BulkString(chunk) if chunk.len() as u64 == length(index) => {
                content.extend_from_slice(&chunk);
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Asks the server to keep chunks that are being read, where it may be written to.
fn keep_chunks(server: &Server, head: &Head, pipeline: &mut Pipeline) -> bool {
    if !server.options.readonly {
        let key = server.key("reading", &head.id);
        pipeline.cmd("SET").arg(key).arg(1).arg("PX").arg(READING);
    }
    !server.options.readonly
}

impl ChunkedReader {
    /// Gets the next chunks; `false` where one is gone. Then they are the next ones still: nobody reads on behind it.
    fn fill(&mut self) -> Result<bool> {
        let until = (self.next + AT_ONCE).min(self.head.chunks());
        let mut content = std::mem::take(&mut self.buffer).into_inner();
        content.clear();
        let is_there = add_chunks(&self.server, &self.head, self.next..until, &mut content)?;
        if is_there {
            self.next = until;
            self.buffer = Cursor::new(content);
        }
        Ok(is_there)
    }
}

impl Read for ChunkedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.buffer.read(buffer)?;
        if length > 0 || buffer.is_empty() || self.next == self.head.chunks() {
            return Ok(length);
        }
        if !self.fill().map_err(io::Error::other)? {
            let message = "the object was replaced or removed too long ago";
            return Err(io::Error::new(io::ErrorKind::NotFound, message));
        }
        self.buffer.read(buffer)
    }
}
