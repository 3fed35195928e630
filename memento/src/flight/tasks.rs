//! One computation of a key at a time among tasks: calls of async functions, which wait without a thread.
//!
//! A function is async or it is not, so that threads and tasks never wait for one another's flights.
//!
//! Whoever waits is woken when the flight ends. Where it ended without a value, because its leader was dropped, has
//! panicked or returned an error, all are woken, and the first one that is polled leads: one that nobody polls any more
//! holds nobody up.
//!
//! Two invocations that ask for each other, each in a task of its own, would wait for ever. Who is about to close such
//! a circle computes alone, and finds itself among its own callers.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;

use super::last_word::{Alone, LastWord};
use super::registry::{Flies, Registry};
use super::{Arrival, Claim, Lead, begin};
use crate::Key;
use crate::cache::{Landed, Shared};

/// The keys of async functions that are being computed in one cluster.
#[derive(Default)]
pub(crate) struct TaskFlights(Registry<Flight>);

/// One computation of a key.
struct Flight {
    key: Key,
    number: u64,
    word: Arc<LastWord>,
    state: Mutex<State>,
}

impl Flies for Flight {
    fn word(&self) -> &Arc<LastWord> {
        &self.word
    }
}

#[derive(Default)]
struct State {
    has_landed: bool,
    /// What it came to, where somebody waited for it.
    arrival: Option<Arrival>,
    /// Those who wait, by their numbers.
    waiting: HashMap<u64, Waker>,
}

impl fmt::Debug for TaskFlights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskFlights({})", self.0.len())
    }
}

/// The right of a task to compute a key.
pub(crate) struct TaskLead {
    flights: Registry<Flight>,
    flight: Arc<Flight>,
}

impl TaskFlights {
    /// Claims `key`; waits while another task computes it. `callers` are the keys that are computed by those who called
    /// whoever asks.
    pub(crate) async fn claim(&self, key: Key, callers: &[Key]) -> Claim {
        loop {
            let flight = match self.lead_or_join(key) {
                Ok(lead) => return Claim::Lead(Lead::Task(lead)),
                Err(flight) => flight,
            };
            if callers.contains(&key) {
                return Claim::Recursion;
            }
            let Some(landing) = Landing::begin(flight, callers) else {
                return Claim::Alone(self.go_alone(key));
            };
            if let Some(arrival) = landing.await {
                return Claim::Landed(arrival);
            }
        }
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
    fn lead_or_join(&self, key: Key) -> Result<TaskLead, Arc<Flight>> {
        let begin = |word| Flight { key, number: begin(), word, state: Mutex::default() };
        let flight = self.0.begin_or_join(key, begin)?;
        Ok(TaskLead { flights: self.0.clone(), flight })
    }
}

impl TaskLead {
    pub(super) fn word(&self) -> &LastWord {
        &self.flight.word
    }

    /// Ends the flight: see [`Lead::land`].
    pub(super) fn land(self, value: impl FnOnce() -> Option<(Shared, Landed)>) {
        if !self.flight.state.lock().waiting.is_empty() {
            let flight = self.flight.number;
            let arrival = value().map(|(value, landed)| Arrival { value, landed, flight });
            self.flight.state.lock().arrival = arrival;
        }
    }
}

impl Drop for TaskLead {
    fn drop(&mut self) {
        self.flights.end(&self.flight.key);
        let woken = {
            let mut state = self.flight.state.lock();
            state.has_landed = true;
            std::mem::take(&mut state.waiting)
        };
        woken.into_values().for_each(Waker::wake);
    }
}

/// The end of a flight, for one who waits for it: what it came to.
struct Landing {
    flight: Arc<Flight>,
    number: u64,
    _waiting: Waiting,
}

impl Landing {
    /// Begins to wait for `flight`, unless it waits for one of `callers`.
    fn begin(flight: Arc<Flight>, callers: &[Key]) -> Option<Self> {
        static NUMBERS: AtomicU64 = AtomicU64::new(0);
        let number = NUMBERS.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting::begin(number, flight.key, callers)?;
        Some(Self { flight, number, _waiting: waiting })
    }
}

impl Future for Landing {
    type Output = Option<Arrival>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.flight.state.lock();
        if state.has_landed {
            return Poll::Ready(state.arrival.clone());
        }
        let former = state.waiting.insert(self.number, context.waker().clone());
        drop(state);
        // Outside of the lock: a waker may own a task.
        drop(former);
        Poll::Pending
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let waker = self.flight.state.lock().waiting.remove(&self.number);
        // Outside of the lock: a waker may own a task.
        drop(waker);
    }
}

/// Who waits for one key: their numbers, and the keys that are computed by those who called them.
type Waiters = HashMap<u64, Arc<[Key]>>;

/// Who waits, by what is waited for.
static WAITING: LazyLock<Mutex<HashMap<Key, Waiters>>> = LazyLock::new(Mutex::default);

/// The entry of one that waits, and was called by somebody.
struct Waiting(Option<(u64, Key)>);

impl Waiting {
    /// Enters one that waits for `key`, unless `key` waits for one of `callers`.
    fn begin(number: u64, key: Key, callers: &[Key]) -> Option<Self> {
        if callers.is_empty() {
            return Some(Self(None));
        }
        let mut waiting = WAITING.lock();
        let mut held_up: Vec<Key> = callers.to_vec();
        let mut seen: HashSet<Key> = callers.iter().copied().collect();
        while let Some(caller) = held_up.pop() {
            let others = waiting.get(&caller).into_iter().flat_map(HashMap::values);
            held_up.extend(others.flat_map(|callers| &**callers).filter(|key| seen.insert(**key)));
        }
        if seen.contains(&key) {
            return None;
        }
        waiting.entry(key).or_default().insert(number, callers.into());
        Some(Self(Some((number, key))))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let Some((number, key)) = self.0 else { return };
        if let Entry::Occupied(mut those) = WAITING.lock().entry(key) {
            those.get_mut().remove(&number);
            if those.get().is_empty() {
                those.remove();
            }
        }
    }
}
