//! Which digest a resource had with which stamp, as far as this process has seen: so that one that many records depend
//! on is read once.

use std::collections::HashMap;
use std::mem;
use std::sync::LazyLock;

use parking_lot::Mutex;

use super::Stamp;
use crate::Digest;

/// How many digests a generation holds; there are two, of 64 bytes each.
const GENERATION: usize = 1 << 14;

static MEMO: LazyLock<Mutex<Memo>> = LazyLock::new(Mutex::default);

/// Digests of states by digests of what they are of. What is asked for moves to the current generation; when that is
/// full, the one before is forgotten.
#[derive(Default)]
pub(super) struct Memo {
    current: HashMap<Digest, Digest>,
    previous: HashMap<Digest, Digest>,
}

impl Memo {
    pub(super) fn get(&mut self, what: Digest) -> Option<Digest> {
        if let Some(digest) = self.current.get(&what) {
            return Some(*digest);
        }
        let digest = self.previous.remove(&what)?;
        self.insert(what, digest);
        Some(digest)
    }

    pub(super) fn insert(&mut self, what: Digest, digest: Digest) {
        if self.current.len() >= GENERATION {
            self.previous = mem::take(&mut self.current);
        }
        self.current.insert(what, digest);
    }

    #[cfg(test)]
    pub(super) fn capacity() -> usize {
        2 * GENERATION
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.current.len() + self.previous.len()
    }
}

/// The digest of the state that the resource had with this stamp.
pub(super) fn get(kind: &str, name: &str, stamp: Stamp) -> Option<Digest> {
    MEMO.lock().get(what(kind, name, stamp))
}

/// Notes the digest of the state that `stamp` stands for. The stamp must be trusted: no other state will have it.
pub(super) fn insert(kind: &str, name: &str, stamp: Stamp, digest: Digest) {
    MEMO.lock().insert(what(kind, name, stamp), digest);
}

fn what(kind: &str, name: &str, stamp: Stamp) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(stamp.as_bytes());
    hasher.update(&(kind.len() as u64).to_le_bytes());
    hasher.update(kind.as_bytes());
    hasher.update(name.as_bytes());
    Digest::from_bytes(hasher.finalize().into())
}
