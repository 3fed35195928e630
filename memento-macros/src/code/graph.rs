//! What leads to what in code: one graph for all functions of a crate, which grows as they ask for it.
//!
//! Names are followed without being resolved: an item leads to all items that its names can be where it stands. So the
//! graph may lead to too much, never to too little.
//!
//! A method is the exception: `.round()` leads to the functions called `round` of those types that the body with the
//! call leads to. Rust checks each body by itself: the types of all values in it follow from what the body and the
//! macros in it name, and from what that leads to.

mod implementors;
mod inputs;
mod names;
mod unknown;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use super::facts::{self, Facts};
use super::index::{Index, Names, Place};
use super::item::Kind;

/// All that has been reached of the code in an index.
pub(super) struct Graph<'i> {
    pub(super) index: &'i Index,
    pub(super) vertices: Vec<Vertex<'i>>,
    /// The vertex of each item that was reached.
    items: Vec<Option<usize>>,
    /// The vertices of memento functions whose bodies count.
    bodies: HashMap<usize, usize>,
    /// The vertices of what only leads to items; `None` where there is nothing that it leads to.
    joints: HashMap<Joint, Option<usize>>,
    /// The vertices of what is not code, by what they are.
    inputs: HashMap<String, usize>,
    /// The options in `cfg`s whose state is known to the compiler only, when it compiles the function.
    pub(super) options: Vec<String>,
    /// The items that are still to be read, with their vertices.
    unread: Vec<(usize, usize)>,
    /// How many vertices know the methods that macros call for them.
    grown: usize,
}

/// An item, something beside the code that it depends on, or a joint that only leads to others.
#[derive(Default)]
pub(super) struct Vertex<'i> {
    /// None, where it is a joint.
    pub(super) piece: Option<Piece>,
    /// The vertices that it leads to, whoever asks.
    pub(super) leads: Vec<usize>,
    /// The names of the methods that are called in it.
    pub(super) calls: Vec<&'i Names>,
    /// The vertices of those methods, as far as their types are known to be among what it leads to.
    pub(super) methods: Vec<usize>,
    /// The vertices of the macros in it.
    macros: Vec<usize>,
    /// Of a type with methods: its number among those.
    pub(super) receiver: Option<usize>,
    /// Of an option whose state only the compiler knows: its number.
    pub(super) option: Option<usize>,
    /// The texts in it, with the files that they stand in.
    pub(super) texts: Vec<Text>,
    /// Whether it includes a file, or reads a variable, that only the compiler can name.
    pub(super) is_unknown: bool,
}

/// A text in code, with the file that it stands in.
pub(super) type Text = (PathBuf, String);

/// A piece of what a version is made of.
pub(super) struct Piece {
    /// What it is and where, for people: `fn round (app::rates)`.
    pub(super) label: String,
    /// `None` where its state is not known yet: of options.
    pub(super) digest: Option<blake3::Hash>,
}

/// What leads to the same items from wherever it is named.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Joint {
    /// What comes along with the types of a name.
    Type(usize),
    /// What comes along with the traits and macros of a name.
    Trait(usize),
    /// The traits with a function or a constant of a name.
    Members(usize),
    /// The methods of a name of the types in a set.
    Methods { name: usize, types: usize },
    /// The crates whose traits are in scope in a module.
    Imports(usize),
    /// The crates whose traits may be in scope through the public imports of all crates, as one crate names them.
    PublicImports(usize),
    /// The conditions under which all that is in another module is in this one; of any module, where it is not known.
    Globs(Option<usize>),
    /// The imports of all that is in a module which say what a name in this one is.
    Choice(usize),
    /// All imports that others can see of all that is in a module.
    PublicGlobs,
    /// The imports that say which traits with a method of a name are in scope in a module; in any, where it is not known.
    Scope { method: usize, module: Option<usize> },
    /// All crates that a crate needs.
    Foreign(usize),
    /// All types, and all impls of traits.
    Implementors,
}

impl<'i> Graph<'i> {
    pub(super) fn new(index: &'i Index) -> Self {
        Self {
            index,
            vertices: Vec::new(),
            items: vec![None; index.nodes.len()],
            bodies: HashMap::new(),
            joints: HashMap::new(),
            inputs: HashMap::new(),
            options: Vec::new(),
            unread: Vec::new(),
            grown: 0,
        }
    }

    fn add(&mut self, vertex: Vertex<'i>) -> usize {
        self.vertices.push(vertex);
        self.vertices.len() - 1
    }

    /// A vertex that nothing leads to, and that leads to what `facts` mention at `place`.
    pub(super) fn root(&mut self, facts: Facts, place: Place, automatically: bool) -> usize {
        let root = self.add(Vertex::default());
        if automatically {
            self.follow(root, facts, place);
            // Code that may stand in any module may use what is imported into any.
            let modules = (0..self.index.modules.len()).filter(|_| place.module.is_none());
            for module in modules.filter(|&module| self.index.modules[module].krate == place.krate)
            {
                self.lead_to_imports(root, module, place.krate);
            }
        } else {
            let only_inputs = Facts { mentions: Vec::new(), roots: Vec::new(), ..facts };
            self.follow(root, only_inputs, Place { module: None, ..place });
        }
        root
    }

    /// Makes `from` lead to an item.
    pub(super) fn lead_to_item(&mut self, from: usize, node: usize) {
        let to = match self.items[node] {
            Some(to) => to,
            None => {
                let to = self.add(Vertex::default());
                self.items[node] = Some(to);
                self.unread.push((node, to));
                to
            }
        };
        self.vertices[from].leads.push(to);
        if matches!(self.index.nodes[node].item.kind, Kind::Macro { .. }) {
            self.vertices[from].macros.push(to);
        }
    }

    /// Makes `from` lead to the body of a memento function, which has a version of its own otherwise.
    fn lead_to_body(&mut self, from: usize, node: usize) {
        let to = match self.bodies.get(&node) {
            Some(to) => *to,
            None => {
                let to = self.add(Vertex::default());
                self.bodies.insert(node, to);
                self.fill(to, node, facts::of_plain(self.index, node));
                to
            }
        };
        self.vertices[from].leads.push(to);
    }

    /// Makes `from` lead to what a joint leads to, if that is anything.
    fn lead_to(&mut self, from: usize, joint: Joint, make: impl FnOnce(&mut Self, usize)) {
        let to = self.joint(joint, make);
        self.vertices[from].leads.extend(to);
    }

    /// The vertex of a joint; `make` fills it when it is new.
    fn joint(&mut self, joint: Joint, make: impl FnOnce(&mut Self, usize)) -> Option<usize> {
        if let Some(known) = self.joints.get(&joint) {
            return *known;
        }
        let vertex = self.add(Vertex::default());
        make(self, vertex);
        let Vertex { leads, receiver, .. } = &self.vertices[vertex];
        let to = (!leads.is_empty() || receiver.is_some()).then_some(vertex);
        self.joints.insert(joint, to);
        to
    }

    /// The vertex that leads to the methods of a name that are called on any of the types in a set, whose number is
    /// `set`.
    pub(super) fn methods(
        &mut self,
        name: &Names,
        set: usize,
        has: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        self.joint(Joint::Methods { name: name.number, types: set }, |graph, vertex| {
            for &member in &name.members {
                if graph.index.nodes[member].receivers.iter().any(|&receiver| has(receiver)) {
                    graph.lead_to_item(vertex, member);
                }
            }
        })
    }

    /// Reads all items that were reached, until no new ones are.
    pub(super) fn grow(&mut self) {
        while let Some((node, vertex)) = self.unread.pop() {
            self.read(node, vertex);
        }
        for vertex in std::mem::replace(&mut self.grown, self.vertices.len())..self.vertices.len() {
            self.adopt_calls(vertex);
        }
    }

    /// Macros write into the body that calls them: what they call, it calls.
    fn adopt_calls(&mut self, vertex: usize) {
        let mut met = HashSet::from([vertex]);
        let mut macros = self.vertices[vertex].macros.clone();
        let mut calls = std::mem::take(&mut self.vertices[vertex].calls);
        while let Some(called) = macros.pop() {
            if met.insert(called) {
                macros.extend_from_slice(&self.vertices[called].macros);
                calls.extend_from_slice(&self.vertices[called].calls);
            }
        }
        calls.sort_unstable_by_key(|name| name.number);
        calls.dedup_by_key(|name| name.number);
        self.vertices[vertex].calls = calls;
    }

    /// Makes a vertex that of an item with these facts.
    fn fill(&mut self, vertex: usize, node: usize, facts: Facts) {
        let item = &self.index.nodes[node].item;
        let module = &self.index.modules[item.module].path;
        self.vertices[vertex].piece = Some(Piece {
            label: format!("{} ({module})", item.label),
            digest: Some(blake3::hash(facts.normal.as_bytes())),
        });
        self.follow(vertex, facts, self.index.place(node));
    }

    fn read(&mut self, node: usize, vertex: usize) {
        let item = &self.index.nodes[node].item;
        self.fill(vertex, node, facts::of_item(self.index, node));
        match &item.kind {
            Kind::Type { name, .. } => self.lead_to_type(vertex, name),
            Kind::Trait { name, .. } => {
                self.lead_to_type(vertex, name);
                self.lead_to_trait(vertex, name);
            }
            Kind::Macro { name, defines, .. } => {
                for name in defines {
                    self.lead_to_type(vertex, name);
                }
                self.lead_to_trait(vertex, name);
            }
            Kind::Call { names, .. } => {
                for name in names {
                    self.lead_to_type(vertex, name);
                }
            }
            Kind::Value { .. } | Kind::Member { .. } | Kind::Impl { .. } | Kind::Import(_) => {}
        }
    }

    /// Makes `from` lead to all that `facts` mention. Code in files that it includes is read as if it stood there.
    fn follow(&mut self, from: usize, facts: Facts, place: Place) {
        let index = self.index;
        let mut unread = vec![facts];
        while let Some(mut facts) = unread.pop() {
            self.lead_to_names(from, &facts.mentions, place);
            for root in &facts.roots {
                self.lead_to_crate(from, root, place.krate);
            }
            for (path, is_code) in &facts.files {
                if self.lead_to_file(from, path) && *is_code {
                    unread.extend(facts::of_file(index, path, place.krate));
                }
            }
            self.lead_to_compile_time(from, &facts, place.krate);
            // What a macro asks, the compiler answers for the crate that calls it.
            if place.module.is_none() {
                let crates = index.crates.all.iter().enumerate();
                let callers = crates.filter(|(_, krate)| krate.sees.contains(&place.krate));
                for (caller, _) in callers.filter(|(caller, _)| *caller != place.krate) {
                    self.lead_to_compile_time(from, &facts, caller);
                }
            }
            let vertex = &mut self.vertices[from];
            vertex.texts.append(&mut facts.texts);
            vertex.is_unknown |= facts.is_unknown;
        }
        if let Some(module) = place.module {
            self.lead_to_imports(from, module, place.krate);
        }
    }
}

impl Vertex<'_> {
    /// The vertices that it leads to.
    pub(super) fn successors(&self) -> impl Iterator<Item = usize> {
        self.leads.iter().chain(&self.methods).copied()
    }

    /// One of the vertices that it leads to.
    pub(super) fn successor(&self, at: usize) -> Option<usize> {
        let Self { leads, methods, .. } = self;
        leads.get(at).or_else(|| methods.get(at - leads.len())).copied()
    }
}

impl Piece {
    /// The digest of what it is, and of its content.
    pub(super) fn whole(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.label.len() as u64).to_le_bytes());
        hasher.update(self.label.as_bytes());
        if let Some(digest) = &self.digest {
            hasher.update(digest.as_bytes());
        }
        hasher.finalize()
    }
}
