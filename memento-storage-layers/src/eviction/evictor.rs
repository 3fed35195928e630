//! What keeps a storage within limits: it knows what this process has done, tells the others, and counts when it has
//! to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;

use memento::plugin::{AtEnd, Stores, at_thread_end};
use memento::{Error, ErrorKind, Result};
use parking_lot::Mutex;

use super::Eviction;
use super::sweep::Sweep;
use super::usage::{Account, Item, Kind, Use, Uses, nanoseconds};
use crate::Found;

/// The part of a limit that a process puts before it tells the others.
const SHARE: u64 = 64;
/// How many things that were used are told together.
const TOGETHER: usize = 1 << 16;
/// After how many accounts everything is counted.
const ACCOUNTS: usize = 256;
/// After what time everything is counted.
const PERIOD: Duration = Duration::from_hours(24);

/// Keeps one storage within limits.
#[derive(Debug)]
pub(super) struct Evictor {
    pub(super) limits: Eviction,
    stores: Stores,
    noted: Mutex<Noted>,
    /// What could not be told; held by the one who tells.
    owed: Mutex<Untold>,
    /// Whether the last one failed, which has been said.
    is_failing: AtomicBool,
    /// Whether what is pinned took more than the limit at the last count, which has been said.
    is_too_much: AtomicBool,
}

/// What this process has done and not told.
#[derive(Debug, Default)]
struct Untold {
    uses: Uses,
    /// In bytes.
    written: u64,
}

#[derive(Debug, Default)]
struct Noted {
    untold: Untold,
    /// The time of the last use: each has another one.
    last: u64,
    /// How many uses were told.
    told: usize,
    /// When the others were told last, or this began.
    settled: u64,
}

impl Untold {
    fn is_empty(&self) -> bool {
        self.uses.is_empty() && self.written == 0
    }

    fn add(&mut self, other: Self) {
        self.written = self.written.saturating_add(other.written);
        for (item, used) in other.uses {
            self.uses.entry(item).or_default().add(used);
        }
    }
}

impl Evictor {
    pub(super) fn new(limits: Eviction, stores: Stores) -> Self {
        let settled = nanoseconds((limits.clock)());
        let noted = Mutex::new(Noted { settled, ..Noted::default() });
        let (owed, is_failing, is_too_much) = <_>::default();
        Self { limits, stores, noted, owed, is_failing, is_too_much }
    }

    /// Now, in nanoseconds since the Unix epoch.
    pub(super) fn now(&self) -> u64 {
        nanoseconds((self.limits.clock)())
    }

    /// Notes that something was used.
    pub(super) fn used(self: &Arc<Self>, found: Found<'_>) {
        let item = match found {
            Found::Record(key) => Item::Memento(*key),
            Found::Object(name) => match name.result_digest() {
                Some(digest) => Item::Content(digest),
                None => return,
            },
        };
        at_thread_end(self);
        let now = self.now();
        let mut noted = self.noted.lock();
        let last = now.max(noted.last + 1);
        noted.last = last;
        noted.untold.uses.entry(item).or_default().add(Use { last, times: 1 });
        let is_enough = noted.untold.uses.len() >= TOGETHER || self.is_over(noted.settled, now);
        drop(noted);
        if is_enough {
            self.report(self.settle());
        }
    }

    /// Notes that so many bytes were put.
    pub(super) fn written(self: &Arc<Self>, bytes: u64) {
        at_thread_end(self);
        let now = self.now();
        let mut noted = self.noted.lock();
        noted.untold.written = noted.untold.written.saturating_add(bytes);
        let written = noted.untold.written;
        let is_enough = self.limits.max_size.is_some_and(|most| written > most / SHARE)
            || self.is_over(noted.settled, now);
        drop(noted);
        if is_enough {
            self.report(self.settle());
        }
    }

    /// Tells the others what was noted, however little it is.
    ///
    /// # Errors
    ///
    /// What the stores report.
    pub(super) fn flush(&self) -> Result<()> {
        let is_empty = self.noted.lock().untold.is_empty() && self.owed.lock().is_empty();
        if is_empty { Ok(()) } else { self.settle() }
    }

    /// Tells the others what was noted, and counts everything where there may be too much. One thread at a time does
    /// it; others pass by.
    fn settle(&self) -> Result<()> {
        let Some(mut owed) = self.owed.try_lock() else { return Ok(()) };
        let mut noted = self.noted.lock();
        noted.told = noted.told.saturating_add(noted.untold.uses.len());
        let untold = std::mem::take(&mut noted.untold);
        drop(noted);
        if !self.stores.data.capabilities().writable {
            return Ok(());
        }
        owed.add(untold);
        let told = self.tell(&owed);
        // A store that takes nothing does not make this process hold more and more.
        if told.is_ok() || owed.uses.len() >= 4 * TOGETHER {
            owed.uses.clear();
        }
        if told.is_ok() {
            owed.written = 0;
        }
        // Also where that failed: else each use would try it again. And behind a count, which is due when as much time
        // has passed.
        self.noted.lock().settled = self.now();
        told
    }

    fn tell(&self, Untold { uses, written }: &Untold) -> Result<()> {
        let (now, data) = (self.now(), &*self.stores.data);
        let accounts = Account::all(data)?;
        if self.is_due(&accounts, *written, now) {
            let uses = uses.clone();
            let sweep = Sweep::new(&self.limits, &self.stores, now, uses, &self.is_too_much);
            return sweep.run(accounts);
        }
        Account::put(data, Kind::Written, now, *written, uses)
    }

    /// Whether everything is to be counted: after a time, after many accounts, or where there may be too much.
    fn is_due(&self, accounts: &[Account], written: u64, now: u64) -> bool {
        let counted = accounts.iter().filter(|account| account.kind == Kind::Counted);
        let Some(counted) = counted.max_by_key(|account| account.made) else { return true };
        let since = accounts.iter().filter(|account| account.kind == Kind::Written);
        let since = since.map(|account| account.bytes).chain([counted.bytes, written]);
        let total = since.fold(0, u64::saturating_add);
        self.limits.max_size.is_some_and(|most| total > most)
            || accounts.len() >= ACCOUNTS
            || self.is_over(counted.made, now)
    }

    /// Whether the time has passed since then after which everything is counted.
    fn is_over(&self, since: u64, now: u64) -> bool {
        let period = self.limits.max_age.map_or(PERIOD, |age| PERIOD.min(age / 16));
        now.abs_diff(since) >= u64::try_from(period.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Says once that something failed.
    fn report(&self, settled: Result<()>) {
        let failed = settled.is_err();
        let was_failing = self.is_failing.swap(failed, Ordering::Relaxed);
        if let Err(error) = settled
            && !was_failing
        {
            tracing::warn!(%error, "a storage is not kept within its limits");
        }
    }
}

/// With the main thread, the program ends; other threads tell as much as all before them did, so that many short ones
/// tell little.
impl AtEnd for Evictor {
    fn at_end(&self) {
        let is_main = std::thread::current().name() == Some("main");
        let noted = self.noted.lock();
        let is_enough =
            !noted.untold.is_empty() && (is_main || noted.untold.uses.len() > noted.told);
        drop(noted);
        if is_enough {
            // Stores may need what the thread that ends has no more.
            self.report(std::thread::scope(|scope| {
                let settling = Builder::new().spawn_scoped(scope, || self.settle());
                let settling = settling.map_err(|error| {
                    Error::new(ErrorKind::Storage, "start a thread that tells what was used")
                        .because(error)
                })?;
                settling.join().unwrap_or(Ok(()))
            }));
        }
    }
}

impl Drop for Evictor {
    fn drop(&mut self) {
        let flushed = self.flush();
        self.report(flushed);
    }
}
