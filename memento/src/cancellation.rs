//! Calls that need not begin any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::function::Function;
use crate::{Error, ErrorKind};

/// Cancels calls that have not begun, from any thread: see `f::with().cancel(&token)`.
///
/// Clones stand for the same token.
///
/// ```
/// use memento::{CancellationToken, ErrorKind, memento};
///
/// #[memento]
/// fn square(n: u64) -> u64 {
///     n * n
/// }
///
/// # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| {
/// let token = CancellationToken::new();
/// token.cancel();
/// let results = square::with().cancel(&token).map([(1,), (2,)]);
/// assert!(results.iter().all(|r| r.as_ref().is_err_and(|e| e.kind() == ErrorKind::Cancelled)));
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct CancellationToken(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    is_cancelled: AtomicBool,
    parent: Option<CancellationToken>,
}

impl CancellationToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// A token that is cancelled with this one, and can be cancelled without it.
    pub fn child_token(&self) -> Self {
        Self::child_of(Some(self.clone()))
    }

    pub(crate) fn child_of(parent: Option<Self>) -> Self {
        Self(Arc::new(Inner { is_cancelled: AtomicBool::new(false), parent }))
    }

    /// Cancels what has not begun. There is no way back.
    pub fn cancel(&self) {
        self.0.is_cancelled.store(true, Ordering::Release);
    }

    /// Whether this token, or one that it is a child of, was cancelled.
    pub fn is_cancelled(&self) -> bool {
        let tokens = std::iter::successors(Some(self), |token| token.0.parent.as_ref());
        tokens.into_iter().any(|token| token.0.is_cancelled.load(Ordering::Acquire))
    }
}

#[cold]
pub(crate) fn cancelled(function: &Function) -> Error {
    Error::new(ErrorKind::Cancelled, "call a memento function")
        .with("function", function.path())
        .because("it was cancelled before it began")
}
