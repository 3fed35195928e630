//! The memory cache in front of a storage.
//!
//! It holds values as they are, so that a hit clones and does not decode. It is bounded in bytes, over all functions
//! that share the storage; what has not been asked for since the last look goes first (SIEVE: Zhang et al., "SIEVE is
//! Simpler than LRU", NSDI 2024).

mod many;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::mem::{needs_drop, size_of};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashTable;
use parking_lot::Mutex;

pub(crate) use many::MANY;

use crate::validity::Validity;
use crate::{Digest, Invocation};

/// A value of some type, shared by the cache and those who wait for it.
pub(crate) type Shared = Arc<dyn Any + Send + Sync>;

const SHARDS: usize = 16;
/// What an entry costs beside its value and its arguments.
const OVERHEAD: u64 = 192;
/// Values up to this many bytes that own nothing are cloned under the lock; others behind it.
const CLONED_UNDER_LOCK: usize = 64;

/// Values by function and arguments.
pub(crate) struct MemoryCache {
    budget: u64,
    used: AtomicU64,
    losses: AtomicU64,
    shards: [Mutex<Shard>; SHARDS],
}

/// How many bytes of arguments are compared in one piece.
const SHORT: usize = 32;

/// Which value is asked for.
#[derive(Clone, Copy)]
pub(crate) struct Identity<'a> {
    /// The number of the function's binding.
    pub(crate) function: u64,
    /// Equal for equal arguments.
    pub(crate) hash: u64,
    /// What tells the arguments from all others of the function.
    pub(crate) arguments: &'a [u8],
    /// Where `arguments` are short: their bytes, with zeros behind them.
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

#[derive(Default)]
struct Shard {
    table: HashTable<u32>,
    nodes: Vec<Option<Node>>,
    vacant: Vec<u32>,
    /// Where the search for a victim goes on.
    hand: usize,
    hits: u64,
    /// Nanoseconds that computing what was hit took.
    saved: u64,
}

struct Node {
    hash: u64,
    function: u64,
    /// The arguments where they are short, with zeros behind them.
    short: [u8; SHORT],
    length: usize,
    /// The arguments where they are not.
    long: Option<Box<[u8]>>,
    /// The number of the frame that recorded the call last.
    recorded_by: u64,
    value: Shared,
    landed: Landed,
    size: u64,
    /// Whether it was asked for since the hand passed.
    asked: bool,
}

impl MemoryCache {
    /// A cache of at most `budget` bytes; with 0 it keeps nothing.
    pub(crate) fn new(budget: u64) -> Self {
        Self {
            budget,
            used: AtomicU64::new(0),
            losses: AtomicU64::new(0),
            shards: Default::default(),
        }
    }

    /// The value of this identity, if it is here as a `T` and `admit` says yes to what came of its invocation.
    ///
    /// `admit` also gets the number of the frame that recorded the call last, which it may change.
    #[inline(always)]
    pub(crate) fn get<T>(
        &self,
        identity: Identity<'_>,
        admit: impl FnOnce(&Landed, &mut u64) -> bool,
    ) -> Option<T>
    where
        T: Clone + Send + Sync + 'static,
    {
        let mut shard = self.shard(identity.hash).lock();
        let node = shard.find(identity)?;
        let value = node.value.downcast_ref::<T>()?;
        if !admit(&node.landed, &mut node.recorded_by) {
            return None;
        }
        node.asked = true;
        let took = node.landed.took;
        if !needs_drop::<T>() && size_of::<T>() <= CLONED_UNDER_LOCK {
            let value = value.clone();
            shard.count_hit(took);
            return Some(value);
        }
        let value = Arc::clone(&node.value);
        shard.count_hit(took);
        drop(shard);
        value.downcast_ref::<T>().cloned()
    }

    /// The value of this identity, of whatever type.
    pub(crate) fn get_shared(&self, identity: Identity<'_>) -> Option<(Shared, Landed)> {
        let mut shard = self.shard(identity.hash).lock();
        let node = shard.find(identity)?;
        Some((Arc::clone(&node.value), node.landed.clone()))
    }

    /// Counts a value that was computed and is not here.
    pub(crate) fn count_loss(&self) {
        self.losses.fetch_add(1, Ordering::Release);
    }

    /// How many values that were computed are not, or no longer, here. As long as this stays the same, what is not
    /// here was not computed in this process.
    pub(crate) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// Whether a value of `size` bytes would be kept.
    pub(crate) fn admits(&self, identity: Identity<'_>, size: u64) -> bool {
        cost(identity, size) <= self.budget
    }

    /// Keeps a value of about `size` bytes, and drops others until the budget holds. What does not fit at all is
    /// not kept, and nothing is dropped for it.
    pub(crate) fn put(&self, identity: Identity<'_>, value: Shared, landed: Landed, size: u64) {
        let size = cost(identity, size);
        if size > self.budget {
            self.count_loss();
            return;
        }
        let length = identity.arguments.len();
        let mut short = [0; SHORT];
        let long = match short.get_mut(..length) {
            Some(space) => {
                space.copy_from_slice(identity.arguments);
                None
            }
            None => Some(identity.arguments.into()),
        };
        let node = Node {
            hash: identity.hash,
            function: identity.function,
            short,
            length,
            long,
            recorded_by: 0,
            value,
            landed,
            size,
            asked: false,
        };
        // Before others can take it out: the account is never below what is held.
        self.used.fetch_add(size, Ordering::Relaxed);
        let replaced = self.shard(identity.hash).lock().insert(node, identity);
        self.release(replaced);
        self.evict(identity.hash);
    }

    /// Drops the value of this identity.
    pub(crate) fn remove(&self, identity: Identity<'_>) {
        self.count_loss();
        let removed = self.shard(identity.hash).lock().remove(identity);
        self.release(removed);
    }

    /// Drops all values of a function.
    pub(crate) fn remove_function(&self, function: u64) {
        self.count_loss();
        for shard in &self.shards {
            let removed = shard.lock().remove_all(|node| node.function == function);
            self.release(removed);
        }
    }

    /// Drops all values.
    pub(crate) fn clear(&self) {
        self.count_loss();
        for shard in &self.shards {
            let removed = shard.lock().remove_all(|_| true);
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

    /// Drops nodes until the budget holds. The shard of `hash` comes last: the node that was just put there has had
    /// no time to be asked for.
    fn evict(&self, hash: u64) {
        let mut index = shard_index(hash);
        while self.used.load(Ordering::Relaxed) > self.budget {
            index = (index + 1) % SHARDS;
            let victim = self.shards[index].lock().evict();
            if victim.is_some() {
                self.count_loss();
            }
            self.release(victim);
        }
    }

    /// Takes dropped nodes off the account. Their values are dropped here, outside of every lock: a value's own
    /// `Drop` may do anything.
    fn release(&self, nodes: impl IntoIterator<Item = Node>) {
        for node in nodes {
            self.used.fetch_sub(node.size, Ordering::Relaxed);
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
    #[inline(always)]
    fn count_hit(&mut self, took: u64) {
        self.hits += 1;
        self.saved = self.saved.wrapping_add(took);
    }

    #[inline(always)]
    fn find(&mut self, identity: Identity<'_>) -> Option<&mut Node> {
        let index = *self.table.find(identity.hash, is(&self.nodes, identity))?;
        self.nodes[index as usize].as_mut()
    }

    /// Puts `node` in; the one that was there.
    fn insert(&mut self, node: Node, identity: Identity<'_>) -> Option<Node> {
        let hash = node.hash;
        let replaced = self.remove(identity);
        let index = match self.vacant.pop() {
            Some(index) => {
                self.nodes[index as usize] = Some(node);
                index
            }
            None => {
                let Ok(index) = u32::try_from(self.nodes.len()) else {
                    return Some(node);
                };
                self.nodes.push(Some(node));
                index
            }
        };
        let nodes = &self.nodes;
        self.table.insert_unique(hash, index, |&index| {
            nodes[index as usize].as_ref().map_or(0, |node| node.hash)
        });
        replaced
    }

    fn remove(&mut self, identity: Identity<'_>) -> Option<Node> {
        let entry = self.table.find_entry(identity.hash, is(&self.nodes, identity)).ok()?;
        let (index, _) = entry.remove();
        self.vacant.push(index);
        self.nodes[index as usize].take()
    }

    fn remove_at(&mut self, index: usize) -> Option<Node> {
        let node = self.nodes[index].take()?;
        if let Ok(entry) = self.table.find_entry(node.hash, |&found| found as usize == index) {
            let (index, _) = entry.remove();
            self.vacant.push(index);
        }
        Some(node)
    }

    fn remove_all(&mut self, is_one: impl Fn(&Node) -> bool) -> Vec<Node> {
        let indices: Vec<usize> = (0..self.nodes.len())
            .filter(|&i| self.nodes[i].as_ref().is_some_and(&is_one))
            .collect();
        indices.into_iter().filter_map(|index| self.remove_at(index)).collect()
    }

    /// Takes out one node that was not asked for since the hand passed it, if there is one.
    fn evict(&mut self) -> Option<Node> {
        for _ in 0..self.nodes.len() {
            self.hand = (self.hand + 1) % self.nodes.len();
            match &mut self.nodes[self.hand] {
                Some(node) if node.asked => node.asked = false,
                Some(_) => return self.remove_at(self.hand),
                None => {}
            }
        }
        None
    }
}

/// Whether the node at an index is the one of `identity`: its arguments are compared whole.
#[inline(always)]
fn is<'a>(nodes: &'a [Option<Node>], identity: Identity<'a>) -> impl Fn(&u32) -> bool + 'a {
    move |&index| {
        nodes[index as usize].as_ref().is_some_and(|node| {
            node.hash == identity.hash
                && node.function == identity.function
                && node.length == identity.arguments.len()
                && match (&node.long, identity.padded) {
                    (None, Some(padded)) => node.short == *padded,
                    (None, None) => node.short[..node.length] == *identity.arguments,
                    (Some(long), _) => **long == *identity.arguments,
                }
        })
    }
}
