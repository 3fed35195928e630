//! The third memento function: all crates.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::path::PathBuf;

use memento::memento;
use serde::{Deserialize, Serialize};

use crate::file::{self, Failure};
use crate::package::{self, CrateCounts};
use crate::tree::Crate;

/// All crates, and three orders of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Ranking {
    /// In the order of their names.
    pub(crate) crates: Vec<CrateCounts>,
    /// Indices of crates: the one with the most unsafe blocks and functions first.
    by_unsafe_code: Vec<usize>,
    /// Indices of crates: the one with the most lines first.
    by_lines: Vec<usize>,
    /// Indices of crates: the one with the longest function first.
    by_longest_function: Vec<usize>,
    /// Files that were not counted, and crates where nothing was.
    pub(crate) failures: Vec<(PathBuf, Failure)>,
}

/// Ranks `crates`.
#[memento]
pub(crate) fn ranking(crates: &[Crate]) -> Ranking {
    let mut ranking = Ranking::default();
    let counted = package::crate_counts::map(crates.iter().map(|of| (of,)));
    for (of, counts) in crates.iter().zip(counted) {
        match counts {
            Ok(mut counts) => {
                ranking.failures.append(&mut counts.failures);
                ranking.crates.push(counts);
            }
            Err(error) => {
                let failure = Failure::Unread(error.to_string());
                ranking.failures.push((PathBuf::from(&of.name), failure));
            }
        }
    }
    ranking.by_unsafe_code = ranking.order(CrateCounts::unsafe_code);
    ranking.by_lines = ranking.order(|counts| counts.sum.lines);
    ranking.by_longest_function = ranking.order(CrateCounts::longest_lines);
    ranking
}

impl Ranking {
    /// The crates with unsafe code, the one with the most of it first.
    pub(crate) fn by_unsafe_code(&self) -> impl Iterator<Item = &CrateCounts> {
        self.ranked(&self.by_unsafe_code).take_while(|counts| counts.unsafe_code() > 0)
    }

    /// The crates, the one with the most lines first.
    pub(crate) fn by_lines(&self) -> impl Iterator<Item = &CrateCounts> {
        self.ranked(&self.by_lines)
    }

    /// The crates with functions, the one with the longest function first.
    pub(crate) fn by_longest_function(&self) -> impl Iterator<Item = &CrateCounts> {
        self.ranked(&self.by_longest_function).take_while(|counts| counts.longest_lines() > 0)
    }

    fn ranked<'a>(&'a self, order: &'a [usize]) -> impl Iterator<Item = &'a CrateCounts> {
        order.iter().map(|&index| &self.crates[index])
    }

    /// The crates with the largest `measure` first, those with the same in the order of their names.
    fn order<M: Ord>(&self, measure: impl Fn(&CrateCounts) -> M) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.crates.len()).collect();
        order.sort_by_key(|&index| Reverse(measure(&self.crates[index])));
        order
    }
}

/// Drops the results that rest on a file that was not read: it may be readable next time, and neither its size nor its
/// time would tell.
pub(crate) fn forget_passing(ranking: &Ranking, crates: &[Crate]) -> memento::Result<()> {
    let passing = ranking.failures.iter().filter(|(_, failure)| failure.is_passing());
    let passing: HashSet<&PathBuf> = passing.map(|(path, _)| path).collect();
    if passing.is_empty() {
        return Ok(());
    }
    for of in crates {
        let mut unread = of.files.iter().filter(|file| passing.contains(&file.path)).peekable();
        if unread.peek().is_some() {
            package::crate_counts::forget(of)?;
        }
        for file in unread {
            file::file_counts::forget(file)?;
        }
    }
    self::ranking::forget(crates).map(drop)
}
