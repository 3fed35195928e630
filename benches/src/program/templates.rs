//! The code that programs are put together from. Words in capitals are filled in.

const NOUNS: [&str; 20] = [
    "account", "batch", "carrier", "depot", "expense", "freight", "grade", "harvest", "invoice",
    "journey", "ledger", "market", "notice", "order", "parcel", "quota", "route", "shipment",
    "tariff", "vendor",
];
const VERBS: [&str; 8] =
    ["adjust", "balance", "compare", "estimate", "merge", "project", "settle", "weigh"];

/// What things are called in a module.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) module: String,
    noun: &'static str,
    kind: String,
}

impl Words {
    pub(super) fn new(number: usize) -> Self {
        let noun = NOUNS[number % NOUNS.len()];
        let round = match number / NOUNS.len() {
            0 => String::new(),
            round => round.to_string(),
        };
        let kind = noun[..1].to_uppercase() + &noun[1..] + &round;
        Self { module: format!("{noun}{round}"), noun, kind }
    }

    /// The name of a function.
    pub(super) fn function(&self, number: usize) -> String {
        format!("{}_{}_{}", VERBS[number % VERBS.len()], self.noun, number / VERBS.len())
    }

    /// A template with these words.
    pub(super) fn fill(&self, template: &str) -> String {
        template.replace("TYPE", &self.kind).replace("NOUN", self.noun)
    }
}

pub(super) const ROOT: &str = "\
//! The books of a company that moves goods.

#![allow(dead_code, unused_imports)]

";

pub(super) const MODULE: &str = "\
//! What is known of each NOUN, and what is made of it.

use std::collections::BTreeMap;
use std::fmt;

";

pub(super) const TYPES: &str = r#"
/// How many of them are looked at together.
const LIMIT: usize = 64;

/// One NOUN, as it was reported.
#[derive(Clone, Debug, PartialEq)]
pub struct TYPE {
    name: String,
    value: f64,
    parts: Vec<f64>,
    kind: TYPEKind,
}

/// What kind of NOUN it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TYPEKind {
    Regular,
    /// It goes before all others.
    Urgent,
    Returned { times: usize },
}

/// What has a rate.
pub trait RateTYPE {
    /// The rate for each part.
    fn rate(&self) -> f64;

    /// Whether the rate is above `limit`.
    fn is_above(&self, limit: f64) -> bool {
        self.rate() > limit
    }
}

impl TYPE {
    /// One of so many parts.
    pub fn new(value: f64, count: usize) -> Self {
        let parts = (0..count).map(|part| value / (part as f64 + 1.0)).collect();
        Self { name: format!("NOUN {count}"), value, parts, kind: TYPEKind::of(count) }
    }

    /// What all parts come to.
    pub fn total(&self) -> f64 {
        self.parts.iter().sum::<f64>() + self.value
    }

    /// The same with other values.
    pub fn scaled(mut self, factor: f64) -> Self {
        self.parts.iter_mut().for_each(|part| *part *= factor);
        self.value *= factor;
        self
    }

    /// The totals of each kind.
    pub fn by_kind(all: &[Self]) -> BTreeMap<TYPEKind, f64> {
        let mut totals = BTreeMap::new();
        for one in all.iter().filter(|one| !one.parts.is_empty()) {
            *totals.entry(one.kind).or_insert(0.0) += one.total();
        }
        totals
    }
}

impl TYPEKind {
    fn of(count: usize) -> Self {
        match count % 7 {
            0 => Self::Urgent,
            1 => Self::Returned { times: count / 7 },
            _ => Self::Regular,
        }
    }
}

impl RateTYPE for TYPE {
    fn rate(&self) -> f64 {
        match self.kind {
            TYPEKind::Regular => self.total() / (self.parts.len() as f64).max(1.0),
            TYPEKind::Urgent => self.total(),
            TYPEKind::Returned { times } => -self.value * times as f64,
        }
    }
}

impl From<f64> for TYPE {
    fn from(value: f64) -> Self {
        Self::new(value, 1)
    }
}

impl fmt::Display for TYPE {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {:.2} in {} parts", self.name, self.value, self.parts.len())
    }
}

/// What is taken where there is nothing better.
fn plain(value: f64, count: usize) -> f64 {
    value.max(count as f64)
}
"#;

/// Each calls `NEAR`, in its own module, and `FAR`, in another one.
pub(super) const FUNCTIONS: [&str; 4] = [
    "
/// What so many of them come to: those that are above the rate count twice.
pub fn NAME(value: f64, count: usize) -> f64 {
    let first = TYPE::new(value, count % LIMIT);
    // A rate below zero is one of goods that came back.
    let factor = if first.is_above(0.0) { 2.0 } else { 1.0 };
    let sum: f64 = (1..count).map(|n| NEAR(value / n as f64, n / 2)).sum();
    factor * sum + FAR(first.total(), count)
}
",
    "
/// Goes through them step by step.
fn NAME(value: f64, count: usize) -> f64 {
    let mut total = 0.0;
    for step in 0..count.min(LIMIT) {
        total += match step % 3 {
            0 => NEAR(value, step),
            1 => FAR(total, step),
            // Nothing is known of the others.
            _ => value / (step as f64 + 1.0),
        };
    }
    total
}
",
    "
/// The total of the kind that has the most.
pub fn NAME(value: f64, count: usize) -> f64 {
    let all: Vec<TYPE> = (0..count).map(|n| TYPE::new(value, n).scaled(1.5)).collect();
    let totals = TYPE::by_kind(&all);
    let most = totals.iter().max_by(|a, b| a.1.total_cmp(b.1));
    let Some((kind, sum)) = most else { return NEAR(value, 0) };
    if *kind == TYPEKind::Urgent { FAR(*sum, all.len()) } else { *sum }
}
",
    "
/// Weighs the words in which each of them is described.
pub fn NAME(value: f64, count: usize) -> f64 {
    let text = TYPE::from(value).to_string();
    let mut words = BTreeMap::<&str, usize>::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        *words.entry(word).or_default() += count;
    }
    let longest = words.keys().map(|word| word.len()).max();
    longest.map_or(0.0, |length| NEAR(value, length)) + FAR(value, words.len())
}
",
];

pub(super) const MEMENTO: &str = "
/// The summary of a NOUN.
ATTRIBUTE
pub fn summary(value: f64, count: usize) -> f64 {
    CALLS
}
";
