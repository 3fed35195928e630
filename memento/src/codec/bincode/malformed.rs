//! What is wrong with bytes that are no value of a type.

use std::fmt;

use serde::de;

pub(super) type Result<T> = std::result::Result<T, Malformed>;

/// Why bytes are no value of the type. As long as a number, so that either is handed on in registers.
#[derive(Debug)]
pub(super) struct Malformed(Box<Reason>);

#[derive(Debug)]
struct Reason(String);

#[cold]
pub(super) fn wrong(what: impl fmt::Display) -> Malformed {
    Malformed(Box::new(Reason(what.to_string())))
}

#[cold]
pub(super) fn ended() -> Malformed {
    wrong("the bytes end before the value does")
}

#[cold]
pub(super) fn not_described() -> Malformed {
    wrong("the type asks what is there, which bincode does not say, and `codec = \"json\"` does")
}

impl de::Error for Malformed {
    fn custom<T: fmt::Display>(message: T) -> Self {
        wrong(message)
    }
}

impl std::error::Error for Malformed {}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.0)
    }
}
