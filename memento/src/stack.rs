//! The call stack of memento functions: who calls, in which environment, with which context arguments.
//!
//! It is kept for each thread. [`Caller`] takes it along to other threads; a task enters it for each poll.

mod carry;
mod context;
#[cfg(test)]
mod tests;
mod waits;

use std::cell::{Cell, RefCell};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hashbrown::HashTable;
use parking_lot::Mutex;

pub use carry::{carry, carry_future};
pub(crate) use context::Context;
pub use context::context;
pub(crate) use waits::{UnderWay, Wait};

use crate::cache::Landed;
use crate::function::Function;
use crate::memento::{Callee, Correlation, Dependency};
use crate::resource::Observation;
use crate::storage::Contents;
use crate::validity::{self, Validity};
use crate::{Digest, Environment, Error, ErrorKind, Invocation, Key};

thread_local! {
    static CALLER: RefCell<Caller> = const { RefCell::new(Caller::NOBODY) };
    /// Whether `CALLER` is anybody. Nothing has to be dropped with it, so that to read it is one instruction.
    static IS_SOMEBODY: Cell<bool> = const { Cell::new(false) };
}

/// Whoever is calling in this thread, with what comes along to the functions that it calls.
///
/// The batch calls of memento functions take it to their threads. Where threads are started in another way, do the
/// same, so that what runs there is recorded as called by the function that started it:
///
/// ```
/// let caller = memento::Caller::current();
/// std::thread::scope(|scope| {
///     scope.spawn(|| caller.enter(|| { /* call memento functions */ }));
/// });
/// ```
#[derive(Clone, Default)]
pub struct Caller {
    /// `None` is the environment of the process.
    pub(crate) environment: Option<Environment>,
    pub(crate) frame: Option<Arc<Frame>>,
    pub(crate) context: Option<Arc<Context>>,
}

impl Caller {
    const NOBODY: Self = Self { environment: None, frame: None, context: None };

    fn is_somebody(&self) -> bool {
        self.environment.is_some() || self.frame.is_some() || self.context.is_some()
    }

    /// Whoever is calling in this thread.
    pub fn current() -> Self {
        with(Self::clone)
    }

    /// Does `work` with this as the caller.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        /// Puts the former caller back, also when `work` panics.
        struct Restore(Caller);
        impl Drop for Restore {
            fn drop(&mut self) {
                IS_SOMEBODY.set(self.0.is_somebody());
                // The thread may be ending; then there is nothing to put back.
                let _ = CALLER.try_with(|caller| caller.replace(std::mem::take(&mut self.0)));
            }
        }
        let _restore = Restore(CALLER.replace(self.clone()));
        IS_SOMEBODY.set(self.is_somebody());
        work()
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let function = self.frame.as_ref().map(|frame| frame.function.path());
        f.debug_struct("Caller").field("function", &function).finish_non_exhaustive()
    }
}

/// Whether this thread has an environment, a frame or context arguments of its own.
#[inline(always)]
pub(crate) fn is_somebody() -> bool {
    IS_SOMEBODY.get()
}

/// Reads the caller of this thread. `read` must not call memento functions.
#[inline]
pub(crate) fn with<R>(read: impl FnOnce(&Caller) -> R) -> R {
    CALLER.with_borrow(read)
}

/// Records a call for whoever calls in this thread.
#[inline(never)]
pub(crate) fn record(call: FinishedCall) {
    with(|caller| {
        if let Some(frame) = &caller.frame {
            frame.record(call);
        }
    });
}

/// Notes that a call came to nothing, for whoever calls in this thread.
#[cold]
pub(crate) fn note_failure() {
    with(|caller| {
        if let Some(frame) = &caller.frame {
            frame.note_failure();
        }
    });
}

/// Does `call`, and notes that it came to nothing where it panics: what the function itself panics with does not pass
/// through here, but what it takes to read, clone or encode values may panic, too.
#[inline(always)]
pub(crate) fn noting_panics<T>(call: impl FnOnce() -> T) -> T {
    struct Panics;
    impl Drop for Panics {
        fn drop(&mut self) {
            note_failure();
        }
    }
    let panics = Panics;
    let done = call();
    std::mem::forget(panics);
    done
}

/// Notes that whoever calls in this thread is told that a call came to nothing because of `error`.
pub(crate) fn note_error(error: &Error) {
    with(|caller| {
        if let Some(frame) = &caller.frame {
            frame.note_error(error);
        }
    });
}

/// Records that something outside of the program was read, for whoever runs in this thread.
pub(crate) fn observe(observation: Observation) {
    with(|caller| {
        if let Some(frame) = &caller.frame {
            frame.observe(observation);
        }
    });
}

/// A memento function that is running.
pub(crate) struct Frame {
    pub(crate) function: &'static Function,
    pub(crate) key: Key,
    pub(crate) correlation: Correlation,
    /// What tells it from all other frames of this process; not 0.
    pub(crate) number: u64,
    /// Whether it may call other memento functions.
    pub(crate) further_calls: bool,
    /// Where the parts of its result go; `None` where it is not running.
    pub(crate) contents: Option<Contents>,
    caller: Option<Arc<Frame>>,
    /// The generation in which it began.
    generation: u64,
    met: Mutex<Met>,
    /// Whether a call came to nothing.
    has_failure: AtomicBool,
    /// Nanoseconds.
    waited: AtomicU64,
    /// The async calls that are under way.
    waits: Mutex<waits::Waits>,
}

/// What a function called and read, in order.
#[derive(Default)]
struct Met {
    all: Vec<Meeting>,
    /// The indices of `all` by what is the same.
    index: HashTable<usize>,
}

enum Meeting {
    Call(FinishedCall),
    Resource(Arc<Observation>),
}

/// A finished call of a memento function.
#[derive(Clone)]
pub(crate) struct FinishedCall {
    pub(crate) function: &'static Function,
    pub(crate) invocation: Invocation,
    pub(crate) digest: Option<Digest>,
    /// What its result depends on beyond the code.
    pub(crate) validity: Option<Arc<Validity>>,
}

impl FinishedCall {
    /// A call of `function` that came to what has landed.
    pub(crate) fn new(function: &'static Function, landed: Landed) -> Self {
        let Landed { invocation, digest, validity, .. } = landed;
        Self { function, invocation, digest: Some(digest), validity }
    }
}

impl Met {
    fn meet(&mut self, meeting: Meeting) {
        let Self { all, index } = self;
        let hash = meeting.hash();
        if index.find(hash, |&at| all[at].is_same(&meeting)).is_none() {
            all.push(meeting);
            index.insert_unique(hash, all.len() - 1, |&at| all[at].hash());
        }
    }
}

impl Meeting {
    fn hash(&self) -> u64 {
        let bytes = match self {
            Self::Call(call) => call.invocation.as_bytes(),
            Self::Resource(observation) => observation.digest().as_bytes(),
        };
        let [a, b, c, d, e, f, g, h, ..] = *bytes;
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Call(a), Self::Call(b)) => (a.invocation, a.digest) == (b.invocation, b.digest),
            (Self::Resource(a), Self::Resource(b)) => a == b,
            _ => false,
        }
    }
}

impl Frame {
    /// The frame of an invocation that `caller` makes.
    pub(crate) fn new(
        function: &'static Function,
        key: Key,
        caller: Option<Arc<Frame>>,
        further_calls: bool,
    ) -> Self {
        static NUMBERS: AtomicU64 = AtomicU64::new(1);
        let correlation = caller.as_ref().map_or_else(Correlation::new, |frame| frame.correlation);
        Self {
            function,
            key,
            correlation,
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            further_calls,
            contents: None,
            caller,
            generation: validity::generation(),
            met: Mutex::default(),
            has_failure: AtomicBool::new(false),
            waited: AtomicU64::new(0),
            waits: Mutex::default(),
        }
    }

    /// The number of the frame that called this one; 0 where none did.
    pub(crate) fn caller_number(&self) -> u64 {
        self.caller.as_ref().map_or(0, |caller| caller.number)
    }

    /// Records a call. The same call with the same outcome is recorded once.
    pub(crate) fn record(&self, call: FinishedCall) {
        self.met.lock().meet(Meeting::Call(call));
    }

    /// Notes that a call came to nothing: it panicked, was cancelled, or could not be made. What this function makes of
    /// that is not kept: no record could tell when the call would come to something.
    pub(crate) fn note_failure(&self) {
        self.has_failure.store(true, Ordering::Relaxed);
    }

    /// The same, because of `error`. Arguments without an encoding have none the next time, either: what was read to
    /// encode them is recorded.
    pub(crate) fn note_error(&self, error: &Error) {
        if error.kind() != ErrorKind::Encoding {
            self.note_failure();
        }
    }

    /// Whether a call came to nothing.
    pub(crate) fn has_failure(&self) -> bool {
        self.has_failure.load(Ordering::Relaxed)
    }

    /// Records that something outside of the program was read. The same state is recorded once.
    fn observe(&self, observation: Observation) {
        self.met.lock().meet(Meeting::Resource(Arc::new(observation)));
    }

    /// Adds to the time in which this function waited for others.
    pub(crate) fn add_waited(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.waited.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// The time in which this function waited for others.
    pub(crate) fn waited(&self) -> Duration {
        Duration::from_nanos(self.waited.load(Ordering::Relaxed))
    }

    /// What this function called and read, in order.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let dependency = |meeting: &Meeting| match meeting {
            Meeting::Call(call) => Dependency::Callee(Callee {
                function: call.function.path().to_owned(),
                invocation: call.invocation,
                version: call.function.version(),
                digest: call.digest,
            }),
            Meeting::Resource(observation) => Dependency::Resource(Observation::clone(observation)),
        };
        self.met.lock().all.iter().map(dependency).collect()
    }

    /// What the result of this function depends on because of what it called and read.
    pub(crate) fn validity(&self) -> Validity {
        let mut validity = Validity::default();
        for meeting in &self.met.lock().all {
            match meeting {
                Meeting::Call(call) => {
                    validity.generation = Some(self.generation);
                    validity.extend(call.validity.as_deref());
                }
                Meeting::Resource(observation) => {
                    validity.resources.insert(Arc::clone(observation));
                }
            }
        }
        validity
    }

    /// This frame and those that called it, innermost first.
    pub(crate) fn ancestry(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |frame| frame.caller.as_deref())
    }
}
