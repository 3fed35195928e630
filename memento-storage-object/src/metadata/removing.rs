//! Mementos that go.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use memento::storage::Filter;
use memento::{Key, Result};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStoreExt as _, Result as StoreResult};

use super::index::{Placed, folders, indices};
use super::{DROP, ObjectMetadataStore};
use crate::connect::Store;
use crate::format::{HEAD, Index, Pointer, Top, key_of};
use crate::problem::{self, is_missing};

/// How long a memento may be on its way whose index is there.
const ON_ITS_WAY: Duration = Duration::from_hours(1);
/// How many indices are looked at together.
const TOGETHER: usize = 16;

impl Store {
    /// What the beginning of a memento's object says, and what is known of the object.
    pub(crate) async fn top_of(self, path: Path) -> StoreResult<Option<(ObjectMeta, Top)>> {
        let begin = self.begin_of(path, HEAD as u64).await?;
        Ok(begin.map(|(meta, begin)| (meta, Top::read(&begin))))
    }

    /// The first bytes of an object, up to so many, and what is known of it.
    pub(crate) async fn begin_of(
        self,
        path: Path,
        most: u64,
    ) -> StoreResult<Option<(ObjectMeta, Vec<u8>)>> {
        let range = Some(GetRange::Bounded(0..most));
        let options = GetOptions { range, ..GetOptions::default() };
        let found = match self.objects.get_opts(&path, options).await {
            Err(error) if is_missing(&error) => return Ok(None),
            // One that is empty has no range.
            Err(error) => match self.clone().head(path).await? {
                Some(meta) if meta.size == 0 => return Ok(Some((meta, Vec::new()))),
                Some(_) => return Err(error),
                None => return Ok(None),
            },
            Ok(found) => found,
        };
        let meta = found.meta.clone();
        let begin = self.collect(found, most).await?.unwrap_or_default();
        Ok(Some((meta, begin)))
    }
}

impl ObjectMetadataStore {
    pub(super) fn drop_one(&self, key: &Key) -> Result<bool> {
        let path = self.path(key);
        let found = self.service.ask(DROP, |store| store.top_of(path))?;
        self.newer.lock().remove(key);
        let Some((meta, top)) = found else { return Ok(false) };
        let head = top.head();
        let was_there = meta.size > 0 && self.are_there(&[head])?.pop().unwrap_or(false);
        let index = head.filter(|head| head.is_alone).map(|head| head.index.key());
        let mut paths = vec![self.path(key)];
        paths.extend(index.map(|index| self.service.path(&index)));
        self.delete(paths)?;
        Ok(was_there)
    }

    /// Deletes objects that may be gone already.
    fn delete(&self, paths: Vec<Path>) -> Result<()> {
        let delete = |store: Store, path: Path| async move {
            match store.objects.delete(&path).await {
                Err(error) if !is_missing(&error) => Err(error),
                _ => Ok(()),
            }
        };
        self.service.ask_each(DROP, paths, delete).into_iter().collect()
    }

    /// An index of a later release says nothing to this one: what it names stays, and that is an error when all else has
    /// gone.
    pub(super) fn drop_all(&self, filter: &Filter) -> Result<u64> {
        let mut removed = 0;
        // An index that others depend on goes when theirs have gone.
        let (mut shared, mut newer) = (Vec::new(), None);
        for folder in folders(&self.service, filter)? {
            let mut walk =
                self.service.run(|store: Store| async move { indices(&store, &folder, None) })?;
            loop {
                let (some, back) = self.service.ask(DROP, |_| async move {
                    let some: Vec<Placed> = walk.by_ref().take(TOGETHER).try_collect().await?;
                    Ok((some, walk))
                })?;
                walk = back;
                if some.is_empty() {
                    break;
                }
                newer =
                    newer.or(some.iter().find_map(|placed| placed.index.as_ref().err().copied()));
                removed += self.drop_indices(filter, some, &mut shared)?;
            }
        }
        self.delete(shared)?;
        newer.map_or(Ok(removed), |number| Err(problem::newer(DROP, &self.service.options, number)))
    }

    /// Drops the mementos of indices that `filter` admits, and indices with nothing left; how many mementos are
    /// counted.
    fn drop_indices(
        &self,
        filter: &Filter,
        placed: Vec<Placed>,
        shared: &mut Vec<Path>,
    ) -> Result<u64> {
        let placed = readable(filter, placed);
        let pointers = placed.iter().flat_map(|(_, index, is_recent)| {
            index.pointers.iter().map(move |pointer| (pointer, *is_recent))
        });
        let admits =
            |pointer: &Pointer| filter.failed.is_none_or(|failed| failed == pointer.failed);
        let admitted: Vec<_> = pointers.filter(|(pointer, _)| admits(pointer)).collect();
        let paths =
            admitted.iter().map(|(pointer, _)| self.service.path(&key_of(&pointer.key))).collect();
        let found = self.service.ask_each(DROP, paths, Store::top_of);
        let (mut current, mut expected, mut newer) = (Vec::new(), HashSet::new(), HashSet::new());
        for (&(pointer, is_recent), found) in admitted.iter().zip(found) {
            match found?.map(|(_, top)| top) {
                Some(Top::Ours(head)) if head.order == pointer.order => {
                    current.push((pointer, Some(head)));
                }
                // Of the same function, since of the same key, whichever index it has now.
                Some(Top::Newer(_)) if newer.insert(pointer.key) => current.push((pointer, None)),
                // Its index came first, and it may still be on its way.
                None | Some(Top::Foreign) if is_recent => {
                    expected.insert(pointer.order);
                }
                _ => {}
            }
        }
        let heads: Vec<_> = current.iter().map(|(_, head)| *head).collect();
        let there = self.are_there(&heads)?;
        let counted = current.iter().zip(there);
        let counted =
            counted.filter(|((pointer, _), is_there)| *is_there && !pointer.hidden).count();
        let gone: HashSet<_> = current.iter().map(|(pointer, _)| pointer.key).collect();
        self.delete(gone.iter().map(|key| self.service.path(&key_of(key))).collect())?;
        let mut empty = Vec::new();
        let is_over = |pointer: &Pointer| admits(pointer) && !expected.contains(&pointer.order);
        for (path, index, _) in placed {
            if !index.pointers.iter().all(is_over) {
                continue;
            }
            match index.is_shared {
                false => empty.push(path),
                true if filter.function.is_none() => shared.push(path),
                true => {}
            }
        }
        self.delete(empty)?;
        Ok(counted as u64)
    }
}

/// Indices that this release reads, of the function that `filter` admits, each with whether mementos of it may still be
/// on their way.
fn readable(filter: &Filter, placed: Vec<Placed>) -> Vec<(Path, Index, bool)> {
    let readable = placed.into_iter().filter_map(|Placed { path, index, age, .. }| {
        // By the clock of the service: those of who puts mementos, and of who forgets them, may be wrong by any time.
        let is_recent = age < ON_ITS_WAY;
        Some((path, index.ok()?, is_recent))
    });
    let is_of = |index: &Index| filter.function.as_ref().is_none_or(|of| *of == index.function);
    readable.filter(|(_, index, _)| is_of(index)).collect()
}
