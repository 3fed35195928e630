//! Stores that keep nothing: every call computes.

use super::{
    Capabilities, DataStore, Entry, Filter, ListOptions, Listing, MetadataStore, Page, Prefix,
    PutOptions,
};
use crate::plugin::{StoragePlugin, Stores};
use crate::{Key, Name, Result, Version};

inventory::submit! {
    StoragePlugin {
        name: NAME,
        provided_by: "memento",
        schemes: &[],
        is_default: false,
        memory_cache: 0,
        open: |_| Ok(Stores::new(NullStore, NullStore)),
    }
}

const NAME: &str = "null";

/// Accepts everything and keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NullStore;

impl DataStore for NullStore {
    fn location(&self) -> String {
        NAME.to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::read_only()
    }

    fn get(&self, _: &Name) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        Ok(())
    }

    fn put_with(&self, _: &Name, _: &[u8], _: &PutOptions) -> Result<bool> {
        Ok(true)
    }

    fn remove(&self, _: &Name) -> Result<bool> {
        Ok(false)
    }

    fn list(&self, _: &Prefix, _: &ListOptions) -> Result<Listing> {
        Ok(Listing::default())
    }
}

impl MetadataStore for NullStore {
    fn location(&self) -> String {
        NAME.to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::read_only()
    }

    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
        Ok(None)
    }

    fn put(&self, _: &[Entry]) -> Result<()> {
        Ok(())
    }

    fn remove(&self, _: &Key) -> Result<bool> {
        Ok(false)
    }

    fn remove_all(&self, _: &Filter) -> Result<u64> {
        Ok(0)
    }

    fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
        Ok(Vec::new())
    }

    fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
        Ok(Page::default())
    }
}
