//! Objects on a service.

mod keeping;
mod listing;
mod reading;

use std::io::Read;
use std::ops::Range;

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, Prefix, Properties, PutOptions, Source,
};
use memento::{Error, ErrorKind, Name, Result};
use object_store::path::Path;
use object_store::{GetOptions, ObjectStoreExt as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::connect::Store;
use crate::problem::is_missing;
use crate::service::{Found, Service};
use crate::{Options, format, names};

const READ: &str = "read an object";
const LOOK_UP: &str = "look an object up";
const KEEP: &str = "keep an object";
const DROP: &str = "drop an object";

/// What all keys of objects begin with, behind the prefix of the storage.
const OBJECTS: &str = "data/";
/// How long a key may be.
const LONGEST_KEY: usize = 1024;
/// What needs no `%` in a URL.
const IN_URLS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A data store in a bucket, which many processes on many machines can use at once.
#[derive(Debug)]
pub struct ObjectDataStore {
    service: Service,
}

impl ObjectDataStore {
    /// The data store that `options` name. Nothing is asked of the service before the first use.
    pub fn new(options: &Options) -> Self {
        Self { service: Service::new(options) }
    }

    fn key(&self, name: &Name) -> String {
        if self.service.is_files() {
            format!("{OBJECTS}{}", names::to_path(name.as_str()))
        } else {
            format!("{OBJECTS}{name}")
        }
    }

    /// Refuses a name that a service has no key for: with the prefix, it is too long.
    fn check_name(&self, operation: &'static str, name: &Name) -> Result<()> {
        let length = self.path(name).as_ref().len();
        if self.service.is_files() || length <= LONGEST_KEY {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidName, operation)
            .with("store", self.service.location())
            .with("length of the key", format_args!("{length} bytes"))
            .because("services take keys of up to 1024 bytes")
            .help("take a shorter name, or a shorter prefix"))
    }

    fn path(&self, name: &Name) -> Path {
        self.service.path(&self.key(name))
    }

    fn paths(&self, names: &[Name]) -> Vec<Path> {
        names.iter().map(|name| self.path(name)).collect()
    }

    /// The content of what was found.
    fn content(&self, found: Found) -> Result<Option<Vec<u8>>> {
        match found {
            Found::Nothing => Ok(None),
            Found::TooLong(size) => self.service.check_size(READ, size).map(|()| None),
            Found::Whole(fetched) => Ok(Some(fetched.content)),
        }
    }
}

impl DataStore for ObjectDataStore {
    fn location(&self) -> String {
        self.service.location()
    }

    fn capabilities(&self) -> Capabilities {
        let mut all = Capabilities::default().modified().streams().url();
        all.conditional = self.service.options.is_conditional();
        all.metadata = !self.service.is_files();
        self.service.capabilities(all)
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let (path, most) = (self.path(name), self.service.options.max_object_size);
        self.content(self.service.ask(READ, |store| store.fetch(path, most))?)
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let most = self.service.options.max_object_size;
        let fetch = move |store: Store, path| store.fetch(path, most);
        let found = self.service.ask_each(READ, self.paths(names), fetch);
        found.into_iter().map(|found| self.content(found?)).collect()
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.put_with(name, content, &PutOptions::default()).map(drop)
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.keep(name, content, options)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        self.keep_from(name, source, options)
    }

    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        self.keep_many(objects)
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.add(name, content)
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        const COPY: &str = "copy an object";
        self.service.check_writable(COPY)?;
        self.check_name(COPY, to)?;
        let (source, target) = (self.path(from), self.path(to));
        self.service.ask(COPY, |store| async move {
            if source == target {
                return Ok(store.head(source).await?.is_some());
            }
            match store.objects.copy(&source, &target).await {
                Ok(()) => Ok(true),
                Err(error) if is_missing(&error) => Ok(false),
                Err(error) => Err(error),
            }
        })
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.open(name)
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.read_range(name, &range)
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let path = self.path(name);
        let found = self.service.ask(LOOK_UP, |store| async move {
            let options = GetOptions { head: true, ..GetOptions::default() };
            match store.objects.get_opts(&path, options).await {
                Err(error) if is_missing(&error) => Ok(None),
                found => {
                    found.map(|found| Some((found.meta, format::attribute(&found.attributes))))
                }
            }
        })?;
        let Some((meta, attribute)) = found else { return Ok(None) };
        let metadata = format::user_metadata(attribute.as_deref());
        let metadata = metadata.ok_or_else(|| {
            crate::problem::damaged(LOOK_UP, &self.service.options, &self.key(name))
        })?;
        Ok(Some(Properties {
            size: meta.size,
            modified: Some(meta.last_modified.into()),
            metadata,
        }))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        self.service.ask_each(LOOK_UP, self.paths(names), |store, path| async move {
            Ok(store.head(path).await?.is_some())
        })
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.service.check_writable(DROP)?;
        let path = self.path(name);
        self.service.ask(DROP, |store| store.remove(path))
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        if let Err(error) = self.service.check_writable(DROP) {
            return names.iter().map(|_| Err(error.clone())).collect();
        }
        self.service.ask_each(DROP, self.paths(names), Store::remove)
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        listing::list(&self.service, prefix, options)
    }

    fn url(&self, name: &Name) -> Result<String> {
        let key = self.path(name);
        let address = &self.service.options.address;
        let root = if self.service.is_files() { &address.prefix } else { &address.bucket };
        let path = format!("{}/{key}", root.trim_end_matches('/'));
        Ok(format!("{}://{}", address.scheme(), utf8_percent_encode(&path, IN_URLS)))
    }
}
