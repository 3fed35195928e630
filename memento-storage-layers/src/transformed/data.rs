//! A data store whose objects are transformed.

use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, Condition, DataStore, ListOptions, Listing, Namespace, Prefix, Properties,
    PutOptions, Source, unreadable,
};
use memento::{ErrorKind, Name, Result};

use super::Transformed;
use crate::transform::opener::OpeningReader;
use crate::transform::sealer::SealingReader;
use crate::transform::{Subject, Transform, size};

/// Whatever puts or reads contents goes through the transform, or is left to what is provided, which puts by other
/// methods of this store. So snapshots and what stands for namespaces are objects like all others, each bound to its
/// own name, whatever the store itself would make of them.
impl<T: Transform, S: DataStore + ?Sized> DataStore for Transformed<T, S> {
    fn location(&self) -> String {
        self.store.location()
    }

    /// Objects have no URL: what is there is not what was put.
    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.store.capabilities();
        capabilities.url = false;
        capabilities
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let found = self.store.get(name)?;
        found.map(|sealed| self.open(name, &sealed)).transpose()
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.store.put(name, &self.seal(name, content)?)
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.store.remove(name)
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        let mut listing = self.store.list(prefix, options)?;
        for object in &mut listing.objects {
            match self.size(&object.name, object.size) {
                Ok(Some(size)) => object.size = size,
                // What is no such object, or gone since, has the length that it has.
                Ok(None) => {}
                Err(error) if error.kind() == ErrorKind::Damaged => {}
                Err(error) => return Err(error),
            }
        }
        Ok(listing)
    }

    /// A condition on the content is one on what is stored for it, which another put of the same content may change.
    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        let sealed = self.seal(name, content)?;
        let metadata = self.seal_metadata(name, &options.metadata)?;
        let put = |condition: Condition| {
            let options = PutOptions { metadata: metadata.clone(), condition };
            self.store.put_with(name, &sealed, &options)
        };
        let Condition::Content(expected) = &options.condition else {
            return put(options.condition.clone());
        };
        if !self.store.capabilities().conditional {
            return put(options.condition.clone());
        }
        while let Some(found) = self.store.get(name)? {
            if self.open(name, &found)? != *expected {
                return Ok(false);
            }
            if put(Condition::Content(found))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        if !T::IS_BOUND {
            return self.store.copy(from, to);
        }
        let Some(mut content) = self.opened(from, self.store.read(from)?)? else {
            return Ok(false);
        };
        let mut options = PutOptions::default();
        if self.store.capabilities().metadata {
            options.metadata = self.properties(from)?.unwrap_or_default().metadata;
        }
        let ended = self.put_from(to, &mut Source::new(&mut content), &options);
        content.failed.map_or(ended, Err)
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        if let Condition::Content(_) = options.condition {
            // It may have to be put more than once.
            let mut content = Vec::new();
            source.read_to_end(&mut content).map_err(unreadable)?;
            return self.put_with(name, &content, options);
        }
        let total = source.expected().and_then(size::sealed::<T>);
        let subject = Subject::Object(name.clone());
        let mut sealed = SealingReader::new(&*self.transform, &subject, source)?;
        let mut sealed = Source::new(&mut sealed);
        if let Some(total) = total {
            sealed = sealed.total(total);
        }
        let metadata = self.seal_metadata(name, &options.metadata)?;
        let options = PutOptions { metadata, condition: options.condition.clone() };
        self.store.put_from(name, &mut sealed, &options)
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        let content = self.opened(name, self.store.read(name)?)?;
        Ok(content.map(|content| Box::new(content) as _))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.try_again(name, || self.part(name, &range))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.try_again(name, || {
            let Some(found) = self.store.properties(name)? else { return Ok(None) };
            let Some(size) = self.size(name, found.size)? else { return Ok(None) };
            let metadata = self.open_metadata(name, found.metadata)?;
            Ok(Some(Properties { size, metadata, ..found }))
        })
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let found = self.store.get_many(names).into_iter().zip(names);
        let open = |sealed: Option<Vec<u8>>, name| {
            sealed.map(|sealed| self.open(name, &sealed)).transpose()
        };
        found.map(|(found, name)| found.and_then(|sealed| open(sealed, name))).collect()
    }

    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let sealed: Result<Vec<_>> = objects
            .iter()
            .map(|(name, content)| Ok((name.clone(), self.seal(name, content)?)))
            .collect();
        match sealed {
            Ok(sealed) => {
                let objects: Vec<_> =
                    sealed.iter().map(|(name, sealed)| (name.clone(), &**sealed)).collect();
                self.store.put_many(&objects)
            }
            Err(error) => objects.iter().map(|_| Err(error.clone())).collect(),
        }
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        self.store.remove_many(names)
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        self.store.contains(names)
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.store.list_namespaces()
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.store.has_namespace(namespace)
    }

    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.store.remove_namespace(namespace)
    }

    fn ping(&self) -> Result<()> {
        self.store.ping()
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        let tiers = self.store.tiers().into_iter();
        tiers.map(|(name, tier)| (name, Arc::new(self.tier(tier)) as _)).collect()
    }

    fn flush(&self) -> Result<()> {
        self.store.flush()
    }

    /// What can be opened gets the name under which it can be looked at; what cannot is moved as it is.
    fn set_aside(&self, name: &Name) -> Result<()> {
        // Looked at before the content: what another process puts from here on stays.
        let before = self.stored(name)?;
        if let Ok(Some(reader)) = self.read(name)
            && name.is_whole(reader)
        {
            return Ok(());
        }
        let aside = name.of_damaged();
        let is_copied = T::IS_BOUND && self.copy(name, &aside).is_ok();
        let is_same = self.stored(name)? == before;
        match (is_copied, is_same) {
            (true, true) => self.store.remove(name).map(drop),
            (true, false) => self.store.remove(&aside).map(drop),
            // The store cannot see what is whole.
            (false, true) => self.store.set_aside(name),
            (false, false) => Ok(()),
        }
    }
}

impl<T: Transform, S: DataStore + ?Sized> Transformed<T, S> {
    /// What the store knows of an object, which is something else when it has been put anew.
    fn stored(&self, name: &Name) -> Result<Option<Properties>> {
        match self.store.properties(name) {
            Err(error) if error.kind().is_of_one() => Ok(None),
            found => found,
        }
    }

    /// The content of an object, of which the store gave this stream.
    fn opened(
        &self,
        name: &Name,
        sealed: Option<Box<dyn Read + Send>>,
    ) -> Result<Option<OpeningReader<T>>> {
        let open = |sealed| {
            let subject = Subject::Object(name.clone());
            OpeningReader::new(&*self.transform, subject, self.store.location(), sealed)
        };
        sealed.map(open).transpose()
    }
}
