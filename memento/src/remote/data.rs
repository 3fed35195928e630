//! The data store of another process, as seen from a worker.

use std::io::{self, Read, Write};
use std::ops::Range;

use serde::de::DeserializeOwned;

use super::link::Link;
use super::objects::{CHUNK, Chunk, ContentRequest as Content, ObjectRequest as Request};
use super::question::StoreRequest;
use super::{Bytes, read};
use crate::storage::{
    Capabilities, DataStore, ListOptions, Listing, Namespace, Prefix, Properties, PutOptions,
    Snapshot, Source, Staged, StoreInfo, transfer,
};
use crate::{Name, Result};

/// The data store of a cluster of the parent.
#[derive(Debug)]
pub(super) struct RemoteDataStore {
    pub(super) link: Link,
    pub(super) location: String,
    pub(super) capabilities: Capabilities,
}

impl RemoteDataStore {
    fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T> {
        self.link.ask(StoreRequest::Object(request))
    }

    fn ask_content<T: DeserializeOwned>(&self, request: Content<'_>) -> Result<T> {
        self.link.ask(StoreRequest::Content(request))
    }

    /// The content that a request is answered by.
    fn receive(&self, request: Content<'_>) -> Result<Option<Receiver>> {
        Receiver::first(&self.link, request)
    }

    /// All of it.
    fn receive_all(&self, request: Content<'_>) -> Result<Option<Vec<u8>>> {
        let Some(mut receiver) = self.receive(request)? else { return Ok(None) };
        while receiver.transfer.is_some() {
            receiver.go_on()?;
        }
        Ok(Some(std::mem::take(&mut receiver.content)))
    }
}

impl DataStore for RemoteDataStore {
    fn location(&self) -> String {
        self.location.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.receive_all(Content::Get(name.clone()))
    }

    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        // A worker does not wait for contents to be put: its parent reports what fails.
        let waits = !self.capabilities.writable || !name.is_result();
        if waits || content.len() > CHUNK {
            return self.put_with(name, content, &PutOptions::default()).map(drop);
        }
        self.link.tell(StoreRequest::Content(Content::Tell(name.clone(), Bytes(content))))
    }

    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        if content.len() > CHUNK {
            let mut content = content;
            return self.put_from(name, &mut Source::new(&mut content), options);
        }
        self.ask_content(Content::Put(name.clone(), Bytes(content), options.clone()))
    }

    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.ask_content(Content::Append(name.clone(), Bytes(content)))
    }

    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        self.ask(Request::Copy(from.clone(), to.clone()))
    }

    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        let transfer = self.ask_content(Content::Create)?;
        Ok(Box::new(Sender { link: &self.link, transfer: Some(transfer) }))
    }

    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let mut staged = self.create()?;
        let mut chunk = Vec::new();
        loop {
            chunk.clear();
            let length = source.by_ref().take(CHUNK as u64).read_to_end(&mut chunk);
            if length.map_err(transfer::unreadable)? == 0 {
                return staged.keep(name, options);
            }
            staged.write_all(&chunk).map_err(transfer::unreadable)?;
        }
    }

    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        Ok(self.receive(Content::Get(name.clone()))?.map(|content| Box::new(content) as _))
    }

    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.receive_all(Content::GetRange(name.clone(), range))
    }

    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.ask(Request::Properties(name.clone()))
    }

    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        each(names, self.ask(Request::Contains(names.to_vec())))
    }

    fn remove(&self, name: &Name) -> Result<bool> {
        self.remove_many(std::slice::from_ref(name)).pop().unwrap_or(Ok(false))
    }

    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        each(names, self.ask(Request::Remove(names.to_vec())))
    }

    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.ask(Request::List(prefix.clone(), options.clone()))
    }

    fn set_aside(&self, name: &Name) -> Result<()> {
        self.ask(Request::SetAside(name.clone()))
    }

    fn snapshot(&self, name: &Name) -> Result<Option<Snapshot>> {
        self.ask(Request::Snapshot(name.clone()))
    }

    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        self.ask(Request::ListSnapshots(name.clone()))
    }

    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        let content = self.receive(Content::GetSnapshot(name.clone(), snapshot.clone()))?;
        Ok(content.map(|content| Box::new(content) as _))
    }

    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        self.ask(Request::RemoveSnapshot(name.clone(), snapshot.clone()))
    }

    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.ask(Request::CreateNamespace(namespace.clone()))
    }

    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.ask(Request::ListNamespaces)
    }

    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.ask(Request::HasNamespace(namespace.clone()))
    }

    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        self.ask(Request::RemoveNamespace(namespace.clone()))
    }

    fn ping(&self) -> Result<()> {
        self.ask(Request::Ping)
    }

    fn info(&self) -> Result<StoreInfo> {
        self.ask(Request::Info)
    }

    fn url(&self, name: &Name) -> Result<String> {
        self.ask(Request::Url(name.clone()))
    }
}

/// A result for each of `names`: that of asking, where asking failed.
fn each(names: &[Name], answer: Result<Vec<Result<bool>>>) -> Vec<Result<bool>> {
    answer.unwrap_or_else(|error| names.iter().map(|_| Err(error.clone())).collect())
}

/// A content that the parent sends.
struct Receiver {
    link: Link,
    /// What came and was not taken.
    content: Vec<u8>,
    /// How much of it was taken.
    taken: usize,
    /// By which number more is asked for.
    transfer: Option<u64>,
}

impl Receiver {
    fn first(link: &Link, request: Content<'_>) -> Result<Option<Self>> {
        let answer = link.ask_bytes(StoreRequest::Content(request))?;
        let chunk = read::<Result<Option<Chunk<'_>>>>(&answer)??;
        Ok(chunk.map(|Chunk { content, transfer }| Self {
            link: link.clone(),
            content: content.0.to_vec(),
            taken: 0,
            transfer,
        }))
    }

    /// Gets the next chunk, and puts it behind what is there.
    fn go_on(&mut self) -> Result<()> {
        let Some(number) = self.transfer.take() else { return Ok(()) };
        let answer = self.link.ask_bytes(StoreRequest::Content(Content::Next(number)))?;
        if let Some(chunk) = read::<Result<Option<Chunk<'_>>>>(&answer)?? {
            self.content.extend_from_slice(chunk.content.0);
            self.transfer = chunk.transfer;
        }
        Ok(())
    }
}

impl Read for Receiver {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.content.len() && self.transfer.is_some() {
            self.content.clear();
            self.taken = 0;
            self.go_on()?;
        }
        let length = (&self.content[self.taken..]).read(buffer)?;
        self.taken += length;
        Ok(length)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if let Some(number) = self.transfer {
            // Where the parent is gone, there is nobody to be told.
            let _ = self.link.tell(StoreRequest::Content(Content::Leave(number)));
        }
    }
}

/// An object that is sent to the parent.
struct Sender<'a> {
    link: &'a Link,
    /// By which number the parent knows it; `None` when it is kept.
    transfer: Option<u64>,
}

impl Write for Sender<'_> {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        let Some(number) = self.transfer else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let content = &content[..content.len().min(CHUNK)];
        let request = StoreRequest::Content(Content::Write(number, Bytes(content)));
        self.link.tell(request).map_err(io::Error::other)?;
        Ok(content.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Staged for Sender<'_> {
    fn keep(mut self: Box<Self>, name: &Name, options: &PutOptions) -> Result<bool> {
        let Some(number) = self.transfer.take() else { return Ok(false) };
        self.link.ask(StoreRequest::Content(Content::Keep(number, name.clone(), options.clone())))
    }
}

impl Drop for Sender<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.transfer {
            let _ = self.link.tell(StoreRequest::Content(Content::Leave(number)));
        }
    }
}
