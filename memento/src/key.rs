//! What a key is made of.
//!
//! A [`Key`] names an invocation: one function version applied to one set of arguments. It is the same on every
//! machine, architecture and release, and two different invocations never share one.
//!
//! | part              | bytes                                                                    | goes into     |
//! | ----------------- | ------------------------------------------------------------------------ | ------------- |
//! | format            | `memento key 0001`, to change when anything in this table does           | function key  |
//! | cluster           | length as little-endian `u64`, then the name                             | function key  |
//! | function path     | length as little-endian `u64`, then package, crate, modules and name     | function key  |
//! | function version  | 32 bytes                                                                 | function key  |
//! | function key      | BLAKE3 of all of the above                                               | the hash's key |
//! | arguments         | the [canonical encoding](crate::encoding) of a tuple of all arguments     | key           |
//! | context arguments | where there are any: the encoding of a map from their names to values    | key           |
//!
//! The key is the BLAKE3 keyed hash of the last two rows under the function key. The first four are the same for
//! every call of a function, so they are hashed once; of short arguments a single block is left to hash.

#[cfg(test)]
mod tests;

use crate::Version;

pub use crate::digest::Key;

/// What keys are made of, and how. Keys of another format are other keys: old results are not found, never misread.
const FORMAT: &[u8; 16] = b"memento key 0001";

/// The part of the key that all invocations of one version of a function in one cluster share.
pub(crate) fn function_key(cluster: &str, path: &str, version: &Version) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(FORMAT);
    for text in [cluster, path] {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    hasher.update(version.as_bytes());
    hasher.finalize().into()
}
