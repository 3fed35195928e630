//! Is what a result was computed from still what it was?
//!
//! A record has a trace: the memento functions that were called and what was read outside of the program, in order,
//! each with the digest of what it came to. A result is valid as long as each of them comes to the same ("Build Systems
//! à la Carte", Mokhov et al., 2018: constructive traces). A callee that has to run again is run alone, with its
//! recorded arguments; if its result is the same, its callers are none the wiser (early cutoff).
//!
//! The records of a whole graph are read level by level, in one request; then the graph is walked in order, from the
//! innermost callees outwards, on a stack of its own.

mod graph;
mod load;
mod node;
mod renew;
mod repeat;

use std::sync::Arc;

use graph::Graph;
pub(super) use node::Verdict;
use node::{Edge, NodeId, State};

use crate::cluster::Cluster;
use crate::function::{self, Function};
use crate::memento::{Callee, Dependency};
use crate::miss::{CalleeChange, Cause, Miss};
use crate::validity::{self, Validity};
use crate::{Caller, Digest, Environment, Key, Result};

/// One look at some results and all that they were computed from.
pub(super) struct Walk<'a> {
    caller: &'a Caller,
    environment: Environment,
    /// Whether callees may run.
    may_run: bool,
    generation: u64,
    graph: Graph,
}

/// A result to begin with.
pub(super) struct Root<'r> {
    pub(super) function: &'static Function,
    pub(super) cluster: &'r Arc<Cluster>,
    pub(super) key: Key,
    pub(super) record: &'r [u8],
}

/// A valid result.
pub(super) struct Answer {
    /// What it depends on beyond its code.
    pub(super) validity: Option<Arc<Validity>>,
    /// Where its record is: that of a root, one that it took the place of, or one that was written since, where it had
    /// to run again for another root.
    pub(super) at: Key,
    /// What it is now; `None` where it is not kept.
    pub(super) digest: Option<Digest>,
}

impl<'a> Walk<'a> {
    /// A look by `caller`, who waits for the callees that have to run, if they may.
    pub(super) fn new(caller: &'a Caller, may_run: bool) -> Result<Self> {
        let environment = match &caller.environment {
            Some(environment) => environment.clone(),
            None => Environment::of_process()?,
        };
        let generation = validity::generation();
        Ok(Self { caller, environment, may_run, generation, graph: Graph::default() })
    }

    /// The valid results among `roots`.
    pub(super) fn verify(mut self, roots: &[Root<'_>]) -> Vec<Result<Answer, Verdict>> {
        let ids: Vec<Option<NodeId>> = roots.iter().map(|root| self.add_root(root)).collect();
        self.load(ids.iter().flatten().copied());
        let verdicts = ids.into_iter().map(|id| {
            let id = id.ok_or(Miss::Unreadable)?;
            self.walk(id);
            let node = &self.graph[id];
            match &node.state {
                State::Valid(validity) => {
                    let (at, digest) = (node.record, node.digest);
                    Ok(Answer { validity: validity.clone(), at, digest })
                }
                State::Invalid(verdict) => Err(verdict.clone()),
                State::Unknown | State::Open => Err(Miss::Unreadable.into()),
            }
        });
        let verdicts = verdicts.collect();
        self.renew();
        verdicts
    }

    /// Finds out about a node, after all that it depends on.
    fn walk(&mut self, id: NodeId) {
        let mut open = vec![id];
        while let Some(&id) = open.last() {
            match self.step(id) {
                Some(callee) => open.push(callee),
                None => {
                    open.pop();
                }
            }
        }
    }

    /// Goes on with a node: a callee that has to be looked at first, or nothing more to do.
    fn step(&mut self, id: NodeId) -> Option<NodeId> {
        loop {
            let node = &mut self.graph[id];
            match node.state {
                State::Unknown => node.state = State::Open,
                State::Open => {}
                State::Valid(_) | State::Invalid(_) => return None,
            }
            let Some(Edge { dependency, callee }) = node.edges.get(node.verified) else {
                node.settle();
                return None;
            };
            let result = match (dependency, *callee) {
                (Dependency::Resource(_), _) => node.check_resource(),
                (Dependency::Callee(_), now) => match self.check_callee(id, now) {
                    Ok(Some(first)) => return Some(first),
                    Ok(None) => Ok(()),
                    Err(verdict) => Err(verdict),
                },
            };
            let node = &mut self.graph[id];
            match result {
                Ok(()) => node.verified += 1,
                Err(verdict) => {
                    node.state = State::Invalid(node.newest.clone().unwrap_or(verdict));
                    self.look_behind(id);
                }
            }
        }
    }

    /// Looks at the records that the one of an invalid node took the place of: what changed may have changed back. If
    /// none of them is valid either, what is wrong with the newest record is what is wrong.
    fn look_behind(&mut self, id: NodeId) {
        loop {
            let node = &mut self.graph[id];
            let State::Invalid(verdict) = &node.state else { return };
            let verdict = verdict.clone();
            node.newest.get_or_insert(verdict.clone());
            let Some(at) = node.earlier.pop() else { return };
            let record = node.cluster.storage.record(&at);
            if record.is_some_and(|record| self.read(id, at, &record)) {
                self.load([id]);
                return;
            }
            let node = &mut self.graph[id];
            if let State::Invalid(_) = node.state {
                node.state = State::Invalid(verdict);
            }
        }
    }

    /// Whether the next callee of a node, whose own node is `now`, comes to what it came to; one that has to be looked
    /// at first.
    fn check_callee(&mut self, id: NodeId, now: Option<NodeId>) -> Result<Option<NodeId>, Verdict> {
        if self.graph[id].next_callee().is_some_and(|recorded| recorded.digest.is_none()) {
            // Whatever it comes to now, it is not known to be the same.
            return Err(self.changed(id, Cause::OtherResult));
        }
        let Some(now) = now else { return Err(self.changed(id, self.absence(id))) };
        match &self.graph[now].state {
            State::Unknown => return Ok(Some(now)),
            State::Valid(_) => {}
            State::Invalid(Verdict::Miss(why)) => {
                let why = why.clone();
                self.repeat(id, now, why)?;
            }
            State::Invalid(undecided @ Verdict::Undecided(_)) => return Err(undecided.clone()),
            // A callee that called its caller did so in another version of one of them.
            State::Open => return Err(self.changed(id, Cause::OtherResult)),
        }
        let callee = &self.graph[now];
        let (digest, version) = (callee.digest, callee.function.version());
        let State::Valid(validity) = &callee.state else {
            return Err(self.changed(id, Cause::OtherResult));
        };
        let validity = validity.clone();
        let node = &mut self.graph[id];
        let Some(recorded) = node.next_callee_mut() else { return Ok(None) };
        if digest != recorded.digest {
            return Err(self.changed(id, Cause::OtherResult));
        }
        if recorded.version != version {
            recorded.version = version;
            node.is_renewed = true;
        }
        node.validity.generation = Some(self.generation);
        node.validity.extend(validity.as_deref());
        Ok(None)
    }

    /// Why the next callee of a node has no node of its own.
    fn absence(&self, id: NodeId) -> Cause {
        let callee = self.graph[id].next_callee();
        let function = callee.and_then(|callee| function::find(&callee.function));
        function.map_or(Cause::Gone, |_| Cause::OtherResult)
    }

    /// Why a node's result is not valid, where that is because of its next callee.
    fn changed(&self, id: NodeId, cause: Cause) -> Verdict {
        let Some(callee) = self.graph[id].next_callee() else { return Miss::Unreadable.into() };
        let Callee { function, invocation, .. } = callee.clone();
        Miss::CalleeChanged(Box::new(CalleeChange { function, invocation, cause })).into()
    }
}
