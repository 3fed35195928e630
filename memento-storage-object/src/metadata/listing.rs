//! Mementos by pages, those put last first.

use std::collections::BinaryHeap;
use std::pin::Pin;

use futures_util::stream::{self, Peekable, StreamExt as _};
use memento::storage::{Entry, Filter, Page};
use memento::{ErrorKind, Key, Result};
use object_store::{Error as StoreError, Result as StoreResult};

use super::index::{Indices, folders, indices};
use super::{LIST, ObjectMetadataStore};
use crate::connect::Store;
use crate::format::{Head, Pointer, entry};

/// How many entries a page has at most.
const LONGEST: usize = 1000;
/// How much is read of a memento that is too long to be read as a whole: its head, and the path of its function.
const BEGIN: u64 = 64 << 10;

/// The indices of a function.
type Begun = Pin<Box<Peekable<Indices>>>;

/// Pointers of several functions, those with the greatest order first.
struct Walk {
    indices: Vec<Begun>,
    /// Pointers of indices that have been read.
    read: BinaryHeap<(u64, Key)>,
    filter: Filter,
    from: u64,
}

impl Walk {
    /// The next pointer, which stays where it is.
    async fn peek(&mut self) -> StoreResult<Option<(u64, Key)>> {
        loop {
            let mut next = None;
            for (at, indices) in self.indices.iter_mut().enumerate() {
                let top = match indices.as_mut().peek().await {
                    None => continue,
                    // It is taken, and so said.
                    Some(Err(_)) => u64::MAX,
                    Some(Ok(placed)) => placed.top,
                };
                next = next.max(Some((top, at)));
            }
            let read = self.read.peek().copied();
            match (next, read) {
                (None, read) => return Ok(read),
                (Some((top, _)), Some((order, key))) if order > top => {
                    return Ok(Some((order, key)));
                }
                (Some((_, at)), _) => self.read_index(at).await?,
            }
        }
    }

    async fn read_index(&mut self, at: usize) -> StoreResult<()> {
        let Some(placed) = self.indices[at].next().await.transpose()? else { return Ok(()) };
        // Lists read over those of a later release.
        let Ok(index) = placed.index else { return Ok(()) };
        let is_of = self.filter.function.as_ref().is_none_or(|of| *of == index.function);
        let admits = |pointer: &&Pointer| {
            is_of
                && !pointer.hidden
                && pointer.order <= self.from
                && self.filter.failed.is_none_or(|failed| failed == pointer.failed)
        };
        let admitted = index.pointers.iter().filter(admits);
        self.read.extend(admitted.map(|pointer| (pointer.order, pointer.key)));
        Ok(())
    }

    /// The next so many pointers.
    async fn take(&mut self, count: usize) -> StoreResult<Vec<(u64, Key)>> {
        let mut taken = Vec::new();
        while taken.len() < count && self.peek().await?.is_some() {
            taken.extend(self.read.pop());
        }
        Ok(taken)
    }
}

/// Reads the first index, which stays where it is.
async fn begin(mut indices: Begun) -> Begun {
    let _ = indices.as_mut().peek().await;
    indices
}

impl ObjectMetadataStore {
    pub(super) fn page(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page> {
        let limit = limit.clamp(1, LONGEST);
        let folders = folders(&self.service, filter)?;
        let parallel = self.service.options.parallel;
        let mut walk = self.service.run(|store: Store| {
            let filter = filter.clone();
            async move {
                let of = |folder| Box::pin(indices(&store, folder, from).peekable());
                let begun = folders.iter().map(|folder| begin(of(folder))).collect::<Vec<_>>();
                // All functions begin at the same time.
                let indices = stream::iter(begun).buffered(parallel).collect().await;
                let from = from.unwrap_or(u64::MAX);
                Walk { indices, read: BinaryHeap::new(), filter, from }
            }
        })?;
        let mut page = Page::default();
        loop {
            let count = limit - page.entries.len();
            let (taken, next, back) = self.service.ask(LIST, |_| async move {
                let taken = walk.take(count).await?;
                let next = walk.peek().await?.map(|(order, _)| order);
                Ok::<_, StoreError>((taken, next, walk))
            })?;
            walk = back;
            page.next = next;
            self.add_entries(&taken, &mut page)?;
            if page.entries.len() >= limit || next.is_none() {
                return Ok(page);
            }
        }
    }

    /// Adds the entries that pointers stand for, as far as they are still the ones.
    fn add_entries(&self, pointers: &[(u64, Key)], page: &mut Page) -> Result<()> {
        let keys: Vec<_> = pointers.iter().map(|(_, key)| *key).collect();
        let mut found = Vec::new();
        for ((order, key), fetched) in pointers.iter().zip(self.fetch(LIST, &keys)) {
            let entry = match fetched {
                Err(error) if error.kind() == ErrorKind::TooLarge => self.without_record(key)?,
                fetched => fetched?.and_then(|fetched| entry(*key, fetched.content)),
            };
            found.extend(entry.filter(|(head, _)| head.order == *order));
        }
        let heads: Vec<_> = found.iter().map(|(head, _)| Some(*head)).collect();
        let there = self.are_there(&heads)?;
        let there = found.into_iter().zip(there).filter(|(_, is_there)| *is_there);
        page.entries.extend(there.map(|((_, entry), _)| entry));
        Ok(())
    }

    /// The entry of a memento that is too long to be read: all but its record.
    fn without_record(&self, key: &Key) -> Result<Option<(Head, Entry)>> {
        let path = self.path(key);
        let begin = self.service.ask(LIST, |store| store.begin_of(path, BEGIN))?;
        let found = begin.and_then(|(_, begin)| entry(*key, begin));
        Ok(found.map(|(head, entry)| (head, Entry { record: Vec::new(), ..entry })))
    }
}
