//! What a function reaches in code.
//!
//! Names are followed without being resolved: a name leads to all items that have it and can be named from where it
//! stands. So it may take too much, never too little.

mod inputs;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::crates::Foreign;
use super::facts::{Facts, Reader};
use super::index::Place;
use super::item::Kind;
use super::known::Code;
use super::lex::Source;
use super::mention::{Mention, Stands};

/// A piece of what a version is made of.
pub(crate) struct Piece {
    /// What it is and where, for people: `fn round (app::rates)`.
    pub(crate) label: String,
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
        if follow.automatically {
            walk.follow(&reader.facts, place, None);
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
    /// The names that were mentioned.
    mentioned: HashSet<&'a str>,
    /// The names of the types reached.
    types: HashSet<&'a str>,
    modules: HashSet<usize>,
    /// Pieces other than items, by what they are.
    others: BTreeSet<String>,
    /// The texts in what was reached, for includes that only the compiler can tell, with the files that they stand in.
    texts: Vec<(PathBuf, String)>,
    includes_unknown: bool,
}

impl<'a> Walk<'a> {
    fn new(code: &'a Code) -> Self {
        Self {
            code,
            reached: Reached::default(),
            items: HashMap::new(),
            waiting: Vec::new(),
            mentioned: HashSet::new(),
            types: HashSet::new(),
            modules: HashSet::new(),
            others: BTreeSet::new(),
            texts: Vec::new(),
            includes_unknown: false,
        }
    }

    fn run(&mut self) {
        let code = self.code;
        loop {
            while let Some(node) = self.waiting.pop() {
                let through = self.items.get(&node).copied();
                self.follow(&code.facts(node).1, code.index.place(node), through);
            }
            let texts = std::mem::take(&mut self.texts);
            if !self.includes_unknown || texts.is_empty() {
                return;
            }
            let files = inputs::files_named_by(&texts);
            for path in files {
                let place = Place { krate: 0, module: None, at: None };
                self.file(&path, place, None);
            }
        }
    }

    /// Follows what a piece of code mentions.
    fn follow(&mut self, facts: &Facts, place: Place, through: Option<usize>) {
        self.compile_time(facts, place, through);
        for mention in &facts.mentions {
            self.mention(mention, place, through);
        }
        for root in &facts.roots {
            self.root(root, place.krate, through);
        }
        if let Some(module) = place.module {
            self.module(module, place.krate, through);
        }
    }

    fn mention(&mut self, mention: &Mention, place: Place, through: Option<usize>) {
        let index = &self.code.index;
        let Some((name, found)) = index.named(&mention.name) else { return };
        let can_be =
            found.items.iter().filter(|&&item| index.can_name(place, &mention.stands, item));
        let is_value = |item: &usize| matches!(index.nodes[*item].item.kind, Kind::Value { .. });
        let is_local = |item: &usize| index.nodes[*item].item.scope.is_some();
        let can_be: Vec<usize> = can_be.copied().collect();
        // A function in a block hides one outside.
        let hides = mention.stands == Stands::Alone
            && can_be.iter().any(|item| is_value(item) && is_local(item));
        for item in can_be {
            if !(hides && is_value(&item) && !is_local(&item)) {
                self.reach(item, through);
            }
        }
        for &item in &found.enums {
            self.reach(item, through);
        }
        if mention.stands == Stands::Alone {
            return;
        }
        for &item in &found.traits {
            self.reach(item, through);
        }
        if self.mentioned.insert(name) {
            for &member in &found.members {
                if let Kind::Member { of, .. } = &index.nodes[member].item.kind
                    && of.iter().any(|name| self.types.contains(name.as_str()))
                {
                    self.reach(member, through);
                }
            }
        }
    }

    fn reach(&mut self, node: usize, through: Option<usize>) {
        if self.items.contains_key(&node) {
            return;
        }
        let index = &self.code.index;
        let item = &index.nodes[node].item;
        let module = &index.modules[item.module].path;
        let label = format!("{} ({module})", item.label);
        let digest = self.code.facts(node).0;
        let piece = self.piece(Piece { label, digest, through });
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
                Kind::Member { name, .. } => self.mentioned.contains(name.as_str()),
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
        self.mention(&mention, place, None);
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
