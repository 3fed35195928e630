//! Single flight: one computation of a key at a time among the threads of this process; `tasks` has that of async
//! functions.
//!
//! Who asks for a key that is being computed waits for it, unless that could be waiting for oneself:
//!
//! - An invocation that asks for itself, through whatever it calls, gets an error.
//! - A thread that is waited for, through however many threads, by the one that it would wait for, computes alone.
//! - A thread of a rayon pool can stand on the work that it would wait for: while a computation waits for its own
//!   parallel parts, rayon has its thread do other work on top of it. Rayon does not tell; but it lets every idle
//!   thread of the pool be reached. When the thread that computes is found idle in the middle of the computation, who
//!   waits in the same pool computes alone.
//! - A thread that is none of the pool may be waiting for it, and cannot be reached: threads of pools do not wait for
//!   what others than threads of their own pool compute.
//!
//! To compute alone costs time. It happens only where waiting might never end. What is kept then, `last_word` tells.
//!
//! Among processes, whoever leads a flight claims the key in the store, too: see `engine/claim/processes.rs`. Whether a
//! thread of a pool may wait for another process, or for one that does, `threads` tells.

mod last_word;
mod registry;
mod tasks;
mod threads;

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::thread::ThreadId;

use parking_lot::{Condvar, Mutex};

pub(crate) use last_word::{Alone, ForgottenAll, LastWord};
pub(crate) use tasks::{TaskFlights, TaskLead};
pub(crate) use threads::{Abroad, in_pool, may_wait_for_process, name_pool};

use registry::{Flies, Registry};
use threads::{Pool, pool};

use crate::Key;
use crate::cache::{Landed, Shared};

/// The keys that are being computed in one cluster.
#[derive(Default)]
pub(crate) struct Flights(Registry<Flight>);

/// One computation of a key.
struct Flight {
    key: Key,
    number: u64,
    leader: ThreadId,
    /// The pool that its leader is of.
    pool: Option<Pool>,
    word: Arc<LastWord>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Flies for Flight {
    fn word(&self) -> &Arc<LastWord> {
        &self.word
    }
}

struct State {
    phase: Phase,
    waiting: usize,
    /// Whether its leader was found idle in the middle of it.
    is_idle: bool,
}

#[derive(Clone)]
enum Phase {
    Flying,
    /// The leader's thread may be doing the work of who waits.
    Suspended,
    Landed(Option<Arrival>),
}

/// How many flights and runs have begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);

/// The number of the flight or run that began last. Those that begin from now on have greater ones.
pub(crate) fn last_begun() -> u64 {
    BEGUN.load(Ordering::Acquire)
}

/// The number of a flight, or of a run, that begins now.
pub(crate) fn begin() -> u64 {
    BEGUN.fetch_add(1, Ordering::AcqRel) + 1
}

impl fmt::Debug for Flights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Flights({})", self.0.len())
    }
}

/// What came of a flight.
#[derive(Clone)]
pub(crate) struct Arrival {
    pub(crate) value: Shared,
    pub(crate) landed: Landed,
    /// The number of the flight.
    pub(crate) flight: u64,
}

/// What to do about a key.
pub(crate) enum Claim {
    /// Compute it; others wait.
    Lead(Lead),
    /// Compute it; others may be doing the same.
    Alone(Alone),
    /// Another thread has computed it in the meantime.
    Landed(Arrival),
    /// Whoever asks is that computation, or was called by it.
    Recursion,
}

/// What another process is to do about a key.
pub(crate) enum ClaimForOther {
    /// Compute it; others wait.
    Lead(Lead),
    /// Compute it; others may be doing the same: they may be waiting for that process.
    Alone,
    /// Ask again. Until this is dropped, this thread counts as one that waits.
    Waits(Waiting),
}

/// The right to compute a key. Dropping it lets the next in line compute.
pub(crate) enum Lead {
    Thread(ThreadLead),
    /// Of an async function.
    Task(TaskLead),
}

/// What the thread that computes a key has of its flight.
pub(crate) struct ThreadLead {
    flights: Registry<Flight>,
    flight: Arc<Flight>,
}

/// How often an invocation may stand below itself on the stack of a pool's thread. There, who stands below need not be
/// the caller: what rayon has a thread do while it waits is none of the waiter's calls, unless it was
/// [carried](crate::carry).
const STACKED: usize = 32;

/// What each waiting thread waits for.
static WAITING: LazyLock<Mutex<HashMap<ThreadId, Arc<Flight>>>> = LazyLock::new(Mutex::default);

impl Flights {
    /// Claims `key`, unless another thread computes it.
    pub(crate) fn try_claim(&self, key: Key) -> Option<Lead> {
        self.lead_or_join(key).ok()
    }

    /// Lets whoever asks compute `key`, which others may be doing, too.
    pub(crate) fn go_alone(&self, key: Key) -> Alone {
        self.0.go_alone(key)
    }

    /// What those share who compute `key` now, if anybody does.
    pub(crate) fn word(&self, key: &Key) -> Option<Arc<LastWord>> {
        self.0.word(key)
    }

    /// The right to compute `key`, or the flight in which it is being computed.
    fn lead_or_join(&self, key: Key) -> Result<Lead, Arc<Flight>> {
        let flight = self.0.begin_or_join(key, |word| Flight::new(key, word))?;
        threads::begin_to_lead(&flight);
        Ok(Lead::Thread(ThreadLead { flights: self.0.clone(), flight }))
    }

    /// Claims `key` for another process that this thread speaks for, and that waits if another thread computes it.
    pub(crate) fn claim_for_other(&self, key: Key) -> ClaimForOther {
        let flight = match self.lead_or_join(key) {
            Ok(lead) => return ClaimForOther::Lead(lead),
            Err(flight) => flight,
        };
        Waiting::begin(&flight).map_or(ClaimForOther::Alone, ClaimForOther::Waits)
    }

    /// Claims `key`; waits while another thread computes it.
    ///
    /// `callers` counts how often a key is computed by those who called whoever asks.
    pub(crate) fn claim(&self, key: Key, callers: impl Fn(&Key) -> usize) -> Claim {
        loop {
            let flight = match self.lead_or_join(key) {
                Ok(lead) => return Claim::Lead(lead),
                Err(flight) => flight,
            };
            if callers(&key) > if in_pool() { STACKED } else { 0 } {
                return Claim::Recursion;
            }
            match flight.wait(|other| callers(other) > 0) {
                Phase::Landed(Some(arrival)) => return Claim::Landed(arrival),
                Phase::Landed(None) => {}
                Phase::Flying | Phase::Suspended => return Claim::Alone(self.go_alone(key)),
            }
        }
    }
}

impl Flight {
    fn new(key: Key, word: Arc<LastWord>) -> Self {
        Self {
            key,
            number: begin(),
            leader: std::thread::current().id(),
            pool: pool(),
            word,
            state: Mutex::new(State { phase: Phase::Flying, waiting: 0, is_idle: false }),
            changed: Condvar::new(),
        }
    }

    /// Waits for the flight to land, or returns at once where waiting might never end. `is_caller` tells the keys that
    /// are computed by those who called whoever waits.
    fn wait(self: &Arc<Self>, is_caller: impl Fn(&Key) -> bool) -> Phase {
        let Some(_waiting) = Waiting::begin(self) else { return Phase::Suspended };
        let in_pool = in_pool();
        if in_pool {
            let flight = Arc::clone(self);
            rayon::spawn_broadcast(move |_| flight.suspend_if_led_here());
        }
        self.state.lock().waiting += 1;
        let mut watch = threads::Watch::new();
        let phase = loop {
            if in_pool && watch.may_hold_up_others(self, &is_caller) {
                break Phase::Suspended;
            }
            let mut state = self.state.lock();
            let waits = match state.phase {
                Phase::Flying => true,
                Phase::Suspended => !in_pool,
                Phase::Landed(_) => false,
            };
            if !waits {
                break state.phase.clone();
            }
            if !in_pool || watch.is_up_to_date() {
                self.changed.wait(&mut state);
            }
        };
        self.state.lock().waiting -= 1;
        phase
    }

    /// Called in an idle thread of a pool.
    fn suspend_if_led_here(self: &Arc<Self>) {
        threads::note_idle();
        if threads::led_here().iter().any(|flight| Arc::ptr_eq(flight, self)) {
            let mut state = self.state.lock();
            if matches!(state.phase, Phase::Flying) {
                state.phase = Phase::Suspended;
                self.changed.notify_all();
            }
        }
    }

    fn has_landed(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Landed(_))
    }
}

/// A thread's entry among those that wait.
pub(crate) struct Waiting {
    _blocked: threads::Blocked,
}

impl Waiting {
    /// Enters this thread as waiting for `flight`, unless `flight` waits for this thread.
    fn begin(flight: &Arc<Flight>) -> Option<Self> {
        let me = std::thread::current().id();
        let mut waiting = WAITING.lock();
        let mut leader = flight.leader;
        while leader != me {
            match waiting.get(&leader).filter(|flight| !flight.has_landed()) {
                Some(next) => leader = next.leader,
                None => {
                    // A leader outside of the pool may be waiting for the whole pool, and cannot be reached.
                    if in_pool() && flight.pool != pool() {
                        return None;
                    }
                    waiting.insert(me, Arc::clone(flight));
                    return Some(Self { _blocked: threads::Blocked::begin() });
                }
            }
        }
        None
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.lock().remove(&std::thread::current().id());
    }
}

/// Does what waits for a pool that this thread is none of: threads of pools do not wait meanwhile for what it leads.
pub(crate) fn while_waiting_for_pool<T>(wait: impl FnOnce() -> T) -> T {
    let _suspended = Suspended::begin();
    wait()
}

/// The flights that a thread suspended while it waits; they go on when this is dropped.
struct Suspended(Vec<Arc<Flight>>);

impl Suspended {
    fn begin() -> Self {
        let suspend = |flight: &Arc<Flight>| {
            let mut state = flight.state.lock();
            let is_flying = matches!(state.phase, Phase::Flying);
            if is_flying {
                state.phase = Phase::Suspended;
                flight.changed.notify_all();
            }
            is_flying
        };
        let suspended: Vec<_> = threads::led_here().into_iter().filter(suspend).collect();
        threads::wait_for_pool();
        Self(suspended)
    }
}

impl Drop for Suspended {
    fn drop(&mut self) {
        for flight in &self.0 {
            let mut state = flight.state.lock();
            if matches!(state.phase, Phase::Suspended) {
                state.phase = Phase::Flying;
            }
        }
    }
}

impl Lead {
    /// What it shares with others who compute the same alone.
    pub(crate) fn word(&self) -> &LastWord {
        match self {
            Self::Thread(lead) => &lead.flight.word,
            Self::Task(lead) => lead.word(),
        }
    }

    /// Ends the flight. Who waits gets the value; where there is none, the next in line computes.
    ///
    /// `value` is asked for only where somebody waits.
    pub(crate) fn land(self, value: impl FnOnce() -> Option<(Shared, Landed)>) {
        match self {
            Self::Thread(lead) => lead.land(value),
            Self::Task(lead) => lead.land(value),
        }
    }
}

impl ThreadLead {
    fn land(self, value: impl FnOnce() -> Option<(Shared, Landed)>) {
        let is_awaited = self.flight.state.lock().waiting > 0;
        let flight = self.flight.number;
        let value = if is_awaited { value() } else { None };
        let arrival = value.map(|(value, landed)| Arrival { value, landed, flight });
        self.flight.state.lock().phase = Phase::Landed(arrival);
    }
}

impl Drop for ThreadLead {
    fn drop(&mut self) {
        self.flights.end(&self.flight.key);
        threads::end_to_lead(&self.flight);
        let mut state = self.flight.state.lock();
        if !matches!(state.phase, Phase::Landed(_)) {
            state.phase = Phase::Landed(None);
        }
        self.flight.changed.notify_all();
    }
}
