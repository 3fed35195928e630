//! Does the outcome in a record stand, as far as the record itself tells?

use crate::ErrorKind;
use crate::binding::Binding;
use crate::function::Function;
use crate::miss::Miss;
use crate::record::Head;
use crate::validity::Period;

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
    if period(function, head.finished).is_some_and(|period| !period.is_now()) {
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

/// When a result that was there at `finished` is valid: until it is as old as the function says, and, since clocks jump,
/// not where it says that it is from a time that is as far ahead.
pub(super) fn period(function: &Function, finished: u64) -> Option<Period> {
    let ttl = u64::try_from(function.ttl()?.as_nanos()).unwrap_or(u64::MAX);
    Some(Period { from: finished.saturating_sub(ttl), until: finished.saturating_add(ttl) })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::now;
    use crate::code::FunctionCode;
    use crate::record::EncodedValue;
    use crate::{Digest, Invocation, Version};

    const TTL: u64 = 60_000_000_000;

    static KEPT_FOR_A_MINUTE: Function = Function {
        path: "p::f",
        version: Version::from_bytes([1; 32]),
        code: FunctionCode::NONE,
        is_async: false,
        arguments: &[],
        cluster: "",
        ttl: Some(Duration::from_nanos(TTL)),
        package_version: "1.2.3",
        file: "src/lib.rs",
        line: 1,
    };

    fn check_finished_at(finished: u64) -> Result<(), Miss> {
        let head = Head {
            key: Invocation::from_bytes([1; 32]).key(&KEPT_FOR_A_MINUTE.version()),
            finished,
            digest: Digest::of(b"7"),
            took: 0,
            depends: false,
            provenance: Digest::of(b""),
            earlier: &[],
            is_earlier: false,
            error: None,
            value: Some(EncodedValue { codec: "json", size: 1, inline: Some(b"7") }),
            outline: &[],
        };
        check_outcome(&KEPT_FOR_A_MINUTE, &head)
    }

    /// Clocks of machines differ a little; one that was set wrong keeps nothing for years.
    #[test]
    fn what_is_from_far_ahead_has_expired_as_what_is_old_has() {
        let now = now();
        for finished in [now, now - TTL / 2, now + TTL / 2] {
            assert_eq!(check_finished_at(finished), Ok(()));
        }
        for finished in [now - TTL, 0, now + 2 * TTL, u64::MAX] {
            assert_eq!(check_finished_at(finished), Err(Miss::Expired));
        }
    }
}
