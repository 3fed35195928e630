//! `memento blob put`, `memento blob append` and `memento blob cp`.

use std::fs::File;
use std::io::{self, Read};

use clap::Args;
use memento::storage::{Condition, DataStore, Properties, PutOptions, Source};
use memento::{Error, ErrorKind, Name, Result};

use super::{missing, own_name};
use crate::file::{self, STANDARD};
use crate::output;
use crate::storage::{self, Access, Choice};

pub(super) const PUT: &str = "put an object";
pub(super) const APPEND: &str = "append to an object";
pub(super) const COPY: &str = "copy an object";

/// Keep a file, or standard input, under a name
#[derive(Args, Debug)]
pub(crate) struct Put {
    /// The file; `-` is standard input
    file: String,
    /// The object
    name: String,
    /// Only where nothing is there yet
    #[arg(long)]
    if_absent: bool,
    /// What is said about it
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    metadata: Vec<(String, String)>,
}

/// Keep a file, or standard input, behind what an object has
#[derive(Args, Debug)]
pub(crate) struct Append {
    /// The file; `-` is standard input
    file: String,
    /// The object
    name: String,
}

/// Copy an object, with what is said about it
#[derive(Args, Debug)]
pub(crate) struct Cp {
    /// The object
    from: String,
    /// What the copy is called; the same in another storage, unless something is said
    #[arg(required_unless_present = "into")]
    name: Option<String>,
    /// Copy it into this storage: a URL, a folder, the name of a cluster, or a type
    #[arg(long = "to", id = "into", value_name = "STORAGE")]
    into: Option<String>,
}

impl Put {
    pub(crate) fn run(self, data: &dyn DataStore) -> Result<()> {
        let name = own_name(&self.name)?;
        let condition = if self.if_absent { Condition::Absent } else { Condition::Always };
        let options = PutOptions { metadata: self.metadata.into_iter().collect(), condition };
        let (mut reader, total) = open(&self.file)?;
        put(data, &name, &mut *reader, total, &options)
    }
}

impl Append {
    pub(crate) fn run(self, data: &dyn DataStore) -> Result<()> {
        let name = own_name(&self.name)?;
        let mut content = Vec::new();
        let (mut reader, _) = open(&self.file)?;
        reader.read_to_end(&mut content).map_err(|error| file::failed(READ, &self.file, error))?;
        data.append(&name, &content)
    }
}

impl Cp {
    /// Whether the copy is in the same storage.
    pub(super) fn is_within(&self) -> bool {
        self.into.is_none()
    }

    pub(crate) fn run(self, data: &dyn DataStore, choice: &Choice) -> Result<()> {
        let from = Name::new(&self.from)?;
        let to = own_name(self.name.as_ref().unwrap_or(&self.from))?;
        let Some(other) = &self.into else {
            let is_there = data.copy(&from, &to)?;
            data.flush()?;
            return is_there.then_some(()).ok_or_else(|| missing(COPY, &from, data));
        };
        let stores = choice.open(other, Access::Write)?;
        storage::check_data_writable(&*stores.data, COPY)?;
        let Properties { size, metadata, .. } =
            data.properties(&from)?.ok_or_else(|| missing(COPY, &from, data))?;
        let mut reader = data.read(&from)?.ok_or_else(|| missing(COPY, &from, data))?;
        let options = PutOptions { metadata, condition: Condition::Always };
        put(&*stores.data, &to, &mut *reader, Some(size), &options)?;
        storage::flush(&stores)
    }
}

const READ: &str = "read a file";

/// What a file has, and how much that is, where it is known.
fn open(path: &str) -> Result<(Box<dyn Read>, Option<u64>)> {
    if path == STANDARD {
        return Ok((Box::new(io::stdin().lock()), None));
    }
    let failed = |error| file::failed(READ, path, error);
    let opened = File::open(path).map_err(failed)?;
    let about = opened.metadata().map_err(failed)?;
    if about.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    Ok((Box::new(opened), about.is_file().then_some(about.len())))
}

fn put(
    data: &dyn DataStore,
    name: &Name,
    reader: &mut dyn Read,
    total: Option<u64>,
    options: &PutOptions,
) -> Result<()> {
    let bar = output::bar(name.as_str(), total);
    let mut advanced = |bytes, _| bar.set_position(bytes);
    let mut source = Source::new(reader).progress(&mut advanced);
    if let Some(total) = total {
        source = source.total(total);
    }
    let is_put = data.put_from(name, &mut source, options)?;
    bar.finish_and_clear();
    is_put.then_some(()).ok_or_else(|| {
        Error::new(ErrorKind::Storage, PUT)
            .with("name", name)
            .with("store", data.location())
            .because("there is one already")
    })
}

/// The name and the value that `text` says.
fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write a name, `=` and a value")?;
    if name.trim().is_empty() {
        return Err("write a name before `=`".to_owned());
    }
    Ok((name.to_owned(), value.to_owned()))
}
