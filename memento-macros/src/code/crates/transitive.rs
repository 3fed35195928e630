//! The crates that only other crates need. rustc knows them by the folders of its artifacts, where there may be several
//! of each: what is read of them is the newest, and which one is in use is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::artifact::Artifact;
use super::super::lock::Package;
use super::{Crate, Crates, is_downloaded};
use crate::rustc;

impl Crates {
    /// Follows the crates on this machine that followed ones need, whose artifacts are `beside` those of the latter.
    /// Procedural macros are in any of `folders`: they are compiled for this machine, whatever the others are for.
    pub(super) fn add_transitive(
        &mut self,
        package: usize,
        beside: &BTreeSet<PathBuf>,
        folders: &BTreeSet<PathBuf>,
    ) {
        let Some(lock) = &self.lock else { return };
        let is_end = |package: &Package| {
            package.source.is_some() || rustc::is_framework(&package.crate_name())
        };
        let wanted: Vec<usize> = (lock.closure(package, is_end).into_iter())
            .filter(|&wanted| wanted != package && !self.packages.contains(&Some(wanted)))
            .collect();
        let direct = self.crates_in_use();
        let notes = notes(beside.union(folders));
        let is_beside = |note: &&PathBuf| note.parent().is_some_and(|of| beside.contains(of));
        let mut found = Vec::new();
        for wanted in wanted {
            let name = lock.packages[wanted].crate_name();
            let all = newest(&name, notes.iter(), Artifact::is_procedural_macro);
            if let Some(artifact) = all.into_values().reduce(Artifact::with) {
                self.procedural.insert(wanted, artifact);
                continue;
            }
            let all = newest(&name, notes.iter().filter(is_beside), |_| true);
            found.extend(
                all.into_iter().map(|(root, artifact)| (name.clone(), root, artifact, wanted)),
            );
        }
        for (name, root, artifact, package) in found {
            let mut krate = Crate::new(&name, root, Some(artifact));
            krate.used_by = Some(direct.clone());
            self.add(krate, Some(package));
        }
    }

    /// What rustc was given: it differs with the features of all that it was made of.
    fn crates_in_use(&self) -> String {
        let all = self.all.iter().filter_map(|krate| Some(krate.artifact.as_ref()?.identity()));
        all.collect::<Vec<_>>().join(" ")
    }
}

/// rustc's dep-infos in some folders, the newest last.
fn notes<'f>(folders: impl Iterator<Item = &'f PathBuf>) -> Vec<PathBuf> {
    let files = folders.filter_map(|folder| std::fs::read_dir(folder).ok());
    let files = files.flatten().flatten().map(|file| file.path());
    let mut files: Vec<(SystemTime, PathBuf)> = files
        .filter(|path| path.extension() == Some(OsStr::new("d")))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(_, path)| path).collect()
}

/// The newest artifacts of a crate on this machine among those with these `notes`, by the file that each begins with.
fn newest<'n>(
    name: &str,
    notes: impl Iterator<Item = &'n PathBuf>,
    is_it: impl Fn(&Artifact) -> bool,
) -> BTreeMap<PathBuf, Artifact> {
    let is_named = |note: &&PathBuf| {
        let stem = note.file_stem().unwrap_or_default().to_string_lossy();
        stem.rsplit_once('-').is_some_and(|(of, _)| of == name)
    };
    let artifacts = notes.filter(is_named).map(|note| Artifact::new(&compiled(note))).filter(is_it);
    let root = |artifact: &Artifact| artifact.root().and_then(|root| root.canonicalize().ok());
    let found = artifacts.filter_map(|artifact| Some((root(&artifact)?, artifact)));
    found.filter(|(root, _)| !is_downloaded(root)).collect()
}

/// The file that rustc wrote beside its dep-info: a library, or a procedural macro where there is no library.
fn compiled(note: &Path) -> PathBuf {
    let stem = note.file_stem().unwrap_or_default().to_string_lossy();
    let library = note.with_file_name(format!("lib{stem}.rmeta"));
    let is_library = library.is_file() || library.with_extension("rlib").is_file();
    let of_macros = ["so", "dylib"].map(|end| library.with_extension(end));
    let mut of_macros = of_macros.into_iter().chain([note.with_extension("dll")]);
    of_macros.find(|path| !is_library && path.is_file()).unwrap_or(library)
}
