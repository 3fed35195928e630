//! Callees that have to run again for their callers.

use std::sync::Arc;

use super::Walk;
use super::node::{Node, NodeId, State, Verdict};
use crate::engine::why;
use crate::memento::Callee;
use crate::miss::{Cause, Miss, Undecided};
use crate::recorded::{self, Recorded, Repeat, Repeated, Repetition};
use crate::stack::Frame;
use crate::{Caller, encoding, record};

impl Walk<'_> {
    /// Runs the next callee of a node again, whose own node is `now`, or says why it would run: `why`.
    pub(super) fn repeat(&mut self, id: NodeId, now: NodeId, why: Miss) -> Result<(), Verdict> {
        // What is waited for already, and calls whoever waits for it, did so in another state of the world.
        let node = &self.graph[now];
        let (function, key) = (node.function, node.key);
        let mut waiting = self.caller.frame.iter().flat_map(|frame| frame.ancestry());
        if waiting.any(|frame| frame.key == key) {
            return Err(self.changed(id, Cause::OtherResult));
        }
        let Some(callee) = self.graph[id].next_callee() else {
            return Err(Miss::Unreadable.into());
        };
        let why = if why == Miss::NeverRun { other_version(node, callee) } else { why };
        let (repeat, arguments) = match self.repeatable(node, callee) {
            Ok(repeatable) => repeatable,
            Err(reason) => {
                return Err(self.changed(id, Cause::NotRepeatable(why, reason.to_owned())));
            }
        };
        let invocation = callee.invocation;
        if !self.may_run {
            let function = callee.function.clone();
            return Err(Verdict::Undecided(Undecided { function, invocation, why: Box::new(why) }));
        }
        tracing::debug!(function = function.path(), %why, "runs again for its callers");
        // It is called by the one that called it before, which is not recorded as running.
        let caller = &self.graph[id];
        let frame = Frame::new(caller.function, caller.key, self.caller.frame.clone(), true);
        let caller = Caller { frame: Some(Arc::new(frame)), ..self.caller.clone() };
        let recorded = Recorded::new(invocation, &arguments);
        let repeated = caller
            .enter(|| repeat(recorded))
            .map_err(|error| self.changed(id, Cause::Failed(error.to_string())))?;
        let Repeated(Repetition::Known(digest, validity)) = repeated else {
            return Err(self.changed(id, Cause::OtherResult));
        };
        let node = &mut self.graph[now];
        (node.digest, node.state) = (digest, State::Valid(validity));
        (node.record, node.is_renewed) = (key, false);
        Ok(())
    }

    /// How to run a callee again, and the encodings of its arguments one after another; else why it cannot be run
    /// without its caller.
    fn repeatable(&self, now: &Node, callee: &Callee) -> Result<(Repeat, Vec<u8>), &'static str> {
        let function = now.function;
        if function.is_async {
            return Err("it is async, which only its caller can await");
        }
        let repeat = recorded::repeater(function).ok_or("its arguments cannot be read back")?;
        let recorded = recorded_arguments(now, callee).ok_or("its arguments were not kept")?;
        let (arguments, rest) =
            encoding::split_tuple(&recorded).ok_or("its arguments are damaged")?;
        let context = self.caller.context.as_ref().map_or(&[][..], |context| context.encoding());
        if rest != context {
            return Err("it was called with other context arguments");
        }
        Ok((repeat, arguments.to_vec()))
    }
}

/// The arguments of a callee, from its record in the version of now or in that of then.
fn recorded_arguments(now: &Node, callee: &Callee) -> Option<Vec<u8>> {
    let storage = &now.cluster.storage;
    let keys = [now.key, callee.key()];
    let records = storage.records(&keys);
    keys.iter().zip(records).find_map(|(key, record)| {
        let record = record?;
        let (head, provenance) = storage.open_record(key, &record).ok()?;
        let provenance = record::provenance(&head, provenance).ok()?;
        provenance.arguments.map(|arguments| arguments.as_bytes().to_vec())
    })
}

/// Why a callee has no record in its version of now.
fn other_version(node: &Node, callee: &Callee) -> Miss {
    if callee.version == node.function.version() {
        return Miss::Unreadable;
    }
    why::code_changed(node.function, &node.cluster.storage, &callee.key())
}
