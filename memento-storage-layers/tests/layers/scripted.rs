//! A store that fails when it is told to.

use std::collections::VecDeque;
use std::io::Read;
use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

use memento::storage::{
    Capabilities, DataStore, ListOptions, Listing, MemoryDataStore, Prefix, Properties, PutOptions,
    Source,
};
use memento::{Error, ErrorKind, Name, Result};

/// A store that does what it is told to do next, or what a store in memory does.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    pub(crate) store: MemoryDataStore,
    pub(crate) script: Mutex<VecDeque<Next>>,
    pub(crate) asked: Mutex<u32>,
    /// The threads in which it was asked.
    pub(crate) threads: Mutex<Vec<ThreadId>>,
}

#[derive(Debug)]
pub(crate) enum Next {
    Fail(ErrorKind),
    /// Does it, and fails.
    DoAndFail,
    /// Waits until it is told to go on.
    Hang(Receiver<()>),
    Panic,
}

impl Scripted {
    pub(crate) fn new(script: impl IntoIterator<Item = Next>) -> Arc<Self> {
        Arc::new(Self { script: Mutex::new(script.into_iter().collect()), ..Self::default() })
    }

    /// How often it was asked since this was asked last.
    pub(crate) fn take(&self) -> u32 {
        std::mem::take(&mut self.asked.lock().unwrap())
    }

    fn asked<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        *self.asked.lock().unwrap() += 1;
        self.threads.lock().unwrap().push(thread::current().id());
        let next = self.script.lock().unwrap().pop_front();
        match next {
            None => work(),
            Some(Next::Fail(kind)) => Err(Error::new(kind, "do what was asked")),
            Some(Next::DoAndFail) => {
                work()?;
                Err(Error::new(ErrorKind::Storage, "do what was asked"))
            }
            Some(Next::Hang(go_on)) => {
                let _ = go_on.recv();
                work()
            }
            Some(Next::Panic) => panic!("on purpose"),
        }
    }
}

impl DataStore for Scripted {
    fn location(&self) -> String {
        "a://store".to_owned()
    }
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>> {
        self.asked(|| self.store.get(name))
    }
    fn put(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.asked(|| self.store.put(name, content))
    }
    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.asked(|| self.store.put_with(name, content, options))
    }
    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        self.asked(|| self.store.append(name, content))
    }
    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        self.asked(|| self.store.put_from(name, source, options))
    }
    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked(|| self.store.read(name))
    }
    fn remove(&self, name: &Name) -> Result<bool> {
        self.asked(|| self.store.remove(name))
    }
    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        self.asked(|| self.store.properties(name))
    }
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing> {
        self.asked(|| self.store.list(prefix, options))
    }
}
