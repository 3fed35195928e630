//! Objects in memory: the reference for what every data store does.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read};
use std::ops::{Bound, Range};
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;

use crate::storage::provided::part;
use crate::storage::{
    Capabilities, Continuation, DataStore, ListOptions, Listing, Object, Prefix, Properties,
    PutOptions,
};
use crate::{Name, Result};

/// Objects in memory.
#[derive(Default)]
pub struct MemoryDataStore {
    objects: RwLock<BTreeMap<Name, Kept>>,
}

#[derive(Clone, Debug)]
struct Kept {
    content: Arc<[u8]>,
    properties: Arc<Properties>,
}

impl Kept {
    fn new(content: &[u8], options: &PutOptions) -> Self {
        let properties = Properties {
            size: content.len() as u64,
            modified: Some(SystemTime::now()),
            metadata: options.metadata.clone(),
        };
        Self { content: content.into(), properties: Arc::new(properties) }
    }

    fn object(&self, name: &Name) -> Object {
        let Properties { size, modified, .. } = *self.properties;
        Object { name: name.clone(), size, modified }
    }
}

impl MemoryDataStore {
    fn find(&self, name: &Name) -> Option<Kept> {
        self.objects.read().get(name).cloned()
    }
}

/// How many objects there are; not what is in them.
impl fmt::Debug for MemoryDataStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryDataStore({})", self.objects.read().len())
    }
}

impl DataStore for MemoryDataStore {
    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::default().conditional().metadata().modified().streams()
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        Ok(self.find(name).map(|kept| kept.content.to_vec()))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        let kept = Kept::new(content, options);
        let mut objects = self.objects.write();
        let is_met = options.condition.is_met(objects.get(name).map(|found| &*found.content));
        if is_met {
            objects.insert(name.clone(), kept);
        }
        Ok(is_met)
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        let mut objects = self.objects.write();
        let Some(Kept { content, properties }) = objects.get(from).cloned() else {
            return Ok(false);
        };
        let properties =
            Properties { modified: Some(SystemTime::now()), ..Properties::clone(&properties) };
        objects.insert(to.clone(), Kept { content, properties: Arc::new(properties) });
        Ok(true)
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        Ok(self.objects.write().remove(name).is_some())
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        let mut objects = self.objects.write();
        if let Some(kept) = objects.remove(name) {
            let is_whole = name.is_whole(&*kept.content);
            objects.insert(if is_whole { name.clone() } else { name.of_damaged() }, kept);
        }
        Ok(())
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let objects = self.objects.read();
        let inside = prefix.start();
        let mut listing = Listing::default();
        let mut last = options.from.as_ref().map(|from| from.as_str().to_owned());
        loop {
            let start = last.as_deref().map_or_else(|| Bound::Included(inside.clone()), behind);
            let start = start.as_ref().map(String::as_str);
            let next = objects.range::<str, _>((start, Bound::Unbounded)).next();
            let next = next.filter(|(name, _)| name.as_str().starts_with(&inside));
            let Some((name, kept)) = next else { return Ok(listing) };
            if listing.len() >= options.limit.max(1) {
                listing.next = last.map(Continuation::new);
                return Ok(listing);
            }
            let below = name.as_str()[inside.len()..].split_once('/');
            if let Some((folder, _)) = below.filter(|_| !options.recursive) {
                let folder = prefix.folder(folder)?;
                last = Some(folder.start());
                listing.folders.push(folder);
            } else {
                last = Some(name.to_string());
                listing.objects.push(kept.object(name));
            }
        }
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        Ok(self.find(name).map(|kept| Box::new(Cursor::new(kept.content)) as _))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        Ok(self.find(name).map(|kept| part(&kept.content, &range).to_vec()))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        Ok(self.find(name).map(|kept| Properties::clone(&kept.properties)))
    }
}

/// Where to go on behind an object, or behind all of a folder, whose name ends with `/` here.
fn behind(last: &str) -> Bound<String> {
    match last.strip_suffix('/') {
        // The character that comes next.
        Some(folder) => Bound::Included(format!("{folder}0")),
        None => Bound::Excluded(last.to_owned()),
    }
}
