//! Errors that are never replayed.

use std::sync::Arc;

/// An error that says for itself whether it may be gone the next time.
///
/// With `errors = "replay"`, a transient error is not replayed: its message is recorded, and the function runs again.
/// Errors of types that do not implement this are replayed, whatever they say; without the option, no error is.
///
/// ```
/// use memento::{Transient, memento};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize)]
/// enum FetchError {
///     NotFound,
///     Disconnected,
/// }
///
/// impl Transient for FetchError {
///     fn is_transient(&self) -> bool {
///         matches!(self, Self::Disconnected)
///     }
/// }
///
/// #[memento(errors = "replay")]
/// fn size(path: &str) -> Result<u64, FetchError> {
///     Err(if path.is_empty() { FetchError::NotFound } else { FetchError::Disconnected })
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| {
/// # let (_, _) = (size(""), size("a"));
/// assert_eq!(size::explain("")?.to_string(), "hit");
/// assert_eq!(size::explain("a")?.to_string(), "it failed, and errors are retried: Disconnected");
/// # Ok::<(), memento::Error>(())
/// # }).unwrap();
/// ```
pub trait Transient {
    /// Whether the same call may come to something else; true of all errors of the type, unless it tells them apart.
    fn is_transient(&self) -> bool {
        true
    }
}

impl<E: Transient + ?Sized> Transient for Box<E> {
    fn is_transient(&self) -> bool {
        (**self).is_transient()
    }
}

impl<E: Transient + ?Sized> Transient for Arc<E> {
    fn is_transient(&self) -> bool {
        (**self).is_transient()
    }
}
