//! A stream that more than one tier may be asked to keep.

use std::io::{self, Read, Write};

use memento::storage::Source;
use tempfile::SpooledTempFile;

/// How much waits in memory for the next tier: 4 MiB.
const IN_MEMORY: usize = 4 << 20;

/// A source on its way into a tier, of which what was read is held for the next one, should that one fail.
pub(crate) struct HeldSource<'s, 't> {
    source: &'s mut Source<'t>,
    total: Option<u64>,
    /// `None` where nobody would ask for it, and where there was no room.
    read: Option<SpooledTempFile>,
    /// Why it could not be held.
    unheld: Option<io::Error>,
}

impl<'s, 't> HeldSource<'s, 't> {
    pub(crate) fn new(source: &'s mut Source<'t>, is_held: bool) -> Self {
        let read = is_held.then(|| SpooledTempFile::new(IN_MEMORY));
        let total = source.expected();
        Self { source, total, read, unheld: None }
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
    ///
    /// # Errors
    ///
    /// What became of the temporary file in which it was to be held.
    pub(crate) fn into_whole(mut self) -> io::Result<Option<SpooledTempFile>> {
        let is_whole = io::copy(&mut self, &mut io::sink()).is_ok();
        self.unheld.map_or(Ok(self.read.filter(|_| is_whole)), Err)
    }
}

impl Read for HeldSource<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let bytes = self.source.read(buffer)?;
        // The tier that takes it now does not need what is held.
        if let Some(read) = &mut self.read
            && let Err(error) = read.write_all(&buffer[..bytes])
        {
            (self.read, self.unheld) = (None, Some(error));
        }
        Ok(bytes)
    }
}
