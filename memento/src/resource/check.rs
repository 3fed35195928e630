//! Whether a resource is in the state that a record says it was in.

use std::collections::HashSet;
use std::time::SystemTime;

use parking_lot::Mutex;

use super::reading::{Stamped, settle};
use super::{Observation, Stamp, kind, memo};
use crate::{Digest, Error, ErrorKind, Result};

/// What became of a resource since it was observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// It is in the same state, and there is nothing to note.
    Same,
    /// It is in the same state, for which this stamp stands now: with it in the record, the next check is cheaper.
    Restamped(Stamp),
    /// It is in another state, or nobody can tell.
    Changed,
}

/// Checks whether a resource is in the state in which it was observed.
///
/// Where the stamp is the same, that costs one look at it. Else the state is compared: to read it is the expensive
/// part, which happens once in a process for all records as long as the stamp stays the same.
pub(crate) fn check(observation: &Observation) -> Check {
    check_at(observation, SystemTime::now())
}

/// Does what [`check`] does, at the time `now`.
pub(super) fn check_at(observation: &Observation, now: SystemTime) -> Check {
    match look(observation, now) {
        Ok(Look::State(digest, _)) if digest != *observation.digest() => Check::Changed,
        Ok(Look::State(_, Some(stamp))) if Some(stamp) != observation.stamp() => {
            Check::Restamped(stamp)
        }
        Ok(Look::Unread | Look::State(..)) => Check::Same,
        Err(error) => {
            say(&error);
            Check::Changed
        }
    }
}

/// What there is to see of a resource.
enum Look {
    /// The stamp that it was observed with.
    Unread,
    /// The digest of its state, and the stamp that stands for it.
    State(Digest, Option<Stamp>),
}

/// Looks at the resource no closer than it takes.
fn look(observation: &Observation, now: SystemTime) -> Result<Look> {
    let (kind, name) = (observation.kind(), observation.name());
    let found = kind::find(kind)?.ok_or_else(|| {
        Error::new(ErrorKind::Configuration, "check a resource")
            .with("kind", kind.escape_debug())
            .with("name", name.escape_debug())
            .because("this program knows no such kind")
            .help("link the crate that registers it with `memento::resource::register!`")
    })?;
    let resource = found.open(name)?;
    let stamped: Stamped = resource.stamp();
    if let Some((stamp, _)) = stamped {
        if observation.stamp() == Some(stamp) {
            return Ok(Look::Unread);
        }
        if let Some(digest) = memo::get(kind, name, stamp) {
            return Ok(Look::State(digest, Some(stamp)));
        }
    }
    let settled = settle(stamped, || resource.stamp(), || ((), resource.state()), now);
    if let Some(stamp) = settled.stamp {
        memo::insert(kind, name, stamp, settled.digest);
    }
    Ok(Look::State(settled.digest, settled.stamp))
}

/// How many different messages are remembered as said; then all are forgotten, so that memory is bounded.
const REMEMBERED: usize = 1024;

/// Says why a resource counts as changed without having been looked at, once.
fn say(error: &Error) {
    static SAID: Mutex<Option<HashSet<String>>> = Mutex::new(None);
    let message = error.to_string();
    let mut guard = SAID.lock();
    let said = guard.get_or_insert_default();
    if said.len() >= REMEMBERED {
        said.clear();
    }
    if said.insert(message) {
        drop(guard);
        tracing::warn!(kind = ?error.kind(), "{error}; the resource counts as changed");
    }
}
