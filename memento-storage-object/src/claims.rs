//! Which results are being computed, and by whom.
//!
//! A claim is an object that is put where nothing is, with its owner's token in it. While the owner lives, it puts
//! another one in its place three times in a lease. No clocks are compared: whoever is refused notes what it has seen,
//! and when it has seen the same for a whole lease by its own clock, the owner is gone, and the claim is taken over, if
//! it is still the same then. Who was merely stopped finds somebody else's claim there. What was computed under an
//! earlier claim does not take the place of what was computed under a later one: the numbers of claims grow, and go
//! with each memento.

mod lease;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use futures_util::stream::{self, StreamExt as _};
use memento::storage::{Claim, HeldClaim, HeldClaims};
use memento::{Key, Result};
use object_store::ObjectStoreExt as _;
use parking_lot::Mutex;
use tokio::time::timeout;

use crate::connect::Store;
use crate::format::{Lease, digits, key_of, now};
use crate::service::Service;
use lease::{Answer, Holding, Placed};

const CLAIM: &str = "claim a result";
const RELEASE: &str = "give a claim back";

/// How long who waits does not ask the service: an eighth of the time that it has waited, within these limits.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));
/// How many times as long as a lease of this process one of another process may last.
const LONGEST_LEASE: u32 = 10;
/// Of how many claims of others this process remembers what it has seen, before it forgets all of them.
const REMEMBERED: usize = 10_000;

/// The claims of this process on a service.
#[derive(Debug)]
pub(crate) struct Claims {
    shared: Arc<Shared>,
}

/// What claims and the task that renews them have in common.
struct Shared {
    service: Service,
    held: HeldClaims<Holding>,
    /// Claims of others.
    seen: Mutex<HashMap<Key, Seen>>,
}

/// A claim of another process, as it was seen.
#[derive(Clone)]
struct Seen {
    there: Option<Placed>,
    /// When it was seen first, as it is.
    first: Instant,
    asked: Instant,
}

/// A claim of this process. Dropping it gives it back.
struct Leased {
    shared: Arc<Shared>,
    key: Key,
    number: u64,
}

impl Claims {
    pub(crate) fn new(service: Service) -> Self {
        let (held, seen) = (HeldClaims::default(), Mutex::default());
        Self { shared: Arc::new(Shared { service, held, seen }) }
    }

    /// Claims a key; `None` where somebody else has it.
    pub(crate) fn try_claim(&self, key: &Key) -> Result<Option<Claim>> {
        let shared = &self.shared;
        let service = &shared.service;
        let seen = shared.seen.lock().get(key).cloned();
        if seen.as_ref().is_some_and(|seen| seen.asked.elapsed() < pause(seen)) {
            return Ok(None);
        }
        let lasts = u64::try_from(service.options.lease.as_millis()).unwrap_or(u64::MAX);
        let token = fastrand::u128(..).to_be_bytes();
        let lease = Lease { token, number: now(), lasts, renewed: 0 };
        let longest = service.options.lease.saturating_mul(LONGEST_LEASE);
        let before = seen.clone();
        let expired = move |there: &Placed| is_expired(before.as_ref(), there, longest);
        let (path, of) = (service.path(&claim_key(key)), service.path(&key_of(key)));
        match service.ask(CLAIM, |store| store.claim(path, of, lease, expired))? {
            Answer::Refused(there) => {
                shared.note(key, seen, there);
                Ok(None)
            }
            Answer::Granted(holding) => {
                shared.seen.lock().remove(key);
                let number = holding.lease.number;
                Shared::hold(shared, *key, holding);
                Ok(Some(Box::new(Leased { shared: Arc::clone(shared), key: *key, number })))
            }
        }
    }

    /// The number of the claim of a key that this process has. It may have been overtaken.
    pub(crate) fn number_of(&self, key: &Key) -> Option<u64> {
        self.shared.held.number_of(key)
    }

    /// Waits for at most `limit`: services wake nobody.
    pub(crate) fn wait(&self, key: &Key, limit: Duration) {
        let seen = self.shared.seen.lock().get(key).cloned();
        let left = seen.map_or(limit, |seen| pause(&seen).saturating_sub(seen.asked.elapsed()));
        std::thread::sleep(left.min(limit));
    }
}

fn claim_key(key: &Key) -> String {
    format!("claims/{}", digits(key.as_bytes()))
}

/// How long to ask for nothing.
fn pause(seen: &Seen) -> Duration {
    ((seen.asked - seen.first) / 8).clamp(PAUSES.0, PAUSES.1)
}

/// Whether the claim that is there has been there, as it is, for as long as it lasts.
fn is_expired(seen: Option<&Seen>, there: &Placed, longest: Duration) -> bool {
    let lasts = there.lease.map_or(longest, |lease| Duration::from_millis(lease.lasts));
    let is_there = |seen: &Seen| seen.there.as_ref() == Some(there);
    seen.is_some_and(|seen| is_there(seen) && seen.first.elapsed() >= lasts.min(longest))
}

impl Shared {
    /// Notes what was seen.
    fn note(&self, key: &Key, before: Option<Seen>, there: Option<Placed>) {
        let now = Instant::now();
        let first = before.filter(|before| before.there == there).map_or(now, |seen| seen.first);
        let mut seen = self.seen.lock();
        if seen.len() >= REMEMBERED {
            seen.clear();
        }
        seen.insert(*key, Seen { there, first, asked: now });
    }

    /// Notes a claim of this process, and sees to it that it is renewed.
    fn hold(shared: &Arc<Self>, key: Key, holding: Holding) {
        shared.held.insert(key, holding.lease.number, holding, || {
            let (weak, third) = (Arc::downgrade(shared), shared.service.options.lease / 3);
            let started = shared.service.start(|store| renew_all(store, weak, third));
            if let Err(error) = &started {
                tracing::debug!(%error, "cannot renew claims: they end with their lease");
            }
            started.is_ok()
        });
    }

    /// Gives a claim back, unless that was done before.
    fn release(&self, key: &Key, held: Option<Holding>) {
        let service = &self.service;
        // What may have ended is left to end: by now, it may be somebody else's.
        let Some(held) = held.filter(|held| held.since.elapsed() < service.options.lease / 2)
        else {
            return;
        };
        // Nor is it deleted any later, by a request that is held up.
        let left = service.options.lease.saturating_sub(held.since.elapsed());
        let path = service.path(&claim_key(key));
        let released = service.ask(RELEASE, |store| async move {
            let deleted = timeout(left, store.objects.delete(&path)).await;
            deleted.unwrap_or_else(|late| {
                Err(object_store::Error::Generic { store: "memento", source: late.into() })
            })
        });
        if let Err(error) = released {
            tracing::debug!(%error, "a claim ends with its lease");
        }
    }
}

/// Renews claims three times in a lease, several at the same time, until there are none. A round that takes a third is
/// followed by the next one at once: one that nobody answers leaves time for one more.
async fn renew_all(store: Store, shared: Weak<Shared>, third: Duration) {
    let mut left = third;
    loop {
        tokio::time::sleep(left).await;
        let began = Instant::now();
        let Some((claims, parallel)) = shared
            .upgrade()
            .and_then(|shared| Some((shared.held.to_renew()?, shared.service.options.parallel)))
        else {
            return;
        };
        // One whose connection is silent is not waited for by the others, which end meanwhile.
        let (store, shared) = (&store, &shared);
        let renew = |claim| async move {
            if timeout(third, renew(store, shared, claim)).await.is_err() {
                tracing::debug!("a claim is not renewed in time");
            }
        };
        stream::iter(claims).for_each_concurrent(parallel, renew).await;
        left = third.saturating_sub(began.elapsed());
    }
}

/// Renews a claim, unless nobody has it any more.
async fn renew(store: &Store, shared: &Weak<Shared>, (key, number, held): (Key, u64, Holding)) {
    let Some(path) = shared.upgrade().map(|shared| shared.service.path(&claim_key(&key))) else {
        return;
    };
    let renewed = store.renew_lease(&path, held).await;
    let Some(shared) = shared.upgrade() else { return };
    match renewed {
        Ok(Some(renewed)) => shared.held.renewed(key, number, renewed),
        Ok(None) => tracing::debug!(%key, "a claim has ended before it was renewed"),
        Err(error) => {
            let error = shared.service.failed("renew a claim", &error);
            tracing::debug!(%error, "a claim is not renewed");
        }
    }
}

impl HeldClaim for Leased {
    fn end(&self) {
        self.shared.release(&self.key, self.shared.held.end(self.key, self.number));
    }
}

impl Drop for Leased {
    fn drop(&mut self) {
        self.shared.release(&self.key, self.shared.held.remove(self.key, self.number));
    }
}

impl fmt::Debug for Leased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leased").field("key", &self.key).finish_non_exhaustive()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("held", &self.held).finish_non_exhaustive()
    }
}
