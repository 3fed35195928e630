//! Conformance suites for the plugins of memento.
//!
//! Who writes a plugin takes this crate as a dev-dependency, and says in a test file what is to be tested. Each promise
//! becomes a test of its own:
//!
//! ```ignore
//! mod conformance {
//!     memento_testkit::runner_suite!(RunnerSuite::new(|| MyRunner::new(2)).concurrency(2));
//! }
//! ```
//!
//! A test that fails says which promise of [`memento::runner::Runner`] or [`memento::runner::Batch`] was broken, and
//! what was found instead:
//!
//! ```text
//! broken promise: each call of a batch is brought to its end exactly once
//! found: call 9 of 10 of `double` was left without an end
//! ```
//!
//! Stores are tested in the same way. Each property gets a store of its own, made in an empty folder or in whatever
//! else is its own:
//!
//! ```ignore
//! mod data {
//!     memento_testkit::data_store_suite!(DataStoreSuite::new(|folder| Arc::new(MyDataStore::new(folder))));
//! }
//!
//! mod metadata {
//!     memento_testkit::metadata_store_suite!(MetadataStoreSuite::new(|folder| Arc::new(MyMetadataStore::new(folder))));
//! }
//! ```
//!
//! # Runners in other processes
//!
//! The functions that the suite calls live in this crate. A worker has them if its program is linked with this crate:
//! the program of the tests is. [`memento_runner_process`](https://docs.rs/memento-runner-process) starts workers
//! there, at a test that is the entry:
//!
//! ```ignore
//! #[test]
//! fn memento_worker() {
//!     memento::worker::enter();
//! }
//! ```
//!
//! Executions are counted in files, to which every process appends: whatever runs a function is seen.

#![deny(clippy::print_stdout, clippy::print_stderr)]

pub mod data_store;
pub mod metadata_store;
pub mod runner;
#[doc(hidden)]
pub mod suite;
