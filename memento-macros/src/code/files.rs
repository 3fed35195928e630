//! The files of a crate, found as rustc finds them, whatever `cfg` says: by `mod`, `#[path]` and `include!`.

use std::collections::HashSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::crates::Crate;
use super::item::{Item, Items};
use super::lex::Source;
use super::{literal, parser};

/// How deep modules may lie in one another.
const DEPTH: usize = 64;

/// The modules and items of some crates.
pub(crate) struct Files<'c> {
    /// The crates, whose numbers are those here.
    crates: &'c [Crate],
    pub(crate) all: Vec<File>,
    pub(crate) modules: Vec<Module>,
    /// The items, with the file of each. Their modules are those of `modules`.
    pub(crate) items: Vec<(usize, Item)>,
    /// Which files were added for which crate.
    added: HashSet<(usize, PathBuf)>,
}

pub(crate) struct File {
    pub(crate) path: PathBuf,
    pub(crate) source: Source,
    /// The number of its crate.
    pub(crate) krate: usize,
    /// The module that it is the content, or a part, of.
    pub(crate) module: usize,
}

pub(crate) struct Module {
    pub(crate) krate: usize,
    pub(crate) parent: Option<usize>,
    /// Crate, modules and name, with `::` between them.
    pub(crate) path: String,
    /// Attributes on the module, which are on all that is in it.
    pub(crate) attributes: Vec<(usize, Range<usize>)>,
}

/// Where a file stands: what the files of the modules in it are looked for by.
struct Place<'a> {
    path: &'a Path,
    /// The folder of the files of modules in it.
    folder: PathBuf,
    module: usize,
    depth: usize,
}

impl<'c> Files<'c> {
    pub(crate) fn new(crates: &'c [Crate]) -> Self {
        let (all, modules, items) = (Vec::new(), Vec::new(), Vec::new());
        Self { crates, all, modules, items, added: HashSet::new() }
    }

    /// Adds the crate of this number. The number of its outermost module.
    pub(crate) fn add_crate(&mut self, krate: usize) -> usize {
        let Crate { name, root, .. } = &self.crates[krate];
        let module = self.add_module(krate, None, name.clone());
        let folder = root.parent().unwrap_or(root).to_owned();
        self.add_file(&Place { path: root, folder, module, depth: 0 });
        module
    }

    /// Whether a file was added for this crate.
    pub(crate) fn has(&self, krate: usize, path: &Path) -> bool {
        path.canonicalize().is_ok_and(|path| self.added.contains(&(krate, path)))
    }

    /// Adds a file that no `mod` leads to.
    pub(crate) fn add_stray(&mut self, module: usize, path: &Path) {
        let folder = path.parent().unwrap_or(path).to_owned();
        self.add_file(&Place { path, folder, module, depth: 0 });
    }

    fn add_module(&mut self, krate: usize, parent: Option<usize>, path: String) -> usize {
        self.modules.push(Module { krate, parent, path, attributes: Vec::new() });
        self.modules.len() - 1
    }

    /// Reads a file; one that is not there, or no Rust, has nothing in it.
    fn add_file(&mut self, place: &Place<'_>) {
        let source = std::fs::read_to_string(place.path).ok().and_then(Source::new);
        let Some(source) = source.filter(|_| place.depth < DEPTH) else { return };
        let krate = self.modules[place.module].krate;
        self.added.extend(place.path.canonicalize().map(|path| (krate, path)));
        let Items { all: items, modules, includes } = parser::read(&source);
        let file = self.all.len();
        let path = place.path.to_owned();
        self.all.push(File { path, source, krate, module: place.module });

        // The numbers of the file's modules among all.
        let mut numbers = vec![place.module];
        let mut folders = vec![place.folder.clone()];
        self.modules[place.module].attributes.push((file, modules[0].attributes.clone()));
        for module in &modules[1..] {
            let parent = module.parent.unwrap_or(0);
            let path = format!("{}::{}", self.modules[numbers[parent]].path, module.name);
            let number = self.add_module(krate, Some(numbers[parent]), path);
            self.modules[number].attributes.push((file, module.attributes.clone()));
            numbers.push(number);
            folders.push(folders[parent].join(&module.name));
            if module.is_elsewhere {
                let is_inline = parent != 0;
                let beside = if is_inline {
                    &folders[parent]
                } else {
                    place.path.parent().unwrap_or(place.path)
                };
                let named = self.paths_in(file, module.attributes.clone());
                let places = module_files(&module.name, &folders[parent], beside, &named);
                for (path, folder) in places {
                    let depth = place.depth + 1;
                    self.add_file(&Place { path: &path, folder, module: number, depth });
                }
            }
        }
        for mut item in items {
            item.module = numbers[item.module];
            self.items.push((file, item));
        }
        for (module, at) in includes {
            let source = &self.all[file].source;
            let variable = |name: &str| self.crates[krate].variable(name);
            let path = literal::path(source, source.inside(at + 2), place.path, &variable);
            if let Some(path) = path {
                let folder = path.parent().unwrap_or(&path).to_owned();
                let (module, depth) = (numbers[module], place.depth + 1);
                self.add_file(&Place { path: &path, folder, module, depth });
            }
        }
    }

    /// The texts behind `path =` in attributes, also in those that `cfg_attr` may put there.
    fn paths_in(&self, file: usize, attributes: Range<usize>) -> Vec<String> {
        let source = &self.all[file].source;
        let is_path = |at: &usize| source.is(*at, "path") && source.is(at + 1, "=");
        attributes.filter(is_path).filter_map(|at| source.string(at + 2)).collect()
    }
}

/// The files that the content of a module may be in, with the folder for the modules in it.
fn module_files(
    name: &str,
    folder: &Path,
    beside: &Path,
    named: &[String],
) -> Vec<(PathBuf, PathBuf)> {
    let named = named.iter().map(|path| {
        let path = beside.join(path);
        let folder = path.parent().unwrap_or(beside).to_owned();
        (path, folder)
    });
    let usual = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")];
    let usual = usual.into_iter().map(|path| (path, folder.join(name)));
    named.chain(usual).filter(|(path, _)| path.is_file()).collect()
}
