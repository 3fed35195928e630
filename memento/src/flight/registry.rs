//! Which keys are being computed, for computations of one kind.
//!
//! Locks are taken in this order: that of the flights, then that of those who compute alone.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::Mutex;

use super::last_word::{Alone, LastWord, Loners};
use crate::Key;

/// A computation that others wait for.
pub(super) trait Flies {
    /// What it shares with those who compute the same alone.
    fn word(&self) -> &Arc<LastWord>;
}

/// The flights, and those who compute a key alone.
pub(super) struct Registry<F> {
    flying: Arc<Mutex<HashMap<Key, Arc<F>>>>,
    loners: Loners,
}

impl<F> Default for Registry<F> {
    fn default() -> Self {
        Self { flying: Arc::default(), loners: Loners::default() }
    }
}

impl<F> Clone for Registry<F> {
    fn clone(&self) -> Self {
        Self { flying: Arc::clone(&self.flying), loners: self.loners.clone() }
    }
}

impl<F: Flies> Registry<F> {
    /// The flight of `key` that `begin` makes of what it shares with others, or else the one that is there.
    pub(super) fn begin_or_join(
        &self,
        key: Key,
        begin: impl FnOnce(Arc<LastWord>) -> F,
    ) -> Result<Arc<F>, Arc<F>> {
        match self.flying.lock().entry(key) {
            Entry::Occupied(flight) => Err(Arc::clone(flight.get())),
            Entry::Vacant(vacant) => {
                let word = self.loners.word(&key).unwrap_or_default();
                Ok(Arc::clone(vacant.insert(Arc::new(begin(word)))))
            }
        }
    }

    pub(super) fn end(&self, key: &Key) {
        self.flying.lock().remove(key);
    }

    /// One more who computes `key`, as others may be doing.
    pub(super) fn go_alone(&self, key: Key) -> Alone {
        let flying = self.flying.lock();
        self.loners.join(key, flying.get(&key).map(|flight| flight.word()))
    }

    /// What those share who compute `key` now, if anybody does.
    pub(super) fn word(&self, key: &Key) -> Option<Arc<LastWord>> {
        let flying = self.flying.lock();
        flying.get(key).map(|flight| Arc::clone(flight.word())).or_else(|| self.loners.word(key))
    }

    pub(super) fn len(&self) -> usize {
        self.flying.lock().len()
    }
}
