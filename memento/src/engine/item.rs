//! One call on its way.

use super::ending::Ending;
use super::erased::ErasedCall;
use super::right::Right;
use crate::binding::Binding;
use crate::encoding::{Encoded, Written};
use crate::flight::{self, Arrival};
use crate::function::Function;
use crate::memento::Correlation;
use crate::miss::Miss;
use crate::modifiers::Modifiers;
use crate::progress::Tracker;
use crate::record::{self, Head};
use crate::stack::FinishedCall;
use crate::{Digest, Invocation, Key};

/// One call.
pub(crate) struct Item<'a> {
    pub(super) encoded: &'a Written,
    pub(super) invocation: Invocation,
    pub(super) key: Key,
    pub(super) call: &'a mut dyn ErasedCall,
    pub(super) ending: Ending,
    pub(super) findings: Findings,
    /// What is known of it while another process makes it.
    pub(super) away: Option<Box<Away>>,
}

/// What came of asking the stores for a call.
#[derive(Default)]
pub(super) struct Findings {
    /// Why the stores had no valid result, as far as they tell.
    pub(super) miss: Option<Miss>,
    /// Whether it has been told that the function has to run.
    pub(super) has_missed: bool,
    /// The digest of the outcome that a new one takes the place of.
    pub(super) replaces: Option<Digest>,
    /// When that outcome was there, in nanoseconds since 1970.
    pub(super) finished: Option<u64>,
    /// The record of an outcome that may be valid again one day.
    pub(super) earlier: Option<Vec<u8>>,
    /// The keys of all that the record there took the place of.
    pub(super) behind: Vec<Key>,
    /// The count of [changes](crate::storage::Changes) before.
    pub(super) changes: u32,
    /// The number of the flight that began last before.
    pub(super) last_begun: u64,
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
    encoded: Written,
    invocation: Invocation,
    pub(super) key: Key,
    pub(super) ending: Ending,
    pub(super) findings: Findings,
}

/// What has become of a call so far.
pub(super) struct State {
    ending: Ending,
    findings: Findings,
}

impl Findings {
    /// Nothing, so far.
    fn new(binding: &Binding, key: &Key) -> Self {
        let changes = binding.cluster.storage.changes.count(key);
        Self { changes, last_begun: flight::last_begun(), ..Self::default() }
    }

    /// Notes the record that a new one takes the place of.
    pub(super) fn note_replaced(&mut self, head: &Head<'_>) {
        self.replaces = Some(head.digest);
        self.finished = Some(head.finished);
        self.behind = head.earlier_keys().collect();
    }

    /// Whether what came of the flight of another call is what this one asks for.
    pub(super) fn admit(&self, modifiers: Modifiers<'_>, arrival: &Arrival) -> bool {
        let is_new = !modifiers.refresh || arrival.flight > self.last_begun;
        is_new && arrival.landed.is_still_valid()
    }
}

impl<'a> Item<'a> {
    /// A call that the memory cache has no answer for, and that the stores were not asked for.
    pub(crate) fn new(
        binding: &Binding,
        encoded: &'a Encoded<'_>,
        call: &'a mut dyn ErasedCall,
    ) -> Self {
        let invocation = encoded.invocation();
        let key = invocation.key(&binding.function.version());
        Self {
            encoded,
            invocation,
            key,
            call,
            ending: Ending::Pending,
            findings: Findings::new(binding, &key),
            away: None,
        }
    }
}

impl Item<'_> {
    /// Whether `record` is another one than was found, if any was.
    pub(super) fn is_new(&self, record: &[u8]) -> bool {
        let opened = record::open(&self.key, record);
        opened.is_ok_and(|(head, _)| Some(head.finished) != self.findings.finished)
    }

    /// What has become of the call, for [`Suspended::put_back`].
    pub(super) fn into_state(self) -> State {
        State { ending: self.ending, findings: self.findings }
    }

    /// Tells those who want to know what became of this call.
    pub(super) fn deliver(&mut self, function: &'static Function, tracker: Option<&Tracker>) {
        if let Some(tracker) = tracker {
            tracker.count(self.ending.end(|| self.call.error().is_some()));
        }
        self.call.deliver(function, self.invocation, &self.ending);
    }
}

impl Suspended {
    /// As [`Item::new`].
    pub(super) fn new(binding: &Binding, encoded: Encoded<'_>) -> Self {
        let invocation = encoded.invocation();
        let key = invocation.key(&binding.function.version());
        Self {
            encoded: encoded.into_written(),
            invocation,
            key,
            ending: Ending::Pending,
            findings: Findings::new(binding, &key),
        }
    }

    /// The call, whose output is in `call`. What becomes of it is to be [put back](Self::put_back).
    pub(super) fn resume<'a>(&'a mut self, call: &'a mut dyn ErasedCall) -> Item<'a> {
        Item {
            encoded: &self.encoded,
            invocation: self.invocation,
            key: self.key,
            call,
            ending: std::mem::replace(&mut self.ending, Ending::Pending),
            findings: std::mem::take(&mut self.findings),
            away: None,
        }
    }

    /// Takes what has become of the call.
    pub(super) fn put_back(&mut self, State { ending, findings }: State) {
        self.ending = ending;
        self.findings = findings;
    }

    /// What the caller's frame records, if there is an outcome.
    pub(super) fn finished_call(&self, function: &'static Function) -> Option<FinishedCall> {
        self.ending.finished_call(function, self.invocation)
    }
}
