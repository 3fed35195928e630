//! Requests to a service, from any thread.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::stream::{self, StreamExt as _};
use memento::storage::Capabilities;
use memento::{Error, ErrorKind, Result};
use object_store::path::Path;
use object_store::{
    Attributes, GetOptions, GetResult, ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutMode,
    PutOptions, PutPayload, Result as StoreResult, UpdateVersion,
};

use crate::Options;
use crate::address::Service as Kind;
use crate::connect::Store;
use crate::problem::{self, is_missing, is_unmet};
use crate::runtime::{Pending, Runtime};
use crate::wire::{Patience, Sent};

/// The longest pause before something is begun again that others have changed meanwhile.
const PAUSE: Duration = Duration::from_millis(50);

/// A service, and what is the same for all requests to it.
#[derive(Clone)]
pub(crate) struct Service {
    opened: Result<(Store, Arc<Runtime>)>,
    pub(crate) options: Arc<Options>,
}

/// An object as it was read.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) meta: ObjectMeta,
    pub(crate) content: Vec<u8>,
    /// The value of the only attribute that is ours.
    pub(crate) metadata: Option<String>,
    /// When it was sent, by the clock of the service; `None` where that does not say so.
    sent: Option<SystemTime>,
}

impl Fetched {
    /// How long it has been there, by the clock of the service. Where that does not say what time it is, as in a folder,
    /// it is that of this machine.
    pub(crate) fn age(&self) -> Duration {
        let now = self.sent.unwrap_or_else(SystemTime::now);
        now.duration_since(self.meta.last_modified.into()).unwrap_or_default()
    }
}

/// What came of reading an object.
#[derive(Debug)]
pub(crate) enum Found {
    Nothing,
    /// It is this long, which is longer than what is read.
    TooLong(u64),
    Whole(Fetched),
}

impl Service {
    /// The service that `options` name. Nothing is asked of it before the first request.
    pub(crate) fn new(options: &Options) -> Self {
        let opened = Runtime::shared().and_then(|runtime| {
            let store = runtime.enter(|| Store::new(options))?;
            Ok((store, runtime))
        });
        let mut options = options.clone();
        options.parallel = options.parallel.max(1);
        Self { opened, options: Arc::new(options) }
    }

    pub(crate) fn location(&self) -> String {
        self.options.location()
    }

    /// What every store on this service can do, beyond what it does as data or metadata store.
    pub(crate) fn capabilities(&self, all: Capabilities) -> Capabilities {
        if self.options.readonly { all.not_writable() } else { all }
    }

    /// The key of the library for one of ours: `data/a/b`.
    pub(crate) fn path(&self, key: &str) -> Path {
        let text = format!("{}{key}", self.options.address.start());
        // All of ours are made of valid names and digits.
        Path::parse(&text).unwrap_or_else(|_| Path::from(text))
    }

    pub(crate) fn is_files(&self) -> bool {
        self.options.address.service == Kind::Files
    }

    pub(crate) fn check_writable(&self, operation: &'static str) -> Result<()> {
        if !self.options.readonly {
            return Ok(());
        }
        Err(Error::new(ErrorKind::ReadOnly, operation)
            .with("store", self.location())
            .because("the storage is open for reading only"))
    }

    /// Refuses what is too long, to be put or to be read at once.
    pub(crate) fn check_size(&self, operation: &'static str, size: u64) -> Result<()> {
        let most = self.options.max_object_size;
        if size <= most {
            return Ok(());
        }
        Err(Error::new(ErrorKind::TooLarge, operation)
            .with("store", self.location())
            .with("size", format_args!("{size} bytes"))
            .with("max_object_size", format_args!("{most} bytes"))
            .help("raise `max_object_size`, or return a `Blob`, which goes in parts"))
    }

    pub(crate) fn failed(&self, operation: &'static str, error: &object_store::Error) -> Error {
        problem::failed(operation, &self.options, error)
    }

    /// Starts something with the store.
    pub(crate) fn start<T: Send + 'static, F>(
        &self,
        work: impl FnOnce(Store) -> F,
    ) -> Result<Pending<T>>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let (store, runtime) = self.opened.as_ref().map_err(Clone::clone)?;
        Ok(runtime.start(work(store.clone())))
    }

    /// Does something with the store, and waits for it.
    pub(crate) fn run<T: Send + 'static, F>(&self, work: impl FnOnce(Store) -> F) -> Result<T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        self.start(work)?.wait().ok_or_else(|| self.ended())
    }

    /// The same of one request, whose failure is that of `operation`.
    pub(crate) fn ask<T: Send + 'static, F>(
        &self,
        operation: &'static str,
        work: impl FnOnce(Store) -> F,
    ) -> Result<T>
    where
        F: Future<Output = StoreResult<T>> + Send + 'static,
    {
        self.run(work)?.map_err(|error| self.failed(operation, &error))
    }

    /// Does the same for each item, several at the same time; the results are in the order of the items.
    pub(crate) fn ask_each<I, T, F>(
        &self,
        operation: &'static str,
        items: Vec<I>,
        work: impl Fn(Store, I) -> F + Send + 'static,
    ) -> Vec<Result<T>>
    where
        I: Send + 'static,
        T: Send + 'static,
        F: Future<Output = StoreResult<T>> + Send + 'static,
    {
        let (count, parallel) = (items.len(), self.options.parallel);
        if count == 0 {
            return Vec::new();
        }
        let all = self.run(|store| async move {
            let begun = items.into_iter().map(move |item| work(store.clone(), item));
            stream::iter(begun).buffered(parallel).collect::<Vec<_>>().await
        });
        match all {
            Ok(all) => {
                let failed = |error| self.failed(operation, &error);
                all.into_iter().map(|result| result.map_err(failed)).collect()
            }
            Err(error) => (0..count).map(|_| Err(error.clone())).collect(),
        }
    }

    /// The error of what runs no more.
    pub(crate) fn ended(&self) -> Error {
        Error::new(ErrorKind::Storage, "wait for an object store")
            .with("store", self.location())
            .because("this process is about to end")
    }
}

impl Store {
    /// An object as a whole, unless it is longer than `most`.
    pub(crate) async fn fetch(self, path: Path, most: u64) -> StoreResult<Found> {
        let found = match self.objects.get_opts(&path, GetOptions::default()).await {
            Err(error) if is_missing(&error) => return Ok(Found::Nothing),
            found => found?,
        };
        let (meta, metadata) = (found.meta.clone(), crate::format::attribute(&found.attributes));
        let sent = found.extensions.get().map(|Sent(time)| *time);
        match self.collect(found, most).await? {
            Ok(content) => Ok(Found::Whole(Fetched { meta, content, metadata, sent })),
            Err(size) => Ok(Found::TooLong(size)),
        }
    }

    /// All bytes that come, or how many there are, where that is more than `most`.
    pub(crate) async fn collect(
        &self,
        found: GetResult,
        most: u64,
    ) -> StoreResult<Result<Vec<u8>, u64>> {
        let expected = found.range.end.saturating_sub(found.range.start);
        if expected > most {
            return Ok(Err(expected));
        }
        let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
        let (mut parts, mut patience) = (found.into_stream(), Patience::new(self.response_timeout));
        while let Some(part) = patience.next(&mut parts).await {
            let part = part?;
            if content.len() as u64 + part.len() as u64 > most {
                return Ok(Err(content.len() as u64 + part.len() as u64));
            }
            content.extend_from_slice(&part);
        }
        Ok(Ok(content))
    }

    /// What is known of an object, or `None` where there is none.
    pub(crate) async fn head(self, path: Path) -> StoreResult<Option<ObjectMeta>> {
        match self.objects.head(&path).await {
            Ok(meta) => Ok(Some(meta)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts an object in one piece; whether the condition was met.
    pub(crate) async fn put(
        self,
        path: Path,
        content: PutPayload,
        mode: PutMode,
        attributes: Attributes,
    ) -> StoreResult<bool> {
        let has_condition = mode != PutMode::Overwrite;
        let options = PutOptions { mode, attributes, ..PutOptions::default() };
        match self.objects.put_opts(&path, content, options).await {
            Ok(_) => Ok(true),
            Err(error) if has_condition && is_unmet(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Drops an object; whether there was one, as far as that can be told a moment before.
    pub(crate) async fn remove(self, path: Path) -> StoreResult<bool> {
        if self.clone().head(path.clone()).await?.is_none() {
            return Ok(false);
        }
        match self.objects.delete(&path).await {
            Ok(()) => Ok(true),
            Err(error) if is_missing(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What is there, as the service tells it apart from what others put.
pub(crate) fn version_of(meta: &ObjectMeta) -> UpdateVersion {
    UpdateVersion { e_tag: meta.e_tag.clone(), version: meta.version.clone() }
}

/// Which object is replaced.
pub(crate) fn in_place_of(meta: &ObjectMeta) -> PutMode {
    PutMode::Update(version_of(meta))
}

/// Waits a little, so that of those who change the same object, somebody else is first the next time.
pub(crate) async fn pause(tries: u32) {
    let most = PAUSE.min(Duration::from_millis(1 << tries.min(10)));
    tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("location", &self.location()).finish_non_exhaustive()
    }
}
