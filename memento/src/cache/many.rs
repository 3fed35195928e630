//! Many look-ups at once: a lock for all that are in one shard.

#[cfg(test)]
mod tests;

use std::mem::{needs_drop, size_of};
use std::sync::Arc;

use super::{
    CLONED_UNDER_LOCK, Identity, Landed, MemoryCache, Node, SHARDS, Shard, Shared, is, shard_index,
};

/// How many values are looked up at once at most.
pub(crate) const MANY: usize = 128;

impl MemoryCache {
    /// Gives the values of `count` identities that are here, as [`get`](Self::get) would, to `found`, in any order.
    ///
    /// `admit` also gets the number of the frame that recorded the call last.
    #[inline(always)]
    pub(crate) fn get_many<'i, T>(
        &self,
        count: usize,
        identity: impl Fn(usize) -> Option<Identity<'i>>,
        mut admit: impl FnMut(usize, &Landed, u64) -> bool,
        mut found: impl FnMut(usize, T),
    ) where
        T: Clone + Send + Sync + 'static,
    {
        let (order, ends) = by_shard(count, &identity);
        let mut behind_lock: Vec<(usize, Shared)> = Vec::new();
        let mut start = 0;
        for (shard, end) in self.shards.iter().zip(ends) {
            let group = &order[start..end];
            start = end;
            if group.is_empty() {
                continue;
            }
            let mut shard = shard.lock();
            // In steps, each of which is the same for all: the processor waits for the memory of many at a time.
            let mut at = [None; MANY];
            for (at, &index) in at.iter_mut().zip(group) {
                *at = identity(index.into()).and_then(|identity| shard.candidate(identity));
            }
            for (at, &index) in at.iter_mut().zip(group) {
                let index = usize::from(index);
                let identity = identity(index).filter(|_| at.is_some());
                *at = identity.and_then(|identity| shard.confirm(*at, identity));
                if let Some(node) = shard.node(*at)
                    && !(node.value.is::<T>() && admit(index, &node.landed, node.recorded_by))
                {
                    *at = None;
                }
            }
            for (&at, &index) in at.iter().zip(group) {
                let Some(node) = shard.node(at) else { continue };
                node.asked = true;
                let took = node.landed.took;
                match node.value.downcast_ref::<T>() {
                    Some(value) if !needs_drop::<T>() && size_of::<T>() <= CLONED_UNDER_LOCK => {
                        found(index.into(), value.clone());
                    }
                    _ => behind_lock.push((index.into(), Arc::clone(&node.value))),
                }
                shard.count_hit(took);
            }
        }
        for (index, value) in behind_lock {
            if let Some(value) = value.downcast_ref::<T>() {
                found(index, value.clone());
            }
        }
    }
}

impl Shard {
    /// Where a node of this identity may be: the first whose hash looks the same.
    #[inline(always)]
    fn candidate(&self, identity: Identity<'_>) -> Option<u32> {
        self.table.find(identity.hash, |_| true).copied()
    }

    /// Where the node of this identity is, if it is here. `candidate` is where it may be.
    #[inline(always)]
    fn confirm(&self, candidate: Option<u32>, identity: Identity<'_>) -> Option<u32> {
        let is = is(&self.nodes, identity);
        candidate.filter(&is).or_else(|| self.table.find(identity.hash, &is).copied())
    }

    #[inline(always)]
    fn node(&mut self, at: Option<u32>) -> Option<&mut Node> {
        self.nodes[at? as usize].as_mut()
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
