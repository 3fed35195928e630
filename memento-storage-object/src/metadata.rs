//! Mementos on a service.
//!
//! A memento is an object by its key, with a head that says what it is looked up by. Lists go through indices: objects
//! by function and time, each of which names the mementos of one put. A memento that is put alone is there with its own
//! object, before which its index is written. Of those that are put together, none is there before the index of the
//! first one, which is written last: it is what decides.

mod index;
mod listing;
mod putting;
mod removing;

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use memento::storage::{Capabilities, Claim, Entry, Filter, MetadataStore, Page, Replacement};
use memento::{Key, Result, Version};
use object_store::path::Path;
use object_store::{Attributes, PutMode};
use parking_lot::Mutex;

use crate::Options;
use crate::claims::Claims;
use crate::connect::Store;
use crate::format::{Head, IndexName, Top, digits, key_of, record};
use crate::problem;
use crate::service::{Fetched, Found, Service, in_place_of};

const LOOK_UP: &str = "look a memento up";
const KEEP: &str = "keep mementos";
const DROP: &str = "drop mementos";
const LIST: &str = "list mementos";

/// How many names this process remembers, of indices that are there and of versions, before it forgets all of them.
const REMEMBERED: usize = 100_000;

/// A metadata store in a bucket, which many processes on many machines can use at once.
#[derive(Debug)]
pub struct ObjectMetadataStore {
    service: Service,
    claims: Claims,
    /// The last order that was given to a memento.
    last: AtomicU64,
    /// Indices that are known to be there.
    there: Mutex<HashSet<IndexName>>,
    /// Versions of functions that are known to be noted.
    noted: Mutex<HashSet<([u8; 16], Version)>>,
    /// Mementos of a later release that were looked up: what is computed because this release cannot read one is not
    /// put in its place.
    newer: Mutex<HashSet<Key>>,
}

fn remember<T: Eq + std::hash::Hash>(names: &Mutex<HashSet<T>>, name: T) {
    let mut names = names.lock();
    if names.len() >= REMEMBERED {
        names.clear();
    }
    names.insert(name);
}

impl ObjectMetadataStore {
    /// The metadata store that `options` name. Nothing is asked of the service before the first use.
    pub fn new(options: &Options) -> Self {
        let service = Service::new(options);
        Self {
            claims: Claims::new(service.clone()),
            service,
            last: AtomicU64::default(),
            there: Mutex::default(),
            noted: Mutex::default(),
            newer: Mutex::default(),
        }
    }

    fn path(&self, key: &Key) -> Path {
        self.service.path(&key_of(key))
    }

    /// The objects of mementos, each with its own result.
    fn fetch(&self, operation: &'static str, keys: &[Key]) -> Vec<Result<Option<Fetched>>> {
        let most = self.service.options.max_object_size;
        let paths = keys.iter().map(|key| self.path(key)).collect();
        let fetch = move |store: Store, path| store.fetch(path, most);
        let found = self.service.ask_each(operation, paths, fetch);
        let found = found.into_iter().map(|found| match found? {
            Found::Nothing => Ok(None),
            Found::TooLong(size) => self.service.check_size(operation, size).map(|()| None),
            // A record that was moved aside leaves nothing in its place.
            Found::Whole(fetched) => Ok(Some(fetched).filter(|found| !found.content.is_empty())),
        });
        found.collect()
    }

    /// Which of these mementos are there, as far as that depends on an index.
    fn are_there(&self, heads: &[Option<Head>]) -> Result<Vec<bool>> {
        let depends =
            |head: &Option<Head>| head.filter(|head| !head.is_alone).map(|head| head.index);
        let unknown: HashSet<_> = {
            let there = self.there.lock();
            heads.iter().filter_map(depends).filter(|index| !there.contains(index)).collect()
        };
        let unknown: Vec<_> = unknown.into_iter().collect();
        let paths = unknown.iter().map(|index| self.service.path(&index.key())).collect();
        let found = self.service.ask_each(LOOK_UP, paths, Store::head);
        let mut missing = HashSet::new();
        for (index, found) in unknown.into_iter().zip(found) {
            if found?.is_some() {
                remember(&self.there, index);
            } else {
                missing.insert(index);
            }
        }
        Ok(heads.iter().map(|head| !depends(head).is_some_and(|i| missing.contains(&i))).collect())
    }

    /// The objects of mementos that are looked up, each with its own result.
    fn look_up(&self, keys: &[Key]) -> impl Iterator<Item = Result<Option<Fetched>>> {
        keys.iter().zip(self.fetch(LOOK_UP, keys)).map(|(key, found)| {
            let found = found?;
            let top = found.as_ref().map(|found| Top::read(&found.content));
            let Some(Top::Newer(number)) = top else {
                self.newer.lock().remove(key);
                return Ok(found);
            };
            remember(&self.newer, *key);
            Err(problem::newer(LOOK_UP, &self.service.options, number).with("key", key))
        })
    }

    /// The records of what was fetched, as far as they are there.
    fn records(&self, found: Vec<Option<Fetched>>) -> Result<Vec<Option<Vec<u8>>>> {
        let found = found.into_iter().map(|found| found.map(|found| record(found.content)));
        let found: Vec<_> = found.collect();
        let heads: Vec<_> = found.iter().map(|found| found.as_ref().and_then(|f| f.0)).collect();
        let there = self.are_there(&heads)?;
        let found = found.into_iter().zip(there);
        Ok(found.map(|(found, is_there)| found.filter(|_| is_there).map(|f| f.1)).collect())
    }
}

impl MetadataStore for ObjectMetadataStore {
    fn location(&self) -> String {
        self.service.location()
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::default();
        all.conditional = self.service.options.is_conditional();
        self.service.capabilities(all)
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self.look_up(&[*key]).next().unwrap_or(Ok(None))?;
        Ok(self.records(vec![found])?.pop().flatten())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.records(self.look_up(keys).collect::<Result<_>>()?)
    }

    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let (mut whole, mut errors) = (Vec::new(), Vec::new());
        for found in self.look_up(keys) {
            let (found, error) = match found {
                Err(error) if error.kind().is_of_one() => (None, Some(error)),
                found => (found?, None),
            };
            whole.push(found);
            errors.push(error);
        }
        let records = self.records(whole)?.into_iter().zip(errors);
        Ok(records.map(|(record, error)| error.map_or(Ok(record), Err)).collect())
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.service.check_writable(KEEP)?;
        self.keep(entries)
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.service.check_writable(KEEP)?;
        self.put_in_place(replacements)
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.service.check_writable(DROP)?;
        self.drop_one(key)
    }

    /// What is put meanwhile stays, unless it takes the place of one that was found to be dropped a moment before.
    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.service.check_writable(DROP)?;
        self.drop_all(filter)
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        self.page(filter, from, limit)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        self.versions_of(function, limit)
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        if self.service.options.readonly || !self.service.options.is_conditional() {
            return Ok(Some(Box::new(())));
        }
        self.claims.try_claim(key)
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        self.claims.wait(key, limit);
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        const SET_ASIDE: &str = "move a damaged memento aside";
        self.service.check_writable(SET_ASIDE)?;
        let found = self.fetch(SET_ASIDE, &[*key]).pop().unwrap_or(Ok(None))?;
        let Some(found) = found else { return Ok(()) };
        if record(found.content.clone()).1 != damaged {
            return Ok(());
        }
        let aside = self.service.path(&format!("damaged/{}", digits(key.as_bytes())));
        let (path, mode) = (self.path(key), in_place_of(&found.meta));
        let is_conditional = self.service.options.is_conditional();
        self.service.ask(SET_ASIDE, |store| async move {
            let content = found.content.into();
            store.clone().put(aside, content, PutMode::Overwrite, Attributes::new()).await?;
            if is_conditional {
                // Only what was found: nothing takes its place.
                store.put(path, Vec::new().into(), mode, Attributes::new()).await
            } else {
                store.remove(path).await
            }
        })?;
        Ok(())
    }
}
