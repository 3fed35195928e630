//! Programs with a configuration of their own.

use std::path::{Path, PathBuf};

use memento::{Environment, Error, Statistics, memento};
use tempfile::TempDir;

/// A folder with a configuration in it.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    file: PathBuf,
}

#[memento]
fn plain(n: u64) -> u64 {
    n
}

impl Place {
    /// One with this `memento.toml`.
    ///
    /// # Panics
    ///
    /// Where it cannot be written.
    pub fn with(configuration: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let file = folder.path().join("memento.toml");
        std::fs::write(&file, configuration).expect("a file in it");
        Self { folder, file }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The environment of a process that comes now.
    ///
    /// # Panics
    ///
    /// Where the configuration is none.
    pub fn environment(&self) -> Environment {
        Environment::load(&self.file).expect("a configuration")
    }

    /// What a process does that comes now.
    ///
    /// # Panics
    ///
    /// Where a store fails.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> (R, Statistics) {
        let environment = self.environment();
        let value = environment.enter(work);
        assert_eq!(environment.statistics().store_failures, 0);
        (value, environment.statistics())
    }

    /// What is wrong with the configuration.
    ///
    /// # Panics
    ///
    /// Where nothing is.
    #[track_caller]
    pub fn error(&self) -> String {
        let environment = Environment::load(&self.file);
        let called = environment.and_then(|environment| environment.enter(|| plain::try_call(1)));
        called.map(drop).map_err(|error: Error| error.to_string()).expect_err("an error")
    }
}
