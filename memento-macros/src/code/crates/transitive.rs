//! The crates that only other crates need. rustc knows them by the folders of its artifacts, where there may be several
//! of each: what is read of them is the newest, and which one is in use is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::super::artifact::Artifact;
use super::notes::Notes;
use super::{Crate, Crates};
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
        let is_end = |package: usize| {
            let package = &lock.packages[package];
            package.source.is_some() || rustc::is_framework(&package.crate_name())
        };
        let wanted: Vec<usize> = (lock.closure(package, is_end).into_iter())
            .filter(|&wanted| wanted != package && !self.packages.contains(&Some(wanted)))
            .collect();
        let direct = self.crates_in_use();
        let notes = Notes::new(&beside.union(folders).collect::<Vec<_>>());
        let mut found = Vec::new();
        for wanted in wanted {
            let package = &lock.packages[wanted];
            let all = notes.artifacts(package);
            if all.is_empty() && notes.may_have(package) {
                self.missing.insert(wanted);
            }
            let (macros, libraries): (Vec<_>, Vec<_>) =
                all.into_iter().partition(Artifact::is_procedural_macro);
            let is_macro = !macros.is_empty();
            let compiled = newest(if is_macro { macros } else { libraries.clone() });
            if let Some(artifact) = compiled.into_values().reduce(Artifact::with) {
                self.artifacts.insert(wanted, artifact);
            }
            if !is_macro {
                let libraries = libraries.into_iter().filter(|artifact| artifact.is_in(beside));
                found.extend(newest(libraries).into_iter().map(|of| (of, wanted)));
            }
        }
        for ((root, artifact), package) in found {
            let mut krate = Crate::new(&artifact.crate_name(), root, Some(artifact));
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

/// The last one of the artifacts that begin with each file.
fn newest(artifacts: impl IntoIterator<Item = Artifact>) -> BTreeMap<PathBuf, Artifact> {
    let root = |artifact: &Artifact| artifact.root().and_then(|root| root.canonicalize().ok());
    artifacts.into_iter().filter_map(|artifact| Some((root(&artifact)?, artifact))).collect()
}
