//! Which results this process has found to be valid, so that it need not find out again.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::validity::Validity;
use crate::{Digest, Key};

/// How many bytes are remembered; then all are forgotten, so that memory is bounded.
const REMEMBERED: u64 = 64 << 20;
/// How many bytes a result takes that depends on no resource.
const OF_RESULT: u64 = 256;

/// Results that depend on callees or on what is outside of the program, and were found valid.
#[derive(Default)]
pub(crate) struct Verified {
    found: Mutex<Found>,
}

#[derive(Default)]
struct Found {
    results: HashMap<Key, (Digest, Arc<Validity>)>,
    /// How many bytes they take.
    size: u64,
}

impl Verified {
    /// What the result of `key` depends on, if it was found valid, has this digest, and still is.
    pub(crate) fn get(&self, key: &Key, digest: &Digest) -> Option<Arc<Validity>> {
        let (found, validity) = self.found.lock().results.get(key)?.clone();
        (found == *digest && validity.holds() && validity.resources_hold()).then_some(validity)
    }

    /// Remembers that a result was found valid, or was just computed.
    pub(crate) fn add(&self, key: Key, digest: Digest, validity: Arc<Validity>) {
        let mut found = self.found.lock();
        let size = |validity: &Validity| OF_RESULT + validity.size();
        if found.size + size(&validity) > REMEMBERED {
            *found = Found::default();
        }
        found.size += size(&validity);
        if let Some((_, before)) = found.results.insert(key, (digest, validity)) {
            found.size -= size(&before);
        }
    }
}
