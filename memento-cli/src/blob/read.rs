//! `memento blob stat` and `memento blob get`.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::path::Path;

use clap::Args;
use memento::storage::{DataStore, Properties, Target, UserMetadata};
use memento::{Error, ErrorKind, Name, Result};
use serde::Serialize;

use super::missing;
use crate::file::{self, STANDARD};
use crate::output::{self, Output};

const GET: &str = "read an object";

/// How long a part of an object is at most that is read at once.
const AT_ONCE: u64 = 8 << 20;

/// Show what is known of an object besides its content
#[derive(Args, Debug)]
pub(crate) struct Stat {
    /// The object
    name: String,
}

/// Write the content of an object to a file, or to standard output
#[derive(Args, Debug)]
pub(crate) struct Get {
    /// The object
    name: String,
    /// The file, which it replaces when all of it is there; `-` is standard output
    #[arg(default_value = STANDARD)]
    file: String,
    /// These bytes of it, from 0: `10..20`, `10..`, `..20`
    #[arg(long, value_name = "A..B", value_parser = range)]
    range: Option<Range<u64>>,
}

#[derive(Serialize)]
struct Description<'a> {
    name: &'a Name,
    size: u64,
    modified: Option<String>,
    metadata: &'a UserMetadata,
}

impl Stat {
    pub(crate) fn run(&self, data: &dyn DataStore, output: &mut Output) -> Result<()> {
        let name = Name::new(&self.name)?;
        let found = data.properties(&name)?;
        let Properties { size, modified, metadata } =
            found.ok_or_else(|| missing("find an object", &name, data))?;
        let when = modified.map(|_| output::time(modified));
        let about = [
            format!("name      {name}"),
            format!("size      {} ({size} bytes)", output::size(size)),
        ];
        let about = about.into_iter().chain(when.as_ref().map(|when| format!("modified  {when}")));
        let said = metadata.iter().map(|(name, value)| format!("metadata  {name}={value}"));
        let text = about.chain(said).collect::<Vec<_>>().join("\n");
        let json = Description { name: &name, size, modified: when, metadata: &metadata };
        output.say(format_args!("{text}"), &json)
    }
}

impl Get {
    pub(crate) fn run(self, data: &dyn DataStore, output: &mut Output) -> Result<()> {
        let name = Name::new(&self.name)?;
        write_out(&self.file, output, |writer| {
            let found = match self.range {
                None => get(data, &name, writer)?,
                Some(range) => get_range(data, &name, range, writer)?,
            };
            found.ok_or_else(|| missing(GET, &name, data))
        })
    }
}

/// Writes an object to `writer`, if there is one.
fn get(data: &dyn DataStore, name: &Name, writer: &mut dyn Write) -> Result<Option<()>> {
    let bar = output::bar(name.as_str(), None);
    let mut advanced = |bytes, total: Option<u64>| {
        if let Some(total) = total {
            output::set_total(&bar, total);
        }
        bar.set_position(bytes);
    };
    let mut target = Target::new(writer);
    if !bar.is_hidden() {
        target = target.progress(&mut advanced);
    }
    let found = data.get_to(name, &mut target)?;
    bar.finish_and_clear();
    Ok(found.map(drop))
}

/// Writes a part of an object to `writer`, if there is one. A long part comes as a stream of the object, from its
/// beginning on: parts that are asked for one by one could be of different contents.
fn get_range(
    data: &dyn DataStore,
    name: &Name,
    mut range: Range<u64>,
    writer: &mut dyn Write,
) -> Result<Option<()>> {
    if range.end - range.start > AT_ONCE {
        let Some(properties) = data.properties(name)? else { return Ok(None) };
        range.end = range.end.min(properties.size).max(range.start);
    }
    let length = range.end - range.start;
    if length <= AT_ONCE {
        let part = data.get_range(name, range)?;
        return part.map(|part| writer.write_all(&part).map_err(unwritable)).transpose();
    }
    let Some(mut reader) = data.read(name)? else { return Ok(None) };
    copy(&mut (&mut reader).take(range.start), &mut io::sink())?;
    copy(&mut reader.take(length), writer).map(Some)
}

/// Lets `write` write to the file, or to standard output. The file gets its name when that has ended well.
pub(super) fn write_out(
    path: &str,
    output: &mut Output,
    write: impl FnOnce(&mut dyn Write) -> Result<()>,
) -> Result<()> {
    let failed = |error| file::failed("write a file", path, error);
    if path == STANDARD {
        return write(output);
    }
    if file::is_special(Path::new(path)) {
        return write(&mut File::options().write(true).open(path).map_err(failed)?);
    }
    let mut written = file::beside(Path::new(path)).map_err(failed)?;
    write(&mut written)?;
    written.persist(path).map(drop).map_err(|error| failed(error.error))
}

/// Writes all that `reader` has.
pub(super) fn copy(reader: &mut dyn Read, writer: &mut dyn Write) -> Result<()> {
    std::io::copy(reader, writer).map(drop).map_err(unwritable)
}

fn unwritable(error: io::Error) -> Error {
    Error::new(ErrorKind::Storage, GET).because(error)
}

/// The range that `text` says.
fn range(text: &str) -> Result<Range<u64>, String> {
    let (start, end) = text.split_once("..").ok_or("write two numbers with `..` between them")?;
    let number = |text: &str, default| match text {
        "" => Ok(default),
        _ => text.parse().map_err(|_| format!("{text:?} is no number of bytes")),
    };
    let range = number(start, 0)?..number(end, u64::MAX)?;
    if range.start > range.end {
        return Err("it ends before it begins".to_owned());
    }
    Ok(range)
}
