//! Calls on a storage, and what came of them.

use std::fmt;
use std::str::FromStr;

use memento::{Environment, LocalRunner, Statistics, Storage};
use memento_storage_fs::Options;

use crate::{warnings, work};

/// One call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Of [`work::small()`].
    Small(u64),
    /// Of [`work::large()`].
    Large(u64),
}

/// What calls did. All values were right, or there would be a panic instead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// How often a function ran.
    pub computed: u64,
    /// How many calls were answered without running it.
    pub hits: u64,
    /// How many requests the stores failed to do.
    pub failures: u64,
    /// What was logged as a warning or an error.
    pub warnings: Vec<String>,
}

/// An environment on a storage in a folder: what a process is, as far as the storage can see.
#[derive(Debug)]
pub struct Visitor {
    environment: Environment,
}

impl Visitor {
    /// On the folder that `options` names.
    pub fn new(options: &Options) -> Self {
        Self::on(memento_storage_fs::storage(options))
    }

    /// On a storage of any kind.
    pub fn on(storage: Storage) -> Self {
        Self { environment: Environment::new(storage, LocalRunner::new()) }
    }

    /// Makes these calls.
    ///
    /// # Panics
    ///
    /// Where a value is wrong, or the statistics are.
    pub fn visit(&self, calls: &[Call]) -> Visit {
        let runs = work::runs();
        let visit = self.measure(calls.len() as u64, || calls.iter().for_each(Call::make));
        assert_eq!(visit.computed, work::runs() - runs, "the statistics tell what ran");
        visit
    }

    /// Does `work` in this environment.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        self.environment.enter(work)
    }

    /// Does `work`, which makes so many calls, in this environment.
    ///
    /// # Panics
    ///
    /// Where the statistics tell of another number of calls.
    pub fn measure(&self, calls: u64, work: impl FnOnce()) -> Visit {
        let before = self.environment.statistics();
        let ((), warnings) = warnings::collect(|| self.environment.enter(work));
        let visit = Visit::between(before, self.environment.statistics(), warnings);
        assert_eq!(visit.computed + visit.hits, calls, "each call has one end");
        visit
    }
}

/// Makes these calls in an environment of their own.
pub fn visit(options: &Options, calls: &[Call]) -> Visit {
    Visitor::new(options).visit(calls)
}

impl Call {
    /// The first `count` arguments of both functions.
    pub fn both(count: u64) -> Vec<Self> {
        (0..count).flat_map(|n| [Self::Small(n), Self::Large(n)]).collect()
    }

    fn make(&self) {
        match *self {
            Self::Small(n) => assert_eq!(work::small(n), work::expected_small(n), "small({n})"),
            Self::Large(n) => assert!(work::large(n) == work::expected_large(n), "large({n})"),
        }
    }
}

impl Visit {
    /// `count` functions ran, and nothing was wrong.
    pub fn computed(count: u64) -> Self {
        Self { computed: count, ..Self::default() }
    }

    /// `count` calls found their result, and nothing was wrong.
    pub fn hits(count: u64) -> Self {
        Self { hits: count, ..Self::default() }
    }

    fn between(before: Statistics, after: Statistics, warnings: Vec<String>) -> Self {
        Self {
            computed: after.computed - before.computed,
            hits: after.hits() - before.hits(),
            failures: after.store_failures - before.store_failures,
            warnings,
        }
    }

    /// The only warning.
    ///
    /// # Panics
    ///
    /// Where there is another number of warnings.
    #[track_caller]
    pub fn warning(&self) -> &str {
        match &self.warnings[..] {
            [warning] => warning,
            warnings => panic!("{} warnings instead of one: {warnings:#?}", warnings.len()),
        }
    }

    /// Checks that `count` functions ran, and that one warning names each of `parts`.
    ///
    /// # Panics
    ///
    /// Where it was otherwise.
    #[track_caller]
    pub fn assert_warned(&self, count: u64, parts: &[&str]) {
        assert_eq!(self.computed, count, "functions that ran: {self:?}");
        assert!(self.failures > 0, "a failure is counted: {self:?}");
        let warning = self.warning();
        for part in parts {
            assert!(warning.contains(part), "no {part:?} in {warning}");
        }
    }
}

/// A name and a value a line, as workers print it.
impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "computed {}", self.computed)?;
        writeln!(f, "hits {}", self.hits)?;
        writeln!(f, "failures {}", self.failures)?;
        self.warnings
            .iter()
            .try_for_each(|warning| writeln!(f, "warning {}", warning.replace('\n', " ")))
    }
}

impl FromStr for Visit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut visit = Self::default();
        for line in text.lines() {
            let number = |value: &str| value.parse().map_err(|_| format!("{line:?} has no number"));
            match line.split_once(' ') {
                Some(("computed", value)) => visit.computed = number(value)?,
                Some(("hits", value)) => visit.hits = number(value)?,
                Some(("failures", value)) => visit.failures = number(value)?,
                Some(("warning", value)) => visit.warnings.push(value.to_owned()),
                _ => return Err(format!("{line:?} is no part of a visit")),
            }
        }
        Ok(visit)
    }
}

/// As an argument of a worker: `small=1`.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(n) => write!(f, "small={n}"),
            Self::Large(n) => write!(f, "large={n}"),
        }
    }
}

impl FromStr for Call {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let call = match text.split_once('=') {
            Some(("small", n)) => n.parse().map(Self::Small),
            Some(("large", n)) => n.parse().map(Self::Large),
            _ => return Err(format!("{text:?} is no call")),
        };
        call.map_err(|error| format!("{text:?}: {error}"))
    }
}
