//! What code depends on beside other code: crates, files, variables, options.

use std::path::Path;

use super::super::crates::Foreign;
use super::super::facts::Facts;
use super::super::import::Import;
use super::super::index::{Index, Names, Place};
use super::super::item::Kind;
use super::super::mention::Stands;
use super::{Graph, Joint, Piece, Vertex};

/// Options that are the same for all crates of a program.
fn is_of_target(option: &str) -> bool {
    let name = option.split(' ').next().unwrap_or(option);
    name.starts_with("target_") || matches!(name, "unix" | "windows" | "panic" | "miri")
}

/// Options that the profile sets, which may do otherwise for some packages.
fn is_of_profile(option: &str) -> bool {
    matches!(option, "debug_assertions" | "overflow_checks")
}

impl<'i> Graph<'i> {
    /// Makes `from` lead to something that is no code; whether it had not before. Its label tells it from all others.
    fn lead_to_input(
        &mut self,
        from: usize,
        label: &str,
        digest: impl FnOnce() -> blake3::Hash,
    ) -> bool {
        self.lead_to_input_of(from, label, label, digest)
    }

    /// The same for what is told from others by `key`.
    fn lead_to_input_of(
        &mut self,
        from: usize,
        key: &str,
        label: &str,
        digest: impl FnOnce() -> blake3::Hash,
    ) -> bool {
        let to = match self.inputs.get(key) {
            Some(to) => *to,
            None => {
                let piece = Piece { label: label.to_owned(), digest: Some(digest()) };
                let to = self.add(Vertex { piece: Some(piece), ..Vertex::default() });
                self.inputs.insert(key.to_owned(), to);
                to
            }
        };
        let leads = &mut self.vertices[from].leads;
        let is_new = !leads.contains(&to);
        if is_new {
            leads.push(to);
        }
        is_new
    }

    /// Makes `from` lead to the crate that a path begins with, if it is one that is not followed.
    pub(super) fn lead_to_crate(&mut self, from: usize, name: &str, krate: usize) {
        let index = self.index;
        let foreign = &index.crates.all[krate].foreign;
        if let Some(found) = foreign.get(name) {
            self.lead_to_foreign(from, found);
            return;
        }
        let is_known = name.starts_with(char::is_uppercase)
            || index.may_be_module(name)
            || matches!(name, "std" | "core" | "alloc" | "proc_macro" | "test");
        // A crate that another package calls otherwise: any of those that it needs.
        if krate != 0 && !is_known {
            self.lead_to(from, Joint::Foreign(krate), |graph, joint| {
                for found in foreign.values() {
                    graph.lead_to_foreign(joint, found);
                }
            });
        }
    }

    fn lead_to_foreign(&mut self, from: usize, foreign: &Foreign) {
        let (label, digest) = self.index.crates.stand_in(foreign);
        // There may be several versions of one name.
        let key = format!("{label} {digest}");
        self.lead_to_input_of(from, &key, label, || digest);
    }

    /// Makes `from` lead to the crates that `use` declarations bring into a module, where that may go unnoticed: a
    /// trait is used without being named. For the same reason, to the declarations that are there under a condition.
    pub(super) fn lead_to_imports(&mut self, from: usize, module: usize, krate: usize) {
        let index = self.index;
        self.lead_to(from, Joint::Imports(module), |graph, joint| {
            for &import in index.imports(module) {
                graph.lead_to_imported(joint, import, krate);
                graph.lead_to_conditional(joint, import);
            }
            if index.has_glob(module) {
                graph.lead_to(joint, Joint::PublicImports(krate), |graph, joint| {
                    for import in index.public_imports() {
                        graph.lead_to_imported(joint, import, krate);
                        graph.lead_to_conditional(joint, import);
                    }
                });
            }
            if let Some(parent) = index.modules[module].parent {
                graph.lead_to_imports(joint, parent, krate);
            }
        });
    }

    fn lead_to_imported(&mut self, from: usize, import: usize, krate: usize) {
        let index = self.index;
        let item = &index.nodes[import].item;
        let Kind::Import(import) = &item.kind else { return };
        // `#[macro_use] extern crate`
        let brings_macros = item.attributes.iter().any(|name| name == "macro_use");
        let is_unnamed = brings_macros || !import.is_always_named();
        let Some(root) = import.path.first().filter(|_| is_unnamed) else { return };
        // What derives traits has no traits itself, and is named where it does, unless all that is there is imported.
        let foreign = index.crates.all[krate].foreign.get(root);
        let brings_all = brings_macros || import.name.is_none();
        if brings_all || !foreign.is_some_and(Foreign::is_procedural_macro) {
            self.lead_to_crate(from, root, krate);
        }
    }

    /// Makes `from` lead to the conditions under which a name behind `before` is what one module has or another.
    pub(super) fn lead_to_globs(&mut self, from: usize, before: &str, place: Place) {
        let index = self.index;
        let modules = place.module.and_then(|module| index.modules_of(before, module));
        let Some(modules) = modules else {
            self.lead_to(from, Joint::Globs(None), |graph, joint| {
                for import in index.public_imports().filter(|&import| is_glob(index, import)) {
                    graph.lead_to_conditional(joint, import);
                }
            });
            return;
        };
        for module in modules {
            self.lead_to(from, Joint::Globs(Some(module)), |graph, joint| {
                for &import in index.imports(module).iter().filter(|&&item| is_glob(index, item)) {
                    graph.lead_to_conditional(joint, import);
                }
            });
        }
    }

    /// Makes `from` lead to what says which of several things a name is, beside imports of that name: the modules of which
    /// all is imported where the name stands, or where it is looked for.
    pub(super) fn lead_to_choice(&mut self, from: usize, stands: &Stands, place: Place) {
        let index = self.index;
        let searched = match (stands, place.module) {
            (Stands::InPath(Some(before)), Some(module)) => index.modules_of(before, module),
            _ => Some(Vec::new()),
        };
        let searched = searched.filter(|_| place.module.is_some());
        let Some(searched) = searched else { return self.lead_to_public_globs(from) };
        // Of several modules of one name, an import may say which it is: behind another name, that of any module.
        if searched.len() > 1 {
            self.lead_to_public_globs(from);
        }
        let modules = searched.into_iter().chain(place.module);
        for module in modules.filter(|&module| index.has_glob(module)) {
            self.lead_to(from, Joint::Choice(module), |graph, joint| {
                for &import in index.imports(module).iter().filter(|&&item| is_glob(index, item)) {
                    graph.lead_to_item(joint, import);
                }
                graph.lead_to_public_globs(joint);
            });
        }
    }

    /// Makes `from` lead to all imports that others can see of all that is in a module.
    fn lead_to_public_globs(&mut self, from: usize) {
        let index = self.index;
        self.lead_to(from, Joint::PublicGlobs, |graph, joint| {
            for import in index.public_imports().filter(|&import| is_glob(index, import)) {
                graph.lead_to_item(joint, import);
            }
        });
    }

    /// Makes `from` lead to the imports that say which traits are in scope, of those with a method of this name: a trait
    /// is used without being named.
    pub(super) fn lead_to_traits_in_scope(&mut self, from: usize, method: &'i Names, place: Place) {
        if method.traits.is_empty() {
            return;
        }
        let index = self.index;
        let scope = Joint::Scope { method: method.number, module: place.module };
        self.lead_to(from, scope, |graph, joint| {
            let brings = |&import: &usize| brings_trait(index, import, &method.traits);
            let Some(module) = place.module else {
                let all = (0..index.modules.len()).flat_map(|module| index.imports(module));
                return all
                    .copied()
                    .filter(brings)
                    .for_each(|item| graph.lead_to_item(joint, item));
            };
            for &import in index.imports(module).iter().filter(|import| brings(import)) {
                graph.lead_to_item(joint, import);
            }
            if index.has_glob(module) {
                for import in index.public_imports().filter(brings) {
                    graph.lead_to_item(joint, import);
                }
            }
        });
    }

    /// Makes `from` lead to an import, if it is there under a condition and may be used without being named.
    fn lead_to_conditional(&mut self, from: usize, import: usize) {
        let index = self.index;
        let item = &index.nodes[import].item;
        let Kind::Import(of) = &item.kind else { return };
        let may_be_unnamed = !of.is_always_named() && !is_type(index, of);
        if may_be_unnamed && item.is_conditional(index.file(import).0) {
            self.lead_to_item(from, import);
        }
    }

    /// Makes `from` lead to the variables and options that code depends on while it is compiled.
    pub(super) fn lead_to_compile_time(&mut self, from: usize, facts: &Facts, krate: usize) {
        let index = self.index;
        let of = &index.crates.all[krate];
        for name in &facts.variables {
            let value = of.variable(name);
            let label = format!("variable {name} ({})", of.name);
            self.lead_to_input(from, &label, || blake3::hash(format!("{value:?}").as_bytes()));
        }
        for option in &facts.options {
            self.lead_to_option(from, option, krate);
        }
    }

    /// Makes `from` lead to a file that code includes; whether it had not before.
    pub(in super::super) fn lead_to_file(&mut self, from: usize, path: &Path) -> bool {
        let crates = &self.index.crates;
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let roots = crates.all.iter().filter_map(|krate| krate.root.canonicalize().ok());
        let mut folders = roots.filter_map(|root| Some(root.parent()?.parent()?.to_owned()));
        let short = folders.find_map(|folder| whole.strip_prefix(folder).ok().map(Path::to_owned));
        let label = format!("file {}", short.as_ref().unwrap_or(&whole).display());
        self.lead_to_input(from, &label, || match std::fs::read(path) {
            Ok(bytes) => blake3::hash(&bytes),
            Err(_) => blake3::hash(b"no such file"),
        })
    }

    fn lead_to_option(&mut self, from: usize, option: &str, krate: usize) {
        let crates = &self.index.crates;
        let of = &crates.all[krate];
        let is_own = of.artifact.is_none();
        // What is compiled as a dependency is not compiled for its own tests.
        if !is_own && option == "test" {
            return;
        }
        if is_own || is_of_target(option) || is_of_profile(option) {
            self.lead_to_own_option(from, option);
        }
        if !is_own && !is_of_target(option) {
            let label = format!("{option} ({})", of.name);
            self.lead_to_input(from, &label, || blake3::hash(crates.state(option, of).as_bytes()));
        }
    }

    /// Makes `from` lead to an option whose state the compiler knows when it compiles the function.
    fn lead_to_own_option(&mut self, from: usize, option: &str) {
        let label = format!("cfg {option}");
        let to = match self.inputs.get(&label) {
            Some(to) => *to,
            None => {
                self.options.push(option.to_owned());
                let number = Some(self.options.len() - 1);
                let piece = Piece { label: label.clone(), digest: None };
                let vertex = Vertex { piece: Some(piece), option: number, ..Vertex::default() };
                let to = self.add(vertex);
                self.inputs.insert(label, to);
                to
            }
        };
        self.vertices[from].leads.push(to);
    }
}

/// Whether what an import names is a type, as far as that is known.
fn is_type(index: &Index, import: &Import) -> bool {
    let last = import.path.last().filter(|_| import.name.is_some());
    let items = last.and_then(|last| index.named(last)).map_or(&[][..], |found| &found.items);
    let mut kinds = items.iter().map(|&item| &index.nodes[item].item.kind);
    let mut others = kinds.clone().filter(|kind| !matches!(kind, Kind::Import(_)));
    kinds.any(|kind| matches!(kind, Kind::Type { .. }))
        && others.all(|kind| matches!(kind, Kind::Type { .. }))
}

/// Whether an import may bring one of these traits in.
fn brings_trait(index: &Index, import: usize, traits: &[usize]) -> bool {
    let Kind::Import(import) = &index.nodes[import].item.kind else { return false };
    let Some(last) = import.path.last().filter(|_| import.name.is_some()) else { return true };
    let is_it = |&item: &usize| matches!(&index.nodes[item].item.kind, Kind::Trait { name, .. } if name == last);
    index.is_alias(last) || traits.iter().any(is_it)
}

/// Whether an import brings in all that is in something.
fn is_glob(index: &Index, import: usize) -> bool {
    matches!(&index.nodes[import].item.kind, Kind::Import(import) if import.name.is_none())
}
