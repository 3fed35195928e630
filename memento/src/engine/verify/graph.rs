//! The invocations that a look is about, by number and by key.

use std::collections::HashMap;
use std::collections::hash_map::Entry as Slot;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::{Index, IndexMut};

use super::node::{Node, NodeId};
use crate::Key;

/// All nodes of a look. None is ever taken out, so that numbers stay.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<Node>,
    numbers: HashMap<Key, NodeId, BuildHasherDefault<KeyHasher>>,
}

impl Graph {
    /// The node of `key`, and whether it is new: then `make` made it, unless it cannot be made.
    pub(super) fn node(
        &mut self,
        key: Key,
        make: impl FnOnce() -> Option<Node>,
    ) -> Option<(NodeId, bool)> {
        match self.numbers.entry(key) {
            Slot::Occupied(slot) => Some((*slot.get(), false)),
            Slot::Vacant(slot) => {
                let id = NodeId(self.nodes.len());
                self.nodes.push(make()?);
                Some((*slot.insert(id), true))
            }
        }
    }

    pub(super) fn into_nodes(self) -> Vec<Node> {
        self.nodes
    }
}

impl Index<NodeId> for Graph {
    type Output = Node;

    fn index(&self, NodeId(number): NodeId) -> &Node {
        &self.nodes[number]
    }
}

impl IndexMut<NodeId> for Graph {
    fn index_mut(&mut self, NodeId(number): NodeId) -> &mut Node {
        &mut self.nodes[number]
    }
}

/// A key is a digest already: eight bytes of it are as good a hash as any.
#[derive(Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
