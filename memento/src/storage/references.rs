//! Which contents a memento needs.
//!
//! Which parts a result has, only its type knows. But parts are written as the 64 digits of their digests, in every
//! codec, so that they are found without it: what looks like one, and is the name of a content, is taken for one.

use std::collections::HashSet;

use super::Entry;
use crate::{Digest, Result, StoredValue};

/// How many digits a digest has.
const DIGITS: usize = 64;

/// The contents that mementos need, each once: code, results, and what is found in the bytes of these.
///
/// Who goes through them [takes](Self::take) one, hands its bytes to [`scan`](Self::scan), and says where it
/// [ends](Self::end).
#[derive(Debug, Default)]
pub struct References {
    wanted: Vec<Digest>,
    seen: HashSet<Digest>,
    digits: Digits,
}

impl References {
    /// Adds what a memento needs.
    ///
    /// # Errors
    ///
    /// As [`Entry::read`].
    pub fn add(&mut self, entry: &Entry) -> Result<()> {
        if let Some(result) = entry.inline_result()? {
            self.scan(result);
            self.end();
        }
        let Some(memento) = entry.memento()? else { return Ok(()) };
        self.want(memento.provenance.code);
        if let Some(StoredValue { inline: false, .. }) = memento.outcome.value {
            self.want(memento.outcome.digest);
        }
        Ok(())
    }

    /// One that was not taken yet; some of them are no contents.
    pub fn take(&mut self) -> Option<Digest> {
        self.wanted.pop()
    }

    /// Looks for digests in a piece of a content.
    pub fn scan(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(digest) = self.digits.next(*byte) {
                self.want(digest);
            }
        }
    }

    /// Another content begins.
    pub fn end(&mut self) {
        self.digits = Digits::default();
    }

    /// Whether this one is among them, taken or not.
    pub fn contains(&self, digest: &Digest) -> bool {
        self.seen.contains(digest)
    }

    fn want(&mut self, digest: Digest) {
        if self.seen.insert(digest) {
            self.wanted.push(digest);
        }
    }
}

/// The digits that were read last. A digest begins where digits do: its length stands before it, or a quotation mark.
#[derive(Debug)]
struct Digits {
    digits: [u8; DIGITS],
    /// How many there are, more than a digest has included.
    count: usize,
}

impl Default for Digits {
    fn default() -> Self {
        Self { digits: [0; DIGITS], count: 0 }
    }
}

impl Digits {
    /// The digest that ends here, if one does.
    fn next(&mut self, byte: u8) -> Option<Digest> {
        if !matches!(byte, b'0'..=b'9' | b'a'..=b'f') {
            self.count = 0;
            return None;
        }
        if let Some(digit) = self.digits.get_mut(self.count) {
            *digit = byte;
        }
        self.count = self.count.saturating_add(1);
        let is_whole = self.count == DIGITS;
        let hash = is_whole.then(|| blake3::Hash::from_hex(self.digits).ok()).flatten()?;
        Some(Digest::from_bytes(hash.into()))
    }
}
