//! Contents on their way: streams that tell how far they are, and objects whose name is not yet known.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use tempfile::SpooledTempFile;

use super::{DataStore, Name, PutOptions};
use crate::{Error, ErrorKind, Result};

/// How long a content may be that waits in memory for its name: 4 MiB.
const IN_MEMORY: usize = 4 << 20;

/// An observer of a transfer: how many bytes have gone, and how many there are, where that is known.
pub type TransferObserver<'a> = &'a mut dyn FnMut(u64, Option<u64>);

/// A stream, and who is told how far it is.
pub struct Transfer<'a, T: ?Sized> {
    stream: &'a mut T,
    current: u64,
    total: Option<u64>,
    observer: Option<TransferObserver<'a>>,
    has_failed: bool,
}

/// What an object is made of: a reader, and who is told how much of it was read.
pub type Source<'a> = Transfer<'a, dyn Read + 'a>;

/// Where the content of an object goes: a writer, and who is told how much was written.
pub type Target<'a> = Transfer<'a, dyn Write + 'a>;

impl<'a> Source<'a> {
    /// All that `reader` has.
    pub fn new(reader: &'a mut (dyn Read + 'a)) -> Self {
        Self { stream: reader, current: 0, total: None, observer: None, has_failed: false }
    }

    /// Whether reading it has failed, which is no failure of the store that was to keep what it has.
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }
}

impl<'a> Target<'a> {
    /// To the end of `writer`.
    pub fn new(writer: &'a mut (dyn Write + 'a)) -> Self {
        Self { stream: writer, current: 0, total: None, observer: None, has_failed: false }
    }
}

impl<'a, T: ?Sized> Transfer<'a, T> {
    /// Says how many bytes there are.
    pub fn total(mut self, bytes: u64) -> Self {
        self.total = Some(bytes);
        self
    }

    /// Tells `observer` after each part how many bytes have gone, and how many there are, where that is known.
    pub fn progress(mut self, observer: TransferObserver<'a>) -> Self {
        self.observer = Some(observer);
        self
    }

    /// How many bytes there are, where that is known.
    pub fn expected(&self) -> Option<u64> {
        self.total
    }

    /// Says how many bytes there are, unless that is known: what a store does before it writes to a [`Target`].
    pub fn expect(&mut self, bytes: u64) {
        self.total.get_or_insert(bytes);
    }

    fn moved(&mut self, bytes: usize) {
        self.current += bytes as u64;
        if let Some(observer) = self.observer.as_mut().filter(|_| bytes > 0) {
            observer(self.current, self.total);
        }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.stream.read(buffer).inspect_err(|error| {
            // Whoever reads tries that again.
            self.has_failed |= error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.moved(bytes);
        Ok(bytes)
    }
}

impl Write for Target<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let bytes = self.stream.write(content)?;
        self.moved(bytes);
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl<T: ?Sized> fmt::Debug for Transfer<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("current", &self.current)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

/// An object that is being written, and that nobody sees yet. Dropped, it leaves nothing behind.
pub trait Staged: Write + Send {
    /// Keeps what was written under `name`, as [`DataStore::put_with`] does; whether the condition was met.
    ///
    /// # Errors
    ///
    /// As [`DataStore::put_with`].
    fn keep(self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool>;
}

/// An object that waits for its name in memory, or in a temporary file where it is long.
pub(super) struct Spool<'a, S: ?Sized> {
    store: &'a S,
    written: SpooledTempFile,
    length: u64,
}

impl<'a, S: DataStore + ?Sized> Spool<'a, S> {
    pub(super) fn new(store: &'a S) -> Self {
        Self { store, written: SpooledTempFile::new(IN_MEMORY), length: 0 }
    }
}

impl<S: DataStore + ?Sized> Write for Spool<'_, S> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let bytes = self.written.write(content)?;
        self.length += bytes as u64;
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written.flush()
    }
}

impl<S: DataStore + ?Sized> Staged for Spool<'_, S> {
    fn keep(mut self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        self.written.rewind().map_err(unreadable)?;
        let mut source = Source::new(&mut self.written).total(self.length);
        self.store.put_from(name, &mut source, options)
    }
}

/// The error of a source that cannot be read: its own, where it is one of a store.
pub fn unreadable(error: io::Error) -> Error {
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) => Error::new(ErrorKind::Storage, "read what is to be kept").because(error),
    }
}

/// The error of a stream of a store that cannot be read: its own, where it says what is wrong, and else one that
/// `failed` makes. What has other bytes is damaged, as whoever reads the stream itself takes it.
pub(crate) fn unread(error: io::Error, failed: impl FnOnce(ErrorKind) -> Error) -> Error {
    let is_damaged = error.kind() == io::ErrorKind::InvalidData;
    match error.downcast::<Error>() {
        Ok(error) => error,
        Err(error) if is_damaged => failed(ErrorKind::Damaged).because(error),
        Err(error) => failed(ErrorKind::Storage).because(error),
    }
}

pub(super) fn read_all(source: &mut Source<'_>) -> Result<Vec<u8>> {
    // Whoever says how much there is may be wrong: no more is taken ahead than what waits in memory anyway.
    let ahead = source.expected().and_then(|total| usize::try_from(total).ok()).unwrap_or(0);
    let mut content = Vec::with_capacity(ahead.min(IN_MEMORY));
    source.read_to_end(&mut content).map_err(unreadable)?;
    Ok(content)
}

pub(super) fn put_file<S: DataStore + ?Sized>(
    store: &S,
    name: &Name,
    path: &Path,
    options: &PutOptions,
    observer: TransferObserver<'_>,
) -> Result<bool> {
    let of_file = |error: Error| error.with("file", path.display());
    let failed = |error| of_file(unreadable(error));
    let mut file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    let mut source = Source::new(&mut file).progress(observer);
    if about.is_file() {
        source = source.total(about.len());
    }
    let put = store.put_from(name, &mut source, options);
    put.map_err(|error| if source.has_failed() { of_file(error) } else { error })
}

pub(super) fn get_to<S: DataStore + ?Sized>(
    store: &S,
    name: &Name,
    target: &mut Target<'_>,
) -> Result<Option<u64>> {
    if target.total.is_none() && target.observer.is_some() {
        let Some(properties) = store.properties(name)? else { return Ok(None) };
        target.total = Some(properties.size);
    }
    let Some(mut content) = store.read(name)? else { return Ok(None) };
    let failed = |kind| {
        Error::new(kind, "copy an object out of a store")
            .with("name", name)
            .with("store", store.location())
    };
    let mut source = Source::new(&mut content);
    match io::copy(&mut source, target) {
        Ok(copied) => Ok(Some(copied)),
        Err(error) if source.has_failed() => Err(unread(error, failed)),
        Err(error) => Err(failed(ErrorKind::Storage).because(error)),
    }
}
