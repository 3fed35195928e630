//! A store that does nothing but note what it is asked.

use std::io::Read;
use std::ops::Range;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use memento::storage::{
    Claim, DataStore, Entry, Filter, ListOptions, Listing, MetadataStore, Namespace, Page, Prefix,
    Properties, PutOptions, Replacement, Snapshot, Source, Staged, StoreInfo,
};
use memento::{Error, ErrorKind, Key, Name, Result, Version};

/// A store that does nothing but note what it is asked, and that hangs meanwhile where it is to.
#[derive(Debug, Default)]
pub(super) struct Idle {
    asked: Mutex<Vec<&'static str>>,
    hangs: Mutex<bool>,
    goes_on: Condvar,
}

impl Idle {
    fn asked<T>(&self, method: &'static str) -> Result<T> {
        self.asked.lock().unwrap().push(method);
        let hangs = self.hangs.lock().unwrap();
        drop(self.goes_on.wait_while(hangs, |hangs| *hangs).unwrap());
        Err(Error::new(ErrorKind::Storage, "do what was asked"))
    }

    pub(super) fn hang(&self, hangs: bool) {
        *self.hangs.lock().unwrap() = hangs;
        self.goes_on.notify_all();
    }

    /// What it was asked since this was asked last.
    pub(super) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl DataStore for Idle {
    fn get(&self, _: &Name) -> Result<Option<Vec<u8>>> {
        self.asked("get")
    }
    fn put(&self, _: &Name, _: &[u8]) -> Result<()> {
        self.asked("put")
    }
    fn remove(&self, _: &Name) -> Result<bool> {
        self.asked("remove")
    }
    fn list(&self, _: &Prefix, _: &ListOptions) -> Result<Listing> {
        self.asked("list")
    }
    fn put_with(&self, _: &Name, _: &[u8], _: &PutOptions) -> Result<bool> {
        self.asked("put_with")
    }
    fn append(&self, _: &Name, _: &[u8]) -> Result<()> {
        self.asked("append")
    }
    fn copy(&self, _: &Name, _: &Name) -> Result<bool> {
        self.asked("copy")
    }
    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        self.asked("create")
    }
    fn put_from(&self, _: &Name, _: &mut Source<'_>, _: &PutOptions) -> Result<bool> {
        self.asked("put_from")
    }
    fn read(&self, _: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked("read")
    }
    fn get_range(&self, _: &Name, _: Range<u64>) -> Result<Option<Vec<u8>>> {
        self.asked("get_range")
    }
    fn properties(&self, _: &Name) -> Result<Option<Properties>> {
        self.asked("properties")
    }
    fn get_many(&self, asked: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        asked.iter().map(|_| self.asked("get_many")).collect()
    }
    fn put_many(&self, asked: &[(Name, &[u8])]) -> Vec<Result<()>> {
        asked.iter().map(|_| self.asked("put_many")).collect()
    }
    fn remove_many(&self, asked: &[Name]) -> Vec<Result<bool>> {
        asked.iter().map(|_| self.asked("remove_many")).collect()
    }
    fn contains(&self, asked: &[Name]) -> Vec<Result<bool>> {
        asked.iter().map(|_| self.asked("contains")).collect()
    }
    fn snapshot(&self, _: &Name) -> Result<Option<Snapshot>> {
        self.asked("snapshot")
    }
    fn list_snapshots(&self, _: &Name) -> Result<Vec<Snapshot>> {
        self.asked("list_snapshots")
    }
    fn read_snapshot(&self, _: &Name, _: &Snapshot) -> Result<Option<Box<dyn Read + Send>>> {
        self.asked("read_snapshot")
    }
    fn remove_snapshot(&self, _: &Name, _: &Snapshot) -> Result<bool> {
        self.asked("remove_snapshot")
    }
    fn create_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("create_namespace")
    }
    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        self.asked("list_namespaces")
    }
    fn has_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("has_namespace")
    }
    fn remove_namespace(&self, _: &Namespace) -> Result<bool> {
        self.asked("remove_namespace")
    }
    fn ping(&self) -> Result<()> {
        self.asked("ping")
    }
    fn info(&self) -> Result<StoreInfo> {
        self.asked("info")
    }
    fn url(&self, _: &Name) -> Result<String> {
        self.asked("url")
    }
    fn set_aside(&self, _: &Name) -> Result<()> {
        self.asked("set_aside")
    }
    fn flush(&self) -> Result<()> {
        self.asked("flush")
    }
}

impl MetadataStore for Idle {
    fn get(&self, _: &Key) -> Result<Option<Vec<u8>>> {
        self.asked("get")
    }
    fn get_many(&self, _: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        self.asked("get_many")
    }
    fn get_each(&self, _: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        self.asked("get_each")
    }
    fn stream(&self, _: &[Key], _: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        self.asked("stream")
    }
    fn get_levels(
        &self,
        _: Vec<Key>,
        _: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        self.asked("get_levels")
    }
    fn put(&self, _: &[Entry]) -> Result<()> {
        self.asked("put")
    }
    fn replace(&self, _: &[Replacement]) -> Result<()> {
        self.asked("replace")
    }
    fn remove(&self, _: &Key) -> Result<bool> {
        self.asked("remove")
    }
    fn forget(&self, _: &Entry) -> Result<()> {
        self.asked("forget")
    }
    fn remove_all(&self, _: &Filter) -> Result<u64> {
        self.asked("remove_all")
    }
    fn list(&self, _: &Filter, _: Option<u64>, _: usize) -> Result<Page> {
        self.asked("list")
    }
    fn versions(&self, _: &str, _: usize) -> Result<Vec<Version>> {
        self.asked("versions")
    }
    fn try_claim(&self, _: &Key) -> Result<Option<Claim>> {
        self.asked("try_claim")
    }
    fn set_aside(&self, _: &Key, _: &[u8]) -> Result<()> {
        self.asked("set_aside")
    }
    fn wait_for_claim(&self, _: &Key, _: Duration) {
        let _ = self.asked::<()>("wait_for_claim");
    }
    fn flush(&self) -> Result<()> {
        self.asked("flush")
    }
}
