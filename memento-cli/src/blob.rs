//! `memento blob`: objects by name in the data store.

mod list;
mod read;
mod remove;
mod snapshot;
mod write;

use clap::Subcommand;
use memento::plugin::Stores;
use memento::storage::{DataStore, reserved};
use memento::{Error, ErrorKind, Name, Result};

use crate::output::Output;
use crate::storage::{self, Access, Choice};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Ls(list::Ls),
    Stat(read::Stat),
    Get(read::Get),
    Put(write::Put),
    Append(write::Append),
    Cp(write::Cp),
    Rm(remove::Rm),
    Snapshot(snapshot::Snapshots),
}

impl Command {
    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        let access = if self.writes() { Access::Write } else { Access::Read };
        let stores = choice.stores(access)?;
        let data = &*stores.data;
        if let Some(operation) = self.change() {
            storage::check_data_writable(data, operation)?;
        }
        match self {
            Self::Ls(ls) => ls.run(data, output),
            Self::Stat(stat) => stat.run(data, output),
            Self::Get(get) => get.run(data, output),
            Self::Put(put) => put.run(data),
            Self::Append(append) => append.run(data),
            Self::Cp(cp) => cp.run(data, choice),
            Self::Rm(rm) => rm.run(data, output),
            Self::Snapshot(snapshots) => snapshots.run(data, output),
        }?;
        finish(access, &stores)
    }

    /// What it changes in the storage, if it does.
    fn change(&self) -> Option<&'static str> {
        match self {
            Self::Ls(_) | Self::Stat(_) | Self::Get(_) => None,
            Self::Put(_) => Some(write::PUT),
            Self::Append(_) => Some(write::APPEND),
            Self::Cp(cp) => cp.is_within().then_some(write::COPY),
            Self::Rm(_) => Some(remove::REMOVE),
            Self::Snapshot(snapshots) => snapshots.change(),
        }
    }

    /// Whether a folder may come to be.
    fn writes(&self) -> bool {
        matches!(self, Self::Put(_) | Self::Append(_))
    }
}

fn finish(access: Access, stores: &Stores) -> Result<()> {
    if access == Access::Write { storage::flush(stores) } else { Ok(()) }
}

/// The error of an object that is not there.
fn missing(operation: &'static str, name: &Name, data: &dyn DataStore) -> Error {
    Error::new(ErrorKind::Storage, operation)
        .with("name", name)
        .with("store", data.location())
        .because("there is no such object")
}

/// The name of an object that people write.
///
/// # Errors
///
/// [`ErrorKind::InvalidName`], for those that the framework writes, too.
fn own_name(text: &str) -> Result<Name> {
    let name = Name::new(text)?;
    let namespace = name.namespace();
    if reserved::ALL.contains(&namespace.as_str()) {
        return Err(Error::new(ErrorKind::InvalidName, "use a name for an object")
            .with("name", &name)
            .because(format!("what is in `{namespace}` is written by memento alone"))
            .help("choose another namespace"));
    }
    Ok(name)
}
