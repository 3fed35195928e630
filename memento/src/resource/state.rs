//! The states that resources are in.

use std::io;

use crate::Digest;

/// The context of digests of states that are no content: BLAKE3 derives another hash function from it, so that no
/// content has the digest of one of them.
const NO_CONTENT: &str = "memento 2026-10-01 resource: state without content";

/// The state of a resource at one moment: a digest of what it holds, or of why it holds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    digest: Digest,
    has_stamp: bool,
}

impl State {
    /// The state of a resource that holds `content`.
    pub fn of(content: &[u8]) -> Self {
        Self::of_digest(Digest::of(content))
    }

    /// The state of a resource whose content has this digest.
    ///
    /// The digest should be cryptographic, as [`Digest::of`] is: equal digests are taken for equal contents.
    pub const fn of_digest(digest: Digest) -> Self {
        Self { digest, has_stamp: true }
    }

    /// The state of a resource that is not there.
    pub fn absent() -> Self {
        Self::without_content("absent")
    }

    /// The state of a resource that could not be read: [absent](Self::absent) where the error says that it is not
    /// there, and else another state for each kind of error, as a function can tell them apart.
    pub fn failed(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::absent(),
            other => Self::without_content(&format!("{other:?}")),
        }
    }

    /// Whatever stamp the resource has does not stand for this state: the state is looked at each time.
    pub const fn without_stamp(mut self) -> Self {
        self.has_stamp = false;
        self
    }

    /// The digest by which states are compared.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Whether a stamp may stand for it.
    pub(super) const fn has_stamp(&self) -> bool {
        self.has_stamp
    }

    /// A state that no content has. No stamp stands for it: whether a file can be read depends on who reads it, and
    /// on folders further up, too.
    fn without_content(why: &str) -> Self {
        let digest = Digest::from_bytes(blake3::derive_key(NO_CONTENT, why.as_bytes()));
        Self { digest, has_stamp: false }
    }
}
