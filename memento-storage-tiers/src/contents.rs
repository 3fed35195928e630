//! Contents that are copied from one tier to another, which they reach whole or not at all.

use std::io::Read;

use memento::storage::{CheckedReader, DataStore, PutOptions, Source};
use memento::{Error, ErrorKind, Name};

/// Why a content was not copied: what the store says that has it, or the one that is to have it.
pub(crate) enum Failed {
    From(Error),
    To(Error),
}

/// Copies a content, unless it is there; whether `from` has it.
///
/// # Errors
///
/// What either store reports; of `from`, [`ErrorKind::Damaged`], where what it has is not what the name says: then
/// nothing is kept.
pub(crate) fn copy(from: &dyn DataStore, to: &dyn DataStore, name: &Name) -> Result<bool, Failed> {
    if to.properties(name).map_err(Failed::To)?.is_some() {
        return Ok(true);
    }
    match from.read(name).map_err(Failed::From)? {
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
) -> Result<bool, Failed> {
    let Some(digest) = name.result_digest() else { return Ok(false) };
    let mut reader = CheckedReader::new(reader, digest);
    let mut source = Source::new(&mut reader);
    let copied = to.put_from(name, &mut source, &PutOptions::default());
    let has_failed = source.has_failed();
    if reader.is_damaged() {
        let damaged = Error::new(ErrorKind::Damaged, "copy a content from tier to tier")
            .with("name", name.as_str())
            .with("store", from.location());
        return Err(Failed::From(damaged));
    }
    copied.map_err(if has_failed { Failed::From } else { Failed::To })
}
