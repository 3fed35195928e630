//! Is there a valid result?

use std::fmt;

use super::item::{Ending, Item};
use super::now;
use crate::binding::Binding;
use crate::cache::{Landed, Shared};
use crate::encoding::Encoded;
use crate::modifiers::Modifiers;
use crate::record::Head;
use crate::{Error, ErrorKind};

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
    /// The record is of a newer release of this crate. It stays as it is, and the result of this call is not kept.
    Newer,
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
            Self::Newer => f.write_str("the record is of a newer release"),
            Self::Unreadable => f.write_str("the record or its result could not be read"),
            Self::Refreshed => f.write_str("the call asked for it"),
        }
    }
}

/// Why a record could not be opened.
fn unopened(kind: ErrorKind) -> Miss {
    if kind == ErrorKind::NewerFormat { Miss::Newer } else { Miss::Unreadable }
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

/// What a call with these arguments would find.
///
/// # Errors
///
/// What the store reports.
pub(crate) fn explain(
    binding: &Binding,
    codec: &str,
    encoded: &Encoded<'_>,
) -> crate::Result<Result<(), Miss>> {
    let storage = &binding.cluster.storage;
    if let Some((_, landed)) = storage.cache.get_shared(encoded.identity(binding.number)) {
        return Ok(if is_valid(&landed) { Ok(()) } else { Err(Miss::Expired) });
    }
    let key = encoded.key();
    let Some(record) = storage.metadata.get(&key)? else { return Ok(Err(Miss::NeverRun)) };
    let found = storage.open_record(&key, &record).map_err(unopened);
    Ok(found.and_then(|head| {
        check(binding, codec, &head)?;
        let value = head.value.as_ref().ok_or(Miss::Unreadable)?;
        let read = storage.read_value(&head.digest, value, |_| Ok(()));
        read.map(drop).ok_or(Miss::Unreadable)
    }))
}

/// Whether what came of an invocation is not too old.
#[inline]
pub(super) fn is_valid(landed: &Landed) -> bool {
    landed.expires.is_none_or(|expires| expires > now())
}

/// Ends `item` if `record` holds a valid result for it.
pub(super) fn find(
    binding: &Binding,
    modifiers: Modifiers,
    item: &mut Item<'_>,
    record: Option<Vec<u8>>,
) {
    let found = match record {
        Some(record) => read(binding, modifiers, item, &record),
        None => Err(Miss::NeverRun),
    };
    match found {
        Ok(landed) => {
            binding.cluster.counters.count_store_hit();
            item.ending = Ending::Found(landed.digest);
        }
        Err(reason) => {
            item.stays = reason == Miss::Newer;
            tracing::debug!(function = binding.function.path(), key = %item.key, %reason, "miss");
        }
    }
}

/// Takes the item's output from `record`.
fn read(
    binding: &Binding,
    modifiers: Modifiers,
    item: &mut Item<'_>,
    record: &[u8],
) -> Result<Landed, Miss> {
    let storage = &*binding.cluster.storage;
    let head = storage.open_record(&item.key, record).map_err(unopened)?;
    check(binding, item.task.codec(), &head)?;
    let landed =
        Landed { key: item.key, digest: head.digest, expires: expires(binding, head.finished) };
    if modifiers.ignore_result {
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
            storage.set_record_aside(&item.key, &undecodable(error, binding));
            return Err(Miss::Unreadable);
        }
        Some(Ok(())) => {}
    }
    cache(binding, item, landed, size);
    Ok(landed)
}

/// Puts a clone of the item's output into the memory cache, if it fits. The clone.
pub(super) fn cache(
    binding: &Binding,
    item: &Item<'_>,
    landed: Landed,
    size: u64,
) -> Option<Shared> {
    let cache = &binding.cluster.storage.cache;
    let identity = item.encoded.identity(binding.number);
    if !cache.admits(identity, size) {
        cache.count_loss();
        return None;
    }
    let shared = item.task.share()?;
    cache.put(identity, Shared::clone(&shared), landed, size);
    Some(shared)
}

fn undecodable(error: Error, binding: &Binding) -> Error {
    debug_assert_eq!(error.kind(), ErrorKind::Damaged);
    error
        .with("function", binding.function.path())
        .help("a type whose fields changed needs a new `version` on the functions that return it")
}
