//! Environment variables: observed by a digest of the value.

use std::env::{self, VarError};
use std::ffi::{OsStr, OsString};

use super::{Resource, State, name, register};
use crate::resource::observe::read_observed;
use crate::{Digest, Result};

/// The context of digests of values: BLAKE3 derives another hash function from it, so that no file has the digest of
/// one.
const VALUE: &str = "memento 2026-10-01 resource: value of an environment variable";

/// An environment variable of this process, set or not.
pub(super) struct Variable(OsString);

register!(Variable);

/// The value of an environment variable, as [`std::env::var`] gives it. Observes the value, or that there is none.
///
/// The value is not stored; a digest of it and the name is. Whoever can read the store can compare it with digests of
/// guesses: do not observe a short secret, such as a password that people choose.
///
/// # Errors
///
/// Those of [`std::env::var`]: [`NotPresent`](VarError::NotPresent), and [`NotUnicode`](VarError::NotUnicode), which
/// holds the value.
pub fn env_var(name: impl AsRef<OsStr>) -> std::result::Result<String, VarError> {
    let variable = Variable(name.as_ref().to_owned());
    let value =
        read_observed(&variable, Variable::value, |value| variable.state_of(value.as_deref()));
    value.ok_or(VarError::NotPresent)?.into_string().map_err(VarError::NotUnicode)
}

impl Variable {
    /// The value that it has now.
    fn value(&self) -> Option<OsString> {
        env::var_os(&self.0)
    }

    /// The state in which it has this value.
    pub(super) fn state_of(&self, value: Option<&OsStr>) -> State {
        let Some(value) = value else {
            return State::absent();
        };
        let mut hasher = blake3::Hasher::new_derive_key(VALUE);
        // With the name: that two variables have the same value is nobody's business.
        hasher.update(&(self.0.len() as u64).to_le_bytes());
        hasher.update(self.0.as_encoded_bytes());
        hasher.update(value.as_encoded_bytes());
        State::of_digest(Digest::from_bytes(hasher.finalize().into()))
    }
}

impl Resource for Variable {
    const KIND: &'static str = "variable";

    fn name(&self) -> String {
        name::escape(&self.0)
    }

    fn from_name(name: &str) -> Result<Self> {
        Ok(Self(name::unescape(name)?))
    }

    fn state(&self) -> State {
        self.state_of(self.value().as_deref())
    }
}
