//! Mementos on their way to the service: what decides that they are there comes last.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use memento::storage::{Entry, Replacement};
use memento::{Key, Result, Version};
use object_store::path::Path;
use object_store::{Attributes, PutMode, Result as StoreResult};

use super::{KEEP, ObjectMetadataStore, remember};
use crate::connect::Store;
use crate::format::{
    HEAD, Head, Index, IndexName, Pointer, SPAN, Top, digits, folder_of, inverted, key_of, now,
    record,
};
use crate::service::{Fetched, in_place_of, pause};

/// How often a memento is put again whose place others take meanwhile.
const TRIES: u32 = 50;

/// An object that is put, in whatever is there unless it was computed under a claim.
struct Put {
    path: Path,
    content: Vec<u8>,
    /// The number of the claim.
    claim: Option<u64>,
}

/// An index that is about to be put, and where it will be.
struct NewIndex {
    name: IndexName,
    index: Index,
}

impl Put {
    async fn send(self, store: Store) -> StoreResult<()> {
        let Some(claim) = self.claim else {
            let content = self.content.into();
            return store
                .put(self.path, content, PutMode::Overwrite, Attributes::new())
                .await
                .map(drop);
        };
        for tries in 0..TRIES {
            let found = store.clone().top_of(self.path.clone()).await?;
            let mode = match &found {
                Some((_, Top::Ours(head))) if head.claim > claim => {
                    tracing::debug!(
                        "another process was faster after a claim had ended: its result stays"
                    );
                    return Ok(());
                }
                Some((meta, _)) => in_place_of(meta),
                None => PutMode::Create,
            };
            let content = self.content.clone().into();
            if store.clone().put(self.path.clone(), content, mode, Attributes::new()).await? {
                return Ok(());
            }
            pause(tries).await;
        }
        Err(object_store::Error::Generic {
            store: "memento",
            source: "others change a memento all the time".into(),
        })
    }
}

impl ObjectMetadataStore {
    /// The first of so many orders that nothing in this process has: the time, or what comes behind the last one, where
    /// the clock stands still or goes back.
    fn orders(&self, count: u64) -> u64 {
        let now = now();
        let first = |last: u64| (last + 1).max(now);
        let give = |last| Some(first(last) + count - 1);
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, give);
        last.map_or(now, first)
    }

    pub(super) fn keep(&self, entries: &[Entry]) -> Result<()> {
        let entries = self.without_newer(last_of_each(entries));
        for entry in &entries {
            let size = HEAD + entry.function.len() + entry.record.len();
            self.service.check_size(KEEP, size as u64)?;
        }
        self.note_versions(&entries)?;
        let first = self.orders(entries.len() as u64);
        let mut indices = indices(&entries, first);
        let Some(decider) = indices.first().map(|first| first.name) else { return Ok(()) };
        let is_alone = entries.len() == 1;
        let place = |(order, entry): (u64, &&Entry)| {
            let claim = self.claims.number_of(&entry.key);
            let head = Head::of(entry, order, claim.unwrap_or(order), decider, is_alone);
            let path = self.service.path(&key_of(&entry.key));
            Put { path, content: head.with(entry), claim }
        };
        let mementos: Vec<_> = (first..).zip(&entries).map(place).collect();
        let shared = indices.len() > 1;
        let put = |new: NewIndex| Put {
            path: self.service.path(&new.name.key()),
            content: new.index.object(),
            claim: None,
        };
        let mut decides = indices.remove(0);
        decides.index.is_shared = shared;
        let others = indices.into_iter().map(put);
        if is_alone {
            self.put_all(vec![put(decides)])?;
            return self.put_all(mementos);
        }
        self.put_all(mementos.into_iter().chain(others).collect())?;
        self.put_all(vec![put(decides)])?;
        remember(&self.there, decider);
        Ok(())
    }

    /// Without those in whose place a memento of a later release was found, which stays.
    fn without_newer<'e>(&self, mut entries: Vec<&'e Entry>) -> Vec<&'e Entry> {
        let newer = self.newer.lock();
        entries.retain(|entry| {
            let stays = newer.contains(&entry.key);
            if stays {
                tracing::debug!(key = %entry.key, "a memento of a later release stays");
            }
            !stays
        });
        entries
    }

    fn put_all(&self, puts: Vec<Put>) -> Result<()> {
        let sent = self.service.ask_each(KEEP, puts, |store, put: Put| put.send(store));
        sent.into_iter().collect()
    }

    /// Puts records where those are that were read, each with the head that is there: indices stay as they are.
    pub(super) fn put_in_place(&self, replacements: &[Replacement]) -> Result<()> {
        let keys: Vec<Key> = replacements.iter().map(|replacement| replacement.entry.key).collect();
        let mut puts = Vec::new();
        for (Replacement { seen, entry }, found) in replacements.iter().zip(self.fetch(KEEP, &keys))
        {
            let found = match found {
                // One that is too long to be read is none that was.
                Err(error) if error.kind().is_of_one() => continue,
                found => found?,
            };
            let Some(Fetched { meta, mut content, .. }) = found else { continue };
            if record(content.clone()).1 != *seen {
                continue;
            }
            content.truncate(content.len() - seen.len());
            content.extend_from_slice(&entry.record);
            self.service.check_size(KEEP, content.len() as u64)?;
            let is_conditional = self.service.options.is_conditional();
            let mode = if is_conditional { in_place_of(&meta) } else { PutMode::Overwrite };
            puts.push((self.path(&entry.key), content, mode));
        }
        let put = |store: Store, (path, content, mode): (Path, Vec<u8>, PutMode)| {
            store.put(path, content.into(), mode, Attributes::new())
        };
        // Where another one was faster, that stays.
        self.service.ask_each(KEEP, puts, put).into_iter().try_for_each(|put| put.map(drop))
    }

    /// Notes versions of functions that have not been seen.
    fn note_versions(&self, entries: &[&Entry]) -> Result<()> {
        let mut done = HashSet::new();
        for entry in entries {
            let noted = (folder_of(&entry.function), entry.version);
            if !done.insert(noted) || self.noted.lock().contains(&noted) {
                continue;
            }
            for version in self.noted_versions(&entry.function)? {
                remember(&self.noted, (noted.0, version));
            }
            if !self.noted.lock().contains(&noted) {
                self.note_version(noted)?;
            }
        }
        Ok(())
    }

    fn note_version(&self, noted: ([u8; 16], Version)) -> Result<()> {
        let (folder, version) = noted;
        let order = inverted(self.orders(1));
        let name = format!("{order}-{}", digits(version.as_bytes()));
        let path = self.service.path(&format!("versions/{}/{name}", digits(&folder)));
        self.put_all(vec![Put { path, content: Vec::new(), claim: None }])?;
        remember(&self.noted, noted);
        Ok(())
    }
}

/// The entries that stay of those that are put together: the last one of each key.
fn last_of_each(entries: &[Entry]) -> Vec<&Entry> {
    let mut keys = HashSet::<Key>::new();
    let mut last: Vec<_> = entries.iter().rev().filter(|entry| keys.insert(entry.key)).collect();
    last.reverse();
    last
}

/// The indices of entries whose orders begin with `first`: of each function, for as many as are near to each other.
fn indices(entries: &[&Entry], first: u64) -> Vec<NewIndex> {
    let id = fastrand::u64(..);
    let mut indices: Vec<NewIndex> = Vec::new();
    for (at, chunk) in entries.chunks(SPAN).enumerate() {
        let begin = first + (at * SPAN) as u64;
        let top = begin + chunk.len() as u64 - 1;
        let before = indices.len();
        for (order, entry) in (begin..).zip(chunk) {
            let Entry { key, failed, hidden, .. } = **entry;
            let pointer = Pointer { key, order, failed, hidden };
            let of_function =
                indices[before..].iter_mut().find(|i| i.index.function == entry.function);
            match of_function {
                Some(found) => found.index.pointers.push(pointer),
                None => indices.push(NewIndex {
                    name: IndexName { folder: folder_of(&entry.function), top, id },
                    index: Index {
                        function: entry.function.clone(),
                        is_shared: false,
                        pointers: vec![pointer],
                    },
                }),
            }
        }
    }
    indices
}
