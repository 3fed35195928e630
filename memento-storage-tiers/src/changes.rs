//! What is put or dropped while something is looked for.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU32, Ordering};

use memento::Key;
use memento::storage::Entry;
use parking_lot::{Condvar, Mutex};

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
    /// What is being copied up. It is locked for a moment only, and not while it is copied.
    copied: Mutex<HashSet<Key>>,
    /// Told when something has been copied up.
    is_copied: Condvar,
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
        Self { groups, copied: Mutex::default(), is_copied: Condvar::new() }
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

    /// Changes what is kept under some keys, when none of them is being copied up any more.
    pub(crate) fn change<T>(
        &self,
        keys: impl Iterator<Item = Key> + Clone,
        work: impl FnOnce() -> T,
    ) -> T {
        let groups = keys.clone().map(|key| group(&key));
        let is_copied = move |copied: &HashSet<Key>| keys.clone().any(|key| copied.contains(&key));
        self.change_groups(groups, is_copied, work)
    }

    /// Changes what is kept under any key, when nothing is being copied up any more.
    pub(crate) fn change_all<T>(&self, work: impl FnOnce() -> T) -> T {
        self.change_groups(0..GROUPS, |copied| !copied.is_empty(), work)
    }

    fn change_groups<T>(
        &self,
        groups: impl Iterator<Item = usize> + Clone,
        is_copied: impl Fn(&HashSet<Key>) -> bool,
        work: impl FnOnce() -> T,
    ) -> T {
        let mut copied = self.copied.lock();
        for group in groups.clone() {
            self.groups[group].begun.fetch_add(1, Ordering::SeqCst);
        }
        // From here on, nothing of these groups begins to be copied.
        while !copied.is_empty() && is_copied(&copied) {
            self.is_copied.wait(&mut copied);
        }
        drop(copied);
        let done = work();
        for group in groups {
            self.groups[group].ended.fetch_add(1, Ordering::SeqCst);
        }
        done
    }

    /// Copies up those of `entries` under whose keys nothing was put or dropped since they were looked for, and which
    /// nobody else copies now. Changes of these keys wait for that, and no others.
    pub(crate) fn copy_up(&self, entries: Vec<(Entry, Sought)>, copy: impl FnOnce(&[Entry])) {
        let mut copied = self.copied.lock();
        let is_taken = |(entry, sought): &(Entry, Sought)| {
            self.is_unchanged(&entry.key, *sought) && copied.insert(entry.key)
        };
        let entries: Vec<_> = entries.into_iter().filter(is_taken).collect();
        let entries = entries.into_iter().map(|(entry, _)| entry).collect();
        drop(copied);
        let taken = Copied { changes: self, entries };
        if !taken.entries.is_empty() {
            copy(&taken.entries);
        }
    }

    /// Whether nothing was put or dropped under a key since it was looked for.
    fn is_unchanged(&self, key: &Key, sought: Sought) -> bool {
        sought.0 == Some(self.groups[group(key)].begun.load(Ordering::SeqCst))
    }
}

/// What is being copied up until this is dropped.
struct Copied<'c> {
    changes: &'c Changes,
    entries: Vec<Entry>,
}

impl Drop for Copied<'_> {
    fn drop(&mut self) {
        let mut copied = self.changes.copied.lock();
        for entry in &self.entries {
            copied.remove(&entry.key);
        }
        drop(copied);
        self.changes.is_copied.notify_all();
    }
}

fn group(key: &Key) -> usize {
    let [first, second, ..] = key.as_bytes();
    usize::from(u16::from_le_bytes([*first, *second])) % GROUPS
}
