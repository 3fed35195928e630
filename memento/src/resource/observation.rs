//! What a record notes of a resource.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::State;
use crate::Digest;

/// A resource that a result depends on, and the state that it was in.
///
/// Shows itself as kind and name: ``file `data/prices.csv` ``.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observation {
    kind: String,
    name: String,
    stamp: Option<Stamp>,
    digest: Digest,
}

/// 16 bytes that are cheaper to get than the state of a resource, and that change whenever it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Stamp([u8; 16]);

impl Stamp {
    /// The stamp made of `facts`: times, a length, a revision, an `ETag`. It holds a digest of them.
    pub fn of(facts: &[u8]) -> Self {
        let mut stamp = [0; 16];
        stamp.copy_from_slice(&blake3::hash(facts).as_bytes()[..16]);
        Self(stamp)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl Observation {
    /// The observation of a resource in a state, which `stamp` stands for.
    pub(super) fn new(
        kind: &'static str,
        name: String,
        stamp: Option<Stamp>,
        digest: Digest,
    ) -> Self {
        Self { kind: kind.to_owned(), name, stamp, digest }
    }

    /// The [kind](super::Resource::KIND) of the resource: `file`, `directory`, `variable`, or one of a program's own.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The [name](super::Resource::name) of the resource within its kind.
    ///
    /// In names of files, directories and variables, `%`, control characters and what is not Unicode are written as
    /// `%` with two hexadecimal digits for each byte (on Windows `%u` with four for each unit of UTF-16 that is not
    /// ASCII). That of a directory is the pattern, in which a space is `%20`, then ` in `, then the path.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The stamp that stands for the state; `None` where the resource has none, or it could not be trusted yet.
    pub fn stamp(&self) -> Option<Stamp> {
        self.stamp
    }

    /// The digest of the state: for a file that was read, of its content.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Whether the resource was not there.
    pub fn is_absent(&self) -> bool {
        self.digest == State::absent().digest()
    }

    /// Puts another stamp, which stands for the same state; whether that is news.
    pub(crate) fn restamp(&mut self, stamp: Stamp) -> bool {
        self.stamp.replace(stamp) != Some(stamp)
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A name may come from anyone's store, and what this writes may go to a terminal.
        write!(f, "{} `{}`", self.kind.escape_debug(), self.name.escape_debug())
    }
}
