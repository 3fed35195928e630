//! Which results this process has found to be valid, so that it need not find out again.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::validity::Validity;
use crate::{Digest, Key};

/// How many results are remembered; then all are forgotten, so that memory is bounded.
const REMEMBERED: usize = 1 << 18;

/// Results that depend on callees or on what is outside of the program, and were found valid.
#[derive(Default)]
pub(crate) struct Verified {
    found: Mutex<HashMap<Key, (Digest, Arc<Validity>)>>,
}

impl Verified {
    /// What the result of `key` depends on, if it was found valid, has this digest, and still is.
    pub(crate) fn get(&self, key: &Key, digest: &Digest) -> Option<Arc<Validity>> {
        let (found, validity) = self.found.lock().get(key)?.clone();
        (found == *digest && validity.holds() && validity.resources_hold()).then_some(validity)
    }

    /// Remembers that a result was found valid, or was just computed.
    pub(crate) fn add(&self, key: Key, digest: Digest, validity: Arc<Validity>) {
        let mut found = self.found.lock();
        if found.len() >= REMEMBERED {
            found.clear();
        }
        found.insert(key, (digest, validity));
    }
}
