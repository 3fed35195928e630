//! A memento function that makes the best of what becomes of others.

use std::path::PathBuf;

use memento::memento;

use crate::fates::{Fate, meet, note};

/// How many of the calls that meet these fates return.
#[memento]
pub fn survivors(folder: PathBuf, fates: Vec<Fate>) -> usize {
    note(&folder, "counts", fates.len());
    let calls = (0..).zip(fates).map(|(n, fate)| (folder.clone(), n, fate));
    meet::map(calls).into_iter().flatten().count()
}
