//! What a look leaves behind.

use std::sync::Arc;

use super::Walk;
use super::node::{Node, State};
use crate::record;
use crate::storage::{Replacement, Storage, entry};

/// The nodes whose records are in one storage.
struct Group {
    storage: Arc<Storage>,
    nodes: Vec<Node>,
}

impl Walk<'_> {
    /// Writes down what was found valid in other words than before.
    pub(super) fn renew(self) {
        let mut groups: Vec<Group> = Vec::new();
        for node in self.graph.into_nodes() {
            let storage = Arc::clone(&node.cluster.storage);
            match groups.iter_mut().find(|group| Arc::ptr_eq(&group.storage, &storage)) {
                Some(group) => group.nodes.push(node),
                None => groups.push(Group { storage, nodes: vec![node] }),
            }
        }
        groups.into_iter().for_each(Group::renew);
    }
}

impl Group {
    fn renew(self) {
        let Self { storage, mut nodes } = self;
        nodes.retain(|node| node.is_renewed && matches!(node.state, State::Valid(_)));
        if nodes.is_empty() || !storage.is_writable() {
            return;
        }
        let keys: Vec<_> = nodes.iter().map(|node| node.record).collect();
        let records = storage.records(&keys);
        let renewed = nodes.into_iter().zip(records);
        let renewed: Vec<_> = renewed.filter_map(|(node, record)| renew(node, record?)).collect();
        storage.trouble.note(storage.metadata.replace(&renewed));
    }
}

/// The record with what its result depends on as it is now.
fn renew(node: Node, seen: Vec<u8>) -> Option<Replacement> {
    let (head, provenance) = record::open(&node.record, &seen).ok()?;
    let mut provenance = record::provenance(&head, provenance).ok()?;
    // Another process may have computed it anew in the meantime.
    if Some(head.digest) != node.digest || provenance.dependencies.len() != node.edges.len() {
        return None;
    }
    provenance.dependencies = node.edges.into_iter().map(|edge| edge.dependency).collect();
    let entry = entry(head, provenance).ok()?;
    Some(Replacement { seen, entry })
}
