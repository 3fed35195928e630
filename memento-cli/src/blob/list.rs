//! `memento blob ls`.

use clap::Args;
use memento::storage::{DataStore, ListOptions, Object, Prefix, object_pages};
use memento::{Name, Result};
use serde::Serialize;

use crate::output::{self, Output};

/// List objects, and folders with a `/` behind them
#[derive(Args, Debug)]
pub(crate) struct Ls {
    /// The folder; without, the whole store
    #[arg(default_value = "")]
    folder: String,
    /// All objects below, in the order of the store
    #[arg(short, long)]
    recursive: bool,
    /// Sizes and times, too
    #[arg(short, long)]
    long: bool,
}

/// A line.
#[derive(Serialize)]
#[serde(untagged)]
enum Line<'a> {
    Object { name: &'a Name, size: u64, modified: Option<String> },
    Folder { folder: &'a Prefix },
}

impl Ls {
    pub(crate) fn run(&self, data: &dyn DataStore, output: &mut Output) -> Result<()> {
        let folder = Prefix::new(self.folder.strip_suffix('/').unwrap_or(&self.folder))?;
        if self.recursive {
            return object_pages(data, &folder, ListOptions::default()).try_for_each(|listing| {
                listing?.objects.iter().try_for_each(|object| self.object(object, output))
            });
        }
        let (mut objects, mut folders) = (Vec::new(), Vec::new());
        for listing in object_pages(data, &folder, ListOptions::one_level()) {
            let mut listing = listing?;
            objects.append(&mut listing.objects);
            folders.append(&mut listing.folders);
        }
        objects.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        folders.sort_unstable();
        for folder in &folders {
            let text = format!("{folder}/");
            let text = if self.long { columns("-", "-", &text) } else { text };
            output.say(format_args!("{text}"), &Line::Folder { folder })?;
        }
        objects.iter().try_for_each(|object| self.object(object, output))
    }

    fn object(&self, object: &Object, output: &mut Output) -> Result<()> {
        let Object { name, size, modified } = object;
        let line = Line::Object { name, size: *size, modified: modified.map(|_| time(object)) };
        if self.long {
            let text = columns(&output::size(*size), &time(object), name.as_str());
            return output.say(format_args!("{text}"), &line);
        }
        output.say(format_args!("{name}"), &line)
    }
}

fn time(object: &Object) -> String {
    output::time(object.modified)
}

fn columns(size: &str, time: &str, name: &str) -> String {
    format!("{size:>10}  {time:<20}  {name}")
}
