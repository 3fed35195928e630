//! All items that can be reached, by their names.

mod places;

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::slice::from_ref;

pub(crate) use places::Place;

use super::crates::Crates;
use super::files::{File, Files, Module};
use super::item::{Item, Kind};
use super::lex::Source;

/// All items of the followed crates, by name.
pub(crate) struct Index {
    pub(crate) crates: Crates,
    pub(crate) files: Vec<File>,
    pub(crate) modules: Vec<Module>,
    pub(crate) nodes: Vec<Node>,
    names: HashMap<String, Names>,
    /// The modules of each name.
    modules_by_name: HashMap<String, Vec<usize>>,
    /// What may be another name of a module.
    aliases: HashSet<String>,
    /// What stands in a module, or beside it, and brings names from other crates into it.
    imports: HashMap<usize, Vec<usize>>,
    /// Those of them that others can see.
    public_imports: Vec<usize>,
    /// Whether each module imports all that is in another one.
    globs: Vec<bool>,
    /// The names that `#[memento]` goes by, each with the crate in which it does.
    attributes: HashSet<(usize, String)>,
}

/// An item, and the file that it is in.
pub(crate) struct Node {
    pub(crate) file: usize,
    pub(crate) item: Item,
    /// `None` where the item belongs to no module for sure.
    pub(crate) module: Option<usize>,
    /// Of what stands in an `impl` without a trait: the numbers of the types that it is called on.
    pub(crate) receivers: Vec<usize>,
}

/// The numbers of the items that a name can lead to.
#[derive(Default)]
pub(crate) struct Names {
    /// What tells this name from all others.
    pub(crate) number: usize,
    /// As a type with something in an `impl` without a trait: its number among those.
    pub(crate) receiver: Option<usize>,
    /// Those that it names.
    pub(crate) items: Vec<usize>,
    /// Those in an `impl` that it names.
    pub(crate) members: Vec<usize>,
    /// The traits with a function or a constant of this name.
    pub(crate) traits: Vec<usize>,
    /// The enums with a variant of this name.
    pub(crate) enums: Vec<usize>,
    /// Those that come along with a type of this name.
    pub(crate) with_type: Vec<usize>,
    /// Those that come along with a trait or a macro of this name.
    pub(crate) with_trait: Vec<usize>,
}

impl Index {
    /// The index of all crates of this compilation.
    pub(crate) fn new(crates: Crates) -> Self {
        let mut files = Files::new(&crates.all);
        let (mut roots, mut strays) = (Vec::new(), HashSet::new());
        for (number, krate) in crates.all.iter().enumerate() {
            roots.push(files.add_crate(number));
            let sources = krate.artifact.iter().flat_map(|artifact| &artifact.files);
            let sources = sources.filter(|path| path.extension().is_some_and(|end| end == "rs"));
            for path in sources {
                if !files.has(number, path) {
                    let module = files.modules.len();
                    files.modules.push(Module {
                        krate: number,
                        parent: None,
                        path: krate.name.clone(),
                        attributes: Vec::new(),
                    });
                    strays.insert(module);
                    files.add_stray(module, path);
                }
            }
        }
        let Files { all: files, modules, items, .. } = files;
        let node = |(file, item): (usize, Item)| {
            let is_anywhere =
                matches!(item.kind, Kind::Macro { .. }) || strays.contains(&item.module);
            let module = (!is_anywhere).then_some(item.module);
            Node { file, module, receivers: Vec::new(), item }
        };
        let mut index = Self {
            crates,
            files,
            modules,
            nodes: items.into_iter().map(node).collect(),
            names: HashMap::new(),
            modules_by_name: HashMap::new(),
            aliases: HashSet::new(),
            imports: HashMap::new(),
            public_imports: Vec::new(),
            globs: Vec::new(),
            attributes: HashSet::new(),
        };
        index.name_all(&roots);
        index.number_all();
        index.globs = (0..index.modules.len()).map(|module| index.find_glob(module)).collect();
        index
    }

    fn name_all(&mut self, roots: &[usize]) {
        let glob_enums = self.glob_names();
        let table = &mut self.names;
        for (number, node) in self.nodes.iter().enumerate() {
            let mut lead = |names: &[String], how: fn(&mut Names) -> &mut Vec<usize>| {
                for name in names {
                    how(table.entry(name.clone()).or_default()).push(number);
                }
            };
            match &node.item.kind {
                Kind::Value { name } => lead(from_ref(name), |names| &mut names.items),
                Kind::Type { name, variants } => {
                    lead(from_ref(name), |names| &mut names.items);
                    let source = &self.files[node.file].source;
                    lead(&node.item.derived(source), |names| &mut names.with_trait);
                    if glob_enums.contains(name) {
                        lead(variants, |names| &mut names.enums);
                    }
                }
                Kind::Trait { name, members } => {
                    lead(from_ref(name), |names| &mut names.items);
                    lead(members, |names| &mut names.traits);
                }
                Kind::Macro { name, defines, traits, types } => {
                    lead(from_ref(name), |names| &mut names.items);
                    lead(defines, |names| &mut names.items);
                    lead(traits, |names| &mut names.with_trait);
                    lead(types, |names| &mut names.with_type);
                }
                Kind::Member { name, of } => {
                    lead(from_ref(name), |names| &mut names.members);
                    lead(of, |names| &mut names.with_type);
                }
                Kind::Impl { of, types, .. } => {
                    lead(from_ref(of), |names| &mut names.with_trait);
                    lead(types, |names| &mut names.with_type);
                }
                Kind::Call { of, names } => {
                    lead(from_ref(of), |names| &mut names.with_trait);
                    lead(names, |names| &mut names.with_type);
                }
                Kind::Import(import) => {
                    if let Some(name) = import.name.as_ref().filter(|name| *name != "_") {
                        lead(from_ref(name), |names| &mut names.items);
                        let last = import.path.last();
                        if last.is_some_and(|last| last == "memento") {
                            self.attributes.insert((self.files[node.file].krate, name.clone()));
                        }
                        if last != Some(name) {
                            self.aliases.insert(name.clone());
                        }
                    }
                    self.imports.entry(node.item.module).or_default().push(number);
                    self.public_imports.extend(node.item.is_public.then_some(number));
                }
            }
        }
        self.name_calls();
        self.name_modules(roots);
        self.follow_aliases();
    }

    /// The names before `::*`: those of enums among them have variants that stand for themselves.
    fn glob_names(&self) -> HashSet<String> {
        let globs = self.nodes.iter().filter_map(|node| match &node.item.kind {
            Kind::Import(import) if import.name.is_none() => import.path.last().cloned(),
            _ => None,
        });
        globs.collect()
    }

    /// Whether anything in the crates that are followed is called this, beside what is called as a macro, and what is
    /// imported from the standard library.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.named(name).is_some_and(|found| {
            let is_call = |&item: &usize| matches!(self.nodes[item].item.kind, Kind::Call { .. });
            let is_standard = |&item: &usize| match &self.nodes[item].item.kind {
                Kind::Import(import) => {
                    import.path.last().is_some_and(|last| last == name)
                        && matches!(&*import.path[0], "std" | "core")
                }
                _ => false,
            };
            let is_called_alone = found.items.iter().all(is_standard)
                && found.members.is_empty()
                && found.traits.is_empty()
                && found.with_type.is_empty()
                && found.with_trait.iter().all(is_call);
            !is_called_alone
        })
    }

    /// A name in a macro call that its module does not define may be defined by it; in an `impl`, any name. What the
    /// module imports it may define beside that, as another kind of thing; but then it is the import that says which
    /// module the name is.
    fn name_calls(&mut self) {
        for (number, node) in self.nodes.iter().enumerate() {
            let Kind::Call { names, .. } = &node.item.kind else { continue };
            for name in names {
                let found = self.names.entry(name.clone()).or_default();
                let others = found.items.iter().map(|&item| &self.nodes[item].item);
                let in_module = others
                    .filter(|item| item.module == node.item.module && item.has_name_for_sure());
                let in_module: Vec<&Item> = in_module.collect();
                let is_import = |item: &&Item| matches!(item.kind, Kind::Import(_));
                let may_be_any = node.item.is_call_in_impl();
                if may_be_any || in_module.is_empty() {
                    self.aliases.insert(name.clone());
                }
                let may_define = may_be_any || in_module.iter().all(is_import);
                if may_define && found.items.last() != Some(&number) {
                    found.items.push(number);
                }
            }
        }
    }

    /// Names the modules; `roots` are those of the crates, which may be called otherwise than they call themselves.
    fn name_modules(&mut self, roots: &[usize]) {
        for (number, module) in self.modules.iter().enumerate() {
            let name = module.path.rsplit("::").next().unwrap_or_default();
            self.modules_by_name.entry(name.to_owned()).or_default().push(number);
        }
        for (krate, root) in self.crates.all.iter().zip(roots) {
            for name in &krate.names {
                add_new(self.modules_by_name.entry(name.clone()).or_default(), &[*root]);
            }
        }
    }

    /// What comes along with a type also does with what its alias stands for.
    fn follow_aliases(&mut self) {
        let aliases: Vec<(String, Vec<String>)> = (self.nodes.iter())
            .filter_map(|node| match &node.item.kind {
                Kind::Type { name, .. } if node.item.label.starts_with("type ") => {
                    let source = &self.files[node.file].source;
                    let tokens = node.item.tokens.iter().cloned().flatten();
                    let names = tokens.filter_map(|at| source.ident(at)).map(str::to_owned);
                    Some((name.clone(), names.collect()))
                }
                Kind::Import(import) => {
                    let (name, last) = (import.name.as_ref()?, import.path.last()?);
                    (name != last).then(|| (name.clone(), vec![last.clone()]))
                }
                _ => None,
            })
            .collect();
        // An alias of an alias: as deep as people go.
        for _ in 0..4 {
            for (alias, names) in &aliases {
                let Some(found) = self.names.get(alias) else { continue };
                let (with_type, with_trait) = (found.with_type.clone(), found.with_trait.clone());
                for name in names {
                    let found = self.names.entry(name.clone()).or_default();
                    add_new(&mut found.with_type, &with_type);
                    add_new(&mut found.with_trait, &with_trait);
                }
            }
        }
    }

    /// Numbers the names, and parts what comes along with a type from what has to be called on it.
    fn number_all(&mut self) {
        let mut receivers = 0;
        for (number, names) in self.names.values_mut().enumerate() {
            names.number = number;
            names.with_type.retain(|&item| {
                let node = &mut self.nodes[item];
                let is_member = matches!(node.item.kind, Kind::Member { .. });
                if is_member {
                    node.receivers.push(*names.receiver.get_or_insert(receivers));
                }
                !is_member
            });
            receivers += usize::from(names.receiver.is_some());
        }
    }

    /// What a name can lead to.
    pub(crate) fn named(&self, name: &str) -> Option<&Names> {
        self.names.get(name)
    }

    /// Whether `name` before `::` can be something that has items in it.
    pub(crate) fn may_be_module(&self, name: &str) -> bool {
        matches!(name, "crate" | "self" | "super")
            || self.modules_by_name.contains_key(name)
            || self.aliases.contains(name)
    }

    /// Whether something is also called this that has another name.
    pub(crate) fn is_alias(&self, name: &str) -> bool {
        self.aliases.contains(name)
    }

    /// The modules around `module`, and itself.
    pub(crate) fn around(&self, module: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(module), |&module| self.modules[module].parent)
    }

    /// The `use` declarations in a module.
    pub(crate) fn imports(&self, module: usize) -> &[usize] {
        self.imports.get(&module).map_or(&[], Vec::as_slice)
    }

    /// All `use` declarations that others can see.
    pub(crate) fn public_imports(&self) -> impl Iterator<Item = usize> {
        self.public_imports.iter().copied()
    }

    /// Whether an item is a memento function.
    pub(crate) fn is_memento(&self, item: &Item) -> bool {
        let krate = self.modules[item.module].krate;
        let is_it =
            |name: &String| name == "memento" || self.attributes.contains(&(krate, name.clone()));
        item.body.is_some() && item.attributes.iter().any(is_it)
    }

    /// The source and the path of the file that an item is in.
    pub(crate) fn file(&self, node: usize) -> (&Source, &Path) {
        let file = &self.files[self.nodes[node].file];
        (&file.source, &file.path)
    }
}

fn add_new(to: &mut Vec<usize>, from: &[usize]) {
    for item in from {
        if !to.contains(item) {
            to.push(*item);
        }
    }
}
