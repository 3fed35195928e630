//! What the tests across crates share.

use memento::{Environment, LocalRunner, Storage};

/// An environment in the memory of this process that no other test sees.
pub fn memory() -> Environment {
    Environment::new(Storage::memory(), LocalRunner::new())
}
