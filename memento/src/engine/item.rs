//! One call on its way.

use super::ending::Ending;
use super::right::Right;
use super::task::Task;
use crate::binding::Binding;
use crate::encoding::{Detached, Encoded};
use crate::function::Function;
use crate::memento::Correlation;
use crate::miss::Miss;
use crate::progress::Tracker;
use crate::stack::Call;
use crate::{Digest, Invocation, Key};

/// One call.
pub(crate) struct Item<'a> {
    pub(super) encoded: Encoded<'a>,
    pub(super) invocation: Invocation,
    pub(super) key: Key,
    pub(super) task: &'a mut dyn Task,
    pub(super) ending: Ending,
    /// Why the stores had no valid result, as far as they tell.
    pub(super) miss: Option<Miss>,
    /// Whether it has been told that the function has to run.
    pub(super) has_missed: bool,
    /// The digest of the outcome that a new one takes the place of.
    pub(super) replaces: Option<Digest>,
    /// The record of an outcome that may be valid again one day.
    pub(super) earlier: Option<Vec<u8>>,
    /// What is known of it while another process makes it.
    pub(super) away: Option<Box<Away>>,
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
    has_missed: bool,
    replaces: Option<Digest>,
    earlier: Option<Vec<u8>>,
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
            has_missed: false,
            replaces: None,
            earlier: None,
            away: None,
        }
    }
}

impl Item<'_> {
    /// The call without what it borrows.
    pub(super) fn suspend(self) -> Suspended {
        let Self { encoded, invocation, key, ending, miss, has_missed, replaces, earlier, .. } =
            self;
        let encoded = encoded.detach();
        Suspended { encoded, invocation, key, ending, miss, has_missed, replaces, earlier }
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
            has_missed: false,
            replaces: None,
            earlier: None,
        }
    }

    /// The call, whose output is in `task`.
    pub(super) fn resume<'a>(self, binding: &'a Binding, task: &'a mut dyn Task) -> Item<'a> {
        let Self { encoded, invocation, key, ending, miss, has_missed, replaces, earlier } = self;
        let encoded = encoded.attach(&binding.function_key);
        let away = None;
        Item { encoded, invocation, key, task, ending, miss, has_missed, replaces, earlier, away }
    }

    /// What the caller's frame records, if there is an outcome.
    pub(super) fn call(&self, function: &'static Function) -> Option<Call> {
        self.ending.call(function, self.invocation)
    }
}
