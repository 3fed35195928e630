//! Parts of objects, and how long objects are.

use std::io::Cursor;
use std::ops::Range;

use memento::storage::DataStore;
use memento::{ErrorKind, Name, Result};

use super::Transformed;
use crate::transform::opener::{Opener, unread};
use crate::transform::size::{self, Footer, TABLE_ENTRY};
use crate::transform::{CHUNK, ENDS_EARLY, Subject, Transform, resume, start_length};

/// How often what takes several requests is tried at most, while others replace the object again and again.
const ATTEMPTS: u32 = 100;

/// What is known of an object before any chunk of it is read.
#[derive(Clone, Copy)]
struct Shape {
    sealed: u64,
    plain: u64,
    /// Where the table is, if there is one.
    table: Option<u64>,
}

impl<T: Transform, S: DataStore + ?Sized> Transformed<T, S> {
    /// Does what takes several requests, between which somebody may replace the object. What is damaged while nobody
    /// does, is.
    pub(super) fn try_again<V>(
        &self,
        name: &Name,
        mut attempt: impl FnMut() -> Result<V>,
    ) -> Result<V> {
        let mut before = None;
        for _ in 0..ATTEMPTS {
            match attempt() {
                Err(error) if error.kind() == ErrorKind::Damaged => {
                    let found = Some(self.store.properties(name)?);
                    if found == before {
                        return Err(error);
                    }
                    before = found;
                }
                ended => return ended,
            }
        }
        attempt()
    }

    /// How long the content of an object is for which so many bytes are stored; `None` where it is gone.
    pub(super) fn size(&self, name: &Name, sealed: u64) -> Result<Option<u64>> {
        Ok(self.shape(name, sealed)?.map(|shape| shape.plain))
    }

    fn shape(&self, name: &Name, sealed: u64) -> Result<Option<Shape>> {
        let shape = if let Some(growth) = T::GROWTH {
            size::plain::<T>(sealed, growth).map(|plain| Shape { sealed, plain, table: None })
        } else {
            let start = sealed.saturating_sub(Footer::LENGTH as u64);
            let Some(bytes) = self.store.get_range(name, start..sealed)? else { return Ok(None) };
            let footer = bytes.first_chunk().map(|bytes| Footer::from_bytes(*bytes));
            footer.and_then(|footer| {
                let table = Some(footer.table::<T>(sealed)?);
                Some(Shape { sealed, plain: footer.plain, table })
            })
        };
        shape.map(Some).ok_or_else(|| self.damaged(name, "it is not as long as it has to be"))
    }

    /// Where the chunks from `first` to `last` are in what is stored.
    fn span(&self, name: &Name, shape: Shape, first: u64, last: u64) -> Result<Option<Range<u64>>> {
        let span = match shape.table {
            None => T::GROWTH.and_then(|growth| size::span::<T>(shape.sealed, growth, first, last)),
            Some(table) => {
                let behind = (last + 2).min(size::count(shape.plain));
                let entries = table + first * TABLE_ENTRY..table + behind * TABLE_ENTRY;
                let Some(entries) = self.store.get_range(name, entries)? else { return Ok(None) };
                size::span_of_table::<T>(&entries, table, first, last)
            }
        };
        let wrong = || self.damaged(name, "its chunks are not where they have to be");
        span.map(Some).ok_or_else(wrong)
    }

    /// The part of an object that `range` is. The end of the object counts only where its last chunk says that it is
    /// the last.
    pub(super) fn part(&self, name: &Name, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        let Some(sealed) = self.store.properties(name)?.map(|found| found.size) else {
            return Ok(None);
        };
        let Some(shape) = self.shape(name, sealed)? else { return Ok(None) };
        let plain = shape.plain;
        if range.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let wanted = range.start.min(plain)..range.end.min(plain);
        let end = size::count(plain) - 1;
        let first = (wanted.start / CHUNK as u64).min(end);
        let last = (wanted.end.max(1) - 1) / CHUNK as u64;
        let last = last.max(first);
        let start = 0..start_length::<T>() as u64;
        let Some(start) = self.store.get_range(name, start)? else { return Ok(None) };
        let subject = Subject::Object(name.clone());
        let chunks =
            resume(&*self.transform, &subject, &start).map_err(|error| self.here(error))?;
        let Some(span) = self.span(name, shape, first, last)? else { return Ok(None) };
        let Some(span) = self.store.get_range(name, span)? else { return Ok(None) };
        let mut opener = Opener::<T, _>::at(first, chunks, subject, Cursor::new(span.as_slice()));
        let mut content = Vec::with_capacity(span.len());
        for index in first..=last {
            let is_last = opener.chunk(&mut content).map_err(|error| self.here(unread(error)))?;
            if is_last != (index == end) || is_last && opener.plain() != plain {
                return Err(self.damaged(name, ENDS_EARLY));
            }
        }
        let at = |position: u64| {
            let position = position - first * CHUNK as u64;
            usize::try_from(position).expect("it is in memory")
        };
        let (from, to) = (at(wanted.start.max(first * CHUNK as u64)), at(wanted.end));
        content.truncate(to);
        content.drain(..from.min(to));
        Ok(Some(content))
    }
}
