//! Worker processes: this program, started once more to compute for another process.
//!
//! A runner that uses worker processes starts the program with the variable [`VARIABLE`] set. [`enter`] sees it, and
//! lets the runner's crate serve until the other process is gone; `#[memento::main]` calls it first. The crate moves
//! bytes between the processes; what they mean is known here alone, to [`Batch`](crate::runner::Batch) on one side and
//! [`Worker`] on the other.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::plugin::{self, Stores, WorkerPlugin};
use crate::recorded::{Recorded, Repeated, Repetition, repeater};
use crate::remote::{self, End, Errand, Request, Response, Session};
use crate::stack::Context;
use crate::{Caller, Environment, Error, ErrorKind, Result, encoding, function, validity};

/// The environment variable that makes a process a worker: the name of the runner, and what else the runner's crate
/// wants to say behind a `/`.
pub const VARIABLE: &str = crate::configuration::WORKER_VARIABLE;

/// Makes this process a worker, if it was started as one: it computes for the process that started it, then exits.
/// Otherwise this does nothing.
///
/// `#[memento::main]` does this. A program without it that uses worker processes says it first:
///
/// ```
/// # #[expect(clippy::needless_doctest_main)]
/// fn main() {
///     memento::worker::enter();
///     // what the program does
/// }
/// ```
///
/// # Panics
///
/// Where no crate that is linked knows how to serve.
pub fn enter() {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return };
    let value = value.to_string_lossy();
    let (name, rest) = value.split_once('/').unwrap_or((&value, ""));
    match plugin::find::<WorkerPlugin>(name) {
        Ok(Some(plugin)) => (plugin.serve)(rest),
        Ok(None) => panic!(
            "{VARIABLE} is `{value}`, and no runner of this name is linked into this program; {}",
            plugin::to_add("runner", name)
        ),
        Err(error) => panic!("{error}"),
    }
}

/// The process that a worker computes for, as the runner's crate reaches it.
pub trait Parent: Send + Sync + Debug {
    /// The parent's [answer](crate::runner::Batch::answer) to `question`.
    ///
    /// # Errors
    ///
    /// Where it cannot be reached.
    fn ask(&self, question: &[u8]) -> Result<Vec<u8>>;

    /// The same where the answer does not matter. What is told comes before what is asked or said later.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    fn tell(&self, message: &[u8]) -> Result<()>;

    /// How many bytes of memory this process may have; `None` where that is not limited. What it keeps in memory of
    /// results is a small part of them.
    fn memory_limit(&self) -> Option<u64> {
        None
    }
}

/// The stores of a cluster of `environment` as its workers see them, within this process: for tests of what a store
/// keeps of its promises on that way.
///
/// # Errors
///
/// Where there is no such cluster. The one without a name is "".
pub fn stores_of(environment: &Environment, cluster: &str) -> Result<Stores> {
    remote::open_stores(&Within::parent(environment.clone(), None), cluster)
}

/// A parent in the same process.
pub(crate) struct Within {
    environment: Environment,
    session: Session,
    memory_limit: Option<u64>,
}

impl Within {
    /// One with the clusters of `environment`, whose worker may have so many bytes of memory.
    pub(crate) fn parent(environment: Environment, memory_limit: Option<u64>) -> Arc<dyn Parent> {
        Arc::new(Self { environment, session: Session::default(), memory_limit })
    }
}

impl Parent for Within {
    fn ask(&self, question: &[u8]) -> Result<Vec<u8>> {
        Ok(remote::answer(Ok(self.environment.clone()), &self.session, question))
    }

    fn tell(&self, message: &[u8]) -> Result<()> {
        self.ask(message).map(drop)
    }

    fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }
}

impl fmt::Debug for Within {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("environment", &self.environment).finish_non_exhaustive()
    }
}

/// The side of a worker that makes calls.
#[derive(Debug)]
pub struct Worker {
    environment: Environment,
    /// The generation of the parent, as last heard.
    generation: AtomicU64,
}

impl Worker {
    /// A worker for `parent`. From now on the storage of this process is that of `parent`, and what its functions call
    /// runs here.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] where memento functions have been called in this process already.
    pub fn new(parent: Arc<dyn Parent>) -> Result<Self> {
        let environment = Environment::of_parent(parent);
        environment.set_of_process()?;
        Ok(Self { environment, generation: AtomicU64::new(0) })
    }

    /// Makes the call that a [batch](crate::runner::Batch::request) asks for. What came of it is for [the
    /// batch](crate::runner::Batch::accept).
    pub fn execute(&self, request: &[u8]) -> Vec<u8> {
        let failed = |invocation, error| Response { invocation, end: End::Failed(error) };
        match remote::read::<Request<'_>>(request) {
            Ok(request) => self
                .make(&request)
                .unwrap_or_else(|error| remote::write(&failed(Some(request.invocation), error))),
            Err(error) => remote::write(&failed(None, error)),
        }
    }

    fn make(&self, request: &Request<'_>) -> Result<Vec<u8>> {
        let function = function::find(request.function);
        let Some(function) = function.filter(|function| function.version() == request.version)
        else {
            return Err(other_program(request, function.is_some()));
        };
        // What this process remembers may have been forgotten there.
        if self.generation.swap(request.generation, Ordering::Relaxed) != request.generation {
            self.environment.clear_caches();
            validity::count_replaced_result();
        }
        let not_here = |reason: String| {
            Ok(remote::write(&Response::new(request.invocation, End::NotHere(reason.into()))))
        };
        let arguments = encoding::split_tuple(request.arguments.0);
        let (Some(repeat), Some((arguments, _))) = (repeater(function), arguments) else {
            return not_here("its arguments cannot be read".to_owned());
        };
        let Request { correlation, further_calls, .. } = *request;
        let errand = Errand { correlation, further_calls };
        let context = request.context.iter().map(|(name, value)| (*name, value.0));
        let context = (!request.context.is_empty()).then(|| Arc::new(Context::of_encoded(context)));
        let caller = Caller { environment: None, frame: None, context };
        let recorded = Recorded::for_errand(request.invocation, arguments, &errand);
        match caller.enter(|| repeat(recorded)) {
            Ok(Repeated(Repetition::Response(response))) => Ok(response),
            Ok(Repeated(Repetition::Known(..) | Repetition::Ended(_))) => {
                Err(Error::new(ErrorKind::Worker, "make a call for another process")
                    .with("function", function.path()))
            }
            Err(error) if error.kind() == ErrorKind::Encoding => not_here(error.to_string()),
            Err(error) => Err(error),
        }
    }
}

fn other_program(request: &Request<'_>, is_there: bool) -> Error {
    Error::new(ErrorKind::Configuration, "make a call for another process")
        .with("function", request.function)
        .because(if is_there {
            "the worker's program has another version of the function"
        } else {
            "the worker's program has no such function"
        })
        .help("start workers from the same build of the program")
}
