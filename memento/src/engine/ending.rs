//! How a call ended.

use std::any::Any;
use std::sync::Arc;

use crate::cache::Landed;
use crate::error::panic_message;
use crate::function::Function;
use crate::progress::End;
use crate::stack::FinishedCall;
use crate::validity::Validity;
use crate::{Digest, Error, ErrorKind, Invocation};

/// What is known of a result beside the result itself.
#[derive(Clone)]
pub(crate) struct Known {
    /// `None` where it is not kept: it has no encoding, or was made of a call that came to nothing.
    pub(crate) digest: Option<Digest>,
    /// What it depends on beyond the code.
    pub(crate) validity: Option<Arc<Validity>>,
}

impl From<Landed> for Known {
    fn from(landed: Landed) -> Self {
        Self { digest: Some(landed.digest), validity: landed.validity }
    }
}

/// How a call ended, but for its output.
pub(crate) enum Ending {
    /// It has not.
    Pending,
    /// The result was there.
    Found(Known),
    /// The function ran.
    Computed(Known),
    /// The function panicked.
    Panicked(Box<dyn Any + Send>),
    /// The function was not run.
    Failed(Error),
}

impl Ending {
    /// What became of the call, as progress counts it. `has_failed` says whether the function returned an error.
    pub(crate) fn end(&self, has_failed: impl FnOnce() -> bool) -> End {
        match self {
            Self::Found(_) => End::Hit,
            Self::Computed(_) if !has_failed() => End::Computed,
            Self::Computed(_) | Self::Pending | Self::Panicked(_) | Self::Failed(_) => End::Failed,
        }
    }

    /// What the caller's frame records, if there is an outcome.
    pub(crate) fn finished_call(
        &self,
        function: &'static Function,
        invocation: Invocation,
    ) -> Option<FinishedCall> {
        let (Self::Found(known) | Self::Computed(known)) = self else { return None };
        let Known { digest, validity } = known.clone();
        Some(FinishedCall { function, invocation, digest, validity })
    }

    /// The error of a call of `function` that has no output.
    pub(crate) fn error(&self, function: &Function) -> Error {
        match self {
            Self::Failed(error) => error.clone(),
            Self::Panicked(payload) => panicked(function.path(), panic_message(&**payload)),
            Self::Pending | Self::Found(_) | Self::Computed(_) => {
                Error::new(ErrorKind::Refused, "run a memento function")
                    .with("function", function.path())
                    .because("the runner returned before the function had run")
                    .help("report this to the authors of the runner")
            }
        }
    }
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The error that stands for a panic of a function.
pub(crate) fn panicked(function: &'static str, message: &str) -> Error {
    Error::new(ErrorKind::Panicked, "run a memento function")
        .with("function", function)
        .because(format!("it panicked: {message}"))
}
