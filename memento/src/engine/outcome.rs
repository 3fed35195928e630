//! Does the outcome in a record stand, as far as the record itself tells?

use crate::ErrorKind;
use crate::binding::Binding;
use crate::clock::now;
use crate::function::Function;
use crate::miss::Miss;
use crate::record::Head;

/// Why a record could not be opened.
pub(super) fn unopened(kind: ErrorKind) -> Miss {
    if kind == ErrorKind::NewerFormat { Miss::Newer } else { Miss::Unreadable }
}

/// Whether the outcome in `head` is one that stands, as far as it itself tells.
pub(super) fn check_outcome(function: &Function, head: &Head<'_>) -> Result<(), Miss> {
    if head.value.is_none() {
        return Err(match head.error {
            Some(error) => Miss::Failed(error.to_owned()),
            None => Miss::Forgotten,
        });
    }
    if expires(function, head.finished).is_some_and(|expires| expires <= now()) {
        return Err(Miss::Expired);
    }
    Ok(())
}

/// Whether the outcome in `head` answers a call of the function now, as far as it itself tells.
pub(super) fn check(binding: &Binding, codec: &str, head: &Head<'_>) -> Result<(), Miss> {
    match &head.value {
        Some(value) if value.codec != codec => Err(Miss::OtherCodec(value.codec.to_owned())),
        _ => check_outcome(binding.function, head),
    }
}

/// From when on a result that was there at `finished` is no longer valid.
pub(super) fn expires(function: &Function, finished: u64) -> Option<u64> {
    let ttl = function.ttl()?;
    Some(finished.saturating_add(u64::try_from(ttl.as_nanos()).unwrap_or(u64::MAX)))
}
