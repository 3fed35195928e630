//! One call on its way, and how it ends.

use std::any::Any;
use std::sync::Arc;

use super::execute::Right;
use super::task::{Task, panic_message, panicked};
use crate::binding::Binding;
use crate::cache::Landed;
use crate::encoding::{Detached, Encoded};
use crate::function::Function;
use crate::memento::Correlation;
use crate::miss::Miss;
use crate::progress::{End, Tracker};
use crate::stack::Call;
use crate::validity::Validity;
use crate::{Digest, Error, ErrorKind, Invocation, Key};

/// One call.
pub(crate) struct Item<'a> {
    pub(super) encoded: Encoded<'a>,
    pub(super) invocation: Invocation,
    pub(super) key: Key,
    pub(super) task: &'a mut dyn Task,
    pub(super) ending: Ending,
    /// Why there was no valid result.
    pub(super) miss: Option<Miss>,
    /// The digest of the outcome that a new one takes the place of.
    pub(super) replaces: Option<Digest>,
    /// The record of an outcome that may be valid again one day.
    pub(super) earlier: Option<Vec<u8>>,
    /// What is known of it while another process makes it.
    pub(super) away: Option<Away>,
}

/// A call that another process makes.
pub(super) struct Away {
    pub(super) right: Right,
    pub(super) correlation: Correlation,
    /// The generation in which it left.
    pub(super) generation: u64,
}

/// A call on its way, without its output and what belongs to its function: it can go anywhere.
pub(super) struct Suspended {
    encoded: Detached,
    invocation: Invocation,
    pub(super) key: Key,
    pub(super) ending: Ending,
    miss: Option<Miss>,
    replaces: Option<Digest>,
    earlier: Option<Vec<u8>>,
}

/// What is known of a result beside the result itself.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) digest: Digest,
    /// What it depends on beyond the code.
    pub(crate) validity: Option<Arc<Validity>>,
}

impl From<Landed> for Known {
    fn from(landed: Landed) -> Self {
        Self { digest: landed.digest, validity: landed.validity }
    }
}

/// How a call ended, but for its output.
pub(crate) enum Ending {
    /// It has not.
    Pending,
    /// The result was there.
    Found(Known),
    /// The function ran. Nothing is known of a result that has no encoding.
    Computed(Option<Known>),
    /// The function panicked.
    Panicked(Box<dyn Any + Send>),
    /// The function was not run.
    Failed(Error),
}

impl<'a> Item<'a> {
    pub(crate) fn new(function: &Function, encoded: Encoded<'a>, task: &'a mut dyn Task) -> Self {
        let invocation = encoded.invocation();
        let key = invocation.key(&function.version());
        let ending = Ending::Pending;
        Self {
            encoded,
            invocation,
            key,
            task,
            ending,
            miss: None,
            replaces: None,
            earlier: None,
            away: None,
        }
    }
}

impl Item<'_> {
    /// The call without what it borrows.
    pub(super) fn suspend(self) -> Suspended {
        let Self { encoded, invocation, key, ending, miss, replaces, earlier, .. } = self;
        Suspended { encoded: encoded.detach(), invocation, key, ending, miss, replaces, earlier }
    }

    /// Tells those who want to know what became of this call.
    pub(super) fn deliver(&mut self, function: &'static Function, tracker: Option<&Tracker>) {
        if let Some(tracker) = tracker {
            tracker.count(self.ending.end(|| self.task.error().is_some()));
        }
        self.task.deliver(function, self.invocation, &self.ending);
    }
}

impl Suspended {
    /// The call of a function with this encoding.
    pub(super) fn new(function: &Function, encoded: Encoded<'_>) -> Self {
        let invocation = encoded.invocation();
        Self {
            invocation,
            key: invocation.key(&function.version()),
            encoded: encoded.detach(),
            ending: Ending::Pending,
            miss: None,
            replaces: None,
            earlier: None,
        }
    }

    /// The call, whose output is in `task`.
    pub(super) fn resume<'a>(self, binding: &'a Binding, task: &'a mut dyn Task) -> Item<'a> {
        let Self { encoded, invocation, key, ending, miss, replaces, earlier } = self;
        let encoded = encoded.attach(&binding.function_key);
        Item { encoded, invocation, key, task, ending, miss, replaces, earlier, away: None }
    }

    /// What the caller's frame records, if there is an outcome.
    pub(super) fn call(&self, function: &'static Function) -> Option<Call> {
        self.ending.call(function, self.invocation)
    }
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
    pub(super) fn call(&self, function: &'static Function, invocation: Invocation) -> Option<Call> {
        let known = match self {
            Self::Found(known) => Some(known.clone()),
            Self::Computed(known) => known.clone(),
            Self::Pending | Self::Panicked(_) | Self::Failed(_) => return None,
        };
        let (digest, validity) = known.map(|known| (known.digest, known.validity)).unzip();
        Some(Call { function, invocation, digest, validity: validity.flatten() })
    }

    /// The error of a call of `function` that has no output.
    pub(crate) fn error(&self, function: &Function) -> Error {
        match self {
            Self::Failed(error) => error.clone(),
            Self::Panicked(payload) => panicked(function.path(), panic_message(&**payload)),
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
