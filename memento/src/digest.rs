//! 32-byte names: of contents, of code, of invocations.

pub(crate) mod hashed;
pub(crate) mod segments;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

/// Writes `bytes` as lower-case hexadecimal digits.
fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

/// Defines a 32-byte name with the same abilities as every other one, and a type of its own.
macro_rules! name_of_32_bytes {
    ($(#[$attribute:meta])* $name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name([u8; 32]);

        impl $name {
            /// The name with these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        /// 64 hexadecimal digits; the first 12 of them with `{:#}`.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(if f.alternate() { &self.0[..6] } else { &self.0 }, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self:#})", stringify!($name))
            }
        }
    };
}

name_of_32_bytes! {
    /// The BLAKE3 digest of some content: of an encoded result, of a stored file.
    Digest
}

name_of_32_bytes! {
    /// The digest of a function's cluster and path and the arguments of one call, whatever the function's version.
    ///
    /// With a version it makes a [`Key`].
    Invocation
}

name_of_32_bytes! {
    /// The digest that names an invocation of one version. What it is made of is told in [`key`](crate::key).
    Key
}

name_of_32_bytes! {
    /// The digest that names the code of a memento function.
    ///
    /// `#[memento]` computes it while the function's crate compiles.
    Version
}

impl Version {
    /// This version, or another one if `active` is true: how the options of `cfg`s count, whose state only the compiler
    /// knows. `addend` is different for each option, and random to all appearances.
    #[doc(hidden)]
    #[must_use]
    pub const fn when(mut self, active: bool, addend: &[u8; 32]) -> Self {
        let mut at = 0;
        while active && at < 32 {
            self.0[at] ^= addend[at];
            at += 1;
        }
        self
    }
}

impl Digest {
    /// The digest of `content`.
    pub fn of(content: &[u8]) -> Self {
        Self(blake3::hash(content).into())
    }
}
