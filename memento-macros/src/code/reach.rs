//! What a function reaches in code.
//!
//! Names are followed without being resolved: a name leads to all items that have it and can be named from where it
//! stands. So it may take too much, never too little.

mod inputs;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::crates::Foreign;
use super::facts::{Facts, Reader};
use super::index::Place;
use super::item::Kind;
use super::known::{Code, Known, Leads};
use super::lex::Source;
use super::mention::Mention;

/// A piece of what a version is made of.
pub(crate) struct Piece {
    /// What it is and where, for people: `fn round (app::rates)`.
    pub(crate) label: Arc<str>,
    pub(crate) digest: blake3::Hash,
    /// The number of the piece through which it was reached first; `None` where that is the function itself.
    pub(crate) through: Option<usize>,
}

/// What a function reaches.
#[derive(Default)]
pub(crate) struct Reached {
    pub(crate) pieces: Vec<Piece>,
    /// The options in `cfg`s whose state the compiler knows when it compiles the function, each with the number of the
    /// piece that mentions it, `None` where that is the function itself.
    pub(crate) options: BTreeMap<String, Option<usize>>,
}

/// What to follow from a function.
pub(crate) struct Follow<'a> {
    /// Whether the names in it are.
    pub(crate) automatically: bool,
    /// The names of the paths that are besides.
    pub(crate) also: &'a [Vec<String>],
}

impl Code {
    /// What the code in `root` reaches, and what the paths in `also` name.
    pub(crate) fn reach(
        &self,
        root: &Source,
        path: &Path,
        place: Place,
        follow: &Follow<'_>,
    ) -> Reached {
        let mut reader = Reader::new(root, path, Some(&self.index));
        reader.read(0..root.len());
        let mut walk = Walk::new(self);
        walk.texts.clone_from(&reader.facts.texts);
        if follow.automatically {
            let leads = self.leads(&reader.facts, place);
            walk.follow(&reader.facts, &leads, place, None);
        } else {
            walk.compile_time(&reader.facts, place, None);
        }
        for names in follow.also {
            walk.named(names, place);
        }
        walk.run();
        walk.reached
    }
}

/// One search.
struct Walk<'a> {
    code: &'a Code,
    reached: Reached,
    /// The items reached, with the number of the piece of each.
    items: HashMap<usize, usize>,
    /// The items whose mentions are still to be followed.
    waiting: Vec<usize>,
    /// The items in impls whose names were met.
    called: HashSet<usize>,
    /// The names of the types reached.
    types: HashSet<&'a str>,
    modules: HashSet<usize>,
    /// Pieces other than items, by what they are.
    others: BTreeSet<String>,
    /// The texts in the function, with the files that they stand in.
    texts: Vec<(PathBuf, String)>,
    /// Whether a file is included that only the compiler can name.
    includes_unknown: bool,
    /// How many items had been reached when such files were looked for.
    texts_of: usize,
}

impl<'a> Walk<'a> {
    fn new(code: &'a Code) -> Self {
        Self {
            code,
            reached: Reached::default(),
            items: HashMap::new(),
            waiting: Vec::new(),
            called: HashSet::new(),
            types: HashSet::new(),
            modules: HashSet::new(),
            others: BTreeSet::new(),
            texts: Vec::new(),
            includes_unknown: false,
            texts_of: usize::MAX,
        }
    }

    fn run(&mut self) {
        let code = self.code;
        loop {
            while let Some(node) = self.waiting.pop() {
                let through = self.items.get(&node).copied();
                let Known { facts, leads, .. } = code.known(node);
                self.follow(facts, leads, code.index.place(node), through);
            }
            if !self.includes_unknown || self.texts_of == self.items.len() {
                return;
            }
            self.texts_of = self.items.len();
            let reached = self.items.keys().flat_map(|&node| &code.known(node).facts.texts);
            let files = inputs::files_named_by(self.texts.iter().chain(reached));
            for path in files {
                let place = Place { krate: 0, module: None, at: None };
                self.file(&path, place, None);
            }
        }
    }

    /// Follows what a piece of code mentions.
    fn follow(&mut self, facts: &Facts, leads: &Leads, place: Place, through: Option<usize>) {
        self.compile_time(facts, place, through);
        self.lead(leads, through);
        for root in &facts.roots {
            self.root(root, place.krate, through);
        }
        if let Some(module) = place.module {
            self.module(module, place.krate, through);
        }
    }

    /// Reaches the items that names lead to.
    fn lead(&mut self, leads: &Leads, through: Option<usize>) {
        for &item in &leads.items {
            self.reach(item, through);
        }
        for &member in &leads.members {
            if self.called.insert(member)
                && let Kind::Member { of, .. } = &self.code.index.nodes[member].item.kind
                && of.iter().any(|name| self.types.contains(name.as_str()))
            {
                self.reach(member, through);
            }
        }
    }

    fn reach(&mut self, node: usize, through: Option<usize>) {
        if self.items.contains_key(&node) {
            return;
        }
        let item = &self.code.index.nodes[node].item;
        let Known { label, digest, .. } = self.code.known(node);
        let piece = self.piece(Piece { label: Arc::clone(label), digest: *digest, through });
        self.items.insert(node, piece);
        self.waiting.push(node);
        match &item.kind {
            Kind::Type { name, .. } => self.type_(name, piece),
            Kind::Trait { name, .. } => {
                self.type_(name, piece);
                self.with_trait(name, piece);
            }
            Kind::Macro { name, defines, .. } => {
                for name in defines {
                    self.type_(name, piece);
                }
                self.with_trait(name, piece);
            }
            Kind::Call { names, .. } => names.iter().for_each(|name| self.type_(name, piece)),
            Kind::Value { .. } | Kind::Member { .. } | Kind::Impl { .. } | Kind::Import(_) => {}
        }
    }

    /// Reaches what comes along with a type.
    fn type_(&mut self, name: &'a str, through: usize) {
        let index = &self.code.index;
        if !self.types.insert(name) {
            return;
        }
        let Some((_, found)) = index.named(name) else { return };
        for &item in &found.with_type {
            let comes = match &index.nodes[item].item.kind {
                Kind::Member { .. } => self.called.contains(&item),
                _ => true,
            };
            if comes {
                self.reach(item, Some(through));
            }
        }
    }

    fn with_trait(&mut self, name: &str, through: usize) {
        let Some((_, found)) = self.code.index.named(name) else { return };
        for &item in &found.with_trait {
            self.reach(item, Some(through));
        }
    }

    /// Reaches the crates that a module's `use` declarations bring into it, where that may go unnoticed: a trait is
    /// used without being named.
    fn module(&mut self, module: usize, krate: usize, through: Option<usize>) {
        if self.modules.contains(&module) {
            return;
        }
        let index = &self.code.index;
        let mut imports = Vec::new();
        for module in index.around(module) {
            if self.modules.insert(module) {
                imports.extend_from_slice(index.imports(module));
            }
        }
        let globs_into_crate = imports.iter().any(|&import| match &index.nodes[import].item.kind {
            Kind::Import(import) => import.name.is_none() && index.may_be_module(&import.path[0]),
            _ => false,
        });
        if globs_into_crate {
            imports.extend(index.public_imports());
        }
        for import in imports {
            if let Kind::Import(import) = &index.nodes[import].item.kind {
                let is_named = import
                    .name
                    .as_ref()
                    .is_some_and(|name| name.starts_with(char::is_lowercase) && name != "_");
                // What derives traits has no traits itself.
                let brings_traits = |root: &String| {
                    let foreign = index.crates.all[krate].foreign.get(root);
                    !foreign.is_some_and(Foreign::is_procedural_macro)
                };
                if !is_named
                    && let Some(root) = import.path.first().filter(|root| brings_traits(root))
                {
                    self.root(root, krate, through);
                }
            }
        }
    }

    fn piece(&mut self, piece: Piece) -> usize {
        self.reached.pieces.push(piece);
        self.reached.pieces.len() - 1
    }

    /// Reaches what a path names: the items of that name, or all in the modules of that name.
    fn named(&mut self, names: &[String], place: Place) {
        let (Some(mention), Some(name)) = (Mention::of_path(names), names.last()) else { return };
        let facts = Facts { mentions: vec![mention], ..Facts::default() };
        self.lead(&self.code.leads(&facts, place), None);
        let index = &self.code.index;
        let ending = format!("::{name}");
        let modules: HashSet<usize> = (0..index.modules.len())
            .filter(|&module| {
                index.around(module).any(|module| index.modules[module].path.ends_with(&ending))
            })
            .collect();
        for node in 0..index.nodes.len() {
            if modules.contains(&index.nodes[node].item.module) {
                self.reach(node, None);
            }
        }
    }
}
