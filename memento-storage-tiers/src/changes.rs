//! What is put or dropped while something is looked for.

use std::sync::atomic::{AtomicU32, Ordering};

use memento::Key;
use parking_lot::{Mutex, MutexGuard};

/// How many groups there are that keys fall into.
const GROUPS: usize = 1 << 12;

/// Tells who has found something in a tier below whether anything was put or dropped meanwhile: then it may be older
/// than what is above.
///
/// Keys are told apart by group. What is not copied up because of another key of its group is found below the next
/// time.
#[derive(Debug)]
pub(crate) struct Changes {
    groups: Box<[Group]>,
    /// Held while something is copied up: a change begins before that, or after it.
    promoting: Mutex<()>,
}

/// How many changes of its keys have begun, and have ended.
#[derive(Debug, Default)]
struct Group {
    begun: AtomicU32,
    ended: AtomicU32,
}

/// How many changes of a key there were when it was looked for; `None` where one had not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sought(Option<u32>);

impl Default for Changes {
    fn default() -> Self {
        let groups = std::iter::repeat_with(Group::default).take(GROUPS).collect();
        Self { groups, promoting: Mutex::default() }
    }
}

impl Changes {
    /// What to note of a key before it is looked for.
    pub(crate) fn seek(&self, key: &Key) -> Sought {
        let group = &self.groups[group(key)];
        // In this order: what begins in between has begun later.
        let begun = group.begun.load(Ordering::SeqCst);
        Sought((group.ended.load(Ordering::SeqCst) == begun).then_some(begun))
    }

    /// Changes what is kept under some keys.
    pub(crate) fn change<T>(
        &self,
        keys: impl Iterator<Item = Key> + Clone,
        work: impl FnOnce() -> T,
    ) -> T {
        self.change_groups(keys.map(|key| group(&key)), work)
    }

    /// Changes what is kept under any key.
    pub(crate) fn change_all<T>(&self, work: impl FnOnce() -> T) -> T {
        self.change_groups(0..GROUPS, work)
    }

    fn change_groups<T>(
        &self,
        groups: impl Iterator<Item = usize> + Clone,
        work: impl FnOnce() -> T,
    ) -> T {
        let promoting = self.promoting.lock();
        for group in groups.clone() {
            self.groups[group].begun.fetch_add(1, Ordering::SeqCst);
        }
        drop(promoting);
        let done = work();
        for group in groups {
            self.groups[group].ended.fetch_add(1, Ordering::SeqCst);
        }
        done
    }

    /// Has changes wait until this is dropped.
    pub(crate) fn hold(&self) -> Standstill<'_> {
        Standstill { changes: self, _promoting: self.promoting.lock() }
    }
}

/// While this is there, no change begins.
pub(crate) struct Standstill<'c> {
    changes: &'c Changes,
    _promoting: MutexGuard<'c, ()>,
}

impl Standstill<'_> {
    /// Whether nothing was put or dropped under a key since it was looked for.
    pub(crate) fn is_unchanged(&self, key: &Key, sought: Sought) -> bool {
        let begun = self.changes.groups[group(key)].begun.load(Ordering::SeqCst);
        sought.0 == Some(begun)
    }
}

fn group(key: &Key) -> usize {
    let [first, second, ..] = key.as_bytes();
    usize::from(u16::from_le_bytes([*first, *second])) % GROUPS
}
