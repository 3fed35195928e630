//! Where large results live, and whatever else is kept by name.

use std::fmt::Debug;
use std::io::{Cursor, Read};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{
    Capabilities, ListOptions, Listing, Name, Namespace, Prefix, Properties, PutOptions, Snapshot,
    Source, Staged, StoreInfo, Target, TransferObserver, namespaces, provided, snapshots, transfer,
};
use crate::{Error, Result};

/// Keeps objects by name.
///
/// Four methods make a store; all others are provided, and overridden by a store that can do better. What is put is
/// seen by all who use the store as soon as the put returns, whole or not at all, and a reader that has begun reads on
/// what it began with. A store need not check what it returns: the framework compares every result with its digest. It
/// may lose any object at any time; that costs a computation, never a wrong value.
///
/// What a store cannot do, its [`Capabilities`] say, and an error of the kind
/// [`Unsupported`](crate::ErrorKind::Unsupported). All methods fail where the store cannot be reached or cannot tell,
/// and those that change something with [`ReadOnly`](crate::ErrorKind::ReadOnly) where it is open for reading only.
/// Results are in the namespace `results`; the framework's other ones are in [`reserved`](crate::storage::reserved).
pub trait DataStore: Send + Sync + Debug {
    /// Where it is, for messages: a folder, a host. No secret is in it.
    ///
    /// Unless a store says it, that is the name of its type: one that can be in several places says in which it is.
    fn location(&self) -> String {
        std::any::type_name::<Self>().to_owned()
    }

    /// What it can do, beyond what every store does.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// The content of an object, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell. Who asks for a result treats it as a miss.
    fn get(&self, name: &Name) -> Result<Option<Vec<u8>>>;

    /// Keeps `content` under `name`, in place of what is there. User metadata of what was there is gone.
    ///
    /// # Errors
    ///
    /// Where the content could not be kept; what was there stays.
    fn put(&self, name: &Name, content: &[u8]) -> Result<()>;

    /// Drops an object; whether there was one.
    ///
    /// # Errors
    ///
    /// Where the object could not be dropped.
    fn remove(&self, name: &Name) -> Result<bool>;

    /// A page of what is in a folder, in any order. What is there all the while is in exactly one page; what is put or
    /// removed meanwhile, in one or none. A folder that does not exist has nothing in it.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn list(&self, prefix: &Prefix, options: &ListOptions) -> Result<Listing>;

    /// Keeps `content` under `name` as `options` say; whether their condition was met. Conditions are looked at and the
    /// content put in one step.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put), and where the store lacks [what the options need](PutOptions::needs).
    fn put_with(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        match options.needs() {
            None => self.put(name, content).map(|()| true),
            Some(capability) => Err(self.unsupported("put an object with options", capability)),
        }
    }

    /// Keeps `content` under `name` where nothing is there; whether that was so. Of several writers, one is told so.
    ///
    /// # Errors
    ///
    /// As [`put_with`](Self::put_with).
    fn put_if_absent(&self, name: &Name, content: &[u8]) -> Result<bool> {
        self.put_with(name, content, &PutOptions::if_absent())
    }

    /// Keeps `content` behind what is there, or alone where nothing is. What several writers append is all there, each
    /// whole. User metadata stays.
    ///
    /// # Errors
    ///
    /// As [`put_with`](Self::put_with).
    fn append(&self, name: &Name, content: &[u8]) -> Result<()> {
        provided::append(self, name, content)
    }

    /// Keeps what `from` is now under the name `to`, with its user metadata; whether there is such an object.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`put`](Self::put).
    fn copy(&self, from: &Name, to: &Name) -> Result<bool> {
        provided::copy(self, from, to)
    }

    /// Begins an object whose content is written piece by piece, and whose name is said at the end.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn create(&self) -> Result<Box<dyn Staged + '_>> {
        Ok(Box::new(transfer::Spool::new(self)))
    }

    /// Keeps all that `source` has, as [`put_with`](Self::put_with) does.
    ///
    /// # Errors
    ///
    /// As [`put_with`](Self::put_with), and where `source` cannot be read: then nothing is kept.
    fn put_from(&self, name: &Name, source: &mut Source<'_>, options: &PutOptions) -> Result<bool> {
        let content = transfer::read_all(source)?;
        self.put_with(name, &content, options)
    }

    /// Keeps all that is in the file at `path`, as [`put_from`](Self::put_from) does; `observer` is told after each part
    /// how many bytes have gone, and how many there are, where the system knows.
    ///
    /// # Errors
    ///
    /// As [`put_from`](Self::put_from), and where there is no file that can be read.
    fn put_file(
        &self,
        name: &Name,
        path: &Path,
        options: &PutOptions,
        observer: TransferObserver<'_>,
    ) -> Result<bool> {
        transfer::put_file(self, name, path, options, observer)
    }

    /// The content of an object as a stream, which stays what it is whatever becomes of the object.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    fn read(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        Ok(self.get(name)?.map(|content| Box::new(Cursor::new(content)) as _))
    }

    /// Writes the content of an object to `target`; how long it is, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), and where `target` takes no more.
    fn get_to(&self, name: &Name, target: &mut Target<'_>) -> Result<Option<u64>> {
        transfer::get_to(self, name, target)
    }

    /// The bytes of an object that are in `range`, as far as there are any.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    fn get_range(&self, name: &Name, range: Range<u64>) -> Result<Option<Vec<u8>>> {
        Ok(self.get(name)?.map(|content| provided::part(&content, &range).to_vec()))
    }

    /// What is known of an object besides its content, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    fn properties(&self, name: &Name) -> Result<Option<Properties>> {
        let of = |content: Vec<u8>| Properties { size: content.len() as u64, ..<_>::default() };
        Ok(self.get(name)?.map(of))
    }

    /// The contents of several objects, each with its own result, in the order of `names`.
    fn get_many(&self, names: &[Name]) -> Vec<Result<Option<Vec<u8>>>> {
        names.iter().map(|name| self.get(name)).collect()
    }

    /// Keeps several objects, each with its own result, in the order of `objects`.
    fn put_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        objects.iter().map(|(name, content)| self.put(name, content)).collect()
    }

    /// Drops several objects, each with its own result, in the order of `names`.
    fn remove_many(&self, names: &[Name]) -> Vec<Result<bool>> {
        names.iter().map(|name| self.remove(name)).collect()
    }

    /// Which of several objects are there, each with its own result, in the order of `names`.
    fn contains(&self, names: &[Name]) -> Vec<Result<bool>> {
        names.iter().map(|name| Ok(self.properties(name)?.is_some())).collect()
    }

    /// Keeps what an object is now, whatever becomes of it; `None` where there is none.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy).
    fn snapshot(&self, name: &Name) -> Result<Option<Snapshot>> {
        snapshots::take(self, name)
    }

    /// The snapshots of an object, the earliest first, whether it is still there or not.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    fn list_snapshots(&self, name: &Name) -> Result<Vec<Snapshot>> {
        snapshots::list(self, name)
    }

    /// What an object was when the snapshot was taken, or `None` where there is no such snapshot.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn read_snapshot(
        &self,
        name: &Name,
        snapshot: &Snapshot,
    ) -> Result<Option<Box<dyn Read + Send>>> {
        self.read(&name.of_snapshot(snapshot.as_str())?)
    }

    /// Drops a snapshot, and never the object; whether there was one.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    fn remove_snapshot(&self, name: &Name, snapshot: &Snapshot) -> Result<bool> {
        self.remove(&name.of_snapshot(snapshot.as_str())?)
    }

    /// Makes a namespace with nothing in it; whether there was none. One that an object is put into need not be made.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn create_namespace(&self, namespace: &Namespace) -> Result<bool> {
        namespaces::create(self, namespace)
    }

    /// The namespaces that were made, or that something is in, in the order of their names.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    fn list_namespaces(&self) -> Result<Vec<Namespace>> {
        namespaces::list(self)
    }

    /// Whether a namespace is there.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    fn has_namespace(&self, namespace: &Namespace) -> Result<bool> {
        namespaces::is_there(self, namespace)
    }

    /// Drops a namespace and all that is in it; whether there was one. What is put meanwhile may stay.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove): then some of it is still there.
    fn remove_namespace(&self, namespace: &Namespace) -> Result<bool> {
        namespaces::remove(self, namespace)
    }

    /// Asks the store for as little as possible.
    ///
    /// # Errors
    ///
    /// Where it does not answer.
    fn ping(&self) -> Result<()> {
        self.list(&Prefix::root(), &ListOptions::one_level().limit(1)).map(drop)
    }

    /// How much is in the store, the framework's own objects included.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    fn info(&self) -> Result<StoreInfo> {
        provided::info(self)
    }

    /// Where other programs find the object of this name, whether it is there or not.
    ///
    /// # Errors
    ///
    /// Where objects have no URL.
    fn url(&self, _name: &Name) -> Result<String> {
        Err(self.unsupported("tell the URL of an object", "url"))
    }

    /// Takes a damaged object out of the way: into the namespace `damaged`, where it can be looked at. Later reads do
    /// not find it, and a put replaces it.
    ///
    /// A content that [is whole](Name::is_whole) stays: another process has put it since. A store that can looks at the
    /// object and moves it in one step.
    ///
    /// # Errors
    ///
    /// As [`copy`](Self::copy) and [`remove`](Self::remove).
    fn set_aside(&self, name: &Name) -> Result<()> {
        provided::set_aside(self, name)
    }

    /// The stores that it is made of, the nearest first, each with its name; none where it is one store. For programs
    /// that look after storages. They give contents as they were put, whatever it makes of these on their way there. One
    /// that is never written says so by its [capabilities](Self::capabilities).
    fn tiers(&self) -> Vec<(String, Arc<dyn DataStore>)> {
        Vec::new()
    }

    /// Waits until all that was put is where it is to be: for stores that write behind the call.
    ///
    /// # Errors
    ///
    /// Where something could not be written since the last time.
    fn flush(&self) -> Result<()> {
        Ok(())
    }

    /// The error of what this store cannot do for lack of a [capability](Capabilities).
    fn unsupported(&self, operation: &'static str, capability: &'static str) -> Error {
        Error::unsupported(operation, capability, &self.location())
    }
}
