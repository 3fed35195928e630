//! `memento blob snapshot`.

use clap::Args;
use memento::storage::{DataStore, Snapshot};
use memento::{Error, ErrorKind, Name, Result};
use serde::Serialize;

use super::missing;
use super::read::{copy, write_out};
use crate::file::STANDARD;
use crate::output::Output;

/// Keep what an object is now, and look at what was kept
#[derive(Args, Debug)]
pub(crate) struct Snapshots {
    /// The object
    name: String,
    /// List the snapshots of it, the earliest first
    #[arg(long, group = "what")]
    list: bool,
    /// Write what it was to a file
    #[arg(long, value_name = "ID", group = "what")]
    get: Option<String>,
    /// Remove a snapshot
    #[arg(long, value_name = "ID", group = "what")]
    rm: Option<String>,
    /// The file for `--get`; `-` is standard output
    #[arg(default_value = STANDARD, requires = "get")]
    file: String,
}

const TAKE: &str = "take a snapshot";
const REMOVE: &str = "remove a snapshot";

#[derive(Serialize)]
struct Line<'a> {
    snapshot: &'a Snapshot,
}

impl Snapshots {
    /// What it changes in the storage, if it does.
    pub(super) fn change(&self) -> Option<&'static str> {
        match (self.list || self.get.is_some(), &self.rm) {
            (true, _) => None,
            (false, Some(_)) => Some(REMOVE),
            (false, None) => Some(TAKE),
        }
    }

    pub(crate) fn run(self, data: &dyn DataStore, output: &mut Output) -> Result<()> {
        let name = Name::new(&self.name)?;
        if self.list {
            let snapshots = data.list_snapshots(&name)?;
            return snapshots.iter().try_for_each(|snapshot| say(snapshot, output));
        }
        if let Some(identifier) = self.get {
            let snapshot = Snapshot::new(identifier)?;
            let found = data.read_snapshot(&name, &snapshot)?;
            let mut reader = found.ok_or_else(|| none("read a snapshot", &name, &snapshot))?;
            return write_out(&self.file, output, |writer| copy(&mut *reader, writer));
        }
        if let Some(identifier) = self.rm {
            let snapshot = Snapshot::new(identifier)?;
            let is_removed = data.remove_snapshot(&name, &snapshot)?;
            data.flush()?;
            return is_removed.then_some(()).ok_or_else(|| none(REMOVE, &name, &snapshot));
        }
        let taken = data.snapshot(&name)?;
        data.flush()?;
        say(&taken.ok_or_else(|| missing(TAKE, &name, data))?, output)
    }
}

fn say(snapshot: &Snapshot, output: &mut Output) -> Result<()> {
    output.say(format_args!("{snapshot}"), &Line { snapshot })
}

fn none(operation: &'static str, name: &Name, snapshot: &Snapshot) -> Error {
    Error::new(ErrorKind::Storage, operation)
        .with("name", name)
        .with("snapshot", snapshot)
        .because("there is no such snapshot")
        .help("`--list` names those that there are")
}
