//! Mementos that go.

use std::collections::HashSet;

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use memento::{Filter, Key, Result};
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectMeta, ObjectStoreExt as _, Result as StoreResult};

use super::index::{Placed, folders, indices};
use super::{DROP, ObjectMetadataStore};
use crate::connect::Store;
use crate::format::{HEAD, Head, Pointer, key_of, now};
use crate::problem::is_missing;

/// How long a memento may be on its way whose index is there, in nanoseconds: an hour.
const ON_ITS_WAY: u64 = 3_600_000_000_000;
/// How many indices are looked at together.
const TOGETHER: usize = 16;

impl Store {
    /// The head of a memento's object, and what is known of that.
    pub(crate) async fn head_of(
        self,
        path: Path,
    ) -> StoreResult<Option<(ObjectMeta, Option<Head>)>> {
        let range = Some(GetRange::Bounded(0..HEAD as u64));
        let options = GetOptions { range, ..GetOptions::default() };
        let found = match self.objects.get_opts(&path, options).await {
            Err(error) if is_missing(&error) => return Ok(None),
            // One that is empty has no range.
            Err(error) => match self.clone().head(path).await? {
                Some(meta) if meta.size == 0 => return Ok(Some((meta, None))),
                Some(_) => return Err(error),
                None => return Ok(None),
            },
            Ok(found) => found,
        };
        let meta = found.meta.clone();
        let head = self.collect(found, HEAD as u64).await?.ok();
        Ok(Some((meta, head.and_then(|head| Head::read(&head)))))
    }
}

impl ObjectMetadataStore {
    pub(super) fn drop_one(&self, key: &Key) -> Result<bool> {
        let path = self.path(key);
        let found = self.service.ask(DROP, |store| store.head_of(path))?;
        let Some((meta, head)) = found else { return Ok(false) };
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

    pub(super) fn drop_all(&self, filter: &Filter) -> Result<u64> {
        let mut removed = 0;
        // An index that others depend on goes when theirs have gone.
        let mut shared = Vec::new();
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
                removed += self.drop_indices(filter, some, &mut shared)?;
            }
        }
        self.delete(shared)?;
        Ok(removed)
    }

    /// Drops the mementos of indices that `filter` admits, and indices with nothing left; how many mementos are
    /// counted.
    fn drop_indices(
        &self,
        filter: &Filter,
        placed: Vec<Placed>,
        shared: &mut Vec<Path>,
    ) -> Result<u64> {
        let of_function = |placed: &Placed| {
            filter.function.as_ref().is_none_or(|function| *function == placed.index.function)
        };
        let placed: Vec<_> = placed.into_iter().filter(of_function).collect();
        let pointers = placed.iter().flat_map(|placed| &placed.index.pointers);
        let admits =
            |pointer: &&Pointer| filter.failed.is_none_or(|failed| failed == pointer.failed);
        let admitted: Vec<Pointer> = pointers.filter(admits).copied().collect();
        let paths =
            admitted.iter().map(|pointer| self.service.path(&key_of(&pointer.key))).collect();
        let found = self.service.ask_each(DROP, paths, Store::head_of);
        let (mut current, mut expected) = (Vec::new(), HashSet::new());
        for (pointer, found) in admitted.iter().zip(found) {
            match found?.and_then(|(_, head)| head) {
                Some(head) if head.order == pointer.order => current.push((pointer, head)),
                // Its index came first, and it may still be on its way.
                None if now().saturating_sub(pointer.order) < ON_ITS_WAY => {
                    expected.insert(pointer.order);
                }
                _ => {}
            }
        }
        let heads: Vec<_> = current.iter().map(|(_, head)| Some(*head)).collect();
        let there = self.are_there(&heads)?;
        let counted = current.iter().zip(there);
        let counted =
            counted.filter(|((pointer, _), is_there)| *is_there && !pointer.hidden).count();
        let gone: HashSet<_> = current.iter().map(|(pointer, _)| pointer.key).collect();
        self.delete(gone.iter().map(|key| self.service.path(&key_of(key))).collect())?;
        let mut empty = Vec::new();
        let is_over = |pointer: &Pointer| admits(&pointer) && !expected.contains(&pointer.order);
        for placed in placed {
            if !placed.index.pointers.iter().all(is_over) {
                continue;
            }
            match placed.index.is_shared {
                false => empty.push(placed.path),
                true if filter.function.is_none() => shared.push(placed.path),
                true => {}
            }
        }
        self.delete(empty)?;
        Ok(counted as u64)
    }
}
