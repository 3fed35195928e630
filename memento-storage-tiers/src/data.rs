//! Contents in tiers, and objects in one of them.

use std::io::{self, Read, Seek};
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, Namespace, Prefix, Properties, PutOptions,
    Snapshot, Source, StoreInfo, unreadable,
};
use memento::{Error, Name, Result};
use tempfile::SpooledTempFile;

use crate::contents::{self, Failed};
use crate::queue::{Queue, Write};
use crate::source::HeldSource;
use crate::tier::Tier;
use crate::{Tiers, each};

type Reader = Box<dyn Read + Send>;

/// The data stores of several tiers.
#[derive(Debug)]
pub(crate) struct TieredDataStore {
    tiers: Tiers,
}

impl TieredDataStore {
    pub(crate) fn new(tiers: Tiers) -> Self {
        Self { tiers }
    }

    /// Asks the tiers for a content, or the one that has it for an object. What was found, and in which one.
    fn find<T>(
        &self,
        name: &Name,
        ask: impl Fn(&dyn DataStore) -> Result<Option<T>>,
    ) -> Result<Option<(usize, T)>> {
        if !name.is_result() {
            let home = self.tiers.home();
            return Ok(home.check(ask(&*home.data))?.map(|found| (0, found)));
        }
        let mut failure = None;
        for (n, tier) in self.tiers.iter() {
            match tier.check(ask(&*tier.data)) {
                Ok(Some(found)) => return Ok(Some((n, found))),
                Ok(None) => {}
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        failure.map_or(Ok(None), Err)
    }

    /// The content of which the tier of number `from` has opened `reader`: where it is copied up, from there.
    fn promote(&self, name: &Name, from: usize, reader: Reader) -> Result<Option<Reader>> {
        let below = &self.tiers.0[from];
        let mut promoting = self.tiers.promoting(from);
        let Some((_, nearest)) = promoting.next() else { return Ok(Some(reader)) };
        let copied = contents::keep(reader, &*below.data, &*nearest.data, name);
        if check_copied(below, nearest, copied).unwrap_or(false) {
            for (_, tier) in promoting {
                let _ = copy(nearest, tier, name);
            }
            if let Ok(Some(reader)) = nearest.check(nearest.data.read(name)) {
                return Ok(Some(reader));
            }
        }
        below.check(below.data.read(name))
    }

    /// Passes the content that `first` has to each tier that is written below it, at once or behind.
    fn pass_on(&self, name: &Name, first: &Tier) {
        for tier in self.tiers.written().skip_while(|tier| !std::ptr::eq(*tier, first)).skip(1) {
            match &tier.queue {
                Some(queue) => queue.push(Write::Content(name.clone())),
                None => {
                    let _ = copy(first, tier, name);
                }
            }
        }
    }

    /// Puts a content into the tiers below the first one that is written, which has failed; whether it was put, where
    /// one of them keeps it.
    fn put_below(&self, name: &Name, content: &mut SpooledTempFile) -> Option<bool> {
        self.tiers.written().skip(1).find_map(|tier| {
            let put = tier.do_when_written(|tier| {
                content.rewind().map_err(unreadable)?;
                tier.data.put_from(name, &mut Source::new(content), &PutOptions::default())
            });
            let is_put = put.ok()?;
            self.pass_on(name, tier);
            Some(is_put)
        })
    }

    /// Sees to it that an object can be copied in the store that has those that change, where that is written.
    fn bring_home(&self, name: &Name) -> Result<()> {
        let Some(home) = self.tiers.written().next_back().filter(|_| name.is_result()) else {
            return Ok(());
        };
        if home.data.properties(name)?.is_some() {
            return Ok(());
        }
        if let Some((n, _)) = self.find(name, |store| store.properties(name))? {
            copy(&self.tiers.0[n], home, name)?;
        }
        Ok(())
    }

    /// The store that has the objects that may change. Where no tier is written, it refuses all that would change it.
    fn home(&self) -> Arc<dyn DataStore> {
        self.tiers.home().shown_data()
    }

    /// Drops something from each tier that is written; whether one of them had it.
    ///
    /// # Errors
    ///
    /// Where none is written, too.
    fn drop_from_each(
        &self,
        operation: &'static str,
        work: impl Fn(&dyn DataStore) -> Result<bool>,
    ) -> Result<bool> {
        if self.tiers.written().next().is_none() {
            return Err(self.tiers.read_only(operation));
        }
        let work = |tier: &Tier| tier.do_when_written(|tier| work(&*tier.data));
        Ok(self.tiers.drop_from_each(work)?.contains(&true))
    }
}

/// Copies a content, unless it is there; whether `from` has it.
fn copy(from: &Tier, to: &Tier, name: &Name) -> Result<bool> {
    check_copied(from, to, contents::copy(&*from.data, &*to.data, name))
}

/// The error of a tier, where the next one could not be asked instead.
fn not_held(error: Error, unheld: &io::Error) -> Error {
    error.with("temporary folder", std::env::temp_dir().display()).help(format!(
        "make room there, or set `TMPDIR` to another folder: what came could not be held for the next tier: {unheld}"
    ))
}

/// What came of copying a content: a failure of the tier that has it, or of the other one.
fn check_copied(from: &Tier, to: &Tier, copied: Result<bool, Failed>) -> Result<bool> {
    match copied {
        Ok(is_there) => to.check(Ok(is_there)),
        Err(Failed::From(error)) => from.check(Err(error)),
        Err(Failed::To(error)) => to.check(Err(error)),
    }
}

impl DataStore for TieredDataStore {
    fn location(&self) -> String {
        self.tiers.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.home().capabilities()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let Some((n, content)) = self.find(name, |store| store.get(name))? else {
            return Ok(None);
        };
        if self.tiers.promoting(n).next().is_none() {
            return Ok(Some(content));
        }
        if !name.is_whole(&*content) {
            // One below may have it whole.
            let tier = &self.tiers.0[n];
            self.set_aside(name)?;
            return match tier.check(tier.data.properties(name))? {
                None => self.get(name),
                Some(_) => Ok(Some(content)),
            };
        }
        for (_, tier) in self.tiers.promoting(n) {
            let _ = tier.check(tier.data.put(name, &content));
        }
        Ok(Some(content))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        if !name.is_result() {
            return self.home().put(name, content);
        }
        let now = |tier: &Tier| tier.data.put(name, content);
        let behind = |_: &Tier, queue: &Queue| queue.push(Write::Content(name.clone()));
        // A tier that fails has the same content, or none.
        self.tiers.keep("keep a result", now, behind, |_| Ok(()))
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        if !name.is_result() {
            return self.home().remove(name);
        }
        // A content that is gone from those above would be lost to the tier that it waits for.
        for (_, tier) in self.tiers.iter() {
            tier.drop_waiting_content(name);
        }
        self.drop_from_each("drop a result", |store| store.remove(name))
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.home().list(prefix, options)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        if name.is_result() && options.is_plain() {
            return self.put(name, content).map(|()| true);
        }
        self.home().put_with(name, content, options)
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.home().append(name, content)
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.bring_home(from)?;
        self.home().copy(from, to)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let first = self.tiers.written().next();
        let Some(first) = first.filter(|_| name.is_result() && options.is_plain()) else {
            return self.home().put_from(name, source, options);
        };
        let mut held = HeldSource::new(source, self.tiers.written().nth(1).is_some());
        let put = first.data.put_from(name, &mut held.source(), options);
        if held.has_failed() {
            return put;
        }
        match first.check(put) {
            Ok(is_put) => {
                self.pass_on(name, first);
                Ok(is_put)
            }
            Err(error) => match held.into_whole() {
                Ok(content) => {
                    content.and_then(|mut held| self.put_below(name, &mut held)).ok_or(error)
                }
                Err(unheld) => Err(not_held(error, &unheld)),
            },
        }
    }

    fn read(&self, name: &Name) -> Result<Option<Reader>> {
        match self.find(name, |store| store.read(name))? {
            Some((n, reader)) if name.is_result() => self.promote(name, n, reader),
            found => Ok(found.map(|(_, reader)| reader)),
        }
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let found = self.find(name, |store| store.get_range(name, range.clone()))?;
        Ok(found.map(|(_, part)| part))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let found = self.find(name, |store| store.properties(name))?;
        Ok(found.map(|(_, properties)| properties))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        if names.iter().any(|name| !name.is_result()) {
            return names.iter().map(|name| Ok(self.properties(name)?.is_some())).collect();
        }
        let mut found: Vec<Result<bool>> = names.iter().map(|_| Ok(false)).collect();
        for (_, tier) in self.tiers.iter() {
            let is_missing = |at: &usize| !matches!(found[*at], Ok(true));
            let missing: Vec<usize> = (0..names.len()).filter(is_missing).collect();
            if missing.is_empty() {
                break;
            }
            let asked: Vec<Name> = missing.iter().map(|at| names[*at].clone()).collect();
            for (at, answer) in missing.into_iter().zip(tier.data.contains(&asked)) {
                match tier.check(answer) {
                    // Whether it is there stays unknown where a tier above did not tell.
                    Ok(false) => {}
                    answer => found[at] = answer,
                }
            }
        }
        found
    }

    fn snapshot(&self, name: &Name) -> Result<Option<Snapshot>> {
        self.bring_home(name)?;
        self.home().snapshot(name)
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        self.home().list_snapshots(name)
    }

    fn read_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<Option<Reader>> {
        self.home().read_snapshot(name, snapshot)
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        self.home().remove_snapshot(name, snapshot)
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.home().create_namespace(namespace)
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.home().list_namespaces()
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.home().has_namespace(namespace)
    }

    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.drop_from_each("remove a namespace", |store| store.remove_namespace(namespace))
    }

    fn ping(&self) -> Result<()> {
        each(self.tiers.iter().map(|(_, tier)| tier.check(tier.data.ping())))
    }

    fn info(&self) -> Result<StoreInfo> {
        self.home().info()
    }

    fn url(&self, name: &Name) -> Result<String> {
        self.home().url(name)
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        if !name.is_result() {
            return self.home().set_aside(name);
        }
        each(self.tiers.written().map(|tier| tier.check(tier.data.set_aside(name))))
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        let named = |tier: &Tier| (tier.name.clone(), tier.shown_data());
        self.tiers.iter().map(|(_, tier)| named(tier)).collect()
    }

    fn flush(&self) -> Result<()> {
        self.tiers.flush()
    }
}
