//! Worker processes for memento: this program, started again, computes what storage has no valid result for.
//!
//! A function that aborts, overflows its stack, is killed, takes too long or too much memory is an error of its call;
//! the program and the other calls go on. In `memento.toml`:
//!
//! ```toml
//! [runner]
//! type = "process"
//! workers = 4                # default: as many as there are processors
//! timeout = "10 min"         # of each call; default: none
//! memory_limit = "4 GiB"     # of each worker; default: none
//! retries = 1                # how often a call is made again whose worker ended; default: 0
//! launcher = ["srun", "--ntasks=1"]  # what the command of a worker begins with; default: nothing
//! start_timeout = "30s"      # how long a worker may take to start
//! program = "bin/worker"     # default: the program itself
//! arguments = []             # what the program is started with
//! ```
//!
//! # The entry
//!
//! A worker is the program itself, so the program has to let it: with `#[memento::main]` on `fn main`, or with
//! [`memento::worker::enter()`] as the first line of it. A program that does neither gets an error at its first call.
//!
//! In tests, `main` is that of the test harness. Start workers at one of the tests there:
//!
//! ```
//! # /*
//! #[test]
//! fn memento_worker() {
//!     memento::worker::enter();
//! }
//! # */
//! use memento_runner_process::{Options, ProcessRunner};
//!
//! let options = Options::new().arguments(["memento_worker", "--exact", "--nocapture"]);
//! let environment = memento::Environment::new(memento::Storage::memory(), ProcessRunner::new(options));
//! ```
//!
//! # What runs where
//!
//! This process looks results up, claims what is missing, and records what comes back. A worker only runs functions;
//! what they call runs in the same worker, with the storage of this process, which is asked through the same pipe. So
//! every storage will do, that in memory, too.
//!
//! Calls that cannot be made elsewhere run in this process, with a `debug` event: those of functions whose arguments
//! cannot be read back (their types lack `Deserialize`, or borrow), and again those that returned an error which cannot
//! be carried (its type is neither `Serialize` and `Deserialize` nor an `io::Error` of the operating system) or a value
//! that has no encoding.
//!
//! What a function that runs in this process calls, in such a case or with `f::with().local()`, gets a worker at once,
//! one more than `workers` where all of them have calls: these may be waiting for that function. Where no more can be
//! started, it runs here, too.
//!
//! What functions print, to standard output or standard error, comes here as `tracing` events of level `info`, with the
//! worker's process and the function; the end of it is in the error of a call whose worker ended.
//!
//! # The protocol
//!
//! Frames over the worker's standard input and output: see `frame.rs`. A worker has its standard input, as its
//! functions see it, at `/dev/null`, and its standard output where standard error is. When its input ends, because this
//! process closed it or is gone, it exits, in the middle of a function if need be.
//!
//! This crate is for Unix.

#![deny(clippy::print_stdout, clippy::print_stderr)]

#[cfg(not(unix))]
compile_error!("memento-runner-process is for Unix");

mod batch;
mod frame;
mod greeting;
mod log;
mod options;
mod pipes;
mod pool;
mod process;
mod ready;
mod runner;
mod worker;

use std::sync::Arc;

use memento::plugin::{RunnerPlugin, WorkerPlugin, inventory};

pub use options::Options;
pub use runner::ProcessRunner;

/// What the configuration calls this runner.
const NAME: &str = "process";

inventory::submit! {
    RunnerPlugin {
        name: NAME,
        provided_by: "memento-runner-process",
        open: |options| Ok(Arc::new(ProcessRunner::new(Options::take(options)?))),
    }
}

inventory::submit! {
    WorkerPlugin {
        name: NAME,
        provided_by: "memento-runner-process",
        serve: worker::serve,
    }
}
