//! Namespaces that are there with nothing in them: an empty object each, in the namespace `namespaces`.

use std::collections::BTreeSet;

use super::reserved::NAMESPACES;
use super::{DataStore, ListOptions, Name, Namespace, Prefix, object_pages};
use crate::{Error, ErrorKind, Result};

fn mark(namespace: &Namespace) -> Result<Name> {
    Name::new(&format!("{NAMESPACES}/{namespace}"))
}

pub(super) fn create<S: DataStore + ?Sized>(store: &S, namespace: &Namespace) -> Result<bool> {
    let is_new = !is_there(store, namespace)?;
    if !store.capabilities().conditional {
        store.put(&mark(namespace)?, &[])?;
        return Ok(is_new);
    }
    Ok(store.put_if_absent(&mark(namespace)?, &[])? && is_new)
}

pub(super) fn list<S: DataStore + ?Sized>(store: &S) -> Result<Vec<Namespace>> {
    let mut namespaces = BTreeSet::new();
    for listing in object_pages(store, &Prefix::root(), ListOptions::one_level()) {
        let listing = listing?;
        let found = listing.folders.iter().filter(|folder| folder.as_str() != NAMESPACES);
        namespaces.extend(found.filter_map(|folder| Namespace::new(folder.as_str()).ok()));
    }
    for listing in object_pages(store, &Prefix::new(NAMESPACES)?, ListOptions::one_level()) {
        let listing = listing?;
        let made = listing.objects.iter().filter_map(|object| object.name.segments().next_back());
        namespaces.extend(made.filter_map(|segment| Namespace::new(segment).ok()));
    }
    Ok(namespaces.into_iter().collect())
}

pub(super) fn is_there<S: DataStore + ?Sized>(store: &S, namespace: &Namespace) -> Result<bool> {
    if store.properties(&mark(namespace)?)?.is_some() {
        return Ok(true);
    }
    let first = store.list(&namespace.into(), &ListOptions::default().limit(1))?;
    Ok(namespace.as_str() != NAMESPACES && !first.objects.is_empty())
}

pub(super) fn remove<S: DataStore + ?Sized>(store: &S, namespace: &Namespace) -> Result<bool> {
    let mut found = store.remove(&mark(namespace)?)?;
    let mut before = Vec::new();
    loop {
        // From the beginning each time: what the page before had is gone.
        let page = store.list(&namespace.into(), &ListOptions::default())?;
        let names: Vec<Name> = page.objects.into_iter().map(|object| object.name).collect();
        if names.is_empty() {
            return Ok(found);
        }
        if names == before {
            return Err(Error::new(ErrorKind::Storage, "remove a namespace")
                .with("namespace", namespace)
                .with("store", store.location())
                .because("objects that were removed are still there"));
        }
        for result in store.remove_many(&names) {
            found |= result?;
        }
        before = names;
    }
}
