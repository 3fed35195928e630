//! Calls that another process makes.
//!
//! The process that has them looks them up, claims and records them; the other one only runs the function. What that
//! calls goes the whole way there, with the storage of the process that asked.

use std::borrow::Cow;
use std::sync::Arc;

use super::claim::Claimed;
use super::ending::panicked;
use super::execute::{HOST, PROCESS, Ran};
use super::item::Away;
use super::{CallerBinding, Calls, Ending, Item};
use crate::encoding::Encoded;
use crate::error::panic_message;
use crate::flight::Claim;
use crate::memento::{Correlation, Dependency};
use crate::modifiers::Modifiers;
use crate::part::{Found, Publish};
use crate::recorded;
use crate::remote::{Bytes, End, Errand, Request, Response, Returned, read, write};
use crate::runner::{Accepted, Handover, Waited};
use crate::validity::{self, Validity};
use crate::{Caller, Error, ErrorKind, Invocation, Result};

impl<'a> Calls<'a> {
    /// Claims the item for another process. With `alone`, it is handed over where others compute it, too.
    pub(super) fn hand_over(&self, item: &mut Item<'a>, alone: bool) -> Handover {
        if !matches!(item.ending, Ending::Pending) {
            return Handover::Ended;
        }
        if recorded::repeater(self.binding.function).is_none() {
            return Handover::Local;
        }
        match self.try_claim(item, alone) {
            Ok(Claimed::Run(right)) => {
                self.miss(item);
                let frame = self.caller.frame.as_ref();
                let correlation = frame.map_or_else(Correlation::new, |frame| frame.correlation);
                let generation = validity::generation();
                item.away = Some(Box::new(Away { right, correlation, generation }));
                self.session.claims.begin_call();
                let handover = self.write_request(item, correlation, generation);
                if !matches!(handover, Ok(Handover::Request(_))) {
                    self.bring_home(item);
                }
                handover.unwrap_or_else(|error| {
                    item.ending = Ending::Failed(error);
                    Handover::Ended
                })
            }
            Ok(Claimed::Busy) => Handover::Busy,
            Ok(Claimed::Ended(ending)) => {
                item.ending = ending;
                Handover::Ended
            }
            Err(error) => {
                item.ending = Ending::Failed(error);
                Handover::Ended
            }
        }
    }

    /// Waits for others who compute the item.
    pub(super) fn wait_for_others(&self, item: &mut Item<'a>) -> Waited {
        if !matches!(item.ending, Ending::Pending) {
            return Waited::Ended;
        }
        // The right is given back at once: who claims it next has a process that makes the call.
        item.ending = match self.claim(item) {
            Ok(Claimed::Run(right)) if right.is_alone => return Waited::Alone,
            Ok(Claimed::Run(_) | Claimed::Busy) => return Waited::Free,
            Ok(Claimed::Ended(ending)) => ending,
            Err(error) => Ending::Failed(error),
        };
        Waited::Ended
    }

    fn write_request(
        &self,
        item: &Item<'_>,
        correlation: Correlation,
        generation: u64,
    ) -> Result<Handover> {
        let function = self.binding.function;
        let arguments = match item.encoded.kept() {
            Some(bytes) => Cow::Borrowed(bytes),
            None => match self.encode_whole(item)? {
                Some(bytes) => Cow::Owned(bytes),
                None => return Ok(Handover::Local),
            },
        };
        let context = self.caller.context.iter().flat_map(|context| context.encoded());
        Ok(Handover::Request(write(&Request {
            function: function.path(),
            version: function.version(),
            invocation: item.invocation,
            arguments: Bytes(&arguments),
            context: context.map(|(name, value)| (name, Bytes(value))).collect(),
            correlation,
            further_calls: !self.modifiers.no_further_calls,
            generation,
        })))
    }

    /// The encoding of arguments that are too long to be kept, if they have one. The context is no part of it.
    ///
    /// # Errors
    ///
    /// Where it is not the one that the key was made of, as that of a file that was written to since.
    fn encode_whole(&self, item: &Item<'_>) -> Result<Option<Vec<u8>>> {
        let mut encoded: Encoded<'_> = self.binding.whole_encoding();
        let written = encoded.put_arguments(|encoder| item.call.encode_arguments(encoder));
        let Some(whole) = written.ok().and_then(|()| encoded.into_whole()) else {
            return Ok(None);
        };
        let mut hasher = blake3::Hasher::new_keyed(&self.binding.function_key);
        hasher.update(&whole);
        if let Some(context) = &self.caller.context {
            hasher.update(context.encoding());
        }
        if Invocation::from_bytes(hasher.finalize().into()) == item.invocation {
            return Ok(Some(whole));
        }
        // The next time they have an encoding.
        if let Some(frame) = &self.caller.frame {
            frame.note_failure();
        }
        Err(Error::new(ErrorKind::Encoding, "encode the arguments of a call once more")
            .with("function", self.binding.function.path())
            .with("key", item.key)
            .because("they are no longer what its key was made of")
            .help("call the function again"))
    }

    /// The item is with no other process any more; what was known of it meanwhile.
    pub(super) fn bring_home(&self, item: &mut Item<'a>) -> Option<Away> {
        let away = item.away.take()?;
        self.session.claims.end_call();
        Some(*away)
    }

    /// Takes what another process made of the item.
    pub(super) fn take_response(&self, item: &mut Item<'a>, response: &[u8]) -> Result<Accepted> {
        let function = self.binding.function;
        let Response { invocation, end } = read(response)?;
        if invocation.is_some_and(|invocation| invocation != item.invocation) {
            return Err(Error::new(ErrorKind::Damaged, "take what another process made of a call")
                .with("function", function.path())
                .with("key", item.key)
                .because("the response is that of another call")
                .help("report this to the authors of the runner"));
        }
        let ending = match end {
            End::Returned(returned) => match self.take_returned(item, &returned) {
                Some(ending) => ending,
                None => return Ok(Accepted::Local),
            },
            End::Panicked(message) => {
                self.binding.cluster.counters.count_panic();
                Ending::Failed(panicked(function.path(), &message))
            }
            End::Failed(error) => Ending::Failed(error),
            End::NotHere(reason) => {
                let function = function.path();
                tracing::debug!(function, %reason, "runs in this process, as no other one can");
                return Ok(Accepted::Local);
            }
        };
        // Whoever waits goes on when the claim is dropped.
        self.bring_home(item);
        item.ending = ending;
        Ok(Accepted::Ended)
    }

    /// Takes an outcome, if its output can be made here.
    fn take_returned(&self, item: &mut Item<'a>, returned: &Returned<'_>) -> Option<Ending> {
        let mut found = Found::default();
        let is_taken = match (&returned.value, &returned.unkept) {
            (Some(value), _) => self.take_value(item, value.0, &mut found),
            (None, Some(unkept)) => item.call.take_carried(unkept.0),
            (None, None) => false,
        };
        if !is_taken {
            let function = self.binding.function.path();
            tracing::debug!(
                function,
                "runs again in this process: what it returned cannot be carried"
            );
            return None;
        }
        let Away { right, correlation, generation } = self.bring_home(item)?;
        if returned.has_failure {
            let validity = Validity { is_tentative: true, ..Validity::default() };
            let known = self.let_go(item, &right, validity, returned.error.is_some());
            return Some(Ending::Computed(known));
        }
        let has_callees = returned.dependencies.iter().any(Dependency::is_callee);
        let ran = Ran {
            value: returned.value.as_ref().map(|value| value.0),
            error: returned.error.as_deref(),
            found,
            validity: Validity {
                period: returned.period,
                generation: has_callees.then_some(generation),
                resources: returned.resources.iter().cloned().map(Arc::new).collect(),
                is_tentative: returned.is_tentative,
            },
            dependencies: returned.dependencies.clone(),
            total_time: returned.total_time,
            own_time: returned.own_time,
            host: returned.host,
            process: returned.process,
            correlation,
        };
        Some(Ending::Computed(self.land(item, right, ran)))
    }

    /// Runs the item for the process that asks.
    fn perform(&self, item: &mut Item<'a>, errand: &Errand) -> Vec<u8> {
        // It was looked up there. It is claimed here, too, so that what it calls cannot call it.
        let lead = match self.binding.cluster.flights.claim(item.key, |_| 0) {
            Claim::Lead(lead) => Some(lead),
            Claim::Alone(_) | Claim::Landed(..) | Claim::Recursion => None,
        };
        let correlation = Some(errand.correlation);
        let (frame, took, ran) = self.run_body(item, correlation, errand.further_calls);
        drop(lead);
        let respond = |end: End<'_>| write(&Response::new(item.invocation, end));
        if let Err(payload) = ran {
            return respond(End::Panicked(panic_message(&*payload).into()));
        }
        let (value, found) = match self.encode(item, Publish::None) {
            Ok(encoded) => encoded,
            Err(error) => return respond(End::NotHere(error.to_string().into())),
        };
        if let Some(reason) = self.uncarried(&found) {
            return respond(End::NotHere(reason));
        }
        let unkept = if value.is_none() { item.call.carry() } else { None };
        let validity = frame.validity();
        respond(End::Returned(Returned {
            value: value.as_deref().map(Bytes),
            error: item.call.error().map(Cow::Owned),
            unkept: unkept.as_deref().map(Bytes),
            dependencies: frame.dependencies(),
            period: validity.period,
            resources: validity.resources.iter().map(|resource| (**resource).clone()).collect(),
            is_tentative: validity.is_tentative,
            has_failure: frame.has_failure(),
            total_time: took,
            own_time: took.saturating_sub(frame.waited()),
            host: &HOST,
            process: *PROCESS,
        }))
    }
}

/// Runs a function for the process that asks; nothing is looked up or recorded here. What came of it.
pub(crate) fn perform<'a>(bound: &'a CallerBinding, errand: &Errand, item: Item<'a>) -> Vec<u8> {
    let calls = Calls::missing(bound, Caller::current(), Modifiers::default(), item);
    let mut item = calls.items[0].lock();
    calls.perform(&mut item, errand)
}
