//! Who may be held up by a thread that waits.
//!
//! A thread that does nothing else may wait for another process as long as it takes: what it waits for is what calls
//! ask for, and calls have no circles. A thread of a rayon pool may stand on other work. That work may belong to a key
//! which the other process waits for, and rayon does not tell. So as long as anybody in this process waits for another
//! one, a thread of a pool waits, for that process or for a thread of this one, only where each key that is being
//! computed here is
//!
//! - one of those who called it: they need what it waits for; or
//! - led by a thread that is none of a pool and waits itself: nothing of it is done by others meanwhile; or
//! - led by another thread of a pool that has not been idle since: it does the work itself.
//!
//! Whoever waits asks who is idle in its own pool. Else it computes alone. Then who waits for whom among processes and
//! threads is who needs whom, which has no circles, and some thread can go on. Each change of what counts here makes
//! those who wait look again.

use std::cell::{Cell, OnceCell};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::{Flight, Phase, WAITING};
use crate::Key;

/// A thread that has led a flight, or waited.
#[derive(Default)]
struct Thread {
    /// The flights that it leads, outermost first.
    leading: Mutex<Vec<Arc<Flight>>>,
    /// Whether it waits for a flight or for another process.
    is_blocked: AtomicBool,
    /// Whether it will note in its pool that it is idle.
    is_asked: AtomicBool,
}

/// All of them.
static THREADS: Mutex<Vec<Weak<Thread>>> = Mutex::new(Vec::new());

/// A pool of rayon: the number that its runner gave it; 0 for the global one, and those of others.
pub(super) type Pool = u64;

thread_local! {
    /// The pool of this thread, if it is one of a pool.
    static POOL: Cell<Pool> = const { Cell::new(0) };
    static THREAD: OnceCell<Arc<Thread>> = const { OnceCell::new() };
}

/// How many threads wait for other processes.
static ABROAD: AtomicUsize = AtomicUsize::new(0);
/// How many have begun to.
static DEPARTURES: AtomicU64 = AtomicU64::new(0);
/// How often what counts for those who wait has changed.
static CHANGES: AtomicU64 = AtomicU64::new(0);

/// Tells the threads of a pool apart from those of others.
pub(crate) fn name_pool(pool: &rayon::ThreadPool) {
    static NUMBERS: AtomicU64 = AtomicU64::new(1);
    let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
    // A thread does this before it takes other work.
    pool.spawn_broadcast(move |_| POOL.set(number));
}

/// The pool that this thread is of.
pub(super) fn pool() -> Option<Pool> {
    rayon::current_thread_index().map(|_| POOL.get())
}

/// Whether this thread is one of a pool.
pub(crate) fn in_pool() -> bool {
    rayon::current_thread_index().is_some()
}

/// Reads what is known of this thread.
fn with<T>(read: impl FnOnce(&Arc<Thread>) -> T) -> T {
    THREAD.with(|thread| {
        read(thread.get_or_init(|| {
            let thread = Arc::default();
            let mut threads = THREADS.lock();
            threads.retain(|other| other.strong_count() > 0);
            threads.push(Arc::downgrade(&thread));
            thread
        }))
    })
}

/// The flights that this thread leads, outermost first.
pub(super) fn led_here() -> Vec<Arc<Flight>> {
    with(|thread| thread.leading.lock().clone())
}

/// This thread leads a flight.
pub(super) fn begin_to_lead(flight: &Arc<Flight>) {
    with(|thread| thread.leading.lock().push(Arc::clone(flight)));
    if ABROAD.load(Ordering::SeqCst) > 0 {
        if !in_pool() {
            reconsider();
        } else if !with(|thread| thread.is_asked.swap(true, Ordering::SeqCst)) {
            ask_who_is_idle();
        }
    }
}

/// This thread leads a flight no more.
pub(super) fn end_to_lead(flight: &Arc<Flight>) {
    with(|thread| thread.leading.lock().retain(|other| !Arc::ptr_eq(other, flight)));
}

/// Asks each thread of this pool to note when it is idle.
fn ask_who_is_idle() {
    rayon::spawn_broadcast(|_| note_idle());
}

/// Called in an idle thread of a pool: what it leads waits for parts that others do.
pub(super) fn note_idle() {
    let led = with(|thread| {
        thread.is_asked.store(false, Ordering::SeqCst);
        thread.leading.lock().clone()
    });
    let is_new = |flight: &Arc<Flight>| !std::mem::replace(&mut flight.state.lock().is_idle, true);
    if led.iter().filter(|flight| is_new(flight)).count() > 0 {
        reconsider();
    }
}

/// Makes the threads of pools that wait look again whether they may.
pub(super) fn reconsider() {
    CHANGES.fetch_add(1, Ordering::SeqCst);
    if ABROAD.load(Ordering::SeqCst) > 0 {
        let awaited: Vec<_> = WAITING.lock().values().cloned().collect();
        for flight in awaited {
            // Who has looked waits by now.
            drop(flight.state.lock());
            flight.changed.notify_all();
        }
    }
}

/// This thread begins to wait for a pool that it is none of.
pub(super) fn wait_for_pool() {
    if in_pool() {
        ask_who_is_idle();
    }
    reconsider();
}

/// Whether this thread, which leads the flight of `key`, may wait for another process that computes the same, or go on
/// to. `is_caller` tells the keys that are computed by those who called it.
pub(crate) fn may_wait_for_process(key: &Key, is_caller: impl Fn(&Key) -> bool) -> bool {
    let is_own = |flight: &Arc<Flight>, is_led_here| {
        is_led_here && flight.key == *key || is_caller(&flight.key)
    };
    !in_pool() || !stands_on(key) && !may_hold_up_others(is_own)
}

/// Whether this thread, which leads a flight of `key`, stands on another one: in another environment on the same store,
/// whose claim is that of another process.
fn stands_on(key: &Key) -> bool {
    with(|this| this.leading.lock().iter().filter(|flight| flight.key == *key).count() > 1)
}

/// Whether this thread of a pool may hold up a flight other than those that need what it waits for, `is_own`, which is
/// told whether this thread leads the flight.
fn may_hold_up_others(is_own: impl Fn(&Arc<Flight>, bool) -> bool) -> bool {
    let threads: Vec<_> = THREADS.lock().iter().filter_map(Weak::upgrade).collect();
    with(|this| {
        threads.iter().any(|thread| {
            let is_this = Arc::ptr_eq(thread, this);
            let is_blocked = thread.is_blocked.load(Ordering::SeqCst);
            let leading = thread.leading.lock().clone();
            leading.iter().any(|flight| {
                !is_own(flight, is_this) && (is_this || flight.may_have_parts_elsewhere(is_blocked))
            })
        })
    })
}

impl Flight {
    /// Whether other threads may do parts of it. `is_blocked` says whether its leader waits for something else.
    fn may_have_parts_elsewhere(&self, is_blocked: bool) -> bool {
        let state = self.state.lock();
        match state.phase {
            Phase::Flying if self.pool.is_some() => state.is_idle,
            // Its leader may be waiting for a pool, and nobody could tell.
            Phase::Flying => !is_blocked,
            Phase::Suspended => true,
            Phase::Landed(_) => false,
        }
    }
}

/// What a thread of a pool that waits for another one has seen.
pub(super) struct Watch {
    departures: u64,
    changes: u64,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { departures: 0, changes: 0 }
    }

    /// Whether to wait for `awaited` may hold up others, and with them another process.
    pub(super) fn may_hold_up_others(
        &mut self,
        awaited: &Arc<Flight>,
        is_caller: impl Fn(&Key) -> bool,
    ) -> bool {
        self.changes = CHANGES.load(Ordering::SeqCst);
        if ABROAD.load(Ordering::SeqCst) == 0 {
            return false;
        }
        let departures = DEPARTURES.load(Ordering::SeqCst);
        if std::mem::replace(&mut self.departures, departures) != departures {
            ask_who_is_idle();
        }
        may_hold_up_others(|flight, _| Arc::ptr_eq(flight, awaited) || is_caller(&flight.key))
    }

    /// Whether nothing has changed since.
    pub(super) fn is_up_to_date(&self) -> bool {
        self.changes == CHANGES.load(Ordering::SeqCst)
    }
}

/// As long as this lives, this thread waits for something other than parts of what it leads.
pub(super) struct Blocked {
    was_blocked: bool,
}

impl Blocked {
    pub(super) fn begin() -> Self {
        let was_blocked = with(|thread| thread.is_blocked.swap(true, Ordering::SeqCst));
        Self { was_blocked }
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        with(|thread| thread.is_blocked.store(self.was_blocked, Ordering::SeqCst));
        reconsider();
    }
}

/// As long as this lives, a thread or a task waits for another process.
pub(crate) struct Abroad {
    /// `None` for a task.
    _blocked: Option<Blocked>,
}

impl Abroad {
    /// This thread begins to wait.
    pub(crate) fn begin() -> Self {
        Self::begin_as(Some(Blocked::begin()))
    }

    /// A task begins to wait, in whatever threads it is worked on.
    pub(crate) fn begin_as_task() -> Self {
        Self::begin_as(None)
    }

    fn begin_as(blocked: Option<Blocked>) -> Self {
        ABROAD.fetch_add(1, Ordering::SeqCst);
        DEPARTURES.fetch_add(1, Ordering::SeqCst);
        if in_pool() {
            ask_who_is_idle();
        }
        reconsider();
        Self { _blocked: blocked }
    }
}

impl Drop for Abroad {
    fn drop(&mut self) {
        ABROAD.fetch_sub(1, Ordering::SeqCst);
    }
}
