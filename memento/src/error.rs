//! What goes wrong, said so that it can be mended.

use std::any::Any;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The kind of an [`Error`]; what a program decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The configuration asks for something that is not there, or not valid.
    Configuration,
    /// Two functions, or two plugins, have the same name.
    Ambiguous,
    /// The runner does not execute functions.
    Refused,
    /// An invocation needs its own result.
    Recursion,
    /// A function that was called with `no_further_calls` called another memento function.
    FurtherCall,
    /// The function panicked.
    Panicked,
    /// The call was cancelled before it began.
    Cancelled,
    /// The worker process that ran the function ended before the function did, or was ended because it took too long.
    Worker,
    /// A value could not be encoded.
    Encoding,
    /// Stored bytes are not what was written.
    Damaged,
    /// Stored bytes are of a format that this release does not know.
    NewerFormat,
    /// The store is open for reading only.
    ReadOnly,
    /// The store did not do what was asked of it.
    Storage,
    /// The store is not asked for a while: it failed too often, or a change that took too long has not ended.
    Unavailable,
    /// The store cannot do what was asked of it: it lacks a [capability](crate::storage::Capabilities).
    Unsupported,
    /// A text that is not a valid name for an object.
    InvalidName,
    /// An object is longer than the store takes.
    TooLarge,
}

impl ErrorKind {
    /// Whether the same request may succeed if it is made again soon, with nothing changed by anyone.
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Storage)
    }

    /// Whether it says what is wrong with one object or record, and not with the store itself: others can be asked for,
    /// one by one.
    pub fn is_of_one(self) -> bool {
        matches!(self, Self::Damaged | Self::NewerFormat | Self::TooLarge)
    }
}

/// A failure of the framework or of what it stands on; never an `Err` that a memento function returned.
///
/// The message says what was tried, on what, what went wrong, and what to do.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    operation: Cow<'static, str>,
    context: Vec<(Cow<'static, str>, String)>,
    help: Option<Cow<'static, str>>,
    reason: Option<Arc<dyn StdError + Send + Sync>>,
}

/// The result of an operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of `kind` while trying to do `operation`, an infinitive without "to": "open the store".
    pub fn new(kind: ErrorKind, operation: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            context: Vec::new(),
            help: None,
            reason: None,
        }))
    }

    /// The error of a store that cannot do `operation` for lack of a [capability](crate::storage::Capabilities).
    pub fn unsupported(operation: &'static str, capability: &'static str, store: &str) -> Self {
        Self::new(ErrorKind::Unsupported, operation)
            .with("store", store)
            .with("capability", capability)
            .because("this store lacks the capability")
            .help("look at its capabilities before, or choose a store that has it")
    }

    /// Adds what the operation was tried on.
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name.into(), value.to_string()));
        self
    }

    /// Says what is available, or what to do.
    pub fn help(mut self, help: impl Into<Cow<'static, str>>) -> Self {
        self.0.help = Some(help.into());
        self
    }

    /// Adds what went wrong: the error underneath, or a text.
    pub fn because(mut self, reason: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.reason = Some(Arc::from(reason.into()));
        self
    }

    /// What went wrong: the error underneath, whose message is a part of this one's.
    pub fn reason(&self) -> Option<&(dyn StdError + Send + Sync + 'static)> {
        self.0.reason.as_deref()
    }

    /// What kind of failure this is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was tried.
    pub(crate) fn operation(&self) -> &str {
        &self.0.operation
    }

    /// Whether the same request may succeed if it is made again soon, with nothing changed by anyone.
    pub fn is_retryable(&self) -> bool {
        self.0.kind.is_retryable()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        write!(f, "cannot {}", inner.operation)?;
        for (index, (name, value)) in inner.context.iter().enumerate() {
            let separator = if index == 0 { " (" } else { ", " };
            write!(f, "{separator}{name}: {value}")?;
        }
        if !inner.context.is_empty() {
            f.write_str(")")?;
        }
        if let Some(reason) = &inner.reason {
            write!(f, ": {reason}")?;
        }
        if let Some(help) = &inner.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl StdError for Error {
    /// What is below the [reason](Error::reason), whose message is a part of this one's.
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.reason()?.source()
    }
}

/// What a panic said.
pub(crate) fn panic_message(payload: &(dyn Any + Send)) -> &str {
    let message = payload.downcast_ref::<&str>().copied();
    let message = message.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    message.unwrap_or("with a value that is no text")
}

/// For functions that read and write files, and whose errors are those of the operating system.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::Damaged => io::ErrorKind::InvalidData,
            // Nothing is wrong with it, and nobody is to move it aside.
            ErrorKind::NewerFormat => io::ErrorKind::Unsupported,
            ErrorKind::ReadOnly => io::ErrorKind::ReadOnlyFilesystem,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

/// An error on its way to another process: the error underneath goes as its message.
#[derive(Serialize, Deserialize)]
struct Portable {
    kind: ErrorKind,
    operation: String,
    context: Vec<(String, String)>,
    help: Option<String>,
    reason: Option<String>,
}

impl Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Inner { kind, operation, context, help, reason } = &*self.0;
        let context = context.iter().map(|(name, value)| (name.to_string(), value.clone()));
        Portable {
            kind: *kind,
            operation: operation.to_string(),
            context: context.collect(),
            help: help.as_ref().map(Cow::to_string),
            reason: reason.as_ref().map(ToString::to_string),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Portable { kind, operation, context, help, reason } =
            Portable::deserialize(deserializer)?;
        Ok(Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            context: context.into_iter().map(|(name, value)| (name.into(), value)).collect(),
            help: help.map(Cow::from),
            reason: reason.map(|reason| Arc::from(Box::<dyn StdError + Send + Sync>::from(reason))),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_says_what_on_what_why_and_what_to_do() {
        let error = Error::new(ErrorKind::Storage, "open the store")
            .with("path", "/x")
            .with("mode", "read-only")
            .because("no such folder")
            .help("create the folder");
        assert_eq!(
            error.to_string(),
            "cannot open the store (path: /x, mode: read-only): no such folder; create the folder"
        );
        let bytes = postcard::to_stdvec(&error).unwrap();
        let carried: Error = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(format!("{carried:?}"), format!("{error:?}"));
    }
}
