//! What this process computes and drops, counted.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::Key;

/// How many groups there are that keys fall into, each of which has one count.
const GROUPS: usize = 1 << 12;

/// Counts, for each key, what this process computes and drops. Who looks a key up notes the count before: as long as it
/// stands still, what was found is the last that this process knows of, and what was not there is still not there.
///
/// Keys share counts, so that a count may move because of another key. That costs a look-up, and nothing else.
pub(crate) struct Changes(Box<[AtomicU32]>);

impl Default for Changes {
    fn default() -> Self {
        Self(std::iter::repeat_with(AtomicU32::default).take(GROUPS).collect())
    }
}

impl Changes {
    pub(crate) fn count(&self, key: &Key) -> u32 {
        self.of(key).load(Ordering::Acquire)
    }

    /// Counts a change that can be seen in the stores from now on, or that is about to be seen in the memory cache.
    pub(crate) fn note(&self, key: &Key) {
        self.of(key).fetch_add(1, Ordering::Release);
    }

    /// The same for all keys.
    pub(crate) fn note_all(&self) {
        for count in &self.0 {
            count.fetch_add(1, Ordering::Release);
        }
    }

    fn of(&self, key: &Key) -> &AtomicU32 {
        let [first, second, ..] = key.as_bytes();
        &self.0[usize::from(u16::from_le_bytes([*first, *second])) % GROUPS]
    }
}
