//! `memento export`: a storage, or a part of it, as one file.

mod needed;

use std::io::Read;
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use memento::plugin::Stores;
use memento::storage::{CheckedReader, Filter, ListOptions, Object, References, object_pages};
use memento::{Digest, Key, Name, Result};

use crate::archive::{self, Head, Writer};
use crate::contents;
use crate::mementos::{self, TOGETHER};
use crate::output::{self, Output};
use crate::storage::{Access, Choice};
use crate::tally::Tally;

const EXPORT: &str = "export a storage";

/// Write all results, mementos and objects of a storage into one file
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The file
    archive: PathBuf,
    /// Only the mementos of this function, those of what it called, and the contents that they need
    #[arg(long, value_name = "PATH")]
    function: Vec<String>,
    /// Replace a file that is there
    #[arg(long)]
    overwrite: bool,
}

impl Arguments {
    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        archive::check_free(&self.archive, self.overwrite)?;
        let stores = choice.stores(Access::Read)?;
        let is_whole = self.function.is_empty();
        let total = (is_whole && output::is_watched()).then(|| stores.data.info()).transpose()?;
        let mut export = Export {
            stores: &stores,
            bar: output::bar("export", total.map(|info| info.bytes)),
            writer: Writer::create(&self.archive)?,
            output,
            tally: Tally::default(),
        };
        let keys = if is_whole { export.all()? } else { export.part(&self.function)? };
        export.mementos(&keys)?;
        let Export { writer, bar, output, tally, .. } = export;
        bar.finish_and_clear();
        writer.finish(self.overwrite)?;
        tally.tell("exported", output)
    }
}

/// An export under way.
struct Export<'a> {
    stores: &'a Stores,
    writer: Writer,
    bar: ProgressBar,
    output: &'a mut Output,
    tally: Tally,
}

impl Export<'_> {
    /// Writes all contents and objects; the keys of all mementos.
    fn all(&mut self) -> Result<Vec<Key>> {
        // First: what a memento names that is there now is there when its content is looked for.
        let keys = mementos::keys(&*self.stores.metadata, &Filter::default())?;
        let data = &self.stores.data;
        contents::results(data, |page| {
            contents::groups(page).iter().try_for_each(|group| match **group {
                [object] => match object.name.result_digest() {
                    Some(digest) => self.content(&digest, &mut |_| {}),
                    None => Ok(()),
                },
                _ => self.together(group),
            })
        })?;
        for folder in contents::folders(&**data)? {
            for listing in object_pages(&**data, &folder, ListOptions::default()) {
                listing?.objects.iter().try_for_each(|object| self.object(object))?;
            }
        }
        Ok(keys)
    }

    /// Writes the contents that mementos of `functions` need; the keys of these.
    fn part(&mut self, functions: &[String]) -> Result<Vec<Key>> {
        let keys = needed::keys(&*self.stores.metadata, functions)?;
        let mut wanted = References::default();
        for keys in keys.chunks(TOGETHER) {
            // What is damaged is told when it is written.
            let entries = mementos::read(&*self.stores.metadata, keys)?.into_iter().flatten();
            entries.into_iter().try_for_each(|entry| wanted.add(&entry))?;
        }
        while let Some(digest) = wanted.take() {
            self.content(&digest, &mut |bytes| wanted.scan(bytes))?;
            wanted.end();
        }
        Ok(keys)
    }

    /// Writes short contents, those that are still there.
    fn together(&mut self, group: &[&Object]) -> Result<()> {
        let names: Vec<Name> = group.iter().map(|object| object.name.clone()).collect();
        for (name, found) in names.iter().zip(self.stores.data.get_many(&names)) {
            let Some(digest) = name.result_digest() else { continue };
            match found {
                Ok(None) => {}
                Ok(Some(content)) if Digest::of(&content) == digest => {
                    self.write(&digest, content.len() as u64, &mut &*content)?;
                }
                // As a stream it comes in parts, and what is damaged is told.
                _ => self.content(&digest, &mut |_| {})?,
            }
        }
        Ok(())
    }

    /// Writes a content, if it is there, and hands its bytes to `see`.
    fn content(&mut self, digest: &Digest, see: &mut dyn FnMut(&[u8])) -> Result<()> {
        let written = self.write_content(digest, see);
        self.output.leave_out(written)
    }

    fn write_content(&mut self, digest: &Digest, see: &mut dyn FnMut(&[u8])) -> Result<()> {
        let (data, name) = (&*self.stores.data, Name::of_result(digest));
        let Some(properties) = data.properties(&name)? else { return Ok(()) };
        let Some(reader) = data.read(&name)? else { return Ok(()) };
        let mut reader = needed::Seen { reader: CheckedReader::new(reader, *digest), see };
        self.write(digest, properties.size, &mut reader)
    }

    fn write(&mut self, digest: &Digest, size: u64, reader: &mut dyn Read) -> Result<()> {
        match self.writer.member(&Head::Content(*digest), size, reader)? {
            Ok(()) => {
                self.tally.contents += 1;
                self.tally.bytes += size;
                self.bar.inc(size);
            }
            Err(error) => self.left_out(&Name::of_result(digest), error)?,
        }
        Ok(())
    }

    fn object(&mut self, object: &Object) -> Result<()> {
        let written = self.write_object(&object.name);
        self.output.leave_out(written)
    }

    fn write_object(&mut self, name: &Name) -> Result<()> {
        let data = &*self.stores.data;
        let Some(properties) = data.properties(name)? else { return Ok(()) };
        let Some(mut reader) = data.read(name)? else { return Ok(()) };
        let head = Head::Object { name: name.clone(), metadata: properties.metadata };
        match self.writer.member(&head, properties.size, &mut *reader)? {
            Ok(()) => {
                self.tally.objects += 1;
                self.tally.bytes += properties.size;
                self.bar.inc(properties.size);
            }
            Err(error) => self.left_out(name, error)?,
        }
        Ok(())
    }

    fn mementos(&mut self, keys: &[Key]) -> Result<()> {
        for keys in keys.chunks(TOGETHER) {
            for entry in mementos::read(&*self.stores.metadata, keys)? {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        self.output.problem(&error);
                        continue;
                    }
                };
                let (head, record) = (Head::Memento(entry.key), &*entry.record);
                let written = self.writer.member(&head, record.len() as u64, &mut &*record)?;
                self.tally.mementos += u64::from(written.is_ok());
            }
        }
        Ok(())
    }

    /// Goes on without what could not be read, where that is about it alone.
    fn left_out(&mut self, name: &Name, error: std::io::Error) -> Result<()> {
        let error = contents::unreadable(EXPORT, name, error);
        self.output.leave_out(Err(error.with("store", self.stores.data.location())))
    }
}
