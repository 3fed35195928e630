//! The entries of one shard of the memory cache.
//!
//! What a hit reads of an entry is one line of the processor's caches, its [`Front`]; the rest stands elsewhere. With
//! many entries a hit waits for memory, and for little else.

use std::mem::size_of;

use hashbrown::HashTable;

use super::value::{Kind, Value};
use super::{Identity, Landed, Shared};

/// How many bytes of arguments are compared in one piece.
pub(crate) const SHORT: usize = 32;

/// The length of arguments that are not short.
const LONG: u8 = u8::MAX;

#[derive(Default)]
pub(super) struct Shard {
    /// Indices of entries.
    table: HashTable<u32>,
    fronts: Vec<Front>,
    backs: Vec<Back>,
    /// Where the search for a victim goes on.
    hand: usize,
    pub(super) hits: u64,
    /// Nanoseconds that computing what was hit took.
    pub(super) saved: u64,
}

/// What a hit reads.
#[repr(align(64))]
pub(super) struct Front {
    /// The arguments where they are short, with zeros behind them.
    short: [u8; SHORT],
    pub(super) value: Value,
    /// As in [`Landed`].
    took: u64,
    function: u32,
    /// Of the arguments.
    length: u8,
    pub(super) kind: Kind,
    /// Whether the value depends on anything beyond the code.
    pub(super) depends: bool,
    /// Whether it was asked for since the hand passed.
    asked: bool,
}

const _: () = assert!(size_of::<Front>() == 64);

/// What a hit does not read.
pub(super) struct Back {
    hash: u64,
    /// The arguments where they are not short.
    long: Option<Box<[u8]>>,
    /// The number of the frame that recorded the call last.
    pub(super) recorded_by: u64,
    pub(super) landed: Landed,
    pub(super) size: u64,
}

/// A value with all that is known of it.
pub(super) struct Entry {
    pub(super) front: Front,
    pub(super) back: Back,
}

impl Entry {
    pub(super) fn new(identity: Identity<'_>, value: Shared, landed: Landed, size: u64) -> Self {
        let mut short = [0; SHORT];
        let arguments = identity.arguments;
        let (length, long) = match short.get_mut(..arguments.len()) {
            Some(space) => {
                space.copy_from_slice(arguments);
                (u8::try_from(arguments.len()).unwrap_or(LONG), None)
            }
            None => (LONG, Some(arguments.into())),
        };
        let (kind, value) = Value::new(value);
        let front = Front {
            short,
            value,
            took: landed.took,
            function: identity.function,
            length,
            kind,
            depends: landed.validity.is_some(),
            asked: false,
        };
        Self { front, back: Back { hash: identity.hash, long, recorded_by: 0, landed, size } }
    }
}

impl Shard {
    /// Where the entry of this identity may be: the first whose hash looks the same.
    #[inline(always)]
    pub(super) fn candidate(&self, identity: Identity<'_>) -> Option<u32> {
        self.table.find(identity.hash, |_| true).copied()
    }

    /// Where the entry of this identity is, if it is here. `candidate` is where it may be.
    #[inline(always)]
    pub(super) fn confirm(&self, candidate: Option<u32>, identity: Identity<'_>) -> Option<u32> {
        let is = self.is(identity);
        candidate.filter(&is).or_else(|| self.table.find(identity.hash, &is).copied())
    }

    /// Where the entry of this identity is, if it is here.
    #[inline(always)]
    pub(super) fn find(&self, identity: Identity<'_>) -> Option<u32> {
        self.table.find(identity.hash, self.is(identity)).copied()
    }

    #[inline(always)]
    pub(super) fn front(&self, at: u32) -> &Front {
        &self.fronts[at as usize]
    }

    #[inline(always)]
    pub(super) fn back(&mut self, at: u32) -> &mut Back {
        &mut self.backs[at as usize]
    }

    /// Notes that an entry was asked for.
    #[inline(always)]
    pub(super) fn count_hit(&mut self, at: u32) {
        let front = &mut self.fronts[at as usize];
        // A line that is not written to need not go back to memory.
        if !front.asked {
            front.asked = true;
        }
        let took = front.took;
        self.count(took);
    }

    /// Counts a hit of what took `took` nanoseconds to compute.
    #[inline(always)]
    pub(super) fn count(&mut self, took: u64) {
        self.hits += 1;
        self.saved = self.saved.wrapping_add(took);
    }

    /// Whether the entry at an index is the one of `identity`: its arguments are compared whole.
    #[inline(always)]
    fn is(&self, identity: Identity<'_>) -> impl Fn(&u32) -> bool {
        move |&at| {
            let front = self.front(at);
            front.function == identity.function
                && match identity.padded {
                    Some(padded) => {
                        usize::from(front.length) == identity.arguments.len()
                            && front.short == *padded
                    }
                    None => *self.arguments(at) == *identity.arguments,
                }
        }
    }

    fn arguments(&self, at: u32) -> &[u8] {
        let front = self.front(at);
        match (front.length, &self.backs[at as usize].long) {
            (LONG, Some(long)) => long,
            (length, _) => &front.short[..length.into()],
        }
    }

    /// Puts an entry in; the one that was there, or the new one where there is no room for one more.
    pub(super) fn insert(&mut self, entry: Entry, identity: Identity<'_>) -> Option<Entry> {
        let replaced = self.remove(identity);
        let Ok(at) = u32::try_from(self.fronts.len()) else { return Some(entry) };
        let hash = entry.back.hash;
        self.fronts.push(entry.front);
        self.backs.push(entry.back);
        let backs = &self.backs;
        self.table.insert_unique(hash, at, |&at| backs[at as usize].hash);
        replaced
    }

    pub(super) fn remove(&mut self, identity: Identity<'_>) -> Option<Entry> {
        self.find(identity).map(|at| self.remove_at(at))
    }

    /// Takes an entry out; the last one gets its place.
    fn remove_at(&mut self, at: u32) -> Entry {
        let hash = self.backs[at as usize].hash;
        if let Ok(entry) = self.table.find_entry(hash, |&found| found == at) {
            entry.remove();
        }
        let front = self.fronts.swap_remove(at as usize);
        let back = self.backs.swap_remove(at as usize);
        if let Some(moved) = self.backs.get(at as usize) {
            let last = self.fronts.len();
            if let Some(found) = self.table.find_mut(moved.hash, |&found| found as usize == last) {
                *found = at;
            }
        }
        Entry { front, back }
    }

    /// Takes out all entries of a function, or of all functions.
    pub(super) fn remove_all(&mut self, function: Option<u32>) -> Vec<Entry> {
        let mut removed = Vec::new();
        // Backwards: what takes the place of another one has been looked at.
        for at in (0..self.fronts.len()).rev().filter_map(|at| u32::try_from(at).ok()) {
            if function.is_none_or(|function| self.front(at).function == function) {
                removed.push(self.remove_at(at));
            }
        }
        removed
    }

    /// Takes out one entry that was not asked for since the hand passed it, if there is one.
    pub(super) fn evict(&mut self) -> Option<Entry> {
        for _ in 0..self.fronts.len() {
            self.hand = (self.hand + 1) % self.fronts.len();
            let front = &mut self.fronts[self.hand];
            if !std::mem::take(&mut front.asked) {
                return u32::try_from(self.hand).ok().map(|at| self.remove_at(at));
            }
        }
        None
    }

    #[cfg(test)]
    /// The sizes of all entries; asserts that the table leads to each.
    pub(super) fn sizes(&self) -> impl Iterator<Item = u64> {
        assert_eq!(self.table.len(), self.fronts.len());
        assert_eq!(self.fronts.len(), self.backs.len());
        for (at, back) in (0..).zip(&self.backs) {
            assert!(self.table.find(back.hash, |&found| found == at).is_some());
        }
        self.backs.iter().map(|back| back.size)
    }
}
