//! Callees that have to run again for their callers.

use std::sync::Arc;

use super::node::{Node, State, Verdict};
use super::{Walk, changed};
use crate::engine::why;
use crate::memento::Callee;
use crate::miss::{Cause, Miss, Undecided};
use crate::recorded::{Recorded, Repeated, Repetition};
use crate::stack::Frame;
use crate::{Caller, Key, encoding, record};

/// Runs a function with recorded arguments.
type Run = fn(Recorded<'_>) -> crate::Result<Repeated>;

impl Walk<'_> {
    /// Runs a callee of the node of `key` again, or says why it would run: `why`. `now` is the callee's own key.
    pub(super) fn repeat(
        &mut self,
        key: Key,
        now: Key,
        callee: &Callee,
        why: Miss,
    ) -> Result<(), Verdict> {
        // What is waited for already, and calls whoever waits for it, did so in another state of the world.
        let mut waiting = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        if waiting.any(|frame| frame.key == now) {
            return Err(changed(callee, Cause::OtherResult));
        }
        let node = &self.nodes[&now];
        let function = node.function;
        let why = if why == Miss::NeverRun { other_version(node, callee) } else { why };
        let (run, arguments) = match self.repeatable(&now, callee) {
            Ok(repeatable) => repeatable,
            Err(reason) => {
                return Err(changed(callee, Cause::NotRepeatable(why, reason.to_owned())));
            }
        };
        if !self.may_run {
            let (function, invocation) = (callee.function.clone(), callee.invocation);
            return Err(Verdict::Undecided(Undecided { function, invocation, why: Box::new(why) }));
        }
        tracing::debug!(function = function.path(), %why, "runs again for its callers");
        // It is called by the one that called it before, which is not recorded as running.
        let caller = &self.nodes[&key];
        let frame = Frame::new(caller.function, key, self.caller.frame.clone(), true);
        let caller = Caller { frame: Some(Arc::new(frame)), ..self.caller.clone() };
        let recorded = Recorded::new(callee.invocation, &arguments);
        let repeated = caller
            .enter(|| run(recorded))
            .map_err(|error| changed(callee, Cause::Failed(error.to_string())))?;
        let Repeated(Repetition::Known(digest, validity)) = repeated else {
            return Err(changed(callee, Cause::OtherResult));
        };
        if let Some(node) = self.nodes.get_mut(&now) {
            (node.digest, node.state) = (digest, State::Valid(validity));
            (node.record, node.is_renewed) = (now, false);
        }
        Ok(())
    }

    /// How to run a callee again, and the encodings of its arguments one after another; else why it cannot be run
    /// without its caller.
    fn repeatable(&self, now: &Key, callee: &Callee) -> Result<(Run, Vec<u8>), &'static str> {
        let function = self.nodes[now].function;
        if function.is_async {
            return Err("it is async, which only its caller can await");
        }
        let run = function.repeat.ok_or("its arguments cannot be read back")?;
        let recorded = self.recorded_arguments(now, callee).ok_or("its arguments were not kept")?;
        let (arguments, rest) =
            encoding::split_tuple(&recorded).ok_or("its arguments are damaged")?;
        let context = self.caller.context.as_ref().map_or(&[][..], |context| context.encoding());
        if rest != context {
            return Err("it was called with other context arguments");
        }
        Ok((run, arguments.to_vec()))
    }

    /// The arguments of a callee, from its record in the version of now or in that of then.
    fn recorded_arguments(&self, now: &Key, callee: &Callee) -> Option<Vec<u8>> {
        let storage = &self.nodes[now].cluster.storage;
        let keys = [*now, callee.key()];
        let records = storage.records(&keys);
        keys.iter().zip(records).find_map(|(key, record)| {
            let record = record?;
            let (head, provenance) = storage.open_record(key, &record).ok()?;
            let provenance = record::provenance(&head, provenance).ok()?;
            provenance.arguments.map(|arguments| arguments.as_bytes().to_vec())
        })
    }
}

/// Why a callee has no record in its version of now.
fn other_version(node: &Node, callee: &Callee) -> Miss {
    if callee.version == node.function.version() {
        return Miss::Unreadable;
    }
    why::code_changed(node.function, &node.cluster.storage, &callee.key())
}
