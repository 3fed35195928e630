//! What a key is made of.
//!
//! A [`Key`] names an invocation: one function version applied to one set of arguments. It is the same on every
//! machine, architecture and release, and two different invocations never share one.
//!
//! | part              | bytes                                                                    | goes into    |
//! | ----------------- | ------------------------------------------------------------------------ | ------------ |
//! | format            | `memento key 0002`, to change when anything in this table does           | function key |
//! | cluster           | length as little-endian `u64`, then the name                             | function key |
//! | function path     | length as little-endian `u64`, then package, crate, modules and name     | function key |
//! | function key      | BLAKE3 of all of the above                                               | invocation   |
//! | arguments         | the [canonical encoding](crate::encoding) of a tuple: see below          | invocation   |
//! | context arguments | where there are any: the encoding of a map from their names to values    | invocation   |
//! | invocation        | BLAKE3 of the two rows above, keyed with the function key                | key          |
//! | function version  | 32 bytes: the key of the last hash, which makes the invocation a key     | key          |
//!
//! In the tuple of arguments stand, in order: of a generic function, each type and constant, those of the `impl` block
//! around it first; the types of arguments that are written as `impl Trait`; the arguments, `self` first. A type is a
//! unit struct of its name. What `ignore(…)` names is left out, and what `key(…)` gives stands in place of an argument.
//!
//! The first three are the same for every call of a function, so they are hashed once; with short arguments, two blocks
//! are left to hash: that of the arguments, and that of the invocation. That the version comes last makes it possible
//! to ask for what other versions of the function did with the same arguments.

#[cfg(test)]
mod tests;

use crate::Version;

pub use crate::digest::{Invocation, Key};

/// What keys are made of, and how. Keys of another format are other keys: old results are not found, never misread.
const FORMAT: &[u8; 16] = b"memento key 0002";

/// The part of the key that all invocations of a function in one cluster share.
pub(crate) fn function_key(cluster: &str, path: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(FORMAT);
    for text in [cluster, path] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.finalize().into()
}

impl Invocation {
    /// The key of this invocation of a version of the function.
    pub fn key(&self, version: &Version) -> Key {
        Key::from_bytes(blake3::keyed_hash(version.as_bytes(), self.as_bytes()).into())
    }
}
