//! What a store can do, as data.

use serde::{Deserialize, Serialize};

/// What a store can do, beyond what every store does. What it cannot do is an error of the kind
/// [`Unsupported`](crate::ErrorKind::Unsupported), which names the store and the field below.
///
/// ```
/// let capabilities = memento::storage::Capabilities::default().conditional().url();
/// assert!(capabilities.writable && capabilities.conditional && !capabilities.metadata);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "each says something else")]
pub struct Capabilities {
    /// Whether it keeps what is put. Where not, nothing is put, and no put is reported as failed.
    pub writable: bool,
    /// Data stores: whether a put can depend on what is there, so that of two writers one learns that the other was
    /// first. `append` and `put_if_absent` need it. Metadata stores: whether a record is compared with the one that was
    /// read and [replaced](crate::storage::MetadataStore::replace) in one step.
    pub conditional: bool,
    /// Data stores: whether objects have user metadata.
    pub metadata: bool,
    /// Data stores: whether it is known when an object was put.
    pub modified: bool,
    /// Data stores: whether there can be an object `a/b` beside one that is named `a/b/c`.
    pub nested: bool,
    /// Data stores: whether a range is read without what is around it, and an object streamed without being in memory
    /// as a whole.
    pub streams: bool,
    /// Data stores: whether objects have a URL.
    pub url: bool,
}

impl Default for Capabilities {
    /// Those of a plain store: it keeps what is put, under any name, and no more.
    fn default() -> Self {
        Self {
            writable: true,
            conditional: false,
            metadata: false,
            modified: false,
            nested: true,
            streams: false,
            url: false,
        }
    }
}

impl Capabilities {
    /// Those of a plain store that is open for reading only.
    pub fn read_only() -> Self {
        Self::default().not_writable()
    }

    /// Nothing is kept.
    pub const fn not_writable(mut self) -> Self {
        self.writable = false;
        self
    }

    /// A put can depend on what is there.
    pub const fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// Objects have user metadata.
    pub const fn metadata(mut self) -> Self {
        self.metadata = true;
        self
    }

    /// It is known when an object was put.
    pub const fn modified(mut self) -> Self {
        self.modified = true;
        self
    }

    /// The name of an object is never that of a folder.
    pub const fn not_nested(mut self) -> Self {
        self.nested = false;
        self
    }

    /// Ranges and streams take what they need.
    pub const fn streams(mut self) -> Self {
        self.streams = true;
        self
    }

    /// Objects have a URL.
    pub const fn url(mut self) -> Self {
        self.url = true;
        self
    }
}
