//! One count of everything, after which what is too much is gone.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};

use memento::plugin::Stores;
use memento::storage::reserved::RESULTS;
use memento::storage::{
    DataStore, Entry, Filter, ListOptions, MetadataStore, Prefix, References, entry_pages,
    object_pages,
};
use memento::{Digest, ErrorKind, Key, Name, Result};
use metrics::counter;

use super::Eviction;
use super::order::History;
use super::usage::{Account, Item, Kind, Use, Uses, nanoseconds};

/// How many records a page has.
const PAGE: usize = 1000;
/// How many records are read together to be dropped.
const TOGETHER: usize = 256;
/// How long a result is at most that is searched for the names of its parts.
const SEARCHED: u64 = 4 << 20;
/// How many of the mementos that were put last are remembered when a count begins.
const REMEMBERED: usize = 100;

/// A count under way.
pub(super) struct Sweep<'a> {
    limits: &'a Eviction,
    data: &'a dyn DataStore,
    metadata: &'a dyn MetadataStore,
    now: u64,
    uses: Uses,
    /// Whether what is pinned took more than the limit the last time, which has been said.
    is_too_much: &'a AtomicBool,
    pieces: Vec<Piece>,
    /// What the mementos of pinned functions need, and those that were put meanwhile.
    pinned: References,
    /// The code that mementos were computed by: little for many of them.
    code: HashSet<Digest>,
    /// How many bytes there are, in all.
    total: u64,
}

/// Something that is there, and may go.
#[derive(Clone, Copy)]
struct Piece {
    item: Item,
    size: u64,
    history: History,
}

impl<'a> Sweep<'a> {
    /// One that knows of `uses` that nobody was told of.
    pub(super) fn new(
        limits: &'a Eviction,
        stores: &'a Stores,
        now: u64,
        uses: Uses,
        is_too_much: &'a AtomicBool,
    ) -> Self {
        Self {
            limits,
            data: &*stores.data,
            metadata: &*stores.metadata,
            now,
            uses,
            is_too_much,
            pieces: Vec::new(),
            pinned: References::default(),
            code: HashSet::new(),
            total: 0,
        }
    }

    /// Counts what is there, drops what is too much, and puts an account of the rest in place of `accounts`.
    pub(super) fn run(mut self, accounts: Vec<Account>) -> Result<()> {
        for account in &accounts {
            account.add_to(&mut self.uses, self.data)?;
        }
        let begin = self.metadata.list(&Filter::default(), None, REMEMBERED)?;
        let begin: HashSet<_> = begin.entries.iter().map(mark).collect();
        self.count_contents()?;
        self.count_mementos()?;
        self.search_pinned()?;
        let (pinned, code) = (&self.pinned, &self.code);
        self.pieces.retain(|piece| match &piece.item {
            Item::Content(digest) => !pinned.contains(digest) && !code.contains(digest),
            Item::Memento(_) => true,
        });
        let before = self.total;
        let gone = self.choose();
        let gone = self.spare(gone, &begin)?;
        self.remove(&gone)?;
        tracing::info!(
            store = self.data.location(),
            before,
            after = self.total,
            dropped = gone.len(),
            "a storage was counted"
        );
        let staying: HashSet<Item> = self.pieces.iter().map(|piece| piece.item).collect();
        self.uses.retain(|item, _| staying.contains(item));
        Account::put(self.data, Kind::Counted, self.now, self.total, &self.uses)?;
        Account::remove(accounts, self.data)
    }

    fn add(&mut self, item: Item, size: u64, put: u64) {
        self.total = self.total.saturating_add(size);
        let Use { last, times } = self.uses.get(&item).copied().unwrap_or_default();
        // Who was ahead of the time, or says so, keeps nothing for ever.
        let (put, last) = (put.min(self.now), last.min(self.now));
        let history = History { put, last: last.max(put), times };
        self.pieces.push(Piece { item, size, history });
    }

    fn count_contents(&mut self) -> Result<()> {
        for listing in object_pages(self.data, &Prefix::new(RESULTS)?, ListOptions::default()) {
            for object in listing?.objects {
                if let Some(digest) = object.name.result_digest() {
                    let item = Item::Content(digest);
                    if object.modified.is_none() {
                        // Where the store does not say when it was put, its age counts from when it is seen first.
                        self.uses.entry(item).or_insert(Use { last: self.now, times: 0 });
                    }
                    self.add(item, object.size, object.modified.map_or(0, nanoseconds));
                }
            }
        }
        Ok(())
    }

    fn count_mementos(&mut self) -> Result<()> {
        for page in entry_pages(self.metadata, &Filter::default(), PAGE) {
            let page = page?;
            let earlier = self.earlier(&page.entries)?;
            for (entry, earlier) in page.entries.iter().zip(earlier) {
                let size = entry.record.len() as u64 + earlier;
                if self.limits.pinned.contains(&entry.function) {
                    self.total = self.total.saturating_add(size);
                    // Of one that cannot be read, nothing is used either.
                    let _ = self.pinned.add(entry);
                } else if let Ok(Some(memento)) = entry.memento() {
                    self.code.insert(memento.provenance.code);
                    self.add(Item::Memento(entry.key), size, nanoseconds(memento.finished));
                } else {
                    self.total = self.total.saturating_add(size);
                }
            }
        }
        Ok(())
    }

    /// How long the records are that each of `entries` took the place of.
    fn earlier(&self, entries: &[Entry]) -> Result<Vec<u64>> {
        let keys = entries.iter().map(|entry| entry.earlier().unwrap_or_default());
        let keys: Vec<Vec<Key>> = keys.collect();
        let all = keys.concat();
        if all.is_empty() {
            return Ok(vec![0; entries.len()]);
        }
        let mut lengths =
            self.records(&all)?.into_iter().map(|record| record.map_or(0, |r| r.len()));
        let of = |keys: &Vec<Key>| lengths.by_ref().take(keys.len()).sum::<usize>() as u64;
        Ok(keys.iter().map(of).collect())
    }

    /// The records of `keys`; of one that the store itself finds damaged, none.
    fn records(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.metadata.get_each(keys)?.into_iter().map(unless_damaged).collect()
    }

    /// Finds all contents that the mementos of pinned functions need, and others that were added to these.
    fn search_pinned(&mut self) -> Result<()> {
        while let Some(digest) = self.pinned.take() {
            let name = Name::of_result(&digest);
            let Some(properties) = unless_damaged(self.data.properties(&name))? else { continue };
            if properties.size <= SEARCHED
                && let Some(content) = unless_damaged(self.data.get(&name))?
            {
                self.pinned.scan(&content);
                self.pinned.end();
            }
        }
        Ok(())
    }

    /// Takes out of the pieces what is to go: what is too old, and then, where there is too much, what is first in the
    /// order.
    fn choose(&mut self) -> Vec<Piece> {
        let limits = self.limits;
        let age = limits.max_age.map(|age| u64::try_from(age.as_nanos()).unwrap_or(u64::MAX));
        let oldest = age.map_or(0, |age| self.now.saturating_sub(age));
        let most = limits.max_size.unwrap_or(u64::MAX);
        let aim = if self.total > most { most - most / 16 } else { most };
        self.pieces.sort_unstable_by_key(|piece| {
            let is_young = piece.history.last >= oldest;
            (is_young, limits.order.rank(piece.history))
        });
        let goes = |total: u64, piece: &Piece| piece.history.last < oldest || total > aim;
        let mut count = 0;
        for piece in &self.pieces {
            if !goes(self.total, piece) {
                break;
            }
            self.total = self.total.saturating_sub(piece.size);
            count += 1;
        }
        let gone = self.pieces.drain(..count).collect();
        let is_too_much = self.total > most;
        if !self.is_too_much.swap(is_too_much, Ordering::Relaxed) && is_too_much {
            let (store, left) = (self.data.location(), self.total);
            tracing::warn!(store, left, limit = most, "what is pinned takes more than the limit");
        }
        gone
    }

    /// What of `gone` is to go all the same: without the mementos that were put since the count began, and what they
    /// need. Lists go from the newest on: one that was put anew behind what had been listed is in no other page, and
    /// its content was counted as it was before. What stays may be too much; then the next one who tells counts again.
    fn spare(&mut self, gone: Vec<Piece>, begin: &HashSet<Mark>) -> Result<Vec<Item>> {
        if gone.is_empty() {
            return Ok(Vec::new());
        }
        let mut put = HashSet::new();
        for page in entry_pages(self.metadata, &Filter::default(), REMEMBERED) {
            let page = page?;
            let end = page.entries.iter().position(|entry| begin.contains(&mark(entry)));
            for entry in page.entries.iter().take(end.unwrap_or(page.entries.len())) {
                put.insert(entry.key);
                // Of one that cannot be read, nothing is used either.
                let _ = self.pinned.add(entry);
            }
            if end.is_some() {
                break;
            }
        }
        self.search_pinned()?;
        let (stays, goes): (Vec<_>, _) = gone.into_iter().partition(|piece| match &piece.item {
            Item::Content(digest) => self.pinned.contains(digest),
            Item::Memento(key) => put.contains(key),
        });
        self.total = stays.iter().fold(self.total, |total, piece| total.saturating_add(piece.size));
        self.pieces.extend(stays);
        Ok(goes.iter().map(|piece: &Piece| piece.item).collect())
    }

    fn remove(&self, gone: &[Item]) -> Result<()> {
        let (mut keys, mut names) = (Vec::new(), Vec::new());
        for item in gone {
            match item {
                Item::Memento(key) => keys.push(*key),
                Item::Content(digest) => names.push(Name::of_result(digest)),
            }
        }
        // First: who finds a memento finds its content.
        keys.chunks(TOGETHER).try_for_each(|keys| self.remove_mementos(keys))?;
        for names in names.chunks(PAGE) {
            self.data.remove_many(names).into_iter().try_for_each(|removed| removed.map(drop))?;
        }
        for (kind, count) in [("metadata", keys.len()), ("data", names.len())] {
            counter!("memento_store_evicted_total", "kind" => kind).increment(count as u64);
        }
        Ok(())
    }

    /// Drops mementos, and those that they took the place of.
    fn remove_mementos(&self, keys: &[Key]) -> Result<()> {
        let records = self.records(keys)?;
        for (key, record) in keys.iter().zip(records) {
            let earlier = record.and_then(|record| Entry::read(key, record).ok()?.earlier().ok());
            for key in earlier.iter().flatten().chain([key]) {
                match self.metadata.remove(key) {
                    // Of several storages, one that is never written keeps what it has, and the others need not.
                    Err(error) if error.kind() == ErrorKind::ReadOnly => {}
                    removed => drop(removed?),
                }
            }
        }
        Ok(())
    }
}

/// A memento as it was put.
type Mark = (Key, Digest);

fn mark(entry: &Entry) -> Mark {
    (entry.key, Digest::of(&entry.record))
}

/// What was found; nothing where it is damaged, which is no reason to keep more than there may be.
fn unless_damaged<T>(found: Result<Option<T>>) -> Result<Option<T>> {
    match found {
        Err(error) if error.kind().is_of_one() => Ok(None),
        found => found,
    }
}
