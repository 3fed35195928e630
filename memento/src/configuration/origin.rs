//! Where a value of the configuration was set.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a value was set; shown in errors about it.
#[derive(Clone, Debug, Default)]
pub(crate) enum Origin {
    /// In a file, at a line from 1.
    File(Arc<Path>, usize),
    /// By an environment variable.
    Variable(Arc<str>),
    /// By the program itself.
    #[default]
    Program,
}

impl Origin {
    /// What relative paths in a value from here start at.
    pub(super) fn folder(&self) -> PathBuf {
        match self {
            Self::File(file, _) => file.parent().map(Path::to_owned).unwrap_or_default(),
            Self::Variable(_) | Self::Program => PathBuf::new(),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(file, line) => write!(f, "{}:{line}", file.display()),
            Self::Variable(name) => write!(f, "the environment variable {name}"),
            Self::Program => f.write_str("the program"),
        }
    }
}
