//! Where code stands, and what can be named there.

use std::ops::Range;
use std::path::Path;

use super::super::files::{File, Module};
use super::super::item::Kind;
use super::super::mention::Stands;
use super::Index;

/// Where some code stands: what it can name depends on it.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) krate: usize,
    /// `None` for code that may end up in any module.
    pub(crate) module: Option<usize>,
    /// The file and the token, where they are known.
    pub(crate) at: Option<(usize, usize)>,
}

impl Index {
    /// Whether a name in `from` can be that of the item.
    pub(crate) fn can_name(&self, from: Place, stands: &Stands, item: usize) -> bool {
        let node = &self.nodes[item];
        if matches!(node.item.kind, Kind::Macro { .. }) {
            return true;
        }
        if *stands == Stands::BehindType && !node.item.is_call_in_impl() {
            return false;
        }
        let krate = self.files[node.file].krate;
        if !self.crates.all[from.krate].sees.contains(&krate) {
            // What is named in a macro is looked for where the macro is called.
            return from.module.is_none();
        }
        if let (Some(scope), Some((file, at))) = (&node.item.scope, from.at)
            && (file != node.file || !scope.contains(&at))
        {
            return false;
        }
        let (Some(from), Some(home)) = (from.module, node.module) else { return true };
        // What is imported into a module is named there.
        let is_in = |module: &usize| *module == home || self.has_glob(*module);
        let may_be_there = match stands {
            Stands::Alone => is_in(&from),
            Stands::InPath(Some(before)) => {
                self.modules_of(before, from).is_none_or(|modules| modules.iter().any(is_in))
            }
            _ => true,
        };
        if !may_be_there {
            return false;
        }
        // What a macro writes may be public.
        let is_public = node.item.is_public || matches!(node.item.kind, Kind::Call { .. });
        is_public || self.around(from).any(|module| module == home)
    }

    /// The modules that a name before `::` can be; `None` where it may be any.
    pub(crate) fn modules_of(&self, name: &str, from: usize) -> Option<Vec<usize>> {
        match name {
            "self" => Some(vec![from]),
            "super" => Some(vec![self.modules[from].parent?]),
            "crate" => Some(vec![self.around(from).last()?]),
            _ if self.aliases.contains(name) => None,
            _ => {
                let modules = self.modules_by_name.get(name)?;
                // What other crates than the one being compiled call those that they need is not known.
                let krate = self.modules[from].krate;
                let is_known = |&module: &usize| {
                    let Module { krate: home, parent, .. } = &self.modules[module];
                    krate == 0 || *home == krate || parent.is_none()
                };
                modules.iter().any(is_known).then(|| modules.clone())
            }
        }
    }

    /// Whether a module imports all that is in another one.
    pub(crate) fn has_glob(&self, module: usize) -> bool {
        self.globs.get(module).copied().unwrap_or(true)
    }

    pub(super) fn find_glob(&self, module: usize) -> bool {
        self.imports(module).iter().any(|&import| match &self.nodes[import].item.kind {
            Kind::Import(import) => {
                let root = import.path.first();
                import.name.is_none() && root.is_some_and(|root| self.may_be_module(root))
            }
            _ => false,
        })
    }

    /// Where the code of an item stands.
    pub(crate) fn place(&self, node: usize) -> Place {
        let node = &self.nodes[node];
        let at = node.module.and(node.item.tokens.last()).map(|tokens| (node.file, tokens.start));
        Place { krate: self.files[node.file].krate, module: node.module, at }
    }

    /// Where the code stands that is in this line and column of a file of the crate that is being compiled.
    pub(crate) fn place_at(
        &self,
        path: &Path,
        line: usize,
        column: usize,
    ) -> Option<(Place, &Path)> {
        let path = path.canonicalize().ok()?;
        let is_it =
            |file: &File| file.krate == 0 && file.path.canonicalize().ok() == Some(path.clone());
        let number = self.files.iter().position(is_it)?;
        let file = &self.files[number];
        let at = file.source.at_character(line, column);
        let covers = |range: &Range<usize>| range.contains(&at);
        let around = self
            .nodes
            .iter()
            .filter(|node| node.file == number && node.item.tokens.last().is_some_and(covers));
        let narrowest =
            around.min_by_key(|node| node.item.tokens.last().map(ExactSizeIterator::len));
        // What a macro writes stands where the macro is called, which is not known here.
        if narrowest.is_some_and(|node| matches!(node.item.kind, Kind::Macro { .. })) {
            return Some((Place { krate: 0, module: None, at: None }, &file.path));
        }
        let module = narrowest.map_or(file.module, |node| node.item.module);
        let at = Some((number, at));
        Some((Place { krate: 0, module: Some(module), at }, &file.path))
    }
}
