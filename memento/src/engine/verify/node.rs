//! One invocation in a graph, and what is known of it.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::engine::outcome;
use crate::function::Function;
use crate::memento::{Callee, Dependency};
use crate::miss::{Miss, Undecided};
use crate::record::{self, Head};
use crate::resource::{self, Check};
use crate::validity::Validity;
use crate::{Digest, Key};

/// The number of a node in its graph.
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeId(pub(super) usize);

/// An invocation, and what is known of it.
pub(super) struct Node {
    /// The key that it has in its function's version of now.
    pub(super) key: Key,
    pub(super) function: &'static Function,
    pub(super) cluster: Arc<Cluster>,
    /// The key of the record that is looked at: the node's own, or that of a record that it took the place of.
    pub(super) record: Key,
    /// The records that are looked at if this one is not valid, the last one first.
    pub(super) earlier: Vec<Key>,
    /// Why the newest record is not valid.
    pub(super) newest: Option<Verdict>,
    /// The digest of its outcome; `None` where there is no record.
    pub(super) digest: Option<Digest>,
    pub(super) edges: Vec<Edge>,
    /// How many of them are verified.
    pub(super) verified: usize,
    /// What is verified of what the result depends on.
    pub(super) validity: Validity,
    /// Whether `edges` is not what the record says any more: the same in other words.
    pub(super) is_renewed: bool,
    pub(super) state: State,
}

/// What a result depends on.
pub(super) struct Edge {
    pub(super) dependency: Dependency,
    /// Its node, where it is a callee that can be looked at.
    pub(super) callee: Option<NodeId>,
}

pub(super) enum State {
    Unknown,
    /// It is being looked at, or waits for its callees to be.
    Open,
    Valid(Option<Arc<Validity>>),
    Invalid(Verdict),
}

/// Why a result is not known to be valid.
#[derive(Clone)]
pub(in crate::engine) enum Verdict {
    Miss(Miss),
    Undecided(Undecided),
}

impl From<Miss> for Verdict {
    fn from(miss: Miss) -> Self {
        Self::Miss(miss)
    }
}

impl Node {
    pub(super) fn new(function: &'static Function, cluster: Arc<Cluster>, key: Key) -> Self {
        Self {
            key,
            function,
            cluster,
            record: key,
            earlier: Vec::new(),
            newest: None,
            digest: None,
            edges: Vec::new(),
            verified: 0,
            validity: Validity::default(),
            is_renewed: false,
            state: State::Invalid(Verdict::Miss(Miss::NeverRun)),
        }
    }

    /// Takes what `record` says, opened.
    pub(super) fn read(&mut self, head: &Head<'_>, provenance: &[u8], record: &[u8]) {
        if let Some(validity) = self.cluster.storage.verified.get(&head.key, &head.digest) {
            (self.record, self.digest) = (head.key, Some(head.digest));
            self.state = State::Valid(Some(validity));
            return;
        }
        self.digest = Some(head.digest);
        (self.record, self.verified, self.is_renewed) = (head.key, 0, false);
        let period = outcome::period(self.function, head.finished);
        self.validity = Validity { period, ..Validity::default() };
        self.edges = Vec::new();
        if !head.is_earlier {
            self.earlier = head.earlier_keys().collect();
            self.earlier.reverse();
        }
        self.state = match outcome::check_outcome(self.function, head) {
            Err(miss) => State::Invalid(miss.into()),
            Ok(()) if !head.depends => State::Valid(self.validity.clone().into_shared()),
            Ok(()) => match record::dependencies(head, provenance) {
                Ok(dependencies) => {
                    let edges = dependencies.into_iter();
                    self.edges =
                        edges.map(|dependency| Edge { dependency, callee: None }).collect();
                    State::Unknown
                }
                Err(error) => {
                    self.cluster.storage.set_record_aside(&head.key, record, &error);
                    State::Invalid(Miss::Unreadable.into())
                }
            },
        };
    }

    /// All that the result depends on is what it was. That is remembered at once: callees that run for others look
    /// at these results, too.
    pub(super) fn settle(&mut self) {
        let validity = std::mem::take(&mut self.validity).into_shared();
        if let (Some(digest), Some(validity)) = (self.digest, &validity) {
            self.cluster.storage.verified.add(self.record, digest, Arc::clone(validity));
        }
        self.state = State::Valid(validity);
    }

    /// The callee that is verified next.
    pub(super) fn next_callee(&self) -> Option<&Callee> {
        match &self.edges.get(self.verified)?.dependency {
            Dependency::Callee(callee) => Some(callee),
            Dependency::Resource(_) => None,
        }
    }

    /// The same, to be written down in other words.
    pub(super) fn next_callee_mut(&mut self) -> Option<&mut Callee> {
        match &mut self.edges.get_mut(self.verified)?.dependency {
            Dependency::Callee(callee) => Some(callee),
            Dependency::Resource(_) => None,
        }
    }

    /// Whether the next dependency, something outside of the program, is what it was.
    pub(super) fn check_resource(&mut self) -> Result<(), Verdict> {
        let edge = self.edges.get_mut(self.verified).map(|edge| &mut edge.dependency);
        let Some(Dependency::Resource(observation)) = edge else { return Ok(()) };
        match resource::check(observation) {
            Check::Same => {}
            Check::Restamped(stamp) => {
                if observation.restamp(stamp) {
                    self.is_renewed = true;
                }
            }
            Check::Changed => {
                return Err(Miss::ResourceChanged(observation.to_string()).into());
            }
        }
        self.validity.resources.insert(Arc::new(observation.clone()));
        Ok(())
    }
}
