//! Memento functions that take references to others, called in test programs and in
//! [worker processes](memento_runner_process) alike.

use std::collections::BTreeMap;
use std::path::PathBuf;

use futures_util::StreamExt as _;
use memento::{Bound, memento};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::fates::note;

/// A multiple; `folder` has a file that says of what.
#[memento]
pub fn scaled(folder: PathBuf, factor: u64, n: u64) -> u64 {
    note(&folder, "scaled", n);
    factor * n
}

/// The sum of what a function returns, and the process that adds it.
#[memento]
pub fn total(of: Bound<fn(u64) -> u64>, up_to: u64) -> (u64, u32) {
    ((0..up_to).map(|n| of.call(n)).sum(), std::process::id())
}

/// What a function is told by those far above it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Where `scaled` notes what it does.
    pub folder: PathBuf,
    /// Nested values.
    pub factors: Vec<BTreeMap<String, Option<u64>>>,
    /// A function to be called.
    pub with: Bound<fn(u64) -> u64>,
}

/// What the context says of `n`.
#[memento]
pub fn told(n: u64) -> u64 {
    let Some(settings) = memento::context::<Settings>("settings") else { return 0 };
    note(&settings.folder, "told", n);
    let factors = settings.factors.iter().flat_map(BTreeMap::values).flatten();
    settings.with.call(n) * factors.sum::<u64>()
}

/// Asks for one at a time.
#[memento]
pub fn told_one_by_one(up_to: u64) -> u64 {
    (0..up_to).map(told).sum()
}

/// Asks for all at once.
#[memento]
pub fn told_at_once(up_to: u64) -> u64 {
    told::try_map((0..up_to).map(|n| (n,))).map_or(0, |all| all.into_iter().sum())
}

/// Asks in threads of rayon.
#[memento]
pub fn told_in_rayon(up_to: u64) -> u64 {
    (0..up_to).into_par_iter().map(memento::carry(told)).sum()
}

/// Asks behind an `await`.
#[memento]
pub async fn told_later(up_to: u64) -> u64 {
    std::future::ready(()).await;
    told_at_once(up_to)
}

/// Asks in many ways, each of them some calls away.
#[memento]
pub async fn told_in_tasks(up_to: u64) -> u64 {
    let batch = told_later::try_map((0..up_to).map(|n| (n,))).await.unwrap_or_default();
    let each = told_later::as_completed([(up_to,)]).map(|(_, sum)| sum.unwrap_or_default());
    batch.into_iter().sum::<u64>() + each.collect::<Vec<_>>().await[0]
}
