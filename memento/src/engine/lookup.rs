//! Is there a valid result?

use std::fmt;

use super::calls::{Calls, Ending, Item};
use super::now;
use crate::binding::Binding;
use crate::cache::{Identity, Landed, Shared};
use crate::record::Head;
use crate::storage::Storage;
use crate::{Error, ErrorKind, Key};

/// What a call would find, and why not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explanation {
    /// There is a valid result.
    Hit,
    /// There is none.
    Miss(Miss),
}

/// Why there was no valid result.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// There is no record: this version of the function never ran with these arguments, or its record was forgotten.
    NeverRun,
    /// It returned an error, with this message, and errors are not replayed.
    Failed(String),
    /// The result is older than the function's `ttl` allows.
    Expired,
    /// The result was encoded by this codec, which the function no longer uses.
    OtherCodec(String),
    /// The record, or the result that it names, is gone or not what was written.
    Unreadable,
    /// The call asked for the function to run.
    Refreshed,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeverRun => f.write_str("there is no record of it"),
            Self::Failed(message) => write!(f, "it failed, and errors are retried: {message}"),
            Self::Expired => f.write_str("the result has expired"),
            Self::OtherCodec(codec) => write!(f, "the result was encoded by {codec}"),
            Self::Unreadable => f.write_str("the record or its result could not be read"),
            Self::Refreshed => f.write_str("the call asked for it"),
        }
    }
}

/// Whether the outcome in `head` answers a call now.
fn check(binding: &Binding, codec: &str, head: &Head<'_>) -> Result<(), Miss> {
    match &head.value {
        None => return Err(Miss::Failed(head.error.unwrap_or_default().to_owned())),
        Some(value) if value.codec != codec => {
            return Err(Miss::OtherCodec(value.codec.to_owned()));
        }
        Some(_) => {}
    }
    if expires(binding, head.finished).is_some_and(|expires| expires <= now()) {
        return Err(Miss::Expired);
    }
    Ok(())
}

/// From when on a result that was there at `finished` is no longer valid.
pub(super) fn expires(binding: &Binding, finished: u64) -> Option<u64> {
    let ttl = binding.function.ttl()?;
    Some(finished.saturating_add(u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX)))
}

/// What a call with this key would find in the stores.
///
/// # Errors
///
/// What the store reports.
pub(crate) fn explain(
    binding: &Binding,
    codec: &str,
    key: &Key,
) -> crate::Result<Result<(), Miss>> {
    let storage = &binding.cluster.storage;
    let Some(record) = storage.metadata.get(key)? else { return Ok(Err(Miss::NeverRun)) };
    let found = storage.open_record(key, &record).ok_or(Miss::Unreadable);
    Ok(found.and_then(|head| {
        check(binding, codec, &head)?;
        let value = head.value.as_ref().ok_or(Miss::Unreadable)?;
        let read = storage.read_value(&head.digest, value, |_| Ok(()));
        read.map(drop).ok_or(Miss::Unreadable)
    }))
}

impl Calls<'_> {
    /// Ends `item` if `record` holds a valid result for it.
    pub(super) fn find(&self, item: &mut Item<'_>, record: Option<Vec<u8>>) {
        let found = match record {
            Some(record) => self.read(item, &record),
            None => Err(Miss::NeverRun),
        };
        match found {
            Ok(landed) => {
                self.binding.cluster.counters.count_store_hit();
                item.ending = Ending::Found(landed.digest);
            }
            Err(reason) => {
                tracing::debug!(function = self.binding.function.path(), key = %item.key, %reason, "miss");
            }
        }
    }

    /// Takes the item's output from `record`.
    fn read(&self, item: &mut Item<'_>, record: &[u8]) -> Result<Landed, Miss> {
        let storage = &*self.binding.cluster.storage;
        let head = storage.open_record(&item.key, record).ok_or(Miss::Unreadable)?;
        check(self.binding, item.task.codec(), &head)?;
        let landed = Landed {
            key: item.key,
            digest: head.digest,
            expires: expires(self.binding, head.finished),
        };
        if self.modifiers.ignore_result {
            return Ok(landed);
        }
        let value = head.value.as_ref().ok_or(Miss::Unreadable)?;
        // The size in the record is what somebody wrote there.
        let mut size = 0;
        let decode = |bytes: &[u8]| {
            size = bytes.len() as u64;
            item.task.decode(bytes)
        };
        match storage.read_value(&head.digest, value, decode) {
            None => return Err(Miss::Unreadable),
            Some(Err(error)) => {
                storage.set_record_aside(&item.key, &undecodable(error, self));
                return Err(Miss::Unreadable);
            }
            Some(Ok(())) => {}
        }
        self.cache(item, landed, size);
        Ok(landed)
    }

    /// Puts a clone of the item's output into the memory cache, if it fits. The clone.
    pub(super) fn cache(&self, item: &Item<'_>, landed: Landed, size: u64) -> Option<Shared> {
        let storage: &Storage = &self.binding.cluster.storage;
        if !storage.cache.admits(self.identity(item), size) {
            storage.cache.count_loss();
            return None;
        }
        let shared = item.task.share()?;
        storage.cache.put(self.identity(item), shared.clone(), landed, size);
        Some(shared)
    }

    pub(super) fn identity<'i>(&self, item: &'i Item<'_>) -> Identity<'i> {
        Identity { function: self.binding.number, arguments: item.encoded.identity() }
    }

    /// Looks once more, for an item that another thread may have computed after the stores were asked.
    ///
    /// What lands in this process stands in the memory cache, unless the cache has lost it.
    pub(super) fn look_again(&self, item: &mut Item<'_>) {
        let storage = &self.binding.cluster.storage;
        if let Some((shared, landed)) = storage.cache.get_shared(self.identity(item)) {
            let is_valid = landed.expires.is_none_or(|expires| expires > now());
            if is_valid && item.task.adopt(&shared) {
                self.binding.cluster.counters.count_store_hit();
                item.ending = Ending::Found(landed.digest);
            }
        } else if storage.cache.losses() != self.losses {
            let record = storage.records(&[item.key]).pop().flatten();
            if record.is_some() {
                self.find(item, record);
            }
        }
    }
}

fn undecodable(error: Error, calls: &Calls<'_>) -> Error {
    debug_assert_eq!(error.kind(), ErrorKind::Damaged);
    error
        .with("function", calls.binding.function.path())
        .help("a type whose fields changed needs a new `version` on the functions that return it")
}
