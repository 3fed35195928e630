//! What workers compute besides the calls that they make: the claims of what those call.
//!
//! The parent holds them, in the thread that hands a worker its calls. So who computes what is decided in one place:
//! among its workers, its own threads and, where the store can tell, other processes. A claim ends when the worker says
//! so, when the worker is lost, and at the latest when the call ends during which it was made, however that is. What
//! nobody computes is never held: others may wait for it, whom the call may need.
//!
//! A worker that has calls waiting behind the one that it makes never waits for others, who may be waiting for those;
//! nor does one of a thread that is of a pool, which may stand on other work. So what is waited for is what calls ask
//! for, which has no circles; where functions do need each other, the threads that speak for workers are followed as
//! all others are.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::thread::{self, ThreadId};

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::Key;
use crate::cluster::Cluster;
use crate::flight::{ClaimForOther, Lead, Waiting, in_pool};
use crate::storage;

/// The claims of the workers that make the calls of a batch.
pub(crate) struct WorkerClaims {
    /// What each thread holds, for itself alone: who works on it may wait for a store, and holds up nobody.
    held: Mutex<HashMap<ThreadId, Arc<Mutex<Held>>>>,
    /// Whether the thread that makes the batch is of a pool. It waits for the threads that hand its calls over, and may
    /// stand on other work meanwhile.
    of_pool: bool,
}

/// What a thread holds for the worker that it hands calls.
#[derive(Default)]
struct Held {
    /// How many calls the worker has.
    calls: usize,
    claims: Vec<(Key, Lead, storage::Claim)>,
    /// What the worker waits for.
    waiting: Option<Waiting>,
}

/// The answer to a worker that claims a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum ClaimAnswer {
    /// It has it, until it gives it back.
    Granted,
    /// It is to compute without: others may be doing the same.
    Alone,
    /// Somebody else has it: ask again.
    Busy,
}

impl Default for WorkerClaims {
    /// For a batch that this thread makes.
    fn default() -> Self {
        Self { held: Mutex::default(), of_pool: in_pool() }
    }
}

impl WorkerClaims {
    /// What this thread holds.
    fn own(&self) -> Arc<Mutex<Held>> {
        Arc::clone(self.held.lock().entry(thread::current().id()).or_default())
    }

    /// A worker gets one more call from this thread.
    pub(crate) fn begin_call(&self) {
        self.own().lock().calls += 1;
    }

    /// A call that a worker had from this thread has ended.
    pub(crate) fn end_call(&self) {
        self.let_go(|calls| calls.saturating_sub(1));
    }

    /// The worker that had calls from this thread is gone, and others are going to make them.
    pub(crate) fn worker_lost(&self) {
        self.let_go(|calls| calls);
    }

    /// Gives back all that is held for the worker of this thread, which has so many calls from now on.
    fn let_go(&self, calls: impl FnOnce(usize) -> usize) {
        let own = self.own();
        let mut held = own.lock();
        let next = Held { calls: calls(held.calls), ..Held::default() };
        let ended = std::mem::replace(&mut *held, next);
        drop(held);
        drop(ended);
    }

    /// Claims a key for the worker that this thread hands calls.
    pub(crate) fn claim(&self, cluster: &Cluster, key: Key) -> ClaimAnswer {
        let own = self.own();
        let mut held = own.lock();
        held.waiting = None;
        // It has it already, in another environment on the same store.
        if held.claims.iter().any(|(other, ..)| *other == key) {
            return ClaimAnswer::Granted;
        }
        let may_wait = held.calls < 2 && !in_pool() && !self.of_pool;
        let lead = match cluster.flights.claim_for_other(key) {
            ClaimForOther::Lead(lead) => lead,
            ClaimForOther::Waits(waiting) if may_wait => {
                held.waiting = Some(waiting);
                return ClaimAnswer::Busy;
            }
            ClaimForOther::Waits(_) | ClaimForOther::Alone => return ClaimAnswer::Alone,
        };
        match cluster.storage.trouble.note(cluster.storage.metadata.try_claim(&key)) {
            Some(Some(claim)) => {
                held.claims.push((key, lead, claim));
                ClaimAnswer::Granted
            }
            Some(None) if may_wait => ClaimAnswer::Busy,
            Some(None) | None => ClaimAnswer::Alone,
        }
    }

    /// Gives back the claim of a key that the worker had.
    pub(crate) fn release(&self, cluster: &Cluster, key: &Key) {
        let released = {
            let own = self.own();
            let mut held = own.lock();
            let place = held.claims.iter().position(|(other, ..)| other == key);
            place.map(|place| held.claims.swap_remove(place))
        };
        // What the worker recorded is in the stores alone: whoever waits has to ask them again.
        cluster.storage.changes.note(key);
        drop(released);
    }
}
