//! Contents on their way from the service.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use memento::{Name, Result};
use object_store::{GetOptions, GetRange, ObjectStoreExt as _, Result as StoreResult};

use super::{ObjectDataStore, READ};
use crate::problem::is_missing;
use crate::runtime::Pending;
use crate::service::Service;
use crate::wire::Patience;

/// How many bytes of a stream are got together, as far as they do not come in longer parts.
const AHEAD: usize = 1 << 20;
/// Where ranges end at the latest: not every service reads greater numbers.
const END: u64 = 1 << 50;

/// Parts as they come, and how long they are waited for.
type Parts = (BoxStream<'static, StoreResult<Bytes>>, Patience);

/// What was got of a stream, and the rest of it, unless this is the end.
type Got = (VecDeque<Bytes>, Option<StoreResult<Parts>>);

/// A content that is being read. While one part of it is read, the next one comes.
struct PartsReader {
    service: Service,
    /// The parts that are there, none of them empty.
    arrived: VecDeque<Bytes>,
    /// The next ones, unless there are none; or why they do not come, which each read says that gets there.
    next: Result<Option<Pending<Got>>>,
}

/// Gets the next parts of a stream.
async fn get((mut parts, mut patience): Parts) -> Got {
    let (mut arrived, mut length) = (VecDeque::new(), 0);
    while length < AHEAD {
        match patience.next(&mut parts).await {
            None => return (arrived, None),
            Some(Err(error)) => return (arrived, Some(Err(error))),
            Some(Ok(part)) if part.is_empty() => {}
            Some(Ok(part)) => {
                length += part.len();
                arrived.push_back(part);
            }
        }
    }
    (arrived, Some(Ok((parts, patience))))
}

impl ObjectDataStore {
    pub(super) fn open(&self, name: &Name) -> Result<Option<Box<dyn Read + Send>>> {
        let path = self.path(name);
        let found = self.service.ask(READ, |store| async move {
            match store.objects.get(&path).await {
                Err(error) if is_missing(&error) => Ok(None),
                found => {
                    let patience = Patience::new(store.response_timeout);
                    Ok(Some(get((found?.into_stream(), patience)).await))
                }
            }
        })?;
        let Some(got) = found else { return Ok(None) };
        let mut reader =
            PartsReader { service: self.service.clone(), arrived: VecDeque::new(), next: Ok(None) };
        reader.accept(got);
        let next = reader.next?;
        Ok(Some(Box::new(PartsReader { next: Ok(next), ..reader })))
    }

    pub(super) fn read_range(&self, name: &Name, range: &Range<u64>) -> Result<Option<Vec<u8>>> {
        let path = self.path(name);
        let (start, end) = (range.start, range.end.min(END));
        let most = self.service.options.max_object_size;
        let found = self.service.ask(READ, |store| async move {
            if start < end {
                let range = Some(GetRange::Bounded(start..end));
                let options = GetOptions { range, ..GetOptions::default() };
                let found = match store.objects.get_opts(&path, options).await {
                    Err(error) if is_missing(&error) => return Ok(None),
                    Err(error) => Err(error),
                    Ok(found) => return Ok(Some(store.collect(found, most).await?)),
                };
                // Where nothing is there behind its end, that is no error.
                let meta = store.head(path).await?;
                return match meta {
                    Some(meta) if start < meta.size => found,
                    meta => Ok(meta.map(|_| Ok(Vec::new()))),
                };
            }
            Ok(store.head(path).await?.map(|_| Ok(Vec::new())))
        })?;
        match found {
            None => Ok(None),
            Some(Ok(content)) => Ok(Some(content)),
            Some(Err(size)) => self.service.check_size(READ, size).map(|()| None),
        }
    }
}

impl PartsReader {
    /// Takes what was got, and has the next parts come.
    fn accept(&mut self, (arrived, rest): Got) {
        self.arrived = arrived;
        self.next = match rest {
            None => Ok(None),
            Some(Ok(parts)) => self.service.start(|_| get(parts)).map(Some),
            Some(Err(error)) => Err(self.service.failed(READ, &error)),
        };
    }
}

impl Read for PartsReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(part) = self.arrived.front_mut() {
                let length = part.len().min(buffer.len());
                buffer[..length].copy_from_slice(&part.split_to(length));
                if part.is_empty() {
                    self.arrived.pop_front();
                }
                return Ok(length);
            }
            let next = self.next.as_mut().map_err(|error| io::Error::other(error.clone()))?;
            let Some(next) = next.take() else { return Ok(0) };
            match next.wait() {
                Some(got) => self.accept(got),
                None => self.next = Err(self.service.ended()),
            }
        }
    }
}
