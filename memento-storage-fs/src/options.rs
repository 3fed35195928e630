//! What can be chosen.

use std::path::PathBuf;

use memento::Result;
use serde::Deserialize;

/// Where the storage is and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The folder. It is made at the first use, for its owner only. A relative path begins at the folder that the
    /// process is in when the storage is made of it; an empty one is refused at the first use.
    pub path: PathBuf,
    /// What survives a power failure.
    pub durability: Durability,
    /// Whether nothing is kept, and what is there is used.
    pub readonly: bool,
}

/// What survives a power failure. A killed process loses nothing either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// All but the last seconds; the storage stays whole.
    #[default]
    Fast,
    /// All: each record is on the disk before the call returns.
    Full,
}

impl Options {
    /// A storage in the folder `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), durability: Durability::default(), readonly: false }
    }

    /// Chooses what survives a power failure.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Uses what is there, and keeps nothing.
    pub fn readonly(mut self) -> Self {
        self.readonly = true;
        self
    }

    /// What a configuration says.
    pub(crate) fn take(options: &mut memento::configuration::Options) -> Result<Self> {
        // From a file, it would be the file's own folder.
        if options.take::<PathBuf>("path")?.is_some_and(|path| path.as_os_str().is_empty()) {
            let help = "name a folder, or leave it out for the one in the user's folder for caches";
            return Err(options.invalid("path", "it is empty").help(help));
        }
        Ok(Self {
            path: options.take_path("path")?.unwrap_or_else(memento::default_folder),
            durability: options.take("durability")?.unwrap_or_default(),
            readonly: options.take("readonly")?.unwrap_or_default(),
        })
    }
}
