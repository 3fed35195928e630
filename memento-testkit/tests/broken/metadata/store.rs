//! A metadata store with something wrong.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use memento::storage::{
    Capabilities, Claim, Entry, Filter, MemoryMetadataStore, MetadataStore, Page, Replacement,
};
use memento::{Error, ErrorKind, Key, Result, Version};
use parking_lot::Mutex;

use super::Wrong;

/// A store with something wrong. What another one made of the same folder has, it has, too.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) wrong: Wrong,
    pub(super) is_read_only: bool,
    pub(super) records: Arc<MemoryMetadataStore>,
    pub(super) has_claimed: Arc<AtomicBool>,
    pub(super) seen: Mutex<HashMap<Key, Option<Vec<u8>>>>,
}

impl Broken {
    fn check_writable(&self) -> Result<()> {
        if self.is_read_only && self.wrong != Wrong::WritesAnyway {
            return Err(Error::new(ErrorKind::ReadOnly, "change a broken store"));
        }
        Ok(())
    }
}

impl MetadataStore for Broken {
    fn capabilities(&self) -> Capabilities {
        let all = self.records.capabilities();
        let says_so = self.is_read_only || self.wrong == Wrong::SaysReadOnly;
        if says_so { all.not_writable() } else { all }
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let found = self.records.get(key)?;
        match self.wrong {
            Wrong::RemembersWhatItRead => Ok(self.seen.lock().entry(*key).or_insert(found).clone()),
            _ => Ok(found),
        }
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let mut keys = keys.to_vec();
        if self.wrong == Wrong::SortsBatches {
            keys.sort();
        }
        self.records.get_many(&keys)
    }

    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        let lost = if self.wrong == Wrong::LosesSome { 3 } else { usize::MAX };
        for (index, some) in keys.chunks(64).enumerate() {
            if index != lost {
                take(self.get_many(some)?);
            }
        }
        Ok(())
    }

    fn get_levels(
        &self,
        keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        if self.wrong == Wrong::LooksUpOneLevel {
            next(self.get_many(&keys)?);
            return Ok(());
        }
        self.records.get_levels(keys, next)
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        self.check_writable()?;
        let mut entries = entries.to_vec();
        match self.wrong {
            Wrong::LosesTheLast => drop(entries.pop()),
            Wrong::KeepsTheFirst => {
                entries.retain(|entry| self.get(&entry.key).unwrap().is_none());
            }
            Wrong::ListsTheHidden => entries.iter_mut().for_each(|entry| entry.hidden = false),
            _ => {}
        }
        self.records.put(&entries)
    }

    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::ReplacesNothing => return Ok(()),
            Wrong::ReplacesAnything | Wrong::ReplacesLate => {}
            _ => return self.records.replace(replacements),
        }
        for Replacement { seen, entry } in replacements {
            let is_there = || self.records.get(&entry.key).unwrap().as_ref() == Some(seen);
            if self.wrong == Wrong::ReplacesAnything || is_there() {
                // Another one that is at work has time enough, in one of many rounds at least.
                let pause = || std::thread::sleep(Duration::from_millis(1));
                (0..20).take_while(|_| is_there()).for_each(|_| pause());
                self.records.put(std::slice::from_ref(entry))?;
            }
        }
        Ok(())
    }

    fn remove(&self, key: &Key) -> Result<bool> {
        self.check_writable()?;
        match self.wrong {
            Wrong::RemovesNothing => Ok(true),
            _ => self.records.remove(key),
        }
    }

    fn forget(&self, note: &Entry) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::ForgetsNothing => Ok(()),
            _ => self.records.forget(note),
        }
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        self.check_writable()?;
        let mut filter = filter.clone();
        if self.wrong == Wrong::RemovesAllOfAFunction && filter.function.is_some() {
            filter.failed = None;
        }
        let removed = self.records.remove_all(&filter)?;
        Ok(removed + u64::from(self.wrong == Wrong::CountsTheHidden && removed > 0))
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        if self.wrong == Wrong::CountsPages {
            let all = self.records.list(filter, None, usize::MAX)?.entries;
            let from = usize::try_from(from.unwrap_or_default()).unwrap();
            let end = (from + limit).min(all.len());
            let entries = all.get(from..end).unwrap_or_default().to_vec();
            return Ok(Page { entries, next: (end < all.len()).then_some(end as u64) });
        }
        if self.wrong == Wrong::GivesNothingForNothing && limit == 0 {
            let next = self.records.list(filter, from, 1)?.entries.first().map(|_| u64::MAX);
            return Ok(Page { entries: Vec::new(), next });
        }
        let filter = match self.wrong {
            Wrong::IgnoresFilters => &Filter::default(),
            _ => filter,
        };
        let mut page = self.records.list(filter, from, limit)?;
        if self.wrong == Wrong::SkipsBetweenPages {
            page.next = page.next.map(|next| next.saturating_sub(1));
        }
        Ok(page)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let of = Filter { function: Some(function.to_owned()), failed: None };
        let is_forgotten = self.wrong == Wrong::ForgetsVersions
            && self.records.list(&of, None, 1)?.entries.is_empty();
        if is_forgotten { Ok(Vec::new()) } else { self.records.versions(function, limit) }
    }

    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        match self.wrong {
            Wrong::GrantsOneClaim | Wrong::KeepsClaims
                if self.has_claimed.swap(true, Ordering::Relaxed) =>
            {
                Ok(None)
            }
            _ => self.records.try_claim(key),
        }
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        if self.wrong == Wrong::WaitsForEver {
            loop {
                std::thread::park();
            }
        }
        self.records.wait_for_claim(key, limit);
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        self.check_writable()?;
        match self.wrong {
            Wrong::SetsNothingAside => Ok(()),
            Wrong::SetsAnythingAside => self.records.remove(key).map(drop),
            _ => self.records.set_aside(key, damaged),
        }
    }

    fn flush(&self) -> Result<()> {
        match self.wrong {
            Wrong::DoesNotFlush => Err(Error::new(ErrorKind::Storage, "keep what waits")),
            _ => self.records.flush(),
        }
    }
}
