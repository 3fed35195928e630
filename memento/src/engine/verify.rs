//! Is what a result was computed from still what it was?
//!
//! A record has a trace: the memento functions that were called and what was read outside of the program, in order,
//! each with the digest of what it came to. A result is valid as long as each of them comes to the same ("Build Systems
//! à la Carte", Mokhov et al., 2018: constructive traces). A callee that has to run again is run alone, with its
//! recorded arguments; if its result is the same, its callers are none the wiser (early cutoff).
//!
//! The records of a whole graph are read level by level, each level in one request; then the graph is walked in order,
//! from the innermost callees outwards, on a stack of its own.

mod node;
mod renew;
mod repeat;

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::sync::Arc;

pub(super) use node::Verdict;
use node::{Node, State};

use super::outcome;
use crate::cluster::Cluster;
use crate::function::{self, Function};
use crate::memento::{Callee, Dependency};
use crate::miss::{CalleeChange, Cause, Miss};
use crate::validity::{self, Validity};
use crate::{Caller, Environment, Key, Result};

/// One look at some results and all that they were computed from.
pub(super) struct Walk<'a> {
    caller: &'a Caller,
    environment: Environment,
    /// Whether callees may run.
    may_run: bool,
    generation: u64,
    nodes: HashMap<Key, Node>,
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
    /// Where its record is, if not under its own key.
    pub(super) earlier: Option<Key>,
}

impl<'a> Walk<'a> {
    /// A look by `caller`, who waits for the callees that have to run, if they may.
    pub(super) fn new(caller: &'a Caller, may_run: bool) -> Result<Self> {
        let environment = match &caller.environment {
            Some(environment) => environment.clone(),
            None => Environment::of_process()?,
        };
        let generation = validity::generation();
        Ok(Self { caller, environment, may_run, generation, nodes: HashMap::new() })
    }

    /// The valid results among `roots`.
    pub(super) fn verify(mut self, roots: &[Root<'_>]) -> Vec<Result<Answer, Verdict>> {
        for Root { function, cluster, key, record } in roots {
            self.nodes.insert(*key, Node::new(function, Arc::clone(cluster), *key));
            self.read(cluster, *key, *key, record);
        }
        let keys: Vec<Key> = roots.iter().map(|root| root.key).collect();
        self.load(keys.clone());
        let verdicts = keys.iter().map(|key| {
            self.walk(*key);
            let node = &self.nodes[key];
            match &node.state {
                State::Valid(validity) => Ok(Answer {
                    validity: validity.clone(),
                    earlier: Some(node.record).filter(|record| record != key),
                }),
                State::Invalid(verdict) => Err(verdict.clone()),
                State::Unknown | State::Open => Err(Miss::Unreadable.into()),
            }
        });
        let verdicts = verdicts.collect();
        self.renew();
        verdicts
    }

    /// Reads the records of all that the nodes with these keys depend on, level by level.
    fn load(&mut self, mut level: Vec<Key>) {
        while !level.is_empty() {
            let mut wanted: Vec<(Arc<Cluster>, Vec<Key>)> = Vec::new();
            for key in level.drain(..) {
                let callees = self.callees(&key);
                self.nodes.reserve(callees.len());
                for (function, key) in callees {
                    let Slot::Vacant(slot) = self.nodes.entry(key) else { continue };
                    let Ok(cluster) = self.environment.cluster(function.cluster()) else {
                        continue;
                    };
                    slot.insert(Node::new(function, Arc::clone(&cluster), key));
                    let same =
                        |other: &(Arc<Cluster>, _)| Arc::ptr_eq(&other.0.storage, &cluster.storage);
                    match wanted.iter_mut().find(|other| same(other)) {
                        Some((_, keys)) => keys.push(key),
                        None => wanted.push((cluster, vec![key])),
                    }
                }
            }
            for (cluster, keys) in wanted {
                let records = cluster.storage.records(&keys);
                for (key, record) in keys.into_iter().zip(records) {
                    if let Some(record) = record
                        && self.read(&cluster, key, key, &record)
                    {
                        level.push(key);
                    }
                }
            }
        }
    }

    /// The callees of a node, with the keys that they have in their versions of now.
    fn callees(&self, key: &Key) -> Vec<(&'static Function, Key)> {
        let callee = |dependency: &Dependency| match dependency {
            Dependency::Callee(callee) => {
                let function = function::find(&callee.function)?;
                Some((function, callee.invocation.key(&function.version())))
            }
            Dependency::Resource(_) => None,
        };
        self.nodes[key].dependencies.iter().filter_map(callee).collect()
    }

    /// Takes what a record of the node of `key` says; whether the node has to be looked at further.
    fn read(&mut self, cluster: &Cluster, key: Key, at: Key, record: &[u8]) -> bool {
        let Some(node) = self.nodes.get_mut(&key) else { return false };
        let (head, provenance) = match cluster.storage.open_record(&at, record) {
            Ok(opened) => opened,
            Err(kind) => {
                node.state = State::Invalid(outcome::unopened(kind).into());
                return false;
            }
        };
        match cluster.storage.verified.get(&head.key, &head.digest) {
            Some(validity) => {
                (node.record, node.digest) = (head.key, Some(head.digest));
                node.state = State::Valid(Some(validity));
            }
            None => node.read(&head, provenance, record),
        }
        matches!(node.state, State::Unknown)
    }

    /// Finds out about the node of `key`, after all that it depends on.
    fn walk(&mut self, key: Key) {
        let mut open = vec![key];
        while let Some(&key) = open.last() {
            match self.step(key) {
                Some(callee) => open.push(callee),
                None => {
                    open.pop();
                }
            }
        }
    }

    /// Goes on with a node: a callee that has to be looked at first, or nothing more to do.
    fn step(&mut self, key: Key) -> Option<Key> {
        loop {
            let node = self.nodes.get_mut(&key)?;
            match node.state {
                State::Unknown => node.state = State::Open,
                State::Open => {}
                State::Valid(_) | State::Invalid(_) => return None,
            }
            let result = match node.dependencies.get(node.verified) {
                None => {
                    node.settle();
                    return None;
                }
                Some(Dependency::Resource(_)) => node.check_resource(),
                Some(Dependency::Callee(callee)) => {
                    let callee = callee.clone();
                    match self.check_callee(key, &callee) {
                        Ok(Some(first)) => return Some(first),
                        Ok(None) => Ok(()),
                        Err(verdict) => Err(verdict),
                    }
                }
            };
            let node = self.nodes.get_mut(&key)?;
            match result {
                Ok(()) => node.verified += 1,
                Err(verdict) => {
                    node.state = State::Invalid(node.newest.clone().unwrap_or(verdict));
                    self.look_behind(key);
                }
            }
        }
    }

    /// Looks at the records that the one of an invalid node took the place of: what changed may have changed back. If
    /// none of them is valid either, what is wrong with the newest record is what is wrong.
    fn look_behind(&mut self, key: Key) {
        while let Some(node) = self.nodes.get_mut(&key) {
            let State::Invalid(verdict) = &node.state else { return };
            let verdict = verdict.clone();
            node.newest.get_or_insert(verdict.clone());
            let Some(at) = node.earlier.pop() else { return };
            let cluster = Arc::clone(&node.cluster);
            let record = cluster.storage.record(&at);
            if record.is_some_and(|record| self.read(&cluster, key, at, &record)) {
                self.load(vec![key]);
                return;
            }
            if let Some(node) = self.nodes.get_mut(&key)
                && let State::Invalid(_) = node.state
            {
                node.state = State::Invalid(verdict);
            }
        }
    }

    /// Whether a callee of the node of `key` comes to what it came to; the key of one that has to be looked at first.
    fn check_callee(&mut self, key: Key, callee: &Callee) -> Result<Option<Key>, Verdict> {
        let Some(function) = function::find(&callee.function) else {
            return Err(changed(callee, Cause::Gone));
        };
        let now = callee.invocation.key(&function.version());
        let verdict = match self.nodes.get(&now).map(|node| &node.state) {
            Some(State::Unknown) => return Ok(Some(now)),
            Some(State::Valid(_)) => None,
            Some(State::Invalid(verdict)) => Some(verdict.clone()),
            // A callee that called its caller did so in another version of one of them.
            Some(State::Open) | None => return Err(changed(callee, Cause::OtherResult)),
        };
        match verdict {
            None => {}
            Some(Verdict::Miss(why)) => self.repeat(key, now, callee, why)?,
            Some(undecided @ Verdict::Undecided(_)) => return Err(undecided),
        }
        let node = &self.nodes[&now];
        let State::Valid(validity) = &node.state else {
            return Err(changed(callee, Cause::OtherResult));
        };
        if node.digest != callee.digest || callee.digest.is_none() {
            return Err(changed(callee, Cause::OtherResult));
        }
        let validity = validity.clone();
        let generation = self.generation;
        let caller = self.nodes.get_mut(&key).ok_or(Miss::Unreadable)?;
        caller.validity.generation = Some(generation);
        caller.validity.extend(validity.as_deref());
        if callee.version != function.version() {
            caller.is_renewed = true;
            if let Some(Dependency::Callee(callee)) = caller.dependencies.get_mut(caller.verified) {
                callee.version = function.version();
            }
        }
        Ok(None)
    }
}

/// Why a result is not valid, where that is because of a callee.
fn changed(callee: &Callee, cause: Cause) -> Verdict {
    let Callee { function, invocation, .. } = callee.clone();
    Miss::CalleeChanged(Box::new(CalleeChange { function, invocation, cause })).into()
}
