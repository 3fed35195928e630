//! `Cargo.toml`: what it says about its package, as far as lines tell.

use std::path::{Path, PathBuf};

/// The manifest of a package.
pub(crate) struct Manifest {
    folder: PathBuf,
    text: String,
}

impl Manifest {
    /// The nearest one above a file.
    pub(crate) fn above(file: &Path) -> Option<Self> {
        file.ancestors().skip(1).find_map(|folder| {
            let text = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
            Some(Self { folder: folder.to_owned(), text })
        })
    }

    /// Whether the package has a build script.
    pub(crate) fn has_build_script(&self) -> bool {
        let mut keys = self.text.lines().filter_map(|line| line.split_once('='));
        self.folder.join("build.rs").is_file()
            || keys.any(|(key, value)| key.trim() == "build" && value.trim() != "false")
    }
}
