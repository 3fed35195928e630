//! Streams whose bytes are counted on their way into a store.

use std::io::{self, Read, Write};

use memento::storage::Source;
use memento::{Error, ErrorKind, Result};

use crate::Operation;

/// How much may be put at once, and what it is for, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    pub(crate) operation: Operation,
    /// In bytes, and what says so; `None` where any length may be put.
    pub(crate) most: Option<(u64, &'static str)>,
}

impl Limit {
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] where `bytes` are too many.
    pub(crate) fn check(self, bytes: u64) -> Result<()> {
        self.check_said(bytes, "bytes")
    }

    /// As [`check`](Self::check), where messages say of what there are so many.
    fn check_said(self, bytes: u64, unit: &str) -> Result<()> {
        match self.most {
            Some((most, option)) if bytes > most => {
                Err(Error::new(ErrorKind::TooLarge, self.operation.does)
                    .with("size", format_args!("{bytes} {unit}"))
                    .with("limit", format_args!("{most} bytes"))
                    .help(format!("raise {option}, or keep what is of this size in another store")))
            }
            _ => Ok(()),
        }
    }
}

/// A stream on its way into a store, which ends with an error where it passes the limit.
pub(crate) struct Counted<T> {
    stream: T,
    limit: Limit,
    pub(crate) bytes: u64,
}

impl<T> Counted<T> {
    pub(crate) fn new(stream: T, limit: Limit) -> Self {
        Self { stream, limit, bytes: 0 }
    }

    pub(crate) fn into_stream(self) -> T {
        self.stream
    }

    /// Whether all that came could be put.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] where more came.
    pub(crate) fn check(&self) -> Result<()> {
        self.limit.check_said(self.bytes, "bytes or more")
    }
}

impl Counted<&mut Source<'_>> {
    /// Whether what is to be put could not be read.
    pub(crate) fn has_failed(&self) -> bool {
        self.stream.has_failed()
    }
}

impl Read for Counted<&mut Source<'_>> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        let bytes = self.stream.read(buffer)?;
        self.bytes += bytes as u64;
        self.check()?;
        Ok(bytes)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.check()?;
        let before = self.bytes;
        self.bytes += content.len() as u64;
        self.check()?;
        let written = self.stream.write(content);
        self.bytes = before + *written.as_ref().unwrap_or(&0) as u64;
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
