//! A data store behind a policy.

use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::Arc;

use memento::storage::{
    Capabilities, Condition, DataStore, ListOptions, Listing, Namespace, Prefix, Properties,
    PutOptions, Snapshot, Source, Staged, StoreInfo,
};
use memento::{Error, ErrorKind, Name, Result};

use crate::counted::Counted;
use crate::operation::{
    APPEND, CONTAINS, COPY, CREATE, CREATE_NAMESPACE, GET, GET_MANY, GET_RANGE, HAS_NAMESPACE,
    INFO, KEEP, LIST, LIST_NAMESPACES, LIST_SNAPSHOTS, PING, PROPERTIES, PUT, PUT_FROM, PUT_MANY,
    READ, READ_SNAPSHOT, REMOVE, REMOVE_MANY, REMOVE_NAMESPACE, REMOVE_SNAPSHOT, SET_ASIDE,
    SNAPSHOT,
};
use crate::policy::chosen;
use crate::{Found, Guarded, Policy, Tally};

impl<P: Policy, S: DataStore + ?Sized> DataStore for Guarded<P, S> {
    fn location(&self) -> String {
        self.store.location()
    }

    fn capabilities(&self) -> Capabilities {
        self.policy.capabilities(self.store.capabilities())
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        let content = self.call(GET, || self.store.get(name))?;
        Ok(content.inspect(|_| self.policy.found(Found::Object(name))))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        let bytes = content.len() as u64;
        self.check_object(PUT, name, bytes)?;
        self.call_with(PUT, bytes, || self.store.put(name, content))
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.remove_with(REMOVE, || self.store.remove(name))
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.call(LIST, || self.store.list(prefix, options))
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        // Of a conditional put that was done and reported as failed, the next one would find the condition not met.
        let put = if options.condition == Condition::Always { PUT } else { PUT.once() };
        let bytes = content.len() as u64;
        self.check_object(put, name, bytes)?;
        self.call_with(put, bytes, || self.store.put_with(name, content, options))
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        let bytes = content.len() as u64;
        if self.policy.max_size().is_some() {
            let found = self.store.properties(name)?.map_or(0, |properties| properties.size);
            self.check_object(APPEND, name, found.saturating_add(bytes))?;
        }
        self.call_with(APPEND, bytes, || self.store.append(name, content))
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.call(COPY, || self.store.copy(from, to))
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        let staged = self.call(CREATE, || self.store.create())?;
        let written = Counted::new(staged, self.limit(KEEP));
        Ok(Box::new(GuardedObject { guarded: self, written }))
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let total = source.expected();
        self.check_object(PUT_FROM, name, total.unwrap_or_default())?;
        let mut counted = Counted::new(source, self.limit(PUT_FROM));
        let mut of_source = None;
        let ended = self.run(PUT_FROM, || {
            let mut source = Source::new(&mut counted);
            if let Some(total) = total {
                source = source.total(total);
            }
            let ended = self.store.put_from(name, &mut source, options);
            let too_long = |error: Error| self.here(error).with("name", name);
            match counted.check().map_err(too_long).and(ended) {
                // That is nothing that the store did.
                Err(error) if counted.has_failed() => {
                    of_source = Some(error);
                    Err(Error::new(ErrorKind::Cancelled, PUT_FROM.does)
                        .because("what is to be kept cannot be read"))
                }
                ended => ended,
            }
        });
        let ended = ended.map_err(|error| of_source.unwrap_or(error));
        self.policy.note(PUT_FROM, Tally::of(PUT_FROM, &ended, counted.bytes));
        ended
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        let found = self.call(READ, || self.store.read(name))?;
        Ok(found.map(|stream| {
            self.policy.found(Found::Object(name));
            self.policy.stream(READ, stream)
        }))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        let part = self.call(GET_RANGE, || self.store.get_range(name, range.clone()))?;
        Ok(part.inspect(|_| self.policy.found(Found::Object(name))))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.call(PROPERTIES, || self.store.properties(name))
    }

    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        let ask = |open: &[usize]| self.store.get_many(&chosen(names, open));
        let contents = self.call_each(GET_MANY, names.len(), |_| 0, ask);
        self.objects_found(names, &contents, Option::is_some);
        contents
    }

    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let bytes = |index: usize| objects[index].1.len() as u64;
        self.call_each(PUT_MANY, objects.len(), bytes, |open| {
            let check =
                |index: &usize| self.check_object(PUT_MANY, &objects[*index].0, bytes(*index));
            let checked: Vec<_> = open.iter().map(check).collect();
            let admitted = open.iter().zip(&checked).filter(|(_, checked)| checked.is_ok());
            let admitted: Vec<_> = admitted.map(|(index, _)| *index).collect();
            let mut put = self.store.put_many(&chosen(objects, &admitted)).into_iter();
            let ended = checked.into_iter().map_while(|checked| match checked {
                Ok(()) => put.next(),
                Err(error) => Some(Err(error)),
            });
            ended.collect()
        })
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        let mut has_failed = false;
        self.call_each(
            REMOVE_MANY,
            names.len(),
            |_| 0,
            |open| {
                // Those of another attempt have failed before: see `remove_with`.
                let before = std::mem::replace(&mut has_failed, true);
                let removed = self.store.remove_many(&chosen(names, open)).into_iter();
                removed.map(|removed| removed.map(|removed| removed || before)).collect()
            },
        )
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        let ask = |open: &[usize]| self.store.contains(&chosen(names, open));
        let there = self.call_each(CONTAINS, names.len(), |_| 0, ask);
        self.objects_found(names, &there, |is_there| *is_there);
        there
    }

    fn snapshot(&self, name: &Name) -> Result<Option<Snapshot>> {
        self.call(SNAPSHOT, || self.store.snapshot(name))
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        self.call(LIST_SNAPSHOTS, || self.store.list_snapshots(name))
    }

    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        let found = self.call(READ_SNAPSHOT, || self.store.read_snapshot(name, snapshot))?;
        Ok(found.map(|stream| self.policy.stream(READ_SNAPSHOT, stream)))
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        self.remove_with(REMOVE_SNAPSHOT, || self.store.remove_snapshot(name, snapshot))
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.call(CREATE_NAMESPACE, || self.store.create_namespace(namespace))
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.call(LIST_NAMESPACES, || self.store.list_namespaces())
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.call(HAS_NAMESPACE, || self.store.has_namespace(namespace))
    }

    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.remove_with(REMOVE_NAMESPACE, || self.store.remove_namespace(namespace))
    }

    fn ping(&self) -> Result<()> {
        self.call(PING, || self.store.ping())
    }

    fn info(&self) -> Result<StoreInfo> {
        self.call(INFO, || self.store.info())
    }

    fn url(&self, name: &Name) -> Result<String> {
        self.store.url(name)
    }

    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        self.store.tiers()
    }

    fn flush(&self) -> Result<()> {
        self.policy.flush().and(self.store.flush())
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        self.call(SET_ASIDE, || self.store.set_aside(name))
    }
}

impl<P: Policy, S: DataStore + ?Sized> Guarded<P, S> {
    /// Tells the policy which of `names` are there.
    fn objects_found<T>(
        &self,
        names: &[Name],
        results: &[Result<T>],
        is_there: impl Fn(&T) -> bool,
    ) {
        for (name, result) in names.iter().zip(results) {
            if result.as_ref().is_ok_and(&is_there) {
                self.policy.found(Found::Object(name));
            }
        }
    }
}

/// An object that is being written, whose end is an operation, too.
struct GuardedObject<'a, P, S: ?Sized> {
    guarded: &'a Guarded<P, S>,
    written: Counted<Box<dyn Staged + 'a>>,
}

impl<P: Policy, S: DataStore + ?Sized> Write for GuardedObject<'_, P, S> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.written.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.written.flush()
    }
}

impl<P: Policy, S: DataStore + ?Sized> Staged for GuardedObject<'_, P, S> {
    fn keep(self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        let Self { guarded, written } = *self;
        written.check().map_err(|error| guarded.here(error).with("name", name))?;
        let bytes = written.bytes;
        let mut staged = Some(written.into_stream());
        guarded.call_with(KEEP, bytes, || match staged.take() {
            Some(staged) => staged.keep(name, options),
            None => Err(Error::new(ErrorKind::Unsupported, KEEP.does)
                .because("what was written is gone, and cannot be kept twice")),
        })
    }
}
