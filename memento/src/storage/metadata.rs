//! Where mementos live.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Capabilities, Claim};
use crate::{Key, Memento, Provenance, Result, Version, record};

/// A memento as a metadata store sees it: what it may be looked up by, and bytes that only the framework reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The name of the invocation.
    pub key: Key,
    /// The path of the function.
    pub function: String,
    /// The version of the function.
    pub version: Version,
    /// Whether the function returned an error.
    pub failed: bool,
    /// Whether it is internal: it stands for a forgotten result, or for one that another result took the place of. It
    /// is found by its key, and never listed or counted.
    pub hidden: bool,
    /// The record.
    pub record: Vec<u8>,
}

/// A record that takes the place of the one that was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replacement {
    /// The record that was read.
    pub seen: Vec<u8>,
    /// What takes its place. All that it is looked up by is as before: only its record is another one.
    pub entry: Entry,
}

/// Which entries [`MetadataStore::list`] is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// Only those of the function with this path.
    pub function: Option<String>,
    /// Only those that returned an error, or only those that did not.
    pub failed: Option<bool>,
}

/// Some entries of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The entries, those put last first.
    pub entries: Vec<Entry>,
    /// Where the next page begins; `None` where this is the last one.
    pub next: Option<u64>,
}

/// Keeps records by the key of their invocation.
///
/// A store need not check what it returns: every record proves itself to the framework. It may lose any record at
/// any time; that costs a computation, never a wrong value.
pub trait MetadataStore: Send + Sync + Debug {
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

    /// The record of this invocation, or `None` where there is none.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell. The caller treats it as a miss.
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>>;

    /// The records of several invocations, in the order of `keys`.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), for all of them at once. Where the error [is of one](crate::ErrorKind::is_of_one), the
    /// others can be had by [`get_each`](Self::get_each).
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Vec<u8>>>> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// The records of several invocations, in the order of `keys`, each with the error that [is of it
    /// alone](crate::ErrorKind::is_of_one): one that the store itself finds damaged, or longer than it reads, is no reason
    /// to miss the others.
    ///
    /// They are asked for [together](Self::get_many), and one by one only where that fails.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell of any.
    fn get_each(&self, keys: &[Key]) -> Result<Vec<Result<Option<Vec<u8>>>>> {
        let get = |key| match self.get(key) {
            Err(error) if !error.kind().is_of_one() => Err(error),
            record => Ok(record),
        };
        match self.get_many(keys) {
            Err(error) if error.kind().is_of_one() => {
                let mut records: Vec<_> = keys.iter().map(get).collect::<Result<_>>()?;
                // It was no single record: the store may have moved all that it had out of the way.
                if records.iter().all(Result::is_ok)
                    && let Some(missing) =
                        records.iter_mut().find(|record| matches!(record, Ok(None)))
                {
                    *missing = Err(error);
                }
                Ok(records)
            }
            records => Ok(records?.into_iter().map(Ok).collect()),
        }
    }

    /// Hands the records of `keys` to `take`, in their order, some at a time as they arrive: the first ones can be
    /// looked at while the others are on their way. `take` asks the store for nothing.
    ///
    /// Unless a store does better, they come all at once.
    ///
    /// # Errors
    ///
    /// As [`get_many`](Self::get_many), for all that were not handed over.
    fn stream(&self, keys: &[Key], take: &mut dyn FnMut(Vec<Option<Vec<u8>>>)) -> Result<()> {
        take(self.get_many(keys)?);
        Ok(())
    }

    /// Hands the records of `keys` to `next`, in their order, then those of the keys that `next` returns on seeing
    /// them, until it returns none: a graph of mementos, each of which says what it depends on, level by level.
    ///
    /// A store that begins something with each request, such as a transaction, does better to begin it once.
    ///
    /// # Errors
    ///
    /// As [`get_many`](Self::get_many), for the rest of the levels.
    fn get_levels(
        &self,
        mut keys: Vec<Key>,
        next: &mut dyn FnMut(Vec<Option<Vec<u8>>>) -> Vec<Key>,
    ) -> Result<()> {
        while !keys.is_empty() {
            keys = next(self.get_many(&keys)?);
        }
        Ok(())
    }

    /// Keeps all `entries` or none of them, each in place of the one of its key. When this returns, every process
    /// that uses the store sees them.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the entries could not be kept.
    fn put(&self, entries: &[Entry]) -> Result<()>;

    /// Keeps each entry in the place of the record that was read, where that is still there. What another process has
    /// put or dropped since stays put or dropped. Each is replaced by itself.
    ///
    /// Unless a store does better, the records are compared, and then put. One that does both in one step says so:
    /// [`conditional`](Capabilities::conditional).
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    fn replace(&self, replacements: &[Replacement]) -> Result<()> {
        let keys: Vec<Key> = replacements.iter().map(|replacement| replacement.entry.key).collect();
        let there = replacements.iter().zip(self.get_many(&keys)?);
        let unchanged =
            there.filter(|(replacement, there)| there.as_ref() == Some(&replacement.seen));
        let entries: Vec<Entry> =
            unchanged.map(|(replacement, _)| replacement.entry.clone()).collect();
        if entries.is_empty() { Ok(()) } else { self.put(&entries) }
    }

    /// Drops a record; whether there was one.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](crate::ErrorKind::ReadOnly), or where the record could not be dropped.
    fn remove(&self, key: &Key) -> Result<bool>;

    /// Keeps `note` in the place of the record of its key, for a result that is forgotten: behind the note, the record
    /// is to be found nowhere.
    ///
    /// Unless a store does better, one that is [made of others](Self::tiers) drops the record first, since it may keep
    /// the note in only one of them. Any other store puts the note in one step, and with what it knows of its claims.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove) and [`put`](Self::put).
    fn forget(&self, note: &Entry) -> Result<()> {
        if !self.tiers().is_empty() {
            self.remove(&note.key)?;
        }
        self.put(std::slice::from_ref(note))
    }

    /// Drops the records of all entries that `filter` admits, hidden ones, too; how many there were that are not
    /// hidden.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    fn remove_all(&self, filter: &Filter) -> Result<u64>;

    /// Up to `limit` of the entries that `filter` admits and that are not hidden, from the newest on, or from `from`
    /// on, where the page before ended. A `limit` of 0 stands for 1, so that a list goes on with each page.
    ///
    /// One whose record cannot be had, as it is longer than the store reads, is listed without the bytes of it. To ask
    /// for it by its key says why.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn list(&self, filter: &Filter, from: Option<u64>, limit: usize) -> Result<Page>;

    /// The versions of the function with this path of which there are, or were, records: at most `limit`, those that
    /// came last first.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell.
    fn versions(&self, function: &str, limit: usize) -> Result<Vec<Version>>;

    /// Claims the computation of a result, for this process among all that use the store; `None` where another one has
    /// it. Does not wait. Claims of one process may overlap.
    ///
    /// A store that cannot tell processes apart grants every claim: each process computes for itself.
    ///
    /// # Errors
    ///
    /// Where the store cannot tell. The caller computes.
    fn try_claim(&self, _key: &Key) -> Result<Option<Claim>> {
        Ok(Some(Box::new(())))
    }

    /// Waits until a claim of this key that was refused may be granted, but no longer than `limit`. May return sooner:
    /// who waits asks for the claim again.
    ///
    /// Unless a store does better, it waits for as long as it may.
    fn wait_for_claim(&self, _key: &Key, limit: Duration) {
        std::thread::sleep(limit);
    }

    /// Takes a record that the framework found damaged out of the way, where it can be looked at. Later reads do not
    /// find it, and a put replaces it.
    ///
    /// Only `damaged`, as it was read, is to go: another process may have put a whole one in its place since. Unless a
    /// store does better, the record is compared, and then removed.
    ///
    /// # Errors
    ///
    /// As [`remove`](Self::remove).
    fn set_aside(&self, key: &Key, damaged: &[u8]) -> Result<()> {
        if self.get(key)?.is_some_and(|record| record == damaged) {
            self.remove(key)?;
        }
        Ok(())
    }

    /// The stores that it is made of, the nearest first, each with its name; none where it is one store. For programs
    /// that look after storages. They give records as they were put, whatever it makes of these on their way there. One
    /// that is never written says so by its [capabilities](Self::capabilities).
    fn tiers(&self) -> Vec<(String, Arc<dyn MetadataStore>)> {
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
}

impl Entry {
    /// The entry that has this record of `key`: for stores that take records from other ones.
    ///
    /// # Errors
    ///
    /// [`Damaged`](crate::ErrorKind::Damaged), where it is not what was written for this key, and
    /// [`NewerFormat`](crate::ErrorKind::NewerFormat).
    pub fn read(key: &Key, record: Vec<u8>) -> Result<Self> {
        let (head, provenance) = record::open(key, &record)?;
        let provenance = record::provenance(&head, provenance)?;
        let (failed, hidden) = (head.error.is_some(), head.is_hidden());
        let Provenance { function, version, .. } = provenance;
        Ok(Self { key: *key, function, version, failed, hidden, record })
    }

    /// The memento in it; none where it is [hidden](Self::hidden).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn memento(&self) -> Result<Option<Memento>> {
        record::read(&self.key, &self.record)
    }

    /// The encoding of the result, where it is inside the record.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn inline_result(&self) -> Result<Option<&[u8]>> {
        let (head, _) = record::open(&self.key, &self.record)?;
        Ok(head.value.and_then(|value| value.inline))
    }

    /// The keys of the records that this one took the place of, those replaced last first: results that are valid again
    /// when what they were computed from changes back.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn earlier(&self) -> Result<Vec<Key>> {
        let (head, _) = record::open(&self.key, &self.record)?;
        Ok(head.earlier_keys().collect())
    }
}

impl Filter {
    /// Whether it admits `entry`.
    pub fn admits(&self, entry: &Entry) -> bool {
        self.function.as_ref().is_none_or(|function| *function == entry.function)
            && self.failed.is_none_or(|failed| failed == entry.failed)
    }
}
