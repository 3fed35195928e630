//! Objects on their way to the service, in one piece or in parts.

use std::collections::VecDeque;
use std::io::Read as _;

use memento::storage::{Condition, PutOptions, Source, unreadable};
use memento::{Error, ErrorKind, Name, Result};
use object_store::path::Path;
use object_store::{
    Attributes, MultipartUpload, ObjectStore as _, PutMode, PutMultipartOptions, PutPayload,
    Result as StoreResult,
};

use super::{KEEP, ObjectDataStore};
use crate::connect::Store;
use crate::format::{self, attributes};
use crate::runtime::Pending;
use crate::service::{Fetched, Found, Service, in_place_of, pause};

/// How long a part is; longer objects go in several, unless their put depends on a condition.
const PART: usize = 8 << 20;
/// How many parts are on their way at the same time.
const AT_ONCE: usize = 3;
/// How often something is begun again that others have changed meanwhile.
const TRIES: u32 = 200;

impl Store {
    /// As [`put`](Self::put), sent once: if sent again after a lost reply, it would find its own first attempt and
    /// report the condition as not met. Where the reply is lost, nobody knows what came of it, which is an error.
    async fn put_once(
        self,
        path: Path,
        content: PutPayload,
        mode: PutMode,
        attributes: Attributes,
    ) -> StoreResult<bool> {
        self.once()?.put(path, content, mode, attributes).await
    }
}

impl ObjectDataStore {
    fn check(&self, name: &Name, options: &PutOptions) -> Result<()> {
        self.service.check_writable(KEEP)?;
        self.check_name(KEEP, name)?;
        let capabilities = memento::storage::DataStore::capabilities(self);
        let lacks = match options.condition {
            Condition::Always => None,
            _ => (!capabilities.conditional).then_some("conditional"),
        };
        let lacks = lacks.or_else(|| {
            (!options.metadata.is_empty() && !capabilities.metadata).then_some("metadata")
        });
        let lacking = |lacks| {
            memento::storage::DataStore::unsupported(self, "put an object with options", lacks)
        };
        lacks.map_or(Ok(()), |lacks| Err(lacking(lacks)))
    }

    pub(super) fn keep(&self, name: &Name, content: &[u8], options: &PutOptions) -> Result<bool> {
        self.check(name, options)?;
        self.service.check_size(KEEP, content.len() as u64)?;
        if content.len() > 2 * PART && options.condition == Condition::Always {
            let mut upload =
                Upload::begin(&self.service, self.path(name), attributes(&options.metadata)?)?;
            let sent = content.chunks(PART).try_for_each(|part| upload.send(part.to_vec()));
            return upload.end(sent).map(|()| true);
        }
        self.keep_whole(name, content.to_vec(), options)
    }

    pub(super) fn keep_from(
        &self,
        name: &Name,
        source: &mut Source<'_>,
        options: &PutOptions,
    ) -> Result<bool> {
        self.check(name, options)?;
        let mut part = read_part(source, PART)?;
        if part.len() < PART || options.condition != Condition::Always {
            let most = self.service.options.max_object_size;
            let limit = usize::try_from(most.saturating_add(1)).unwrap_or(usize::MAX);
            if part.len() == PART {
                part.extend(read_part(source, limit.saturating_sub(PART))?);
            }
            self.service.check_size(KEEP, part.len() as u64)?;
            return self.keep_whole(name, part, options);
        }
        let mut upload =
            Upload::begin(&self.service, self.path(name), attributes(&options.metadata)?)?;
        let mut send_all = || {
            while !part.is_empty() {
                upload.send(std::mem::take(&mut part))?;
                part = read_part(source, PART)?;
            }
            Ok(())
        };
        let sent = send_all();
        upload.end(sent).map(|()| true)
    }

    /// Keeps an object in one piece.
    fn keep_whole(&self, name: &Name, content: Vec<u8>, options: &PutOptions) -> Result<bool> {
        let (path, attributes) = (self.path(name), attributes(&options.metadata)?);
        let content = PutPayload::from(content);
        match &options.condition {
            Condition::Always => {
                let put = |store: Store| store.put(path, content, PutMode::Overwrite, attributes);
                self.service.ask(KEEP, put)
            }
            Condition::Absent => {
                let put = |store: Store| store.put_once(path, content, PutMode::Create, attributes);
                self.service.ask(KEEP, put)
            }
            Condition::Content(expected) => self.replace(name, |found| {
                let is_expected = found.is_some_and(|found| found.content == *expected);
                Ok(is_expected.then(|| (content.clone(), attributes.clone())))
            }),
        }
    }

    /// Puts what `make` makes of what is there, until nobody else has changed that meanwhile; whether it made
    /// something.
    fn replace(
        &self,
        name: &Name,
        make: impl Fn(Option<&Fetched>) -> Result<Option<(PutPayload, Attributes)>>,
    ) -> Result<bool> {
        let most = self.service.options.max_object_size;
        for tries in 0..TRIES {
            let path = self.path(name);
            let found = match self.service.ask(KEEP, |store| store.fetch(path, most))? {
                Found::Nothing => None,
                Found::TooLong(size) => return self.service.check_size(KEEP, size).map(|()| false),
                Found::Whole(found) => Some(found),
            };
            let Some((content, attributes)) = make(found.as_ref())? else { return Ok(false) };
            let mode = found.map_or(PutMode::Create, |found| in_place_of(&found.meta));
            let path = self.path(name);
            let is_put = self.service.ask(KEEP, |store| async move {
                let is_put = store.put_once(path, content, mode, attributes).await?;
                if !is_put {
                    pause(tries).await;
                }
                Ok(is_put)
            })?;
            if is_put {
                return Ok(true);
            }
        }
        Err(Error::new(ErrorKind::Storage, KEEP)
            .with("store", self.service.location())
            .with("name", name)
            .because("others change it all the time"))
    }

    pub(super) fn add(&self, name: &Name, content: &[u8]) -> Result<()> {
        const APPEND: &str = "append to an object";
        self.service.check_writable(APPEND)?;
        self.check_name(APPEND, name)?;
        if !self.service.options.is_conditional() {
            return Err(memento::storage::DataStore::unsupported(self, APPEND, "conditional"));
        }
        self.replace(name, |found| {
            let before = found.map_or(&[][..], |found| &found.content);
            let whole = [before, content].concat();
            self.service.check_size(APPEND, whole.len() as u64)?;
            let attribute = found.and_then(|found| found.metadata.as_deref());
            let metadata = format::user_metadata(attribute).unwrap_or_default();
            Ok(Some((PutPayload::from(whole), attributes(&metadata)?)))
        })?;
        Ok(())
    }

    /// Several at the same time, as far as they are not so long that they go in parts.
    pub(super) fn keep_many(&self, objects: &[(Name, &[u8])]) -> Vec<Result<()>> {
        let is_short = |content: &[u8]| content.len() <= PART;
        let checked = self.service.check_writable(KEEP);
        if let Err(error) = checked {
            return objects.iter().map(|_| Err(error.clone())).collect();
        }
        let mut results = Vec::with_capacity(objects.len());
        let check = |name: &Name, content: &[u8]| {
            self.check_name(KEEP, name)?;
            if is_short(content) {
                self.service.check_size(KEEP, content.len() as u64)
            } else {
                Ok(())
            }
        };
        // In groups, so that what waits to be sent does not fill memory.
        for group in objects.chunks(self.service.options.parallel) {
            let short = group.iter().filter(|(_, content)| is_short(content));
            let short = short.filter(|(name, content)| check(name, content).is_ok());
            let short = short.map(|(name, content)| (self.path(name), content.to_vec())).collect();
            let put = |store: Store, (path, content): (Path, Vec<u8>)| {
                store.put(path, content.into(), PutMode::Overwrite, Attributes::new())
            };
            let mut kept = self.service.ask_each(KEEP, short, put).into_iter();
            results.extend(group.iter().map(|(name, content)| {
                check(name, content)?;
                if is_short(content) {
                    return kept.next().unwrap_or_else(|| Err(self.service.ended())).map(drop);
                }
                self.keep(name, content, &PutOptions::default()).map(drop)
            }));
        }
        results
    }
}

/// Up to `length` bytes; fewer where there are no more.
fn read_part(source: &mut Source<'_>, length: usize) -> Result<Vec<u8>> {
    let mut part = Vec::new();
    source.take(length as u64).read_to_end(&mut part).map_err(unreadable)?;
    Ok(part)
}

/// An object on its way in parts, which nobody sees before it is there.
struct Upload<'a> {
    service: &'a Service,
    parts: Box<dyn MultipartUpload>,
    on_their_way: VecDeque<Pending<StoreResult<()>>>,
}

impl<'a> Upload<'a> {
    fn begin(service: &'a Service, path: Path, attributes: Attributes) -> Result<Self> {
        let parts = service.ask(KEEP, |store| async move {
            let options = PutMultipartOptions { attributes, ..PutMultipartOptions::default() };
            store.objects.put_multipart_opts(&path, options).await
        })?;
        Ok(Self { service, parts, on_their_way: VecDeque::new() })
    }

    /// Sends a part; waits while so many are on their way.
    fn send(&mut self, part: Vec<u8>) -> Result<()> {
        while self.on_their_way.len() >= AT_ONCE {
            self.arrive()?;
        }
        let part = self.parts.put_part(part.into());
        self.on_their_way.push_back(self.service.start(|_| part)?);
        Ok(())
    }

    /// Waits for the part that was sent first.
    fn arrive(&mut self) -> Result<()> {
        let Some(first) = self.on_their_way.pop_front() else { return Ok(()) };
        let arrived = first.wait().ok_or_else(|| self.service.ended())?;
        arrived.map_err(|error| self.service.failed(KEEP, &error))
    }

    /// Completes the object if all parts were `sent`, and else drops them.
    fn end(mut self, sent: Result<()>) -> Result<()> {
        let mut arrived = sent;
        while !self.on_their_way.is_empty() {
            arrived = arrived.and(self.arrive());
        }
        let mut upload = self.parts;
        if let Err(error) = arrived {
            // Where that fails, too, the service keeps them until its rules say otherwise.
            let _ = self.service.run(|_| async move { upload.abort().await });
            return Err(error);
        }
        self.service.ask(KEEP, |_| async move {
            let completed = upload.complete().await;
            if completed.is_err() {
                let _ = upload.abort().await;
            }
            completed.map(drop)
        })
    }
}
