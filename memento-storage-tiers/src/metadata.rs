//! Mementos in tiers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use memento::storage::{
    Capabilities, Claim, Entry, Filter, HeldClaim, MetadataStore, Page, Replacement,
};
use memento::{Error, ErrorKind, Key, Result, Version};

use crate::Tiers;
use crate::changes::{Changes, Sought};
use crate::queue::{Queue, Write};
use crate::tier::{Tier, Writes};

/// The metadata stores of several tiers.
#[derive(Debug)]
pub(crate) struct TieredMetadataStore {
    tiers: Tiers,
    /// What is found below is copied up only where nothing was put or dropped since it was looked for.
    changes: Changes,
}

/// Keys that are looked for, each with what there was to note of it before.
struct Wanted<'k> {
    keys: &'k [Key],
    sought: Vec<Sought>,
}

/// What some tiers had for some keys.
struct Found {
    records: Vec<Option<Vec<u8>>>,
    failure: Option<Error>,
    /// Tiers that did not answer, by number. Nothing is copied into them: what they have may be newer.
    silent: Vec<usize>,
}

impl Found {
    /// What there is for so many keys before any tier was asked.
    fn nothing(count: usize) -> Self {
        Self { records: vec![None; count], failure: None, silent: Vec::new() }
    }

    fn missing(&self) -> Vec<usize> {
        (0..self.records.len()).filter(|at| self.records[*at].is_none()).collect()
    }

    /// Notes that the tier of number `n` has failed.
    fn fail(&mut self, n: usize, error: Error) {
        if !error.kind().is_of_one() {
            self.silent.push(n);
        }
        self.failure.get_or_insert(error);
    }
}

impl TieredMetadataStore {
    pub(crate) fn new(tiers: Tiers) -> Self {
        Self { tiers, changes: Changes::default() }
    }

    /// Asks the tiers from the one of number `first` on for what is missing. What is found is copied up.
    fn look_up(
        &self,
        wanted: &Wanted<'_>,
        first: usize,
        mut found: Found,
    ) -> Result<Vec<Option<Vec<u8>>>> {
        for (n, tier) in self.tiers.iter().skip(first) {
            let missing = found.missing();
            let asked: Vec<Key> = missing.iter().map(|at| wanted.keys[*at]).collect();
            if asked.is_empty() {
                break;
            }
            match tier.check(get(tier, &asked)) {
                Ok(records) => {
                    let new = missing.into_iter().zip(records);
                    let new = new.filter_map(|(at, record)| Some((at, record?))).collect();
                    self.take(n, wanted, new, &mut found);
                }
                Err(error) => found.fail(n, error),
            }
        }
        let has_any = found.records.iter().any(Option::is_some);
        match found.failure {
            Some(error) if !has_any => Err(error),
            _ => Ok(found.records),
        }
    }

    /// Takes what a tier had, and copies it up. What is damaged is not taken: a tier below may have it whole. What is of
    /// a newer release is taken as it is, so that whoever asks for it leaves it there.
    fn take(&self, n: usize, wanted: &Wanted<'_>, new: Vec<(usize, Vec<u8>)>, found: &mut Found) {
        if self.tiers.promoting(n).next().is_none() {
            for (at, record) in new {
                found.records[at] = Some(record);
            }
            return;
        }
        let mut promoted = Vec::new();
        for (at, record) in new {
            let key = &wanted.keys[at];
            match Entry::read(key, record.clone()) {
                Ok(entry) => {
                    promoted.push((entry, wanted.sought[at]));
                    found.records[at] = Some(record);
                }
                Err(error) if error.kind() == ErrorKind::NewerFormat => {
                    found.records[at] = Some(record);
                }
                Err(error) => {
                    let tier = &self.tiers.0[n];
                    let _ = tier.check::<()>(Err(error));
                    if tier.writes != Writes::Never {
                        let _ = tier.check(tier.metadata.set_aside(key, &record));
                    }
                }
            }
        }
        self.changes.copy_up(promoted, |promoted| {
            let answers = |(above, _): &(usize, &Tier)| !found.silent.contains(above);
            for (_, tier) in self.tiers.promoting(n).filter(answers) {
                // It is found below the next time, too.
                let _ = tier.check(tier.metadata.put(promoted));
            }
        });
    }

    /// Those of `entries`, which the tier of number `n` has, that none above it has whole.
    fn not_above(&self, n: usize, mut entries: Vec<Entry>) -> Result<Vec<Entry>> {
        for (_, tier) in self.tiers.iter().take(n) {
            if entries.is_empty() {
                break;
            }
            let keys: Vec<Key> = entries.iter().map(|entry| entry.key).collect();
            let mut records = tier.check(get_whole(tier, &keys))?.into_iter();
            entries.retain(|_| records.next().flatten().is_none());
        }
        Ok(entries)
    }

    /// Drops records from each tier that is written; what each one says of it.
    fn drop_records<T>(
        &self,
        is_dropped: impl Fn(&Entry) -> bool,
        work: impl Fn(&dyn MetadataStore) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.tiers.drop_from_each(|tier| tier.drop_records(&is_dropped, &work))
    }

    /// Where a page begins: the tier, and where in it.
    fn begin(&self, from: Option<u64>) -> (usize, Option<u64>) {
        let count = self.tiers.0.len() as u64;
        let Some(from) = from else { return (0, None) };
        let tier = usize::try_from(from % count).unwrap_or_default();
        (tier, (from / count).checked_sub(1))
    }

    /// The number that stands for a place in a tier.
    fn place(&self, tier: usize, from: Option<u64>) -> Option<u64> {
        let from = from.map_or(Some(0), |from| from.checked_add(1))?;
        from.checked_mul(self.tiers.0.len() as u64)?.checked_add(tier as u64)
    }
}

/// The records of `keys` that are looked up in one tier. Who asks for a single one is told where the tier itself finds
/// it damaged.
fn get(tier: &Tier, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
    match keys {
        [key] => Ok(vec![tier.metadata.get(key)?]),
        keys => get_whole(tier, keys),
    }
}

/// The records of `keys` in one tier, but for those that the tier itself finds damaged.
fn get_whole(tier: &Tier, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
    let unless_damaged = |record: Result<_>| {
        record.unwrap_or_else(|error| {
            let _ = tier.check::<()>(Err(error));
            None
        })
    };
    Ok(tier.metadata.get_each(keys)?.into_iter().map(unless_damaged).collect())
}

/// Sees to it that a tier that has failed to keep `entries` has no former ones either: they would be found in their
/// place when it answers again.
fn drop_former(tier: &Tier, entries: &[Entry]) -> Result<()> {
    let keys: HashSet<Key> = entries.iter().map(|entry| entry.key).collect();
    let is_former = |waiting: &Entry| keys.contains(&waiting.key);
    let dropped = tier.drop_records(is_former, |metadata| {
        entries.iter().try_for_each(|entry| metadata.remove(&entry.key).map(drop))
    });
    dropped.map_err(|error| {
        Error::new(error.kind(), "drop former mementos where new ones could not be kept")
            .with("tier", &tier.name)
            .because(error)
            .help("it may still have former ones, which are used when it answers again: refresh or forget them then")
    })
}

/// The error of a tier that is never written, and has what is to be dropped.
fn has_some(tier: &Tier) -> Error {
    Error::new(ErrorKind::ReadOnly, "drop mementos")
        .with("tier", &tier.name)
        .because("it has some of them, and is never written")
        .help("drop them where that tier is written; those of the others are gone")
}

impl MetadataStore for TieredMetadataStore {
    fn location(&self) -> String {
        self.tiers.location()
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::default();
        all.writable = self.tiers.written().next().is_some();
        let is_conditional = |tier: &Tier| tier.metadata.capabilities().conditional;
        all.conditional = all.writable && self.tiers.written().all(is_conditional);
        all
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let sought = self.changes.seek(key);
        let nearest = &self.tiers.0[0];
        let mut found = Found::nothing(1);
        match nearest.check(nearest.metadata.get(key)) {
            Ok(None) => {}
            Ok(record) => return Ok(record),
            Err(error) => found.fail(0, error),
        }
        let wanted = Wanted { keys: std::slice::from_ref(key), sought: vec![sought] };
        Ok(self.look_up(&wanted, 1, found)?.pop().flatten())
    }

    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        let sought = keys.iter().map(|key| self.changes.seek(key)).collect();
        self.look_up(&Wanted { keys, sought }, 0, Found::nothing(keys.len()))
    }

    fn put(&self, entries: &[Entry]) -> Result<()> {
        let now = |tier: &Tier| tier.metadata.put(entries);
        let behind = |_: &Tier, queue: &Queue| queue.push(Write::Records(entries.to_vec()));
        let clear = |tier: &Tier| drop_former(tier, entries);
        let keys = entries.iter().map(|entry| entry.key);
        self.changes.change(keys, || self.tiers.keep("keep mementos", now, behind, clear))
    }

    /// In each tier for itself: one may have what another one has lost, and what it has in other words is as good.
    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let now = |tier: &Tier| tier.metadata.replace(replacements);
        let behind =
            |_: &Tier, queue: &Queue| queue.push(Write::Replacements(replacements.to_vec()));
        let keys = replacements.iter().map(|replacement| replacement.entry.key);
        self.changes.change(keys, || self.tiers.keep("replace mementos", now, behind, |_| Ok(())))
    }

    /// Below the first tier that is written, what is there may stay: whoever forgets something puts a note above it.
    fn remove(&self, key: &Key) -> Result<bool> {
        let is_dropped = |waiting: &Entry| waiting.key == *key;
        let drop = || self.drop_records(is_dropped, |metadata| metadata.remove(key));
        let was_there = self.changes.change(std::iter::once(*key), drop)?;
        for (_, tier) in self.tiers.iter().take_while(|(_, tier)| tier.writes == Writes::Never) {
            if tier.check(get_whole(tier, &[*key]))?.iter().any(Option::is_some) {
                return Err(has_some(tier));
            }
        }
        Ok(was_there.contains(&true))
    }

    fn remove_all(&self, filter: &Filter) -> Result<u64> {
        let is_dropped = |waiting: &Entry| filter.admits(waiting);
        let drop = || self.drop_records(is_dropped, |metadata| metadata.remove_all(filter));
        let removed = self.changes.change_all(drop)?;
        for (_, tier) in self.tiers.iter().filter(|(_, tier)| tier.writes == Writes::Never) {
            let left = tier.check(tier.metadata.list(filter, None, 1))?;
            if !left.entries.is_empty() {
                return Err(has_some(tier));
            }
        }
        Ok(removed.into_iter().max().unwrap_or_default())
    }

    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let limit = limit.max(1);
        let (mut n, mut from) = self.begin(from);
        let mut page = Page::default();
        while let Some(tier) = self.tiers.0.get(n) {
            // A store may give more than it is asked for: what is left out here is on no other page.
            let room = limit.saturating_sub(page.entries.len());
            let found = tier.check(tier.metadata.list(filter, from, room.max(1)))?;
            let entries = self.not_above(n, found.entries)?;
            if room == 0 && !entries.is_empty() {
                page.next = self.place(n, from);
                break;
            }
            page.entries.extend(entries);
            from = found.next;
            n += usize::from(from.is_none());
        }
        Ok(page)
    }

    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        let mut versions = Vec::new();
        for (_, tier) in self.tiers.iter() {
            for version in tier.check(tier.metadata.versions(function, limit))? {
                if !versions.contains(&version) {
                    versions.push(version);
                }
            }
        }
        versions.truncate(limit);
        Ok(versions)
    }

    /// In the tier that most share, the last one that answers.
    fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        for tier in self.tiers.written().rev() {
            let Ok(claim) = tier.check(tier.metadata.try_claim(key)) else { continue };
            let Some(claim) = claim else { return Ok(None) };
            return Ok(Some(match &tier.queue {
                Some(queue) => Box::new(Behind { claim: Some(claim), queue: queue.clone() }),
                None => claim,
            }));
        }
        Ok(Some(Box::new(())))
    }

    fn wait_for_claim(&self, key: &Key, limit: Duration) {
        self.tiers.home().metadata.wait_for_claim(key, limit);
    }

    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        let is_dropped = |waiting: &Entry| waiting.key == *key && waiting.record == damaged;
        self.drop_records(is_dropped, |metadata| metadata.set_aside(key, damaged)).map(drop)
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
        let named = |tier: &Tier| (tier.name.clone(), tier.shown_metadata());
        self.tiers.iter().map(|(_, tier)| named(tier)).collect()
    }

    fn flush(&self) -> Result<()> {
        self.tiers.flush()
    }
}

/// A claim in a tier that is written behind: it is given back when what was computed under it is there, or the tier
/// fails.
#[derive(Debug)]
struct Behind {
    /// `None` where it was handed on.
    claim: Option<Claim>,
    queue: Queue,
}

impl HeldClaim for Behind {
    fn end(&self) {
        if let Some(claim) = &self.claim {
            claim.end();
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.queue.release(claim);
        }
    }
}
