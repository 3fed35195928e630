//! What rustc and Cargo note on the crates that they have compiled, in the folders of their artifacts.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::super::artifact::{Artifact, plain};
use super::super::lock::Package;
use super::is_downloaded;

/// The notes in some folders.
pub(super) struct Notes {
    /// rustc's dep-infos, the newest last.
    dep_infos: Vec<PathBuf>,
    /// The packages that Cargo has compiled; `None` where it does not tell.
    packages: Option<BTreeSet<String>>,
    /// The artifacts of this machine's packages, read when they are asked for first.
    local: OnceCell<Vec<Artifact>>,
}

impl Notes {
    pub(super) fn new(folders: &[&PathBuf]) -> Self {
        Self { dep_infos: dep_infos(folders), packages: packages(folders), local: OnceCell::new() }
    }

    /// Whether Cargo may have compiled a package.
    pub(super) fn may_have(&self, package: &Package) -> bool {
        self.packages.as_ref().is_none_or(|packages| packages.contains(&package.name))
    }

    /// What was compiled of a package on this machine, the newest last: what its manifest says to be its library, or,
    /// where none says so, what is called as the package is.
    pub(super) fn artifacts(&self, package: &Package) -> Vec<Artifact> {
        let is_of = |artifact: &Artifact| artifact.package().as_ref() == Some(&package.name);
        let crate_name = package.crate_name();
        let namesakes = self.dep_infos.iter().filter(|note| name(note) == crate_name);
        let mut namesakes: Vec<Artifact> = namesakes.filter_map(|note| local(note)).collect();
        if namesakes.iter().any(is_of) {
            namesakes.retain(is_of);
            return namesakes;
        }
        namesakes.retain(|artifact| artifact.package().is_none());
        if !self.may_have(package) {
            return namesakes;
        }
        let all = self
            .local
            .get_or_init(|| self.dep_infos.iter().filter_map(|note| local(note)).collect());
        let others: Vec<Artifact> =
            all.iter().filter(|artifact| is_of(artifact)).cloned().collect();
        if others.is_empty() { namesakes } else { others }
    }
}

/// The dep-infos in some folders, the newest last.
fn dep_infos(folders: &[&PathBuf]) -> Vec<PathBuf> {
    let files = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok());
    let files = files.flatten().flatten().map(|file| file.path());
    let mut files: Vec<(SystemTime, PathBuf)> = files
        .filter(|path| path.extension() == Some(OsStr::new("d")))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    files.sort_unstable();
    files.into_iter().map(|(_, path)| path).collect()
}

/// The names of the packages that Cargo has notes on, beside some folders of artifacts.
fn packages(folders: &[&PathBuf]) -> Option<BTreeSet<String>> {
    let notes = folders.iter().filter_map(|folder| Some(folder.parent()?.join(".fingerprint")));
    let mut notes = notes.filter_map(|folder| std::fs::read_dir(folder).ok()).peekable();
    notes.peek()?;
    let names = notes.flatten().flatten().map(|folder| folder.file_name());
    let names = names.filter_map(|name| Some(name.to_str()?.rsplit_once('-')?.0.to_owned()));
    Some(names.collect())
}

/// The name of the crate that a dep-info is of.
fn name(note: &Path) -> String {
    plain(&note.file_stem().unwrap_or_default().to_string_lossy())
}

/// The artifact that a dep-info is of, unless its sources are a copy of what is elsewhere.
fn local(note: &Path) -> Option<Artifact> {
    let artifact = Artifact::new(&compiled(note));
    let is_local = artifact.root().is_some_and(|root| !is_downloaded(root));
    is_local.then_some(artifact)
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
