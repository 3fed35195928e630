//! A stream that more than one tier may be asked to keep.

use std::io::{self, Read, Write};

use memento::Source;
use tempfile::SpooledTempFile;

/// How much waits in memory for the next tier: 4 MiB.
const IN_MEMORY: usize = 4 << 20;

/// A source on its way into a tier, of which what was read is held for the next one, should that one fail.
pub(crate) struct HeldSource<'s, 't> {
    source: &'s mut Source<'t>,
    total: Option<u64>,
    /// `None` where nobody would ask for it, and where there was no room.
    read: Option<SpooledTempFile>,
}

impl<'s, 't> HeldSource<'s, 't> {
    pub(crate) fn new(source: &'s mut Source<'t>, is_held: bool) -> Self {
        let read = is_held.then(|| SpooledTempFile::new(IN_MEMORY));
        let total = source.expected();
        Self { source, total, read }
    }

    /// It, as a tier takes it.
    pub(crate) fn source(&mut self) -> Source<'_> {
        let total = self.total;
        let source = Source::new(self);
        match total {
            Some(total) => source.total(total),
            None => source,
        }
    }

    /// Whether the source could not be read, which is nobody's failure but its own.
    pub(crate) fn has_failed(&self) -> bool {
        self.source.has_failed()
    }

    /// All of it, from its beginning, where that can be had.
    pub(crate) fn into_whole(mut self) -> Option<SpooledTempFile> {
        io::copy(&mut self, &mut io::sink()).ok()?;
        self.read
    }
}

impl Read for HeldSource<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.source.read(buffer)?;
        // The tier that takes it now does not need what is held.
        if self.read.as_mut().is_some_and(|read| read.write_all(&buffer[..bytes]).is_err()) {
            self.read = None;
        }
        Ok(bytes)
    }
}
