//! What only the compiler can name: files and variables whose names macros put together, of the texts in code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::facts::Facts;
use super::super::index::{Index, Place};
use super::{Graph, Text};

/// Variables that a path may begin with which leads to a file.
const FOLDERS: [&str; 2] = ["CARGO_MANIFEST_DIR", "OUT_DIR"];

impl Graph<'_> {
    /// Makes `from` lead to all files and variables that may be meant where only the compiler can tell, and `texts`
    /// stand in the code that is reached. A file may be code, which may stand anywhere.
    pub(in super::super) fn lead_to_named(&mut self, from: usize, texts: &BTreeSet<Text>) {
        if texts.is_empty() {
            return;
        }
        let files = files(self.index, texts).into_iter();
        let variables = texts.iter().map(|(_, text)| text).filter(|text| is_variable(text));
        let facts = Facts {
            files: files.map(|path| (path, true)).collect(),
            variables: variables.cloned().collect(),
            ..Facts::default()
        };
        self.follow(from, facts, Place { krate: 0, module: None, at: None });
    }
}

/// Whether something is called so as variables are.
fn is_variable(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The files that have one of the texts in their names, beside the sources with the texts, and in the folders that the
/// texts name, seen from there or from the folder of a package.
fn files(index: &Index, texts: &BTreeSet<Text>) -> BTreeSet<PathBuf> {
    let packages =
        index.crates.all.iter().flat_map(|krate| FOLDERS.map(|name| krate.variable(name)));
    let packages: BTreeSet<PathBuf> = packages.flatten().map(PathBuf::from).collect();
    let beside = texts.iter().filter_map(|(from, _)| from.parent().map(Path::to_owned));
    let named = texts.iter().flat_map(|(from, text)| {
        // `concat!(env!("CARGO_MANIFEST_DIR"), "/data/", $name)`
        let below = text.strip_prefix('/').into_iter();
        let below = below.flat_map(|text| packages.iter().map(move |package| package.join(text)));
        below.chain([from.with_file_name(text)])
    });
    // What is elsewhere on a machine is no part of the code, and may have no end.
    let sources: BTreeSet<&Path> = texts.iter().filter_map(|(from, _)| from.parent()).collect();
    let is_part = |path: &PathBuf| {
        let mut roots = sources.iter().copied().chain(packages.iter().map(PathBuf::as_path));
        roots.any(|root| path.starts_with(root))
    };
    let named = named.filter(is_part);
    let (folders, others): (Vec<_>, Vec<_>) = beside.chain(named).partition(|path| path.is_dir());
    let folders: BTreeSet<PathBuf> = folders.into_iter().collect();
    let contents = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let contents = contents.flatten().flatten().map(|file| file.path());
    let is_named = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        texts.iter().any(|(_, text)| !text.is_empty() && name.contains(text.as_str()))
    };
    let found = contents.filter(is_named).chain(others);
    found.filter(|path| path.is_file()).collect()
}
