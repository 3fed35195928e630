//! One call on its way, and how it ends.

use std::any::Any;

use super::task::{Task, panicked};
use crate::encoding::Encoded;
use crate::function::Function;
use crate::stack::Call;
use crate::{Digest, Error, ErrorKind, Key};

/// One call.
pub(crate) struct Item<'a> {
    pub(super) encoded: Encoded<'a>,
    pub(super) key: Key,
    pub(super) task: &'a mut dyn Task,
    pub(super) ending: Ending,
    /// Whether there is a record that is not to be replaced.
    pub(super) stays: bool,
}

/// How a call ended, but for its output.
pub(crate) enum Ending {
    /// It has not.
    Pending,
    /// The result was there.
    Found(Digest),
    /// The function ran. There is no digest where the result has no encoding.
    Computed(Option<Digest>),
    /// The function panicked.
    Panicked(Box<dyn Any + Send>),
    /// The function was not run.
    Failed(Error),
}

impl<'a> Item<'a> {
    pub(crate) fn new(encoded: Encoded<'a>, task: &'a mut dyn Task) -> Self {
        let key = encoded.key();
        Self { encoded, key, task, ending: Ending::Pending, stays: false }
    }
}

impl Ending {
    /// What the caller's frame records, if there is an outcome.
    pub(super) fn call(&self, function: &'static Function, key: Key) -> Option<Call> {
        let digest = match self {
            Self::Found(digest) => Some(*digest),
            Self::Computed(digest) => *digest,
            Self::Pending | Self::Panicked(_) | Self::Failed(_) => return None,
        };
        Some(Call { function, key, digest })
    }

    /// The error of a call of `function` that has no output.
    pub(crate) fn into_error(self, function: &Function) -> Error {
        match self {
            Self::Failed(error) => error,
            Self::Panicked(payload) => panicked(function.path(), &*payload),
            Self::Pending | Self::Found(_) | Self::Computed(_) => {
                Error::new(ErrorKind::Refused, "run a memento function")
                    .with("function", function.path())
                    .source("the runner returned before the function had run")
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
