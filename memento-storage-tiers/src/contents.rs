//! Contents that are copied from one tier to another, which they reach whole or not at all.

use std::io::{self, Read};

use memento::{DataStore, Digest, Error, ErrorKind, Name, PutOptions, Result, Source};

/// Whether an object is a content by its digest, which never changes.
pub(crate) fn is_content(name: &Name) -> bool {
    name.segments().next() == Some("results")
}

/// Whether `content` is what `name` says.
pub(crate) fn is_whole(name: &Name, content: &[u8]) -> bool {
    Name::of_result(&Digest::of(content)) == *name
}

/// Copies a content, unless it is there; whether `from` has it.
///
/// # Errors
///
/// What either store reports, and [`ErrorKind::Damaged`], where what `from` has is not what the name says: then nothing is
/// kept.
pub(crate) fn copy(from: &dyn DataStore, to: &dyn DataStore, name: &Name) -> Result<bool> {
    if to.properties(name)?.is_some() {
        return Ok(true);
    }
    let Some(reader) = from.read(name)? else { return Ok(false) };
    let mut reader = Checked { reader, name, hasher: blake3::Hasher::new(), is_damaged: false };
    let copied = to.put_from(name, &mut Source::new(&mut reader), &PutOptions::default());
    if reader.is_damaged {
        return Err(Error::new(ErrorKind::Damaged, "copy a content from tier to tier")
            .with("name", name.as_str())
            .with("store", from.location()));
    }
    copied
}

/// A content that fails in the end where it is not what its name says.
struct Checked<'n> {
    reader: Box<dyn Read + Send>,
    name: &'n Name,
    hasher: blake3::Hasher,
    is_damaged: bool,
}

impl Read for Checked<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        self.hasher.update(&buffer[..length]);
        if length == 0 && !buffer.is_empty() {
            let digest = Digest::from_bytes(self.hasher.finalize().into());
            self.is_damaged = Name::of_result(&digest) != *self.name;
            if self.is_damaged {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "it is not what was put"));
            }
        }
        Ok(length)
    }
}
