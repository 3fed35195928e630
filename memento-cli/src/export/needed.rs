//! What the mementos of a function need: those of what it called, and contents.
//!
//! Which parts a result has, only its type knows. But parts are written as the 64 digits of their digests, in every codec, so
//! that they are found without it: what looks like one and is the name of a content is taken along.

use std::collections::HashSet;
use std::io::{self, Read};

use memento::{Digest, Entry, Error, ErrorKind, Filter, Key, MetadataStore, Result, StoredValue};

use crate::mementos::{self, TOGETHER};

/// How many digits a digest has.
const DIGITS: usize = 64;

/// The keys of all mementos of `functions` and of what they were computed from, which stand before them.
pub(super) fn keys(metadata: &dyn MetadataStore, functions: &[String]) -> Result<Vec<Key>> {
    let (mut keys, mut seen) = (Vec::new(), HashSet::new());
    let mut next = Vec::new();
    for function in functions {
        let filter = Filter { function: Some(function.clone()), ..Filter::default() };
        let found = mementos::keys(metadata, &filter)?;
        if found.is_empty() {
            return Err(Error::new(ErrorKind::Storage, "export the mementos of a function")
                .with("function", function)
                .with("store", metadata.location())
                .source("there are none")
                .help("write the path as mementos have it: `package::crate::module::name`"));
        }
        next.extend(found.into_iter().rev());
    }
    while !next.is_empty() {
        next.retain(|key| seen.insert(*key));
        keys.extend(&next);
        let mut callees = Vec::new();
        for keys in next.chunks(TOGETHER) {
            for entry in mementos::read(metadata, keys)?.into_iter().flatten() {
                callees.extend(entry.earlier()?);
                let memento = entry.memento()?;
                callees.extend(
                    memento
                        .iter()
                        .flat_map(|memento| memento.provenance.callees().map(memento::Callee::key)),
                );
            }
        }
        next = callees;
    }
    keys.reverse();
    Ok(keys)
}

/// Contents that are to be taken along, and those that were.
#[derive(Default)]
pub(super) struct Contents {
    wanted: Vec<Digest>,
    seen: HashSet<Digest>,
    digits: Digits,
}

impl Contents {
    /// Adds what a memento needs.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<()> {
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

    /// The next one.
    pub(super) fn next(&mut self) -> Option<Digest> {
        self.wanted.pop()
    }

    /// Looks for digests in a piece of a content.
    pub(super) fn scan(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if let Some(digest) = self.digits.next(*byte) {
                self.want(digest);
            }
        }
    }

    /// Another content begins.
    pub(super) fn end(&mut self) {
        self.digits = Digits::default();
    }

    fn want(&mut self, digest: Digest) {
        if self.seen.insert(digest) {
            self.wanted.push(digest);
        }
    }
}

/// The digits that were read last. A digest begins where digits do: its length stands before it, or a quotation mark.
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

/// A reader whose bytes are seen by somebody else, too.
pub(super) struct Seen<'s, R> {
    pub(super) reader: R,
    pub(super) see: &'s mut dyn FnMut(&[u8]),
}

impl<R: Read> Read for Seen<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(buffer)?;
        (self.see)(&buffer[..length]);
        Ok(length)
    }
}
