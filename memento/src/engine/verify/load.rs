//! Reading the records of a graph.

use std::sync::Arc;

use super::node::{Node, NodeId, State};
use super::{Root, Walk};
use crate::Key;
use crate::cluster::Cluster;
use crate::engine::outcome;
use crate::function;
use crate::memento::Dependency;
use crate::storage::Storage;

/// Nodes whose records are to be read, by the storages that these are in.
#[derive(Default)]
struct Wanted(Vec<(Arc<Storage>, Vec<NodeId>)>);

impl Wanted {
    fn add(&mut self, cluster: &Cluster, id: NodeId) {
        let storage = &cluster.storage;
        match self.0.iter_mut().find(|(other, _)| Arc::ptr_eq(other, storage)) {
            Some((_, ids)) => ids.push(id),
            None => self.0.push((Arc::clone(storage), vec![id])),
        }
    }

    /// What is wanted of one storage, until nothing is wanted of any.
    fn next(&mut self) -> Option<(Arc<Storage>, Vec<NodeId>)> {
        self.0.pop()
    }

    /// What is wanted of this storage.
    fn of(&mut self, storage: &Arc<Storage>) -> Vec<NodeId> {
        let place = self.0.iter().position(|(other, _)| Arc::ptr_eq(other, storage));
        place.map_or_else(Vec::new, |place| self.0.swap_remove(place).1)
    }
}

impl Walk<'_> {
    /// The node of a result to begin with, whose record has been read.
    pub(super) fn add_root(&mut self, root: &Root<'_>) -> Option<NodeId> {
        let Root { function, cluster, key, record } = root;
        let (id, is_new) =
            self.graph.node(*key, || Some(Node::new(function, Arc::clone(cluster), *key)))?;
        if is_new {
            self.read(id, *key, record);
        }
        Some(id)
    }

    /// Reads the records of all that these nodes depend on, level by level.
    pub(super) fn load(&mut self, roots: impl IntoIterator<Item = NodeId>) {
        let mut wanted = Wanted::default();
        for id in roots {
            self.want_callees(id, &mut wanted);
        }
        while let Some((storage, mut level)) = wanted.next() {
            let keys = self.keys(&level);
            storage.records_by_level(keys, &mut |records| {
                for (id, record) in level.drain(..).zip(records) {
                    let key = self.graph[id].key;
                    if record.is_some_and(|record| self.read(id, key, &record)) {
                        self.want_callees(id, &mut wanted);
                    }
                }
                level = wanted.of(&storage);
                self.keys(&level)
            });
        }
    }

    fn keys(&self, ids: &[NodeId]) -> Vec<Key> {
        ids.iter().map(|id| self.graph[*id].key).collect()
    }

    /// Finds the nodes of the callees of a node, with the keys that they have in their versions of now. Those that
    /// are new are wanted.
    fn want_callees(&mut self, id: NodeId, wanted: &mut Wanted) {
        for n in 0..self.graph[id].edges.len() {
            let Dependency::Callee(callee) = &self.graph[id].edges[n].dependency else { continue };
            let Some(function) = function::find(&callee.function) else { continue };
            let key = callee.invocation.key(&function.version());
            let node = || {
                let cluster = self.environment.cluster(function.cluster()).ok()?;
                Some(Node::new(function, cluster, key))
            };
            let Some((callee, is_new)) = self.graph.node(key, node) else { continue };
            self.graph[id].edges[n].callee = Some(callee);
            if is_new {
                wanted.add(&self.graph[callee].cluster, callee);
            }
        }
    }

    /// Takes what a record of a node says; whether the node has to be looked at further.
    pub(super) fn read(&mut self, id: NodeId, at: Key, record: &[u8]) -> bool {
        let node = &mut self.graph[id];
        match node.cluster.storage.open_record(&at, record) {
            Err(kind) => node.state = State::Invalid(outcome::unopened(kind).into()),
            Ok((head, provenance)) => node.read(&head, provenance, record),
        }
        matches!(node.state, State::Unknown)
    }
}
