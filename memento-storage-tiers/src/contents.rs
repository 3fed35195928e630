//! Contents that are copied from one tier to another, which they reach whole or not at all.

use std::io::Read;

use memento::{CheckedReader, DataStore, Error, ErrorKind, Name, PutOptions, Result, Source};

/// Whether an object is a content by its digest, which never changes.
pub(crate) fn is_content(name: &Name) -> bool {
    name.segments().next() == Some("results")
}

/// Copies a content, unless it is there; whether `from` has it.
///
/// # Errors
///
/// What either store reports, and [`ErrorKind::Damaged`], where what `from` has is not what the name says: then nothing
/// is kept.
pub(crate) fn copy(from: &dyn DataStore, to: &dyn DataStore, name: &Name) -> Result<bool> {
    if to.properties(name)?.is_some() {
        return Ok(true);
    }
    match from.read(name)? {
        Some(reader) => keep(reader, from, to, name),
        None => Ok(false),
    }
}

/// Keeps what `reader` has, which comes from `from`.
///
/// # Errors
///
/// As [`copy`].
pub(crate) fn keep(
    reader: impl Read,
    from: &dyn DataStore,
    to: &dyn DataStore,
    name: &Name,
) -> Result<bool> {
    let Some(digest) = name.result_digest() else { return Ok(false) };
    let mut reader = CheckedReader::new(reader, digest);
    let copied = to.put_from(name, &mut Source::new(&mut reader), &PutOptions::default());
    if reader.is_damaged() {
        return Err(Error::new(ErrorKind::Damaged, "copy a content from tier to tier")
            .with("name", name.as_str())
            .with("store", from.location()));
    }
    copied
}
