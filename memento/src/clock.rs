//! Times as numbers.

use std::time::SystemTime;

/// Nanoseconds since the Unix epoch, of which there are enough for 584 years.
pub(crate) fn nanoseconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The time now, in nanoseconds since the Unix epoch.
pub(crate) fn now() -> u64 {
    nanoseconds(SystemTime::now())
}
