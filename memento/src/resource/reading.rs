//! How a resource is read so that what was read, its digest and its stamp belong together.

use std::time::{Duration, SystemTime};

use super::{Observation, Resource, Stamp, State, memo};
use crate::Digest;

/// How long ago a resource must have changed last for its stamp to be trusted: the coarsest step of the times of a file
/// system in common use, which is that of FAT. Within one step, two states may have the same stamp.
const STEP: Duration = Duration::from_secs(2);

/// How often a resource is read that changes meanwhile.
const ATTEMPTS: usize = 3;

/// A stamp, and when the resource last changed.
pub(super) type Stamped = Option<(Stamp, SystemTime)>;

/// What was read, the state that it was read in, and the stamp that stands for it, if one can be trusted.
pub(super) struct Settled<T> {
    pub(super) value: T,
    pub(super) digest: Digest,
    pub(super) stamp: Option<Stamp>,
}

/// Reads `resource`, at the time `now` or later, and says what a record should note of it.
pub(super) fn read<R: Resource, T>(
    resource: &R,
    mut read: impl FnMut(&R) -> T,
    mut state: impl FnMut(&T) -> State,
    now: SystemTime,
) -> (T, Observation) {
    let read = || {
        let value = read(resource);
        let state = state(&value);
        (value, state)
    };
    let settled = settle(resource.stamp(), || resource.stamp(), read, now);
    let name = resource.name();
    if let Some(stamp) = settled.stamp {
        memo::insert(R::KIND, &name, stamp, settled.digest);
    }
    (settled.value, Observation::new(R::KIND, name, settled.stamp, settled.digest))
}

/// Reads until the stamp is the same before and after, [`ATTEMPTS`] times at most.
///
/// `before` is the stamp as it is when this is called, which is at the time `now` or later.
pub(super) fn settle<T>(
    mut before: Stamped,
    stamp: impl Fn() -> Stamped,
    mut read: impl FnMut() -> (T, State),
    now: SystemTime,
) -> Settled<T> {
    let mut attempt = 1;
    loop {
        let (value, state) = read();
        let after = stamp();
        let is_same = before == after;
        if is_same || attempt == ATTEMPTS {
            let stamp = trusted(after, now).filter(|_| is_same && state.has_stamp());
            return Settled { value, digest: state.digest(), stamp };
        }
        attempt += 1;
        before = after;
    }
}

/// The stamp, if any later state will have another one.
fn trusted(stamped: Stamped, now: SystemTime) -> Option<Stamp> {
    let (stamp, last_change) = stamped?;
    now.duration_since(last_change).is_ok_and(|age| age > STEP).then_some(stamp)
}
