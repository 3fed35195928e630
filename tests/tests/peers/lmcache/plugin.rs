//! A plugin that somebody else has written: a map behind a lock, with the four methods that make a store.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use memento::plugin::{StoragePlugin, Stores, inventory};
use memento::storage::{
    Continuation, DataStore, ListOptions, Listing, MemoryMetadataStore, Object, Prefix,
};
use memento::{Name, Result};
use parking_lot::Mutex;

use crate::{environment, runs};

#[derive(Debug, Default)]
struct OfOthers(Mutex<BTreeMap<Name, Vec<u8>>>);

inventory::submit! {
    StoragePlugin {
        name: "of-others",
        provided_by: "memento-storage-of-others",
        schemes: &["others"],
        is_default: false,
        memory_cache: 0,
        open: |options| {
            options.take::<String>("url")?;
            Ok(Stores::new(OfOthers::default(), MemoryMetadataStore::default()))
        },
    }
}

impl DataStore for OfOthers {
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        Ok(self.0.lock().get(name).cloned())
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.0.lock().insert(name.clone(), content.to_vec());
        Ok(())
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        Ok(self.0.lock().remove(name).is_some())
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let (objects, start, mut page) = (self.0.lock(), prefix.start(), Listing::default());
        let mut from = options.from.as_ref().map_or(start.clone(), |from| from.as_str().to_owned());
        loop {
            let range = (Bound::Included(&*from), Bound::Unbounded);
            let next = objects.range::<str, _>(range).next();
            let Some((name, content)) = next.filter(|(name, _)| name.as_str().starts_with(&start))
            else {
                return Ok(page);
            };
            if page.len() >= options.limit.max(1) {
                page.next = Some(Continuation::new(from));
                return Ok(page);
            }
            let below = name.as_str()[start.len()..].split_once('/');
            if let Some((folder, _)) = below.filter(|_| !options.recursive) {
                page.folders.push(prefix.folder(folder)?);
                from = format!("{start}{folder}0"); // `0` comes behind `/`.
            } else {
                let (name, size) = (name.clone(), content.len() as u64);
                from = format!("{name}\0");
                page.objects.push(Object { name, size, modified: None });
            }
        }
    }
}

mod third_parties_have_a_suite {
    memento_testkit::data_store_suite!(DataStoreSuite::new(|_| super::Arc::new(
        super::OfOthers::default()
    )));
}

#[test]
fn plugins_of_third_parties_are_chosen_like_those_that_are_built_in() {
    for text in ["type = 'of-others'", "url = 'others://somewhere'"] {
        let (_folder, environment) = environment(text).unwrap();
        assert_eq!((runs(&environment), runs(&environment)), (6, 0), "{text}");
    }
}

/// Where the template of a plugin is copied out of this workspace, what it depends on stands in its own `Cargo.toml`.
#[test]
fn a_copy_of_the_template_depends_on_what_the_documentation_says() {
    let template = include_str!("../../../../examples/storage-plugin/Cargo.toml");
    let workspace = include_str!("../../../../Cargo.toml");
    let documentation = include_str!("../../../../docs/storage.md");
    let inherited = template.lines().filter_map(|line| line.strip_suffix(".workspace = true"));
    let mut count = 0;
    for name in inherited.filter(|name| !["version", "license"].contains(name)) {
        let of = |text: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} = ")));
            line.unwrap_or_else(|| panic!("{name} is named")).to_owned()
        };
        let (said, is) = (of(documentation), of(workspace));
        let is_of_memento = name.starts_with("memento") && said.contains("{ path = ");
        assert!(said == is || is_of_memento, "{said}");
        count += 1;
    }
    assert!(count >= 7, "{count} lines");
}
