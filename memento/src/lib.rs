//! Memoization that persists.
//!
//! With [`#[memento]`](macro@memento) on a function its results are kept, with the provenance of each, in storage that
//! a plugin provides, computed by a runner that a plugin provides. A second call, in this process or a later one, finds
//! the result instead of computing it.
//!
//! ```
//! use memento::memento;
//!
//! #[memento]
//! fn square(n: u64) -> u64 {
//!     n * n
//! }
//!
//! # memento::Environment::new(memento::Storage::memory(), memento::LocalRunner::new()).enter(|| {
//! assert_eq!(square(12), 144); // computed
//! assert_eq!(square(12), 144); // found
//! let memento = square::memento(12)?.expect("it has run");
//! assert_eq!(memento.provenance.arguments.unwrap().to_string(), "(12)");
//! # Ok::<(), memento::Error>(())
//! # }).unwrap();
//! ```
//!
//! The README shows how to begin; `memento.toml` is described in [`configuration`]; what makes two calls the same, in
//! [`key`]. Who writes a store finds what it takes in [`storage`], and who writes a runner, in [`runner`]; [`plugin`]
//! makes both known to programs.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod argument;
mod asynchronous;
mod batch;
mod binding;
mod blob;
mod bound;
mod cache;
mod cancellation;
mod clock;
mod cluster;
mod code;
pub mod codec;
pub mod configuration;
mod digest;
pub mod encoding;
mod engine;
mod environment;
mod error;
mod flight;
mod function;
#[doc(hidden)]
pub mod internal;
pub mod key;
mod memento;
mod miss;
mod modifiers;
mod named;
mod part;
mod partition;
pub mod plugin;
mod program;
mod progress;
mod query;
mod record;
mod recorded;
mod remote;
pub mod resource;
mod returns;
pub mod runner;
mod stack;
mod statistics;
pub mod storage;
mod transient;
mod validity;
pub mod worker;

pub use batch::AsCompleted;
pub use blob::{Blob, BlobReader, BlobWriter};
pub use bound::Bound;
pub use cancellation::CancellationToken;
pub use code::{Code, CodeChange, Piece};
#[doc(inline)]
pub use codec::Codec;
pub use digest::{Digest, Version};
pub use environment::Environment;
pub use error::{Error, ErrorKind, Result};
pub use function::{Function, functions};
#[doc(inline)]
pub use key::{Invocation, Key};
pub use memento::{
    Arguments, Callee, Correlation, Dependency, Memento, Outcome, Provenance, StoredValue,
};
pub use memento_macros::{main, memento};
pub use miss::{ArgumentDifference, CalleeChange, Cause, Explanation, Miss, Undecided};
pub use named::Named;
pub use partition::Partition;
pub use program::default_folder;
pub use progress::{Progress, ProgressEvents, ProgressObserver};
pub use query::{Mementos, Query};
#[doc(inline)]
pub use runner::{LocalRunner, NullRunner};
pub use stack::{Caller, carry, carry_future, context};
pub use statistics::{Misses, Statistics};
#[doc(inline)]
pub use storage::{Name, Storage};
pub use transient::Transient;

/// The code in the README compiles.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// And so does that in the chapter on results.
#[cfg(doctest)]
#[doc = include_str!("../../docs/results.md")]
struct Results;
