//! `memento copy`: all of one storage into another one.

use clap::Args;
use indicatif::ProgressBar;
use memento::plugin::Stores;
use memento::storage::{Filter, ListOptions, Object, UserMetadata, object_pages};
use memento::{Digest, Error, ErrorKind, Name, Result};

use crate::contents::{self, Item};
use crate::mementos::{self, TOGETHER};
use crate::output::{self, Output};
use crate::storage::{self, Access, Choice};
use crate::tally::Tally;

const COPY: &str = "copy from storage to storage";

/// Copy all results, mementos and objects of one storage into another one
///
/// What is there already is not copied again, so an interrupted copy goes on where it was.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The storage: a URL, a folder, the name of a cluster, or a type
    from: String,
    /// The storage that gets what it has
    to: String,
    /// Replace objects and mementos that are others
    #[arg(long)]
    overwrite: bool,
    /// Read back what is there and what was written, and compare it
    #[arg(long)]
    verify: bool,
}

impl Arguments {
    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        let from = choice.open(&self.from, Access::Read)?;
        let to = choice.open(&self.to, Access::Write)?;
        storage::check_writable(&to, COPY)?;
        if storage::are_same(&from, &to) {
            return Err(Error::new(ErrorKind::Configuration, COPY)
                .with("storage", from.data.location())
                .because("both are the same"));
        }
        let total = output::is_watched().then(|| from.data.info()).transpose()?;
        let bar = output::bar("copy", total.map(|info| info.bytes));
        let mut copy = Copy { from, to, arguments: self, output, bar, tally: Tally::comparing() };
        copy.all()?;
        copy.bar.finish_and_clear();
        storage::flush(&copy.to)?;
        copy.tally.tell("copied", copy.output)
    }
}

/// A copy under way.
struct Copy<'a> {
    from: Stores,
    to: Stores,
    arguments: Arguments,
    output: &'a mut Output,
    bar: ProgressBar,
    tally: Tally,
}

impl Copy<'_> {
    fn all(&mut self) -> Result<()> {
        // First: what a memento names that is there now is there when its content is looked for.
        let keys = mementos::keys(&*self.from.metadata, &Filter::default())?;
        let from = self.from.clone();
        contents::results(&from.data, |page| self.contents(page))?;
        for folder in contents::folders(&*from.data)? {
            for listing in object_pages(&*from.data, &folder, ListOptions::default()) {
                listing?.objects.iter().try_for_each(|object| self.object(object))?;
            }
        }
        keys.chunks(TOGETHER).try_for_each(|keys| {
            let mut entries = Vec::new();
            for entry in mementos::read(&*from.metadata, keys)? {
                match entry {
                    Ok(entry) => entries.push(entry),
                    Err(error) => self.output.problem(&error),
                }
            }
            let count = entries.len() as u64;
            let put = mementos::put(&*self.to.metadata, entries, self.arguments.overwrite)?;
            self.tally.mementos += put;
            self.tally.leave(count - put);
            Ok(())
        })
    }

    fn contents(&mut self, page: &[Object]) -> Result<()> {
        let names: Vec<Name> = page.iter().map(|object| object.name.clone()).collect();
        let there: Vec<bool> = self.to.data.contains(&names).into_iter().collect::<Result<_>>()?;
        let there = page.iter().zip(there);
        let (present, missing): (Vec<_>, Vec<_>) = there.partition(|(_, is_there)| *is_there);
        let mut wanted: Vec<&Object> = missing.into_iter().map(|(object, _)| object).collect();
        for group in contents::groups(present.into_iter().map(|(object, _)| object)) {
            let others = if self.arguments.verify { self.others(&group)? } else { Vec::new() };
            for object in group.into_iter().filter(|object| !others.contains(object)) {
                self.tally.leave(1);
                self.bar.inc(object.size);
            }
            wanted.extend(others);
        }
        for group in contents::groups(wanted) {
            match *group {
                [object] => self.content(object)?,
                _ => self.together(&group)?,
            }
        }
        Ok(())
    }

    fn content(&mut self, object: &Object) -> Result<()> {
        let Object { name, size, .. } = object;
        let item = Item { name, size: *size, metadata: &UserMetadata::new() };
        let put = self.put(&item).map(|put| self.tally.contents += u64::from(put));
        // The others are not to suffer from it; calls that need it compute.
        self.output.leave_out(put)
    }

    /// Copies short contents, those that are still there.
    fn together(&mut self, group: &[&Object]) -> Result<()> {
        let names: Vec<Name> = group.iter().map(|object| object.name.clone()).collect();
        let (mut read, mut copied) = (Vec::new(), Vec::new());
        for (object, found) in group.iter().zip(self.from.data.get_many(&names)) {
            let name = &object.name;
            match found {
                Ok(None) => {}
                Ok(Some(content)) if Some(Digest::of(&content)) == name.result_digest() => {
                    read.push((name.clone(), content));
                    copied.push(*object);
                }
                Err(error) if !error.kind().is_of_one() => return Err(error),
                // As a stream it comes in parts, and what is damaged is told.
                _ => self.content(object)?,
            }
        }
        contents::put_together(&*self.to.data, &read)?;
        let others = if self.arguments.verify { self.others(&copied)? } else { Vec::new() };
        for (object, (name, content)) in copied.iter().zip(&read) {
            if others.contains(object) {
                self.output.problem(&self.unlike(name));
                continue;
            }
            self.tally.contents += 1;
            self.tally.bytes += content.len() as u64;
            self.bar.inc(content.len() as u64);
        }
        Ok(())
    }

    fn object(&mut self, object: &Object) -> Result<()> {
        let copied = self.copy_object(&object.name);
        self.output.leave_out(copied)
    }

    fn copy_object(&mut self, name: &Name) -> Result<()> {
        let (from, to) = (self.from.data.clone(), self.to.data.clone());
        let Some(properties) = from.properties(name)? else { return Ok(()) };
        let item = Item { name, size: properties.size, metadata: &properties.metadata };
        let same = contents::is_same(&*to, &item, || contents::digest(&*from, name))?;
        match same {
            Some(true) => {
                self.tally.leave(1);
                self.bar.inc(item.size);
            }
            Some(false) if !self.arguments.overwrite => {
                self.output.problem(&contents::conflict(COPY, name, &*to));
            }
            _ => self.tally.objects += u64::from(self.put(&item)?),
        }
        Ok(())
    }

    /// Copies what has this name; whether it is still there.
    fn put(&mut self, item: &Item<'_>) -> Result<bool> {
        let Some(mut reader) = self.from.data.read(item.name)? else { return Ok(false) };
        let before = self.bar.position();
        let mut advanced = |bytes, _| self.bar.set_position(before + bytes);
        let put = contents::put(COPY, &*self.to.data, item, &mut *reader, &mut advanced);
        put.map_err(|error| {
            // Which one does not take what is too long, that one says.
            let is_read = error.kind().is_of_one() && error.kind() != ErrorKind::TooLarge;
            if is_read { error.with("store", self.from.data.location()) } else { error }
        })?;
        if self.arguments.verify && !self.is_whole(item.name)? {
            return Err(self.unlike(item.name));
        }
        self.tally.bytes += item.size;
        Ok(true)
    }

    /// Which of the contents of a group the other storage has with other bytes.
    fn others<'o>(&self, group: &[&'o Object]) -> Result<Vec<&'o Object>> {
        if let [object] = group {
            return Ok(if self.is_whole(&object.name)? { Vec::new() } else { vec![object] });
        }
        let names: Vec<Name> = group.iter().map(|object| object.name.clone()).collect();
        let mut others = Vec::new();
        for (object, found) in group.iter().zip(self.to.data.get_many(&names)) {
            let is_whole = match found {
                Err(error) if error.kind() == ErrorKind::TooLarge => self.is_whole(&object.name)?,
                Err(error) if error.kind().is_of_one() => false,
                found => found?.map(|content| Digest::of(&content)) == object.name.result_digest(),
            };
            others.extend((!is_whole).then_some(*object));
        }
        Ok(others)
    }

    /// The error of what the other storage does not have as it was put there.
    fn unlike(&self, name: &Name) -> Error {
        contents::damaged(COPY, name).with("store", self.to.data.location())
    }

    /// Whether the other storage has what is here.
    fn is_whole(&self, name: &Name) -> Result<bool> {
        let expected = match name.result_digest() {
            Some(digest) => Some(digest),
            None => contents::digest(&*self.from.data, name)?,
        };
        contents::comes_to(&*self.to.data, name, expected)
    }
}
