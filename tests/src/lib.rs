//! What the tests across crates share.

pub mod folder;
pub mod processes;
pub mod visit;
pub mod warnings;
pub mod work;

use memento::{Environment, LocalRunner, Storage};

/// An environment in the memory of this process that no other test sees.
pub fn memory() -> Environment {
    Environment::new(Storage::memory(), LocalRunner::new())
}
