//! One invocation in a graph, and what is known of it.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::engine::outcome;
use crate::function::Function;
use crate::memento::Dependency;
use crate::miss::{Miss, Undecided};
use crate::record::{self, Head};
use crate::resource::{self, Check};
use crate::validity::Validity;
use crate::{Digest, Key};

/// An invocation, and what is known of it.
pub(super) struct Node {
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
    pub(super) dependencies: Vec<Dependency>,
    /// How many of them are verified.
    pub(super) verified: usize,
    /// What is verified of what the result depends on.
    pub(super) validity: Validity,
    /// Whether `dependencies` is not what the record says any more: the same in other words.
    pub(super) is_renewed: bool,
    pub(super) state: State,
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
            function,
            cluster,
            record: key,
            earlier: Vec::new(),
            newest: None,
            digest: None,
            dependencies: Vec::new(),
            verified: 0,
            validity: Validity::default(),
            is_renewed: false,
            state: State::Invalid(Verdict::Miss(Miss::NeverRun)),
        }
    }

    /// Takes what `record` says, opened; whether it makes the node one to be looked at further.
    pub(super) fn read(&mut self, head: &Head<'_>, provenance: &[u8], record: &[u8]) {
        self.digest = Some(head.digest);
        (self.record, self.verified, self.is_renewed) = (head.key, 0, false);
        let expires = outcome::expires(self.function, head.finished);
        self.validity = Validity { expires, ..Validity::default() };
        self.dependencies = Vec::new();
        if !head.is_earlier {
            self.earlier = head.earlier_keys().collect();
            self.earlier.reverse();
        }
        self.state = match outcome::check_outcome(self.function, head) {
            Err(miss) => State::Invalid(miss.into()),
            Ok(()) if !head.depends => State::Valid(self.validity.clone().into_shared()),
            Ok(()) => match record::dependencies(head, provenance) {
                Ok(dependencies) => {
                    self.dependencies = dependencies;
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

    /// Whether the next dependency, something outside of the program, is what it was.
    pub(super) fn check_resource(&mut self) -> Result<(), Verdict> {
        let Some(Dependency::Resource(observation)) = self.dependencies.get_mut(self.verified)
        else {
            return Ok(());
        };
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
