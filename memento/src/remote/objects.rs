//! What a worker asks of its parent's data store. Contents go in chunks, so that none has to be in memory as a whole.

use std::collections::HashMap;
use std::io::{Cursor, Read, Seek as _, Write as _};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tempfile::SpooledTempFile;

use super::{Bytes, write};
use crate::storage::transfer::unread;
use crate::storage::{ListOptions, Namespace, Prefix, PutOptions, Snapshot, Source, Storage};
use crate::{Error, ErrorKind, Name, Result};

/// How long a content may be that goes as a whole, and the parts of one that does not: 1 MiB.
pub(super) const CHUNK: usize = 1 << 20;

/// How much of what a worker writes waits in memory for its name: 4 MiB.
const IN_MEMORY: usize = 4 << 20;

/// What a data store is asked to do with contents.
#[derive(Serialize, Deserialize)]
pub(crate) enum ContentRequest<'a> {
    /// Nothing is answered to this one.
    Tell(Name, #[serde(borrow)] Bytes<'a>),
    Put(Name, #[serde(borrow)] Bytes<'a>, PutOptions),
    Append(Name, #[serde(borrow)] Bytes<'a>),
    /// All of these are answered by a [`Chunk`], or by nothing where there is no such object.
    Get(Name),
    GetRange(Name, Range<u64>),
    GetSnapshot(Name, Snapshot),
    /// The [`Chunk`] that comes next.
    Next(u64),
    /// No more of them are wanted. Nothing is answered to this one.
    Leave(u64),
    /// Begins an object: answered by its number.
    Create,
    /// Nothing is answered to this one.
    Write(u64, #[serde(borrow)] Bytes<'a>),
    Keep(u64, Name, PutOptions),
}

/// What else a data store is asked to do.
#[derive(Serialize, Deserialize)]
pub(crate) enum ObjectRequest {
    Copy(Name, Name),
    Properties(Name),
    Contains(Vec<Name>),
    Remove(Vec<Name>),
    List(Prefix, ListOptions),
    SetAside(Name),
    Snapshot(Name),
    ListSnapshots(Name),
    RemoveSnapshot(Name, Snapshot),
    CreateNamespace(Namespace),
    ListNamespaces,
    HasNamespace(Namespace),
    RemoveNamespace(Namespace),
    Ping,
    Info,
    Url(Name),
}

/// A part of a content.
#[derive(Serialize, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow)]
    pub(super) content: Bytes<'a>,
    /// By which number the next one is asked for; `None` where this is the last one.
    pub(super) transfer: Option<u64>,
}

/// Contents on their way from and to workers. They end with the batch that the workers serve.
#[derive(Default)]
pub(super) struct Transfers(Mutex<HashMap<u64, Transfer>>);

/// The number of the next transfer. No two have the same in this process: a function may keep a reader longer than its
/// call, which then asks the next batch for more.
static NEXT: AtomicU64 = AtomicU64::new(0);

enum Transfer {
    ToWorker(Box<dyn Read + Send>),
    FromWorker(SpooledTempFile),
    /// What the worker wrote could not be kept until it was whole.
    Failed(Error),
}

impl Transfers {
    fn begin(&self, transfer: Transfer) -> u64 {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        self.put_back(number, transfer);
        number
    }

    /// Takes a transfer out; who goes on with it puts it back. No lock is held while contents are read and written.
    fn take(&self, number: u64) -> Result<Transfer> {
        self.0.lock().remove(&number).ok_or_else(|| {
            Error::new(ErrorKind::Worker, "go on with a content of a worker")
                .with("number", number)
                .because("it was not begun in the batch that the worker serves")
        })
    }

    fn put_back(&self, number: u64, transfer: Transfer) {
        self.0.lock().insert(number, transfer);
    }

    /// The next chunk of `content`; what is behind it waits under `number`, or under a new one.
    fn send(&self, number: Option<u64>, content: Option<Box<dyn Read + Send>>) -> Vec<u8> {
        let Some(mut content) = content else {
            return write(&Result::<Option<Chunk<'_>>>::Ok(None));
        };
        let mut chunk = Vec::new();
        let read = (&mut content).take(CHUNK as u64).read_to_end(&mut chunk);
        if let Err(error) = read {
            let error = unread(error, |kind| Error::new(kind, "read an object for a worker"));
            return write(&Result::<()>::Err(error));
        }
        let transfer = (chunk.len() == CHUNK).then(|| match number {
            None => self.begin(Transfer::ToWorker(content)),
            Some(number) => {
                self.put_back(number, Transfer::ToWorker(content));
                number
            }
        });
        write(&Result::<_>::Ok(Some(Chunk { content: Bytes(&chunk), transfer })))
    }

    fn begin_sending(&self, content: Result<Option<Box<dyn Read + Send>>>) -> Vec<u8> {
        match content {
            Ok(content) => self.send(None, content),
            Err(error) => write(&Result::<()>::Err(error)),
        }
    }

    fn go_on(&self, number: u64) -> Vec<u8> {
        match self.take(number) {
            Ok(Transfer::ToWorker(content)) => self.send(Some(number), Some(content)),
            Ok(_) => self.send(None, None),
            Err(error) => write(&Result::<()>::Err(error)),
        }
    }

    fn receive(&self, number: u64, content: &[u8]) {
        let Ok(mut transfer) = self.take(number) else { return };
        if let Transfer::FromWorker(spool) = &mut transfer
            && let Err(error) = spool.write_all(content)
        {
            let error =
                Error::new(ErrorKind::Storage, "receive an object of a worker").because(error);
            transfer = Transfer::Failed(error);
        }
        self.put_back(number, transfer);
    }

    fn keep(
        &self,
        storage: &Storage,
        number: u64,
        name: &Name,
        options: &PutOptions,
    ) -> Result<bool> {
        let mut spool = match self.take(number)? {
            Transfer::FromWorker(spool) => spool,
            Transfer::Failed(error) => return Err(error),
            Transfer::ToWorker(_) => return Ok(false),
        };
        let unreadable =
            |error| Error::new(ErrorKind::Storage, "read an object of a worker").because(error);
        let size = spool.stream_position().map_err(unreadable)?;
        spool.rewind().map_err(unreadable)?;
        storage.data.put_from(name, &mut Source::new(&mut spool).total(size), options)
    }
}

/// The answer to what a data store is asked to do with contents.
pub(super) fn answer_content(
    storage: &Storage,
    transfers: &Transfers,
    request: ContentRequest<'_>,
) -> Vec<u8> {
    use ContentRequest as Request;
    let data = &storage.data;
    match request {
        // Nobody waits for this, so trouble with it is noted here.
        Request::Tell(name, content) => {
            storage.trouble.note(data.put(&name, content.0));
            Vec::new()
        }
        Request::Put(name, content, options) => write(&data.put_with(&name, content.0, &options)),
        Request::Append(name, content) => write(&data.append(&name, content.0)),
        Request::Get(name) => transfers.begin_sending(data.read(&name)),
        Request::GetRange(name, range) => {
            let content = data.get_range(&name, range);
            transfers.begin_sending(content.map(|content| content.map(boxed)))
        }
        Request::GetSnapshot(name, snapshot) => {
            transfers.begin_sending(data.read_snapshot(&name, &snapshot))
        }
        Request::Next(number) => transfers.go_on(number),
        Request::Leave(number) => {
            let _ = transfers.take(number);
            Vec::new()
        }
        Request::Create => {
            let spool = SpooledTempFile::new(IN_MEMORY);
            write(&Result::<_>::Ok(transfers.begin(Transfer::FromWorker(spool))))
        }
        Request::Write(number, content) => {
            transfers.receive(number, content.0);
            Vec::new()
        }
        Request::Keep(number, name, options) => {
            write(&transfers.keep(storage, number, &name, &options))
        }
    }
}

/// The answer to what else a data store is asked to do.
pub(super) fn answer(storage: &Storage, request: ObjectRequest) -> Vec<u8> {
    use ObjectRequest as Request;
    let data = &storage.data;
    match request {
        Request::Copy(from, to) => write(&data.copy(&from, &to)),
        Request::Properties(name) => write(&data.properties(&name)),
        Request::Contains(names) => write(&Result::<_>::Ok(data.contains(&names))),
        Request::Remove(names) => write(&Result::<_>::Ok(data.remove_many(&names))),
        Request::List(prefix, options) => write(&data.list(&prefix, &options)),
        Request::SetAside(name) => write(&data.set_aside(&name)),
        Request::Snapshot(name) => write(&data.snapshot(&name)),
        Request::ListSnapshots(name) => write(&data.list_snapshots(&name)),
        Request::RemoveSnapshot(name, snapshot) => write(&data.remove_snapshot(&name, &snapshot)),
        Request::CreateNamespace(namespace) => write(&data.create_namespace(&namespace)),
        Request::ListNamespaces => write(&data.list_namespaces()),
        Request::HasNamespace(namespace) => write(&data.has_namespace(&namespace)),
        Request::RemoveNamespace(namespace) => write(&data.remove_namespace(&namespace)),
        Request::Ping => write(&data.ping()),
        Request::Info => write(&data.info()),
        Request::Url(name) => write(&data.url(&name)),
    }
}

fn boxed(content: Vec<u8>) -> Box<dyn Read + Send> {
    Box::new(Cursor::new(content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::read;

    #[test]
    fn who_keeps_a_reader_longer_than_a_batch_gets_nothing_of_the_next_one() {
        let (first, second) = (Transfers::default(), Transfers::default());
        let begin = |transfers: &Transfers| {
            let content = boxed(vec![7; 3 * CHUNK]);
            transfers.begin(Transfer::ToWorker(content))
        };
        let (kept, own) = (begin(&first), begin(&second));
        let answer = second.go_on(kept);
        let error = read::<Result<Option<Chunk<'_>>>>(&answer).unwrap().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Worker);
        // Nor does the next one lose what it takes.
        assert!(second.take(own).is_ok());
    }
}
