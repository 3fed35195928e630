//! `memento.toml`: where results live and what computes them.
//!
//! The file is looked for at `$MEMENTO_CONFIG`, then as `memento.toml` in the working directory and each folder above
//! it, then as `memento/memento.toml` in the user's configuration folder. There need not be one. Each value can be set
//! by an environment variable: `MEMENTO_STORAGE__PATH` sets `path` in `[storage]`. `MEMENTO_STORAGE__TYPE` also drops
//! what the file says in `[storage]`, which is meant for another type; so does `MEMENTO_STORAGE__URL`, unless the file
//! has a URL with the same scheme, or the type of that name. `${NAME}` in a text of the file is replaced by the
//! variable of that name; in the value of a variable, it stands for itself.
//!
//! The file is parsed by `toml`, which knows the place of every value, so that each error can name the line.

mod options;
mod origin;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use options::Options;
pub(crate) use origin::Origin;

use crate::{Error, ErrorKind, Result};

/// The name of the file.
const FILE: &str = "memento.toml";
/// The variable that names the file.
const FILE_VARIABLE: &str = "MEMENTO_CONFIG";
/// The variable that makes a process a worker.
pub(crate) const WORKER_VARIABLE: &str = "MEMENTO_WORKER";

/// What a configuration says, before any plugin has read its part.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The storage of functions whose cluster has none of its own.
    pub(crate) storage: Options,
    /// The runner of functions whose cluster has none of its own.
    pub(crate) runner: Options,
    /// By name; empty where the configuration names none.
    pub(crate) clusters: BTreeMap<String, ClusterOptions>,
    /// The file, if there is one.
    pub(crate) file: Option<PathBuf>,
}

/// The options of one cluster; `None` where it shares what all use.
#[derive(Clone, Debug)]
pub(crate) struct ClusterOptions {
    pub(crate) storage: Option<Options>,
    pub(crate) runner: Option<Options>,
}

impl Configuration {
    /// The configuration of this process: file, then variables.
    pub(crate) fn load() -> Result<Self> {
        match find_file()? {
            Some(file) => Self::load_file(&file),
            None => Self::from_options(source::read(None)?, None),
        }
    }

    /// The configuration in `file`, with the variables of this process over it.
    pub(crate) fn load_file(file: &Path) -> Result<Self> {
        // Relative paths in it start at its folder, wherever the program goes.
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        Self::from_options(source::read(Some(&file))?, Some(file))
    }

    fn from_options(mut all: Options, file: Option<PathBuf>) -> Result<Self> {
        let storage = all.take_options("storage")?.unwrap_or_default();
        let runner = all.take_options("runner")?.unwrap_or_default();
        let mut clusters = BTreeMap::new();
        let mut named = all.take_options("clusters")?.unwrap_or_default();
        for name in named.names() {
            let mut cluster = named.take_options(&name)?.unwrap_or_default();
            let options = ClusterOptions {
                storage: cluster.take_options("storage")?,
                runner: cluster.take_options("runner")?,
            };
            cluster.finish()?;
            clusters.insert(name, options);
        }
        all.finish()?;
        Ok(Self { storage, runner, clusters, file })
    }
}

/// The file that applies to this process, if there is one.
fn find_file() -> Result<Option<PathBuf>> {
    if let Some(named) = std::env::var_os(FILE_VARIABLE).filter(|value| !value.is_empty()) {
        let file = PathBuf::from(named);
        if file.is_file() {
            return Ok(Some(file));
        }
        let reason = if file.is_dir() { "it is a folder" } else { "there is no such file" };
        return Err(Error::new(ErrorKind::Configuration, "read the configuration")
            .with("file", file.display())
            .with("set by", format!("the environment variable {FILE_VARIABLE}"))
            .because(reason)
            .help("name the file itself, or unset the variable to have it looked for"));
    }
    let working = std::env::current_dir().unwrap_or_default();
    let above = working.ancestors().map(|folder| folder.join(FILE));
    let of_user = dirs::config_dir().map(|folder| folder.join("memento").join(FILE));
    Ok(above.chain(of_user).find(|file| file.is_file()))
}
