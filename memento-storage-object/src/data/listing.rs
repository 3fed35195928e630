//! What is in a folder.

use std::collections::BTreeMap;
use std::time::SystemTime;

use futures_util::stream::TryStreamExt as _;
use memento::storage::{Continuation, ListOptions, Listing, Object, Prefix};
use memento::{Name, Result};
use object_store::list::PaginatedListOptions;
use object_store::{ObjectMeta, Result as StoreResult};

use super::OBJECTS;
use crate::connect::Store;
use crate::names;
use crate::service::Service;

/// How much a page has at most.
const LONGEST: usize = 1000;

const LIST: &str = "list objects";

pub(super) fn list(service: &Service, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
    let start = format!("{}{OBJECTS}", service.options.address.start());
    let (inside, options) = (prefix.start(), options.clone());
    if service.is_files() {
        return service.ask(LIST, |store| page_of_files(store, inside, options));
    }
    service.ask(LIST, |store| page(store, start, inside, options))
}

fn object(name: Name, meta: &ObjectMeta) -> Object {
    Object { name, size: meta.size, modified: Some(SystemTime::from(meta.last_modified)) }
}

/// A page as the service makes it. What is none of ours is left out.
async fn page(
    store: Store,
    start: String,
    inside: String,
    options: ListOptions,
) -> StoreResult<Listing> {
    let Some(pages) = store.pages else { return Ok(Listing::default()) };
    let asked = PaginatedListOptions {
        delimiter: (!options.recursive).then_some("/".into()),
        max_keys: Some(options.limit.clamp(1, LONGEST)),
        page_token: options.from.map(|from| from.as_str().to_owned()),
        ..PaginatedListOptions::default()
    };
    let found = pages.list_paginated(Some(&format!("{start}{inside}")), asked).await?;
    let mut listing =
        Listing { next: found.page_token.map(Continuation::new), ..Listing::default() };
    for meta in &found.result.objects {
        let name = meta.location.as_ref().strip_prefix(&*start);
        let name = name.and_then(|name| Name::new(name).ok());
        listing.objects.extend(name.map(|name| object(name, meta)));
    }
    for folder in &found.result.common_prefixes {
        let name = folder.as_ref().strip_prefix(&*start);
        listing.folders.extend(name.and_then(|name| Prefix::new(name).ok()));
    }
    Ok(listing)
}

/// A page of a folder of files, which come in any order: all are looked at, and those that are on the page kept.
async fn page_of_files(store: Store, inside: String, options: ListOptions) -> StoreResult<Listing> {
    let limit = options.limit.clamp(1, LONGEST);
    let from = options.from.as_ref().map_or("", Continuation::as_str);
    let mut page = BTreeMap::new();
    let folder = names::to_folder(inside.trim_end_matches('/'));
    let below = object_store::path::Path::parse(format!("{OBJECTS}{folder}"))?;
    let mut files = store.objects.list(Some(&below));
    while let Some(meta) = files.try_next().await? {
        let name = meta.location.as_ref().strip_prefix(OBJECTS).and_then(names::from_path);
        let Some(name) = name else { continue };
        let Some(rest) = name.as_str().strip_prefix(&*inside) else { continue };
        // A folder ends with `/`, and so no object has its name.
        let slash = rest.find('/').filter(|_| !options.recursive);
        let entry = match slash {
            Some(slash) => name.as_str()[..=inside.len() + slash].to_owned(),
            None => name.as_str().to_owned(),
        };
        if &*entry <= from {
            continue;
        }
        page.entry(entry).or_insert_with(|| slash.is_none().then(|| object(name, &meta)));
        if page.len() > limit + 1 {
            page.pop_last();
        }
    }
    let mut listing = Listing::default();
    if page.len() > limit {
        page.pop_last();
        listing.next = page.last_key_value().map(|(last, _)| Continuation::new(last));
    }
    for (entry, object) in page {
        match object {
            Some(object) => listing.objects.push(object),
            None => listing.folders.extend(Prefix::new(entry.trim_end_matches('/'))),
        }
    }
    Ok(listing)
}
