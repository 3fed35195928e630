//! Indices, in the order in which they were put, the last ones first.

use std::time::Duration;

use futures_util::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use memento::storage::Filter;
use memento::{Result, Version};
use object_store::Result as StoreResult;
use object_store::path::Path;

use super::{LIST, ObjectMetadataStore};
use crate::connect::Store;
use crate::format::{Index, SPAN, digits, folder_of, from_digits, from_inverted, inverted};
use crate::service::{Found, Service};

/// How many indices of a function are read ahead.
const AHEAD: usize = 8;
/// How long an index is at most, with a path of a function of this length.
const LONGEST: u64 = 1 << 20;

/// An index, and where it is.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) path: Path,
    /// The greatest order that a memento in it can have.
    pub(super) top: u64,
    /// Of one of a later release, the number of its format.
    pub(super) index: Result<Index, char>,
    /// How long it has been there, by the clock of the service.
    pub(super) age: Duration,
}

pub(super) type Indices = BoxStream<'static, StoreResult<Placed>>;

/// The names in a folder behind `offset`, sorted.
fn names(
    store: &Store,
    folder: &Path,
    offset: Option<Path>,
) -> BoxStream<'static, StoreResult<Path>> {
    let listed = match offset {
        Some(offset) => store.objects.list_with_offset(Some(folder), &offset),
        None => store.objects.list(Some(folder)),
    };
    let names = listed.map_ok(|meta| meta.location);
    if store.pages.is_some() {
        return names.boxed();
    }
    // Files come in any order.
    let sorted = async move {
        let mut names: Vec<Path> = names.try_collect().await?;
        names.sort();
        Ok::<_, object_store::Error>(stream::iter(names.into_iter().map(Ok)))
    };
    stream::once(sorted).try_flatten().boxed()
}

/// The indices in a folder, from those on in which a memento of the order `from` can be.
pub(super) fn indices(store: &Store, folder: &Path, from: Option<u64>) -> Indices {
    let offset = from.map(|from| {
        let top = from.saturating_add(SPAN as u64);
        folder.clone().join(inverted(top).as_str())
    });
    let names = names(store, folder, offset);
    let store = store.clone();
    let read = move |path: Path| {
        let store = store.clone();
        async move {
            let top = path.filename().and_then(from_inverted);
            let found = store.fetch(path.clone(), LONGEST).await?;
            let Found::Whole(found) = found else { return Ok(None) };
            // What is none of ours is not looked at.
            let index = Index::read_any(&found.content);
            let age = found.age();
            Ok(index.zip(top).map(|(index, top)| Placed { path, top, index, age }))
        }
    };
    let read = names.map_ok(read).try_buffered(AHEAD);
    read.try_filter_map(|placed| async move { Ok(placed) }).boxed()
}

/// The folders of indices in which there may be what `filter` admits.
pub(super) fn folders(service: &Service, filter: &Filter) -> Result<Vec<Path>> {
    if let Some(function) = &filter.function {
        return Ok(vec![service.path(&format!("index/{}", digits(&folder_of(function))))]);
    }
    let root = service.path("index");
    let found = service
        .ask(LIST, |store| async move { store.objects.list_with_delimiter(Some(&root)).await })?;
    Ok(found.common_prefixes)
}

impl ObjectMetadataStore {
    /// The versions of a function with their orders, those that came last first.
    pub(super) fn noted_versions(&self, function: &str) -> Result<Vec<Version>> {
        let folder = self.service.path(&format!("versions/{}", digits(&folder_of(function))));
        let names = self.service.ask(LIST, |store| async move {
            names(&store, &folder, None).try_collect::<Vec<_>>().await
        })?;
        let version = |path: &Path| {
            let (_, version) = path.filename()?.split_once('-')?;
            Some(Version::from_bytes(from_digits(version)?))
        };
        let mut versions = Vec::new();
        // Two processes may have noted one version: what counts is when it came first.
        for version in names.iter().rev().filter_map(version) {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        versions.reverse();
        Ok(versions)
    }

    pub(super) fn versions_of(&self, function: &str, limit: usize) -> Result<Vec<Version>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut versions = self.noted_versions(function)?;
        versions.truncate(limit);
        Ok(versions)
    }
}
