//! What code depends on beside other code: crates, files, variables, options.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::super::crates::Foreign;
use super::super::facts::{Facts, Reader};
use super::super::index::Place;
use super::{Piece, Walk};

/// Options that are the same for all crates of a program.
fn is_of_target(option: &str) -> bool {
    let name = option.split(' ').next().unwrap_or(option);
    name.starts_with("target_")
        || matches!(
            name,
            "unix" | "windows" | "debug_assertions" | "panic" | "miri" | "overflow_checks"
        )
}

impl Walk<'_> {
    /// Notes the crate that a path begins with, if it is one that is not followed.
    pub(super) fn root(&mut self, name: &str, krate: usize, through: Option<usize>) {
        let index = &self.code.index;
        let foreign = &index.crates.all[krate].foreign;
        if let Some(found) = foreign.get(name) {
            self.foreign(found, through);
            return;
        }
        let is_known = name.starts_with(char::is_uppercase)
            || index.may_be_module(name)
            || matches!(name, "std" | "core" | "alloc" | "proc_macro" | "test");
        // A crate that another package calls otherwise: any of those that it needs.
        if krate != 0 && !is_known {
            for found in foreign.values() {
                self.foreign(found, through);
            }
        }
    }

    pub(super) fn foreign(&mut self, foreign: &Foreign, through: Option<usize>) {
        let (label, digest) = self.code.index.crates.stand_in(foreign);
        self.other(label.to_owned(), through, || digest);
    }

    /// Notes the files, variables and options that code depends on while it is compiled.
    pub(super) fn compile_time(&mut self, facts: &Facts, place: Place, through: Option<usize>) {
        let krate = &self.code.index.crates.all[place.krate];
        for name in &facts.variables {
            let known = krate.artifact.iter().flat_map(|artifact| &artifact.variables);
            let known = known.into_iter().find(|(known, _)| known == name);
            let value = known.map(|(_, value)| value.clone()).or_else(|| std::env::var(name).ok());
            let label = format!("variable {name} ({})", krate.name);
            self.other(label, through, || blake3::hash(format!("{value:?}").as_bytes()));
        }
        for path in &facts.files {
            self.file(path, place, through);
        }
        for option in &facts.options {
            self.option(option, place.krate, through);
        }
        self.includes_unknown |= facts.includes_unknown;
    }

    /// Notes a file that code includes. If it is code, it is followed, too.
    pub(super) fn file(&mut self, path: &Path, place: Place, through: Option<usize>) {
        let index = &self.code.index;
        let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let roots = index.crates.all.iter().filter_map(|krate| krate.root.canonicalize().ok());
        let mut folders = roots.filter_map(|root| Some(root.parent()?.parent()?.to_owned()));
        let short = folders.find_map(|folder| whole.strip_prefix(folder).ok().map(Path::to_owned));
        let label = format!("file {}", short.as_ref().unwrap_or(&whole).display());
        let is_new = self.other(label, through, || match std::fs::read(path) {
            Ok(bytes) => blake3::hash(&bytes),
            Err(_) => blake3::hash(b"no such file"),
        });
        let code = index.files.iter().find(|file| file.path == path).filter(|_| is_new);
        if let Some(file) = code {
            let mut reader = Reader::new(&file.source, &file.path, Some(index));
            reader.read(0..file.source.len());
            let leads = self.code.leads(&reader.facts, place);
            self.texts.extend_from_slice(&reader.facts.texts);
            self.follow(&reader.facts, &leads, place, through);
        }
    }

    pub(super) fn option(&mut self, option: &str, krate: usize, through: Option<usize>) {
        let dependency = &self.code.index.crates.all[krate];
        let Some(artifact) = dependency.artifact.as_ref().filter(|_| !is_of_target(option)) else {
            self.reached.options.entry(option.to_owned()).or_insert(through);
            return;
        };
        let feature = option.strip_prefix("feature = ").map(|name| name.trim_matches('"'));
        // What is compiled as a dependency is not compiled for its own tests.
        if option == "test" {
            return;
        }
        let state = match (&dependency.used_by, feature, artifact.features()) {
            (Some(used_by), ..) => used_by.clone(),
            (None, Some(feature), Some(active)) => {
                active.iter().any(|name| name == feature).to_string()
            }
            (None, ..) => artifact.stem(),
        };
        let label = format!("{option} ({})", dependency.name);
        self.other(label, through, || blake3::hash(state.as_bytes()));
    }

    /// Notes a piece that is no item; whether it is new.
    pub(super) fn other(
        &mut self,
        label: String,
        through: Option<usize>,
        digest: impl FnOnce() -> blake3::Hash,
    ) -> bool {
        let is_new = self.others.insert(label.clone());
        if is_new {
            let digest = digest();
            self.piece(Piece { label: label.into(), digest, through });
        }
        is_new
    }
}

/// The files that an include may mean whose path only the compiler can tell: those that have one of the texts in reached
/// code in their names, beside the sources with the texts, and in the folders that the texts name.
pub(super) fn files_named_by<'t>(
    texts: impl Iterator<Item = &'t (PathBuf, String)>,
) -> BTreeSet<PathBuf> {
    let texts: Vec<&(PathBuf, String)> = texts.collect();
    let beside = texts.iter().filter_map(|(from, _)| from.parent().map(Path::to_owned));
    let named = texts.iter().map(|(from, text)| from.with_file_name(text));
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
