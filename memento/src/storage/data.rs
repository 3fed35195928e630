//! Where large results live.

use std::fmt::Debug;

use super::Capabilities;
use crate::{Digest, Result};

/// Keeps contents by their digest.
///
/// A store need not check what it returns: the framework compares every content with its digest. It may lose any
/// content at any time; that costs a computation, never a wrong value.
pub trait DataStore: Send + Sync + Debug {
    /// Where it is, for messages: a folder, a host.
    fn location(&self) -> String {
        format!("{self:?}")
    }

    /// What it can do, beyond what every store does.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// The content with this digest, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell. The caller treats it as a miss.
    fn get(&self, digest: &Digest) -> Result<Option<Vec<u8>>>;

    /// Keeps `content`. It is seen by others whole or not at all; putting what is there already changes nothing.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the content could not be kept.
    fn put(&self, digest: &Digest, content: &[u8]) -> Result<()>;

    /// Drops a content; whether there was one.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the content could not be dropped.
    fn remove(&self, digest: &Digest) -> Result<bool>;

    /// Takes a content that is not what its digest says out of the way, where it can be looked at. Later reads do
    /// not find it, and a put replaces it.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove), which is what happens unless a store does better.
    fn set_aside(&self, digest: &Digest) -> Result<()> {
        self.remove(digest).map(drop)
    }
}
