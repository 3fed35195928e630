//! What has to stay as it is for a result to be used again in this process, where the code does not change.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use crate::clock::now;
use crate::resource::{self, Check, Observation};

/// Counts the results that took the place of other ones, or were forgotten, in this process.
static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Notes that a result that others may have been computed from is no longer what it was.
pub(crate) fn count_replaced_result() {
    GENERATION.fetch_add(1, Ordering::Release);
}

/// How often a result that others may have been computed from changed.
pub(crate) fn generation() -> u64 {
    GENERATION.load(Ordering::Acquire)
}

/// How many bytes a resource takes in each result that depends on it.
const OF_RESOURCE: u64 = 16;

/// Times, in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Period {
    /// The first one.
    pub(crate) from: u64,
    /// The first one behind it.
    pub(crate) until: u64,
}

impl Period {
    /// Whether it is now.
    pub(crate) fn is_now(self) -> bool {
        (self.from..self.until).contains(&now())
    }

    /// The times in both.
    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }
}

/// What a result depends on beyond its code, all callees included. Most results have none of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Validity {
    /// The times between which it is valid; `None` for always.
    pub(crate) period: Option<Period>,
    /// Where memento functions were called: the generation in which their results were what they were.
    pub(crate) generation: Option<u64>,
    /// What was read outside of the program, by the function and by those that it called.
    pub(crate) resources: BTreeSet<Arc<Observation>>,
    /// Whether an error that is not kept had a part in it: it is verified each time, so that its function runs again.
    pub(crate) is_tentative: bool,
}

impl Validity {
    /// The validity of a result that has one.
    pub(crate) fn into_shared(self) -> Option<Arc<Self>> {
        let has_any = self.period.is_some()
            || self.generation.is_some()
            || !self.resources.is_empty()
            || self.is_tentative;
        has_any.then(|| Arc::new(self))
    }

    /// How many bytes it takes in memory, as far as that may be many.
    pub(crate) fn size(&self) -> u64 {
        self.resources.len() as u64 * OF_RESOURCE
    }

    /// Adds what the result of a callee depends on.
    pub(crate) fn extend(&mut self, callee: Option<&Self>) {
        let Some(callee) = callee else { return };
        self.limit(callee.period);
        self.resources.extend(callee.resources.iter().cloned());
        self.is_tentative |= callee.is_tentative;
    }

    /// Holds no longer than in `period`.
    pub(crate) fn limit(&mut self, period: Option<Period>) {
        self.period = [self.period, period].into_iter().flatten().reduce(Period::and);
    }

    /// Whether all is as it was, as far as it can be told without asking anybody.
    #[inline]
    pub(crate) fn holds(&self) -> bool {
        !self.is_tentative
            && self.period.is_none_or(Period::is_now)
            && self.generation.is_none_or(|then| then == generation())
    }

    /// Whether what was read outside of the program is what it was.
    pub(crate) fn resources_hold(&self) -> bool {
        self.resources.iter().all(|resource| !matches!(resource::check(resource), Check::Changed))
    }
}
