//! The memory cache in front of a storage.
//!
//! It holds values as they are, so that a hit clones and does not decode. It is bounded in bytes, over all functions
//! that share the storage: a hand goes round and drops what has not been asked for since it last passed, as CLOCK does;
//! after SIEVE (Zhang et al., "SIEVE is Simpler than LRU", NSDI 2024), without its order.

mod many;
mod shard;
#[cfg(test)]
mod tests;
mod value;

use std::any::Any;
use std::mem::{needs_drop, size_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

pub(crate) use many::MANY;
pub(crate) use shard::SHORT;
use shard::{Back, Entry, Shard};
use value::Value;

use crate::validity::Validity;
use crate::{Digest, Invocation};

/// A value of some type, shared by the cache and those who wait for it.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

const SHARDS: usize = 16;
/// What an entry costs beside its value and its arguments.
const OVERHEAD: u64 = 192;
/// Values up to this many bytes that own nothing are cloned under the lock; others behind it.
const CLONED_UNDER_LOCK: usize = 64;

/// Stands for all functions that got no number of their own: nothing of them is kept.
const UNNUMBERED: u32 = u32::MAX;

/// Values by function and arguments.
pub(crate) struct MemoryCache {
    budget: u64,
    used: AtomicU64,
    /// The number that the next function gets.
    numbers: AtomicU32,
    shards: [Mutex<Shard>; SHARDS],
}

/// A value that was taken out. Its own `Drop` may do anything: it is dropped outside of every lock.
pub(crate) struct Removed {
    _entry: Option<Entry>,
}

/// Which value is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// The number of the function's binding.
    pub(crate) function: u32,
    /// Equal for equal arguments.
    pub(crate) hash: u64,
    /// What tells the arguments from all others of the function.
    pub(crate) arguments: &'a [u8],
    /// Where `arguments` have up to [`SHORT`] bytes: these, with zeros behind them.
    pub(crate) padded: Option<&'a [u8; SHORT]>,
}

/// What came of the invocation whose value is in the cache.
#[derive(Clone)]
pub(crate) struct Landed {
    pub(crate) invocation: Invocation,
    pub(crate) digest: Digest,
    /// What the value depends on beyond the code; `None` where that is nothing.
    pub(crate) validity: Option<Arc<Validity>>,
    /// Nanoseconds that it took to compute.
    pub(crate) took: u64,
}

impl Landed {
    /// Whether it can be used again.
    pub(crate) fn is_still_valid(&self) -> bool {
        self.validity.as_ref().is_none_or(|validity| validity.holds() && validity.resources_hold())
    }
}

/// A value that is here, for who decides whether it may be used.
pub(crate) struct Candidate<'s> {
    /// Whether it depends on anything beyond the code: [`Landed::validity`].
    pub(crate) depends: bool,
    back: &'s mut Back,
}

impl Candidate<'_> {
    pub(crate) fn landed(&self) -> &Landed {
        &self.back.landed
    }

    /// The number of the frame that recorded the call last.
    pub(crate) fn recorded_by(&mut self) -> &mut u64 {
        &mut self.back.recorded_by
    }
}

impl MemoryCache {
    /// A cache of at most `budget` bytes; with 0 it keeps nothing.
    pub(crate) fn new(budget: u64) -> Self {
        Self {
            budget,
            used: AtomicU64::new(0),
            numbers: AtomicU32::new(0),
            shards: Default::default(),
        }
    }

    /// How many bytes it has at most.
    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// A number for a function in an environment, which no other one has: [`Identity::function`]. When they are used
    /// up, [`UNNUMBERED`].
    pub(crate) fn take_number(&self) -> u32 {
        let next = |number: u32| number.checked_add(1);
        self.numbers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).unwrap_or(UNNUMBERED)
    }

    /// The value of this identity, if it is here as a `T` and `admit` says yes to it.
    #[inline(always)]
    pub(crate) fn get<T>(
        &self,
        identity: Identity<'_>,
        admit: impl FnOnce(Candidate<'_>) -> bool,
    ) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
    {
        let mut shard = self.shard(identity.hash).lock();
        let at = shard.find(identity)?;
        if !shard.admits::<T>(at, admit) {
            return None;
        }
        shard.count_hit(at);
        let shared = match shard.take_clone(at) {
            Ok(value) => return Some(value),
            Err(shared) => shared,
        };
        drop(shard);
        shared.downcast_ref::<T>().cloned()
    }

    /// The value of this identity, of whatever type.
    pub(crate) fn get_shared(&self, identity: Identity<'_>) -> Option<(Shared, Landed)> {
        let mut shard = self.shard(identity.hash).lock();
        let at = shard.find(identity)?;
        let front = shard.front(at);
        Some((front.value.to_shared(front.kind), shard.back(at).landed.clone()))
    }

    /// Counts a look-up that found what has landed by [`get_shared`](Self::get_shared), and that could use it.
    pub(crate) fn count_hit(&self, identity: Identity<'_>, landed: &Landed) {
        let mut shard = self.shard(identity.hash).lock();
        match shard.find(identity) {
            Some(at) => shard.count_hit(at),
            // It is gone by now.
            None => shard.count(landed.took),
        }
    }

    /// Whether a value of `size` bytes would be kept.
    pub(crate) fn admits(&self, identity: Identity<'_>, size: u64) -> bool {
        cost(identity, size) <= self.budget && identity.function != UNNUMBERED
    }

    /// Keeps a value of about `size` bytes, and drops others until the budget holds. What does not fit at all is
    /// not kept, and nothing is dropped for it.
    ///
    /// Whether it is `wanted` is asked when nobody else can put or remove it any more.
    pub(crate) fn put_if(
        &self,
        identity: Identity<'_>,
        value: Shared,
        landed: Landed,
        size: u64,
        wanted: impl FnOnce() -> bool,
    ) {
        let size = cost(identity, size);
        if size > self.budget || identity.function == UNNUMBERED {
            return;
        }
        let entry = Entry::new(identity, value, landed, size);
        // Before others can take it out: the account is never below what is held.
        self.used.fetch_add(size, Ordering::Relaxed);
        let mut shard = self.shard(identity.hash).lock();
        let dropped = if wanted() { shard.insert(entry, identity) } else { Some(entry) };
        drop(shard);
        self.release(dropped);
        self.evict(identity.hash);
    }

    /// Takes the value of this identity out.
    pub(crate) fn remove(&self, identity: Identity<'_>) -> Removed {
        let removed = self.shard(identity.hash).lock().remove(identity);
        if let Some(entry) = &removed {
            self.used.fetch_sub(entry.back.size, Ordering::Relaxed);
        }
        Removed { _entry: removed }
    }

    /// Drops all values of a function.
    pub(crate) fn remove_function(&self, function: u32) {
        for shard in &self.shards {
            let removed = shard.lock().remove_all(Some(function));
            self.release(removed);
        }
    }

    /// Drops all values.
    pub(crate) fn clear(&self) {
        for shard in &self.shards {
            let removed = shard.lock().remove_all(None);
            self.release(removed);
        }
    }

    /// How many look-ups found their value.
    pub(crate) fn hits(&self) -> u64 {
        self.shards.iter().map(|shard| shard.lock().hits).sum()
    }

    /// How long computing what was found took.
    pub(crate) fn saved(&self) -> Duration {
        let saved = self.shards.iter().map(|shard| shard.lock().saved);
        Duration::from_nanos(saved.fold(0, u64::wrapping_add))
    }

    /// Drops entries until the budget holds. The shard of `hash` comes last: the entry that was just put there has had
    /// no time to be asked for.
    fn evict(&self, hash: u64) {
        let mut index = shard_index(hash);
        while self.used.load(Ordering::Relaxed) > self.budget {
            index = (index + 1) % SHARDS;
            let victim = self.shards[index].lock().evict();
            self.release(victim);
        }
    }

    /// Takes dropped entries off the account. Their values are dropped here, outside of every lock: a value's own
    /// `Drop` may do anything.
    fn release(&self, entries: impl IntoIterator<Item = Entry>) {
        for entry in entries {
            self.used.fetch_sub(entry.back.size, Ordering::Relaxed);
        }
    }

    #[inline]
    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        &self.shards[shard_index(hash)]
    }
}

/// What keeping a value of `size` bytes costs.
fn cost(identity: Identity<'_>, size: u64) -> u64 {
    size.saturating_add(OVERHEAD + identity.arguments.len() as u64)
}

/// Bits of the hash that the table does not use.
#[inline]
fn shard_index(hash: u64) -> usize {
    (hash >> 40) as usize % SHARDS
}

impl Shard {
    /// Whether the value at `at` is a `T` that `admit` says yes to.
    #[inline(always)]
    fn admits<T: 'static>(&mut self, at: u32, admit: impl FnOnce(Candidate<'_>) -> bool) -> bool {
        let front = self.front(at);
        let depends = front.depends;
        front.value.is::<T>(front.kind) && admit(Candidate { depends, back: self.back(at) })
    }

    /// A clone of the `T` at `at`; the value itself where it is to be cloned behind the lock.
    #[inline(always)]
    fn take_clone<T: Clone + 'static>(&self, at: u32) -> Result<T, Shared> {
        let front = self.front(at);
        match &front.value {
            Value::Number(bytes) => {
                value::number(front.kind, *bytes).ok_or_else(|| front.value.to_shared(front.kind))
            }
            Value::Shared(shared) => match shared.downcast_ref::<T>() {
                Some(value) if !needs_drop::<T>() && size_of::<T>() <= CLONED_UNDER_LOCK => {
                    Ok(value.clone())
                }
                _ => Err(Arc::clone(shared)),
            },
        }
    }
}
