//! Several storages of memento in front of one another: what is near is asked first, what is far is shared.
//!
//! To depend on this crate is to use it: `tiers` in `memento.toml` names the storages, the nearest first.
//!
//! ```toml
//! [storage]
//! tiers = ["filesystem", "team"]
//!
//! [storage.team]               # a tier with options has a table of its name
//! url = "redis://cache.example.com"
//! write = "behind"             # default: "through"; or "never"
//! queue = 1_000                # writes that wait, where they are behind
//!
//! [storage.filesystem]         # `type` is the name, unless something else is said
//! path = ".memento"
//! promote = false              # default: true; what is found in a tier below is copied up into this one
//! ```
//!
//! Layers of a tier stand in its own table: `[storage.team.retry]`.
//!
//! Results and mementos are looked for in the order of the tiers. Objects that people keep by name may change, so they
//! live in one tier, the last one that is written.
//!
//! In code:
//!
//! ```
//! use memento::plugin::Stores;
//! use memento::storage::{MemoryDataStore, MemoryMetadataStore};
//! use memento_storage_tiers::{Tier, Tiers, Writes};
//!
//! let memory = || Stores::new(MemoryDataStore::default(), MemoryMetadataStore::default());
//! let tiers = Tiers::new([
//!     Tier::new("near", memory()),
//!     Tier::new("far", memory()).writes(Writes::Behind),
//! ]);
//! let stores: Stores = tiers.into_stores();
//! ```

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod changes;
mod contents;
mod counters;
mod data;
mod metadata;
mod plugin;
mod queue;
mod source;
mod tier;
mod unwritten;

use std::sync::Arc;

use memento::plugin::Stores;
use memento::{Error, ErrorKind, Result};

pub use tier::{Tier, Writes};

use data::TieredDataStore;
use metadata::TieredMetadataStore;

/// Storages in front of one another, the nearest first.
#[derive(Clone, Debug)]
pub struct Tiers(Arc<[Tier]>);

impl Tiers {
    /// These storages. The first one is always written at once, where it is written at all.
    ///
    /// # Panics
    ///
    /// Where there is none.
    pub fn new(tiers: impl IntoIterator<Item = Tier>) -> Self {
        let mut tiers: Vec<Tier> = tiers.into_iter().collect();
        assert!(!tiers.is_empty(), "a storage of tiers has at least one");
        for n in 0..tiers.len() {
            let (above, rest) = tiers.split_at_mut(n);
            rest[0].begin(above);
        }
        Self(tiers.into())
    }

    /// The stores that are made of them.
    pub fn into_stores(self) -> Stores {
        Stores::new(TieredDataStore::new(self.clone()), TieredMetadataStore::new(self))
    }

    /// How many operations of each of them have failed, the nearest first. What is damaged is a failure of the tier that
    /// has it; what fails behind the calls is not among them.
    ///
    /// A recorder of the `metrics` crate that is there when a tier is made is told of both:
    /// `memento_tier_failures_total` counts failures, with the labels `tier` and `when`, which is `call` or `behind`,
    /// and `memento_tier_lost_total` results that could not be written behind a call, with the label `tier`.
    pub fn failures(&self) -> Vec<u64> {
        self.0.iter().map(Tier::failures).collect()
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (usize, &Tier)> {
        self.0.iter().enumerate()
    }

    /// Those that are written, the nearest first.
    fn written(&self) -> impl DoubleEndedIterator<Item = &Tier> {
        self.0.iter().filter(|tier| tier.writes != Writes::Never)
    }

    /// Those above a tier into which is copied what is found there.
    fn promoting(&self, below: usize) -> impl Iterator<Item = (usize, &Tier)> {
        let is_promoting = |tier: &Tier| tier.promotes && tier.writes != Writes::Never;
        self.iter().take(below).filter(move |(_, tier)| is_promoting(tier))
    }

    /// Where objects live that may change: the last tier that is written, or the last one where none is.
    fn home(&self) -> &Tier {
        let last = &self.0[self.0.len() - 1];
        self.written().next_back().unwrap_or(last)
    }

    /// Keeps something in each tier that is written, at once or behind; it is kept where one of them does. What the
    /// others report is theirs.
    ///
    /// A tier that failed is asked before the first one that keeps it: `clear` takes what it had in the same place from
    /// it. Those below are asked when it is gone from there.
    ///
    /// # Errors
    ///
    /// Where no tier keeps it, the first one that is reported, and else that of `clear`.
    fn keep(
        &self,
        operation: &'static str,
        now: impl Fn(&Tier) -> Result<()>,
        behind: impl Fn(&Tier, &queue::Queue),
        clear: impl Fn(&Tier) -> Result<()>,
    ) -> Result<()> {
        let (mut is_kept, mut failed) = (false, Vec::new());
        for tier in self.written() {
            match &tier.queue {
                // What is nowhere yet cannot be written later.
                Some(queue) if is_kept => behind(tier, queue),
                _ => match tier.do_when_written(&now) {
                    Ok(()) => is_kept = true,
                    Err(error) if !is_kept => failed.push((tier, error)),
                    Err(_) => {}
                },
            }
        }
        if is_kept {
            return each(failed.iter().map(|(tier, _)| clear(tier)));
        }
        let first = failed.into_iter().next();
        Err(first.map_or_else(|| self.read_only(operation), |(_, error)| error))
    }

    /// Drops something from each tier that is written, also where another one fails; what each one says of it.
    fn drop_from_each<T>(&self, work: impl Fn(&Tier) -> Result<T>) -> Result<Vec<T>> {
        let said: Vec<_> = self.written().map(work).collect();
        said.into_iter().collect()
    }

    fn read_only(&self, operation: &'static str) -> Error {
        Error::new(ErrorKind::ReadOnly, operation)
            .with("store", self.location())
            .help("let one tier be written: `write = \"through\"`")
    }

    fn location(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|tier| &*tier.name).collect();
        format!("tiers {}", names.join(", "))
    }

    /// Waits until all that was put is in all tiers.
    fn flush(&self) -> Result<()> {
        each(self.0.iter().map(Tier::flush))
    }
}

/// Comes to the end of all of them, also where one fails; the first error.
fn each(results: impl Iterator<Item = Result<()>>) -> Result<()> {
    let mut all = Ok(());
    for result in results {
        all = all.and(result);
    }
    all
}
