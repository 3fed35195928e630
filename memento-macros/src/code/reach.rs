//! What functions reach in code, and one digest of all that.
//!
//! The graph has circles. What leads to one another forms a group; groups have none. The digest of a group is that of
//! the pieces in it and of the groups that it leads to (as in R. Merkle, A digital signature based on a conventional
//! encryption function, 1987): each piece is looked at once, however many functions reach it.

use std::collections::BTreeSet;
use std::path::Path;

use super::facts::Reader;
use super::graph::{Graph, Text, Vertex};
use super::groups;
use super::index::{Index, Place};
use super::lex::Source;
use super::sets::Sets;
use super::table::{Chunk, Table};

/// What a function reaches.
#[derive(Default)]
pub(crate) struct Reached {
    /// The digest of all of it, if it is anything.
    pub(crate) digest: Option<blake3::Hash>,
    /// The options in `cfg`s whose state the compiler knows when it compiles the function, in alphabetical order.
    pub(crate) options: Vec<String>,
    /// The numbers of the pieces that the function leads to itself, in the table of the crate.
    pub(crate) leads: Vec<u32>,
    /// What is new in that table.
    pub(crate) chunk: Chunk,
}

/// What to follow from a function.
pub(crate) struct Follow<'a> {
    /// Whether the names in it are.
    pub(crate) automatically: bool,
    /// The names of the paths that are besides.
    pub(crate) also: &'a [Vec<String>],
    /// The names of the traits in the bounds on types that only its callers know.
    pub(crate) bounds: &'a [String],
}

/// All code of a compilation, as far as functions were found to reach it.
pub(super) struct Code<'i> {
    graph: Graph<'i>,
    sets: Sets,
    /// Of each vertex: the set of the types with methods that it leads to, as far as that is known.
    types: Vec<usize>,
    /// Of each vertex: the set of types for which the methods that it calls were looked up.
    looked_up: Vec<Option<usize>>,
    settled: Vec<Option<Settled>>,
    table: Table,
}

/// What is known of a vertex, and of all others in its group.
#[derive(Clone, Copy)]
struct Settled {
    /// The digest of all that it leads to; `None` where that is nothing.
    digest: Option<blake3::Hash>,
    /// The set of the options that it leads to.
    options: usize,
    /// Whether a file is included, or a variable read, that only the compiler can name.
    is_unknown: bool,
}

impl<'i> Code<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Self {
            graph: Graph::new(index),
            sets: Sets::new(),
            types: Vec::new(),
            looked_up: Vec::new(),
            settled: Vec::new(),
            table: Table::default(),
        }
    }

    /// What the code in `function` reaches, which stands in the file at `path`, and what else is to be followed.
    pub(super) fn reach(
        &mut self,
        function: &Source,
        path: &Path,
        place: Place,
        follow: &Follow<'_>,
    ) -> Reached {
        let root = self.root(function, path, place, follow);
        let Settled { digest, options, .. } = self.of(root);
        let is_piece = |vertex: usize| self.settled[vertex].is_some_and(|of| of.digest.is_some());
        let (leads, chunk) = self.table.tell(&self.graph, root, is_piece);
        let options = self.sets.numbers(options).map(|number| self.graph.options[number].clone());
        let options = options.collect::<BTreeSet<String>>().into_iter().collect();
        Reached { digest, options, leads, chunk }
    }

    /// A vertex for a function, settled.
    fn root(&mut self, function: &Source, path: &Path, place: Place, follow: &Follow<'_>) -> usize {
        let mut texts = BTreeSet::<Text>::new();
        loop {
            let mut reader = Reader::new(function, path, Some(self.graph.index));
            reader.read(0..function.len());
            let root = self.graph.root(reader.facts, place, follow.automatically);
            for names in follow.also {
                self.graph.lead_to_path(root, names, place);
            }
            self.graph.lead_to_implementors(root, follow.bounds);
            self.graph.lead_to_named(root, &texts);
            self.settle(root);
            let before = texts.len();
            if self.of(root).is_unknown {
                texts.extend(self.texts_from(root));
            }
            if texts.len() == before {
                return root;
            }
        }
    }

    /// Settles a vertex, and all that it leads to.
    fn settle(&mut self, root: usize) {
        let groups = loop {
            self.graph.grow();
            let count = self.graph.vertices.len();
            self.types.resize(count, Sets::EMPTY);
            self.looked_up.resize(count, None);
            self.settled.resize(count, None);
            let groups = self.unsettled_groups(root);
            for group in &groups {
                self.find_types(group);
            }
            // Where a method call leads is known when the types are, and it may lead to further types.
            let changed = groups.iter().flatten().filter(|&&vertex| self.find_methods(vertex));
            if changed.count() == 0 {
                break groups;
            }
        };
        for group in &groups {
            let settled = self.settle_group(group);
            for &vertex in group {
                self.settled[vertex] = Some(settled);
            }
        }
    }

    /// What is known of a vertex that is settled.
    fn of(&self, vertex: usize) -> Settled {
        self.settled[vertex].expect("groups come behind those that they lead to")
    }

    /// The groups of what is not settled, each behind those that it leads to.
    fn unsettled_groups(&self, root: usize) -> Vec<Vec<usize>> {
        let successor = |vertex: usize, at| self.graph.vertices[vertex].successor(at);
        let is_settled = |vertex: usize| self.settled[vertex].is_some();
        groups::find(root, self.graph.vertices.len(), successor, is_settled)
    }

    /// Notes the types that a group leads to.
    fn find_types(&mut self, group: &[usize]) {
        let vertices = || group.iter().map(|&vertex| &self.graph.vertices[vertex]);
        let led_to = vertices().flat_map(Vertex::successors).map(|to| self.types[to]);
        let own = vertices().filter_map(|vertex| vertex.receiver);
        let types = self.sets.union(led_to, own);
        for &vertex in group {
            self.types[vertex] = types;
        }
    }

    /// Looks up which methods are called in a vertex; whether there are others than before.
    fn find_methods(&mut self, vertex: usize) -> bool {
        let types = self.types[vertex];
        if self.looked_up[vertex].replace(types) == Some(types) {
            return false;
        }
        let calls = self.graph.vertices[vertex].calls.clone();
        let has = |receiver| self.sets.has(types, receiver);
        let methods = calls.iter().filter_map(|name| self.graph.methods(name, types, has));
        let methods: Vec<usize> = methods.collect();
        let before = std::mem::replace(&mut self.graph.vertices[vertex].methods, methods);
        before != self.graph.vertices[vertex].methods
    }

    /// What is to be known of a group, when that is known of all others that it leads to.
    fn settle_group(&mut self, group: &[usize]) -> Settled {
        let vertices = || group.iter().map(|&vertex| &self.graph.vertices[vertex]);
        let mut own: Vec<blake3::Hash> =
            vertices().filter_map(|v| Some(v.piece.as_ref()?.whole())).collect();
        own.sort_unstable_by_key(|digest| *digest.as_bytes());
        let beyond = vertices().flat_map(Vertex::successors).filter_map(|to| self.settled[to]);
        let beyond: Vec<Settled> = beyond.collect();
        let is_unknown = vertices().any(|vertex| vertex.is_unknown)
            || beyond.iter().any(|settled| settled.is_unknown);
        let options = self.sets.union(
            beyond.iter().map(|settled| settled.options),
            vertices().filter_map(|vertex| vertex.option),
        );
        let mut beyond: Vec<[u8; 32]> =
            beyond.iter().filter_map(|settled| Some(settled.digest?.into())).collect();
        beyond.sort_unstable();
        beyond.dedup();
        Settled { digest: digest(&own, &beyond), options, is_unknown }
    }

    /// The texts in what a vertex leads to.
    fn texts_from(&self, root: usize) -> BTreeSet<Text> {
        let mut met = BTreeSet::from([root]);
        let mut unread = vec![root];
        while let Some(vertex) = unread.pop() {
            unread.extend(self.graph.vertices[vertex].successors().filter(|to| met.insert(*to)));
        }
        met.iter().flat_map(|&vertex| self.graph.vertices[vertex].texts.iter().cloned()).collect()
    }
}

/// The digest of a group: the pieces in it, and the groups that it leads to.
fn digest(own: &[blake3::Hash], beyond: &[[u8; 32]]) -> Option<blake3::Hash> {
    if own.is_empty() && beyond.is_empty() {
        return None;
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(own.len() as u64).to_le_bytes());
    for digest in own {
        hasher.update(digest.as_bytes());
    }
    for digest in beyond {
        hasher.update(digest);
    }
    Some(hasher.finalize())
}
