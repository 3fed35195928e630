//! `memento import`: what is in an archive, into a storage.

use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use memento::plugin::Stores;
use memento::storage::{DataStore, Entry, UserMetadata, unreadable};
use memento::{Digest, Error, ErrorKind, Key, Name, Result};

use crate::archive::{self, Head};
use crate::contents::{self, Item};
use crate::mementos::{self, TOGETHER};
use crate::output::{self, Output};
use crate::storage::{self, Access, Choice};
use crate::tally::Tally;

const IMPORT: &str = "import an archive";

/// How many contents are asked for together.
const PAGE: usize = 1000;

/// Put what is in an archive into a storage
///
/// The whole archive is checked before anything is kept. What is there already and the same is left alone.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The file that `memento export` wrote
    archive: PathBuf,
    /// Replace objects and mementos that are others
    #[arg(long)]
    overwrite: bool,
}

impl Arguments {
    pub(crate) fn run(self, choice: &Choice, output: &mut Output) -> Result<()> {
        let checked = Checked::read(&self.archive)?;
        let stores = choice.stores(Access::Write)?;
        storage::check_writable(&stores, IMPORT)?;
        let present = checked.present(&*stores.data, self.overwrite)?;
        let length = self.archive.metadata().map_or(0, |metadata| metadata.len());
        let mut import = Import {
            stores: &stores,
            present,
            overwrites: self.overwrite,
            short: Vec::new(),
            entries: Vec::new(),
            tally: Tally::comparing(),
        };
        let bar = output::bar("import", Some(length));
        archive::read(&self.archive, &mut |head, size, body| {
            bar.inc(size);
            import.member(head, size, body)
        })?;
        bar.finish_and_clear();
        import.keep_short()?;
        import.keep_entries()?;
        let tally = import.tally;
        storage::flush(&stores)?;
        tally.tell("imported", output)
    }
}

/// An archive of which all is whole, as far as it says itself.
struct Checked {
    contents: Vec<Name>,
    objects: Vec<CheckedObject>,
}

struct CheckedObject {
    name: Name,
    size: u64,
    metadata: UserMetadata,
    digest: Digest,
}

impl Checked {
    fn read(path: &Path) -> Result<Self> {
        let mut checked = Self { contents: Vec::new(), objects: Vec::new() };
        archive::read(path, &mut |head, size, body| match head {
            Head::Content(expected) => {
                let name = Name::of_result(&expected);
                if digest(body)? != expected {
                    return Err(contents::damaged(IMPORT, &name).with("archive", path.display()));
                }
                checked.contents.push(name);
                Ok(())
            }
            Head::Object { name, metadata } => {
                if !contents::is_object(&name) {
                    return Err(Error::new(ErrorKind::Damaged, IMPORT)
                        .with("archive", path.display())
                        .with("name", name)
                        .because("no object is called that"));
                }
                let digest = digest(body)?;
                checked.objects.push(CheckedObject { name, size, metadata, digest });
                Ok(())
            }
            Head::Memento(key) => {
                let entry = entry(&key, body)?;
                entry.map(drop).map_err(|error| error.with("archive", path.display()))
            }
            Head::End(_) => Ok(()),
        })?;
        Ok(checked)
    }

    /// What `data` has already.
    ///
    /// # Errors
    ///
    /// Where something else has the name of an object, and may not be replaced.
    fn present(&self, data: &dyn DataStore, overwrites: bool) -> Result<HashSet<Name>> {
        let mut present = HashSet::new();
        for names in self.contents.chunks(PAGE) {
            for (name, is_there) in names.iter().zip(data.contains(names)) {
                present.extend(is_there?.then(|| name.clone()));
            }
        }
        for CheckedObject { name, size, metadata, digest } in &self.objects {
            let item = Item { name, size: *size, metadata };
            match contents::is_same(data, &item, || Ok(Some(*digest)))? {
                Some(true) => present.extend([name.clone()]),
                Some(false) if !overwrites => return Err(contents::conflict(IMPORT, name, data)),
                Some(false) | None => {}
            }
        }
        Ok(present)
    }
}

/// An import under way.
struct Import<'a> {
    stores: &'a Stores,
    present: HashSet<Name>,
    overwrites: bool,
    /// Short contents that wait for others.
    short: Vec<(Name, Vec<u8>)>,
    entries: Vec<Entry>,
    tally: Tally,
}

impl Import<'_> {
    fn member(&mut self, head: Head, size: u64, body: &mut dyn Read) -> Result<()> {
        // Contents stand first: no memento is there before its contents are.
        if !matches!(head, Head::Content(_)) {
            self.keep_short()?;
        }
        match head {
            Head::Content(digest) => {
                let (name, metadata) = (Name::of_result(&digest), UserMetadata::new());
                let item = Item { name: &name, size, metadata: &metadata };
                self.tally.contents += self.put(&item, body)?;
            }
            Head::Object { name, metadata } => {
                let item = Item { name: &name, size, metadata: &metadata };
                self.tally.objects += self.put(&item, body)?;
            }
            Head::Memento(key) => {
                self.entries.push(entry(&key, body)??);
                if self.entries.len() == TOGETHER {
                    self.keep_entries()?;
                }
            }
            Head::End(_) => {}
        }
        Ok(())
    }

    /// Puts what is not there; how many that is.
    fn put(&mut self, item: &Item<'_>, body: &mut dyn Read) -> Result<u64> {
        if self.present.contains(item.name) {
            self.tally.leave(1);
            return Ok(0);
        }
        if contents::is_short(item.name, item.size) {
            self.take(item, body)?;
        } else {
            contents::put(IMPORT, &*self.stores.data, item, body, &mut |_, _| {})?;
        }
        self.tally.bytes += item.size;
        Ok(1)
    }

    /// Takes a short content, and puts it with others.
    fn take(&mut self, item: &Item<'_>, body: &mut dyn Read) -> Result<()> {
        let mut content = Vec::new();
        body.read_to_end(&mut content).map_err(unreadable)?;
        if Some(Digest::of(&content)) != item.name.result_digest() {
            return Err(contents::damaged(IMPORT, item.name));
        }
        self.short.push((item.name.clone(), content));
        let bytes = self.short.iter().map(|(_, content)| content.len() as u64).sum();
        if contents::is_full(self.short.len(), bytes) {
            self.keep_short()?;
        }
        Ok(())
    }

    fn keep_short(&mut self) -> Result<()> {
        let short = std::mem::take(&mut self.short);
        contents::put_together(&*self.stores.data, &short)
    }

    fn keep_entries(&mut self) -> Result<()> {
        let entries = std::mem::take(&mut self.entries);
        let count = entries.len() as u64;
        let put = mementos::put(&*self.stores.metadata, entries, self.overwrites)?;
        self.tally.mementos += put;
        self.tally.leave(count - put);
        Ok(())
    }
}

/// The entry in a body, or what is wrong with it.
fn entry(key: &Key, body: &mut dyn Read) -> Result<Result<Entry>> {
    let mut record = Vec::new();
    body.read_to_end(&mut record).map_err(unreadable)?;
    Ok(Entry::read(key, record))
}

/// The digest of a body.
fn digest(body: &mut dyn Read) -> Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(body).map_err(unreadable)?;
    Ok(Digest::from_bytes(hasher.finalize().into()))
}
