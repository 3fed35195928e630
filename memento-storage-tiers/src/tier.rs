//! One storage among several.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use memento::plugin::Stores;
use memento::storage::{DataStore, Entry, MetadataStore};
use memento::{Name, Result};
use serde::Deserialize;

use crate::counters::Counters;
use crate::queue::Queue;
use crate::unwritten::Unwritten;

/// How many writes wait for a tier that is written behind, unless told otherwise.
const ROOM: usize = 1_000;

/// When a tier is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Writes {
    /// Before the call returns that has something to write.
    #[default]
    Through,
    /// Behind it, in a thread of its own, in order. Where the tier fails, what waits stays, and is tried again, until
    /// somebody waits for the end and three attempts in a row have failed, or the tier refuses it eight times while it
    /// answers otherwise. Where so many writes wait that there is no room, a call waits for room; where the tier fails
    /// then, the write is lost. What is lost is counted.
    Behind,
    /// Never: what others put there is used.
    Never,
}

/// A storage among several.
pub struct Tier {
    pub(crate) name: String,
    pub(crate) data: Arc<dyn DataStore>,
    pub(crate) metadata: Arc<dyn MetadataStore>,
    pub(crate) writes: Writes,
    pub(crate) promotes: bool,
    room: usize,
    /// Where it is written behind.
    pub(crate) queue: Option<Queue>,
    /// Whether the last operation failed, which has been reported.
    is_failing: AtomicBool,
    failures: AtomicU64,
    counters: Counters,
}

impl Tier {
    /// A storage that is written through, and into which is copied what is found below. The name is for messages.
    pub fn new(name: impl Into<String>, stores: Stores) -> Self {
        let name = name.into();
        Self {
            counters: Counters::of(&name),
            name,
            data: stores.data,
            metadata: stores.metadata,
            writes: Writes::default(),
            promotes: true,
            room: ROOM,
            queue: None,
            is_failing: AtomicBool::new(false),
            failures: AtomicU64::new(0),
        }
    }

    /// When it is written. A storage that is open for reading only never is.
    pub fn writes(mut self, writes: Writes) -> Self {
        self.writes = writes;
        self
    }

    /// Whether what is found in a tier below is copied into this one.
    pub fn promotes(mut self, promotes: bool) -> Self {
        self.promotes = promotes;
        self
    }

    /// How many writes wait at most, where they are behind: 1,000.
    pub fn queue(mut self, writes: usize) -> Self {
        self.room = writes.max(1);
        self
    }

    /// Makes it ready to be the one below these.
    pub(crate) fn begin(&mut self, above: &[Self]) {
        let is_writable =
            self.data.capabilities().writable && self.metadata.capabilities().writable;
        if !is_writable {
            self.writes = Writes::Never;
        }
        // Also those that are written behind: they have what those above them do not take.
        let sources: Vec<_> = above
            .iter()
            .filter(|tier| tier.writes != Writes::Never)
            .map(|tier| Arc::clone(&tier.data))
            .collect();
        if self.writes == Writes::Behind && !sources.is_empty() {
            let stores =
                Stores { data: Arc::clone(&self.data), metadata: Arc::clone(&self.metadata) };
            self.queue = Some(Queue::new(&self.name, self.room, sources, stores, &self.counters));
        }
    }

    /// Its data store for programs that look after storages: one that is never written is not to be written by them.
    pub(crate) fn shown_data(&self) -> Arc<dyn DataStore> {
        let data = Arc::clone(&self.data);
        if self.writes == Writes::Never { Arc::new(Unwritten(data)) } else { data }
    }

    /// As [`shown_data`](Self::shown_data).
    pub(crate) fn shown_metadata(&self) -> Arc<dyn MetadataStore> {
        let metadata = Arc::clone(&self.metadata);
        if self.writes == Writes::Never { Arc::new(Unwritten(metadata)) } else { metadata }
    }

    /// How many operations have failed.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The result, after an error in it has been counted and named after the tier. The first of several in a row is
    /// reported.
    pub(crate) fn check<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Ok(value) => {
                if self.is_failing.load(Ordering::Relaxed) {
                    self.is_failing.store(false, Ordering::Relaxed);
                }
                Ok(value)
            }
            Err(error) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                self.counters.failures.increment(1);
                let error = error.with("tier", &self.name);
                if !self.is_failing.swap(true, Ordering::Relaxed) {
                    tracing::warn!(tier = self.name, %error, "a tier fails; the others are used");
                }
                Err(error)
            }
        }
    }

    /// Puts something here, or drops an object, when all that was put before is written: else that would come after it.
    /// What was lost before that is nothing that keeps it from being done; what still waits, since the tier fails, is.
    pub(crate) fn do_when_written<T>(&self, work: impl FnOnce(&Self) -> Result<T>) -> Result<T> {
        let written = self.queue.as_ref().map_or(Ok(()), Queue::follow);
        self.check(written.and_then(|()| work(self)))
    }

    /// Drops records here, also those that wait: to be dropped, they need not be written. All else stays, also where
    /// the tier fails.
    pub(crate) fn drop_records<T>(
        &self,
        is_dropped: impl Fn(&Entry) -> bool,
        work: impl FnOnce(&dyn MetadataStore) -> Result<T>,
    ) -> Result<T> {
        if let Some(queue) = &self.queue {
            queue.drop_waiting_records(is_dropped);
        }
        self.check(work(&*self.metadata))
    }

    /// Sees to it that a content that waits is not written here any more.
    pub(crate) fn drop_waiting_content(&self, name: &Name) {
        if let Some(queue) = &self.queue {
            queue.drop_waiting_content(name);
        }
    }

    /// Waits until all that was put is here.
    pub(crate) fn flush(&self) -> Result<()> {
        let written = self.queue.as_ref().map_or(Ok(()), Queue::flush);
        written.and(self.data.flush()).and(self.metadata.flush())
    }
}

impl fmt::Debug for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tier")
            .field("name", &self.name)
            .field("data", &self.data)
            .field("metadata", &self.metadata)
            .field("writes", &self.writes)
            .field("promotes", &self.promotes)
            .field("failures", &self.failures())
            .finish_non_exhaustive()
    }
}
