//! Bytes that are there, or come in segments.

use std::borrow::Cow;

use super::malformed::{Result, ended};
use crate::codec::Segments;

/// Bytes that are read one after the other.
pub(super) struct Input<'i> {
    /// Those that are there, of which those from `at` on were not read yet.
    bytes: Cow<'i, [u8]>,
    at: usize,
    /// Where more come from.
    segments: Option<&'i mut Segments>,
}

/// Bytes of a known length.
pub(super) enum Content<'c> {
    Here(&'c [u8]),
    /// They come in several segments.
    Gathered(Vec<u8>),
}

impl<'i> Input<'i> {
    pub(super) fn new(bytes: &'i [u8]) -> Self {
        Self { bytes: Cow::Borrowed(bytes), at: 0, segments: None }
    }

    pub(super) fn of_segments(segments: &'i mut Segments) -> Self {
        Self { segments: Some(segments), ..Self::new(&[]) }
    }

    /// How many bytes were not read yet.
    pub(super) fn left(&self) -> u64 {
        let behind = self.segments.as_ref().map_or(0, |segments| segments.left());
        (self.bytes.len() - self.at) as u64 + behind
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let Some(array) = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk) else {
            return self.gathered_array();
        };
        self.at += N;
        Ok(*array)
    }

    /// An array of which at least a part has not come.
    #[cold]
    fn gathered_array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        for byte in &mut array {
            while self.at == self.bytes.len() {
                self.advance()?;
            }
            *byte = self.bytes[self.at];
            self.at += 1;
        }
        Ok(array)
    }

    /// Puts the next segment in the place of the one that was read.
    #[cold]
    fn advance(&mut self) -> Result<()> {
        let used = match std::mem::take(&mut self.bytes) {
            Cow::Owned(used) => used,
            Cow::Borrowed(_) => Vec::new(),
        };
        self.at = 0;
        let next = self.segments.as_mut().and_then(|segments| segments.advance(used));
        self.bytes = Cow::Owned(next.ok_or_else(ended)?);
        Ok(())
    }

    /// The next `length` bytes.
    pub(super) fn content(&mut self, length: usize) -> Result<Content<'_>> {
        let start = self.at;
        if length <= self.bytes.len() - start {
            self.at += length;
            return Ok(Content::Here(&self.bytes[start..self.at]));
        }
        if length as u64 > self.left() {
            return Err(ended());
        }
        self.gathered(length).map(Content::Gathered)
    }

    /// Bytes that come in several segments. Memory is taken as they come: how long they are is what somebody wrote.
    fn gathered(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        loop {
            let here = &self.bytes[self.at..];
            let taken = here.len().min(length - content.len());
            content.extend_from_slice(&here[..taken]);
            self.at += taken;
            if content.len() == length {
                return Ok(content);
            }
            self.advance()?;
        }
    }
}
