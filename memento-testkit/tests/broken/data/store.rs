//! A data store with something wrong.

use std::io::{self, Cursor, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, Condition, Continuation, DataStore, ListOptions, Listing, MemoryDataStore,
    Namespace, Prefix, Properties, PutOptions, Snapshot, Source, Staged, StoreInfo, Target,
    unreadable,
};
use memento::{Digest, Error, ErrorKind, Name, Result};

use super::Wrong;

/// A store with something wrong. What another one made of the same folder has, it has, too.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) wrong: Wrong,
    pub(super) is_read_only: bool,
    pub(super) objects: Arc<MemoryDataStore>,
}

impl Broken {
    fn check_writable(&self) -> Result<()> {
        if self.is_read_only && self.wrong != Wrong::WritesAnyway {
            return Err(Error::new(ErrorKind::ReadOnly, "change a broken store"));
        }
        Ok(())
    }

    /// The name under which it keeps what is named so.
    fn place(&self, name: &Name) -> Name {
        match self.wrong {
            Wrong::IgnoresDashes => Name::new(&name.as_str().replace('-', "")).unwrap(),
            Wrong::LowersNames => Name::new(&name.as_str().to_lowercase()).unwrap(),
            _ => name.clone(),
        }
    }

    fn list_wrongly(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let mut page = self.objects.list(prefix, options)?;
        match self.wrong {
            Wrong::ListsNeighbours => {
                page = self.objects.list(&Prefix::root(), options)?;
                let start = prefix.as_str();
                page.objects.retain(|object| object.name.as_str().starts_with(start));
            }
            Wrong::ListsFoldersTwice => {
                if let Some(folder) = page.folders.first().filter(|_| page.len() < options.limit) {
                    page.folders.push(folder.clone());
                }
            }
            Wrong::SkipsBetweenPages if options.from.is_some() => drop(page.objects.remove(0)),
            Wrong::CountsPages => {
                let all = ListOptions { limit: usize::MAX, from: None, ..options.clone() };
                let all = self.objects.list(prefix, &all)?.objects;
                let from = options.from.as_ref().map_or(0, |from| from.as_str().parse().unwrap());
                let end = (from + options.limit).min(all.len());
                page.objects = all.get(from..end).unwrap_or_default().to_vec();
                page.next = (end < all.len()).then(|| Continuation::new(end.to_string()));
            }
            Wrong::AddsToSizes => {
                page.objects.iter_mut().for_each(|object| object.size += 1);
            }
            _ => {}
        }
        Ok(page)
    }
}

impl DataStore for Broken {
    fn capabilities(&self) -> Capabilities {
        let all = self.objects.capabilities().url();
        match self.wrong {
            _ if self.is_read_only => all.not_writable(),
            Wrong::SaysReadOnly => all.not_writable(),
            Wrong::SaysNotNested => all.not_nested(),
            Wrong::LacksInSilence => Capabilities::default(),
            _ => all,
        }
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let mut found = self.objects.get(&self.place(name))?;
        if let Some(content) = &mut found {
            match self.wrong {
                Wrong::CutsOff => content.truncate(65_536),
                Wrong::ReadsInPieces if content.len() > 1000 => {
                    content.truncate(1000);
                }
                _ => {}
            }
        }
        Ok(found)
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.check_writable()?;
        let mut options = options.clone();
        match self.wrong {
            Wrong::LosesPuts => return Ok(true),
            Wrong::KeepsTheFirst if self.objects.get(name)?.is_some() => return Ok(true),
            Wrong::IgnoresConditions => options.condition = Condition::Always,
            Wrong::DropsMetadata => options.metadata.clear(),
            _ => {}
        }
        self.objects.put_with(&self.place(name), content, &options)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let mut content = Vec::new();
        match source.read_to_end(&mut content) {
            Err(error) if self.wrong == Wrong::BlamesItself => {
                Err(Error::new(ErrorKind::Storage, "read a source").because(error))
            }
            Err(error) if self.wrong != Wrong::KeepsParts => Err(unreadable(error)),
            _ if self.wrong == Wrong::StreamsHaveNoOptions => {
                self.put(name, &content).map(|()| true)
            }
            _ => self.put_with(name, &content, options),
        }
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::RemovesNothing => Ok(true),
            _ => self.objects.remove(&self.place(name)),
        }
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        if self.wrong == Wrong::GivesNothingForNothing && options.limit == 0 {
            return Ok(Listing::default());
        }
        self.list_wrongly(prefix, options)
    }

    fn flush(&self) -> Result<()> {
        match self.wrong {
            Wrong::DoesNotFlush => Err(Error::new(ErrorKind::Storage, "keep what waits")),
            _ => self.objects.flush(),
        }
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::LosesAppends if content.starts_with(b"writer 0") => Ok(()),
            _ => self.objects.append(name, content),
        }
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::CopiesNothing => Ok(true),
            Wrong::CutsOff => {
                let content = self.get(from)?.unwrap_or_default();
                self.put(to, &content).map(|()| true)
            }
            _ => self.objects.copy(from, to),
        }
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        self.check_writable()?;
        Ok(Box::new(InTheOpen { store: self, content: Vec::new() }))
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        if self.wrong == Wrong::StreamsWhatIsThere && self.objects.get(name)?.is_some() {
            let (objects, name) = (Arc::clone(&self.objects), name.clone());
            return Ok(Some(Box::new(WhatIsThere { objects, name, position: 0 })));
        }
        Ok(self.get(name)?.map(|content| Box::new(Cursor::new(content)) as _))
    }

    fn get_to(&self, name: &Name, target: &mut Target<'_>) -> Result<Option<u64>> {
        let Some(content) = self.get(name)? else { return Ok(None) };
        let length = content.len() as u64;
        if self.wrong != Wrong::SaysNoTotal {
            target.expect(length);
        }
        target.write_all(&content).unwrap();
        Ok(Some(length))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let end = range.end - u64::from(self.wrong == Wrong::EndsRangesEarly && range.end > 0);
        self.objects.get_range(name, range.start..end)
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let found = self.objects.properties(&self.place(name))?;
        Ok(found.map(|mut properties| {
            if self.wrong == Wrong::CutsOff {
                properties.size = properties.size.min(65_536);
            }
            properties
        }))
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let mut names = names.to_vec();
        if self.wrong == Wrong::SortsBatches {
            names.sort();
        }
        self.objects.get_many(&names)
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        let mut snapshots = self.objects.list_snapshots(name)?;
        if self.wrong == Wrong::SnapshotsComeBackwards {
            snapshots.reverse();
        }
        Ok(snapshots)
    }

    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        match self.wrong {
            Wrong::SnapshotsFollow => self.read(name),
            _ => self.objects.read_snapshot(name, snapshot),
        }
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        if self.wrong == Wrong::SnapshotsTakeObjects {
            self.remove(name)?;
        }
        self.check_writable()?;
        self.objects.remove_snapshot(name, snapshot)
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::MakesNoNamespaces => Ok(true),
            _ => self.objects.create_namespace(namespace),
        }
    }

    fn ping(&self) -> Result<()> {
        match self.wrong {
            Wrong::DoesNotAnswer => Err(Error::new(ErrorKind::Storage, "reach the store")),
            _ => Ok(()),
        }
    }

    fn info(&self) -> Result<StoreInfo> {
        let StoreInfo { objects, bytes, used } = self.objects.info()?;
        let times = if self.wrong == Wrong::CountsTwice { 2 } else { 1 };
        Ok(StoreInfo { objects: objects * times, bytes: bytes * times, used })
    }

    fn url(&self, name: &Name) -> Result<String> {
        let path = match self.wrong {
            Wrong::HasOneUrl => String::new(),
            _ => Digest::of(name.as_str().as_bytes()).to_string(),
        };
        Ok(format!("broken:///{path}"))
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::SetsNothingAside => Ok(()),
            Wrong::SetsAllAside => {
                self.copy(name, &name.of_damaged())?;
                self.remove(name).map(drop)
            }
            _ => self.objects.set_aside(&self.place(name)),
        }
    }
}

/// An object that is written; where the store is wrong about that, everybody sees it.
struct InTheOpen<'a> {
    store: &'a Broken,
    content: Vec<u8>,
}

impl Write for InTheOpen<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.content.extend_from_slice(content);
        if self.store.wrong == Wrong::StagesInTheOpen {
            let name = Name::new("staged/1").unwrap();
            self.store.objects.put(&name, &self.content).unwrap();
        }
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Staged for InTheOpen<'_> {
    fn keep(self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        self.store.put_with(name, &self.content, options)
    }
}

/// A stream of whatever the object is at the moment.
struct WhatIsThere {
    objects: Arc<MemoryDataStore>,
    name: Name,
    position: u64,
}

impl Read for WhatIsThere {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let end = self.position + buffer.len() as u64;
        let range = self.objects.get_range(&self.name, self.position..end).unwrap();
        let range = range.unwrap_or_default();
        buffer[..range.len()].copy_from_slice(&range);
        self.position += range.len() as u64;
        Ok(range.len())
    }
}
