//! Many look-ups at once: a lock for all that are in one shard.

#[cfg(test)]
mod tests;

use super::shard::Shard;
use super::{Candidate, Identity, MemoryCache, SHARDS, Shared, shard_index};

/// How many values are looked up at once at most.
pub(crate) const MANY: usize = 128;

impl MemoryCache {
    /// Gives the values of `count` identities that are here, as [`get`](Self::get) would, to `found`, in any order.
    #[inline(always)]
    pub(crate) fn get_many<'i, T>(
        &self,
        count: usize,
        identity: impl Fn(usize) -> Option<Identity<'i>>,
        mut admit: impl FnMut(usize, Candidate<'_>) -> bool,
        mut found: impl FnMut(usize, T),
    ) where
        T: Clone + Send + Sync + 'static,
    {
        let (order, ends) = by_shard(count, &identity);
        let mut behind_lock: Vec<(usize, Shared)> = Vec::new();
        let mut look_up = |shard: &mut Shard, group: &[u8]| {
            // In steps, each of which is the same for all: the processor waits for the memory of many at a time.
            let mut at = [None; MANY];
            for (at, &index) in at.iter_mut().zip(group) {
                *at = identity(index.into()).and_then(|identity| shard.candidate(identity));
            }
            for (at, &index) in at.iter_mut().zip(group) {
                let index = usize::from(index);
                let identity = identity(index).filter(|_| at.is_some());
                *at = identity.and_then(|identity| shard.confirm(*at, identity));
                *at = at.filter(|&at| shard.admits::<T>(at, |found| admit(index, found)));
            }
            for (&at, &index) in at.iter().zip(group) {
                let Some(at) = at else { continue };
                shard.count_hit(at);
                match shard.take_clone(at) {
                    Ok(value) => found(index.into(), value),
                    Err(shared) => behind_lock.push((index.into(), shared)),
                }
            }
        };
        // Threads that look up at the same time would follow one another from lock to lock; so what another one has
        // comes last.
        let mut is_left = [true; SHARDS];
        for waits in [false, true] {
            let mut start = 0;
            for ((shard, end), is_left) in self.shards.iter().zip(ends).zip(&mut is_left) {
                let group = &order[std::mem::replace(&mut start, end)..end];
                *is_left &= !group.is_empty();
                if !*is_left {
                    continue;
                }
                let shard = if waits { Some(shard.lock()) } else { shard.try_lock() };
                if let Some(mut shard) = shard {
                    *is_left = false;
                    look_up(&mut shard, group);
                }
            }
        }
        for (index, value) in behind_lock {
            if let Some(value) = value.downcast_ref::<T>() {
                found(index, value.clone());
            }
        }
    }
}

/// The indices that have an identity, ordered by shard, and where each shard's end.
#[inline(always)]
fn by_shard<'i>(
    count: usize,
    identity: impl Fn(usize) -> Option<Identity<'i>>,
) -> ([u8; MANY], [usize; SHARDS]) {
    let (mut shards, mut ends) = ([SHARDS; MANY], [0; SHARDS]);
    for (index, shard) in shards.iter_mut().enumerate().take(count) {
        if let Some(identity) = identity(index) {
            *shard = shard_index(identity.hash);
            ends[*shard] += 1;
        }
    }
    let mut end = 0;
    for count in &mut ends {
        let start = end;
        end += *count;
        *count = start;
    }
    let mut order = [0; MANY];
    for (index, &shard) in (0..).zip(&shards[..count]) {
        if shard < SHARDS {
            order[ends[shard]] = index;
            ends[shard] += 1;
        }
    }
    (order, ends)
}
