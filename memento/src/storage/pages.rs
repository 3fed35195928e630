//! Lists as a whole, page by page.

use std::iter;

use super::{DataStore, Filter, ListOptions, Listing, MetadataStore, Page, Prefix};
use crate::Result;

/// The pages of a list of objects, from where `options` say on, as [`DataStore::list`] returns them. An error is the
/// last thing that comes.
pub fn object_pages<S: DataStore + ?Sized>(
    store: &S,
    prefix: &Prefix,
    options: ListOptions,
) -> impl Iterator<Item = Result<Listing>> {
    let mut next = Some(options);
    iter::from_fn(move || {
        let options = next.take()?;
        let listing = store.list(prefix, &options);
        if let Ok(Listing { next: from @ Some(_), .. }) = &listing {
            next = Some(ListOptions { from: from.clone(), ..options });
        }
        Some(listing)
    })
}

/// The pages of a list of entries, those put last first, as [`MetadataStore::list`] returns them, with up to `limit` on
/// each. An error is the last thing that comes.
pub fn entry_pages<S: MetadataStore + ?Sized>(
    store: &S,
    filter: &Filter,
    limit: usize,
) -> impl Iterator<Item = Result<Page>> {
    let mut next = Some(None);
    iter::from_fn(move || {
        let page = store.list(filter, next.take()?, limit);
        if let Ok(Page { next: from @ Some(_), .. }) = &page {
            next = Some(*from);
        }
        Some(page)
    })
}
