//! Layers around any store of memento: what is done when a store fails, is slow, or must not be changed; what is asked
//! of it; and who can read and write what is in it.
//!
//! To depend on this crate is to use it: a layer is there where `memento.toml` has its table.
//!
//! ```toml
//! [storage]
//! type = "filesystem"
//! path = "/mnt/team/memento"
//!
//! [storage.time_limit]         # an operation that takes longer is a failure
//! limit = "2s"                 # default: 10s
//!
//! [storage.breaker]            # a store that keeps failing is left alone
//! failures = 5                 # in a row
//! period = "10s"               # then one operation is tried
//!
//! [storage.retry]              # what failed is tried again
//! attempts = 3                 # the first one included
//! first_pause = "50ms"         # a random part of it; each pause is twice as long as the one before
//! longest_pause = "2s"
//! errors = ["storage"]         # or `unavailable`, `damaged`, `newer_format`, too
//!
//! [storage.read_only]          # what is there is used, and nothing is kept
//!
//! [storage.signing]            # what nobody with a key has signed is not used
//! key = "${TEAM_KEY}"          # or several, of which the first one signs; or `key_file`
//!
//! [storage.encryption]         # nobody without a key reads what is there
//! key_file = "keys"            # a key in each line
//!
//! [storage.compression]        # of data
//! level = 3                    # from 1 to 22
//! minimum = "1 KiB"            # what is shorter is kept as it is
//!
//! [storage.size_limit]         # what is longer is refused
//! limit = "100 MB"
//!
//! [storage.eviction]           # what is used least is dropped
//! max_size = "10 GB"           # of mementos and results together
//! max_age = "30 days"          # since it was put or used last
//! order = "lru"                # or "lfu", "fifo", "mru": what goes first where there is too much
//! # Functions whose results stay, as records call them: package, crate, modules, name.
//! pinned = ["shop::shop::pricing::price"]
//!
//! [storage.metrics]            # counts for a recorder of the `metrics` crate
//! store = "team"               # their label; default: the kind of store
//!
//! [storage.faults]             # for tests: fails on purpose
//! rate = 0.1                   # a part of all operations
//! seed = 1
//! ```
//!
//! Their order is always the same, whatever that in the file is. From the store outwards: `size_limit`, `faults`,
//! `time_limit`, `breaker`, `retry`, `signing`, `encryption`, `compression`, `read_only`, `eviction`, `metrics`. So
//! each attempt has its time limit and counts for the breaker, a breaker that is open ends the attempts, and a store
//! that is open for reading only keeps its results, whatever its limits are. Data and mementos have a breaker each.
//!
//! A program can put them around a store by itself, as [`Guarded`] or [`TimeLimit`], and write a [`Policy`] of its own:
//!
//! ```
//! use std::sync::Arc;
//! use memento::Name;
//! use memento::storage::{DataStore, MemoryDataStore};
//! use memento_storage_layers::{Breaker, Guarded, Retry};
//!
//! let store = Guarded::new(Breaker::default(), Arc::new(MemoryDataStore::default()));
//! let store = Guarded::new(Retry::default().attempts(5), Arc::new(store));
//! store.put(&Name::new("reports/today")?, b"all is well")?;
//! # Ok::<(), memento::Error>(())
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod breaker;
mod compression;
mod counted;
mod data;
mod encryption;
mod eviction;
mod faults;
mod keys;
mod metadata;
mod metrics;
mod operation;
mod plugins;
mod policy;
mod read_only;
mod retry;
mod signing;
mod size_limit;
mod tally;
mod time_limit;
mod transform;
mod transformed;
mod trouble;

pub use breaker::Breaker;
pub use compression::{Compressed, Compression};
pub use encryption::{Encrypted, Encryption};
pub use eviction::{Eviction, EvictionOrder};
pub use faults::Faults;
pub use keys::Keys;
pub use metrics::Metrics;
pub use operation::Operation;
pub use policy::{Found, Guarded, Policy};
pub use read_only::ReadOnly;
pub use retry::Retry;
pub use signing::{Signed, Signing};
pub use size_limit::SizeLimit;
pub use tally::Tally;
pub use time_limit::TimeLimit;
pub use transform::{Chunks, Damage, Position, Subject, Transform};
pub use transformed::Transformed;
