//! `memento blob rm`.

use clap::Args;
use memento::storage::{DataStore, ListOptions, Prefix, object_pages};
use memento::{Error, ErrorKind, Name, Result};

use super::missing;
use crate::output::{self, Output};

pub(super) const REMOVE: &str = "remove an object";
const REMOVE_FOLDER: &str = "remove a folder";

/// How many objects are removed together.
const TOGETHER: usize = 1000;

/// Remove objects
#[derive(Args, Debug)]
pub(crate) struct Rm {
    /// The objects; folders with `--recursive`
    #[arg(required = true, value_name = "NAME")]
    names: Vec<String>,
    /// Remove all objects in folders of these names
    #[arg(short, long)]
    recursive: bool,
    /// Do not ask before folders are removed
    #[arg(short, long)]
    yes: bool,
}

impl Rm {
    pub(crate) fn run(self, data: &dyn DataStore, output: &mut Output) -> Result<()> {
        if self.recursive {
            self.names.iter().try_for_each(|name| self.remove_folder(name, data))?;
        } else {
            let names: Vec<Name> =
                self.names.iter().map(|name| Name::new(name)).collect::<Result<_>>()?;
            for (name, removed) in names.iter().zip(data.remove_many(&names)) {
                match removed {
                    Ok(true) => {}
                    Ok(false) => output.problem(&missing(REMOVE, name, data)),
                    Err(error) => output.problem(&error),
                }
            }
        }
        data.flush()
    }

    fn remove_folder(&self, folder: &str, data: &dyn DataStore) -> Result<()> {
        let failed = |source: &'static str| {
            Error::new(ErrorKind::Storage, REMOVE_FOLDER)
                .with("folder", format_args!("{folder:?}"))
                .with("store", data.location())
                .because(source)
        };
        let prefix = Prefix::new(folder.strip_suffix('/').unwrap_or(folder))?;
        if prefix == Prefix::root() {
            return Err(failed("it is the whole store").help("name what is to go"));
        }
        let mut names = Vec::new();
        for listing in object_pages(data, &prefix, ListOptions::default()) {
            names.extend(listing?.objects.into_iter().map(|object| object.name));
        }
        if names.is_empty() {
            return Err(failed("there is nothing in it"));
        }
        if !self.yes {
            let count = output::count(names.len() as u64, "object");
            match output::ask(format_args!("Remove {count} in {prefix}/ of {}?", data.location())) {
                Some(true) => {}
                Some(false) => return Ok(()),
                None => return Err(failed("nobody can be asked").help("add `--yes`")),
            }
        }
        let mut removed = names.chunks(TOGETHER).flat_map(|names| data.remove_many(names));
        removed.try_for_each(|removed| removed.map(drop))
    }
}
