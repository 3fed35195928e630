//! What is counted of a tier for a recorder of the `metrics` crate.

use metrics::{Counter, Unit, counter, describe_counter};

const FAILURES: &str = "memento_tier_failures_total";
const LOST: &str = "memento_tier_lost_total";

/// The counters of one tier: they are there from the beginning, so that a recorder has those that stay at nothing.
#[derive(Clone)]
pub(crate) struct Counters {
    /// Operations that a call asked for, and that failed.
    pub(crate) failures: Counter,
    /// Those behind the calls, each attempt.
    pub(crate) failures_behind: Counter,
    /// Results that could not be written behind a call.
    pub(crate) lost: Counter,
}

impl Counters {
    /// Those of the tier of this name.
    pub(crate) fn of(tier: &str) -> Self {
        describe_counter!(FAILURES, Unit::Count, "operations of a tier that failed");
        describe_counter!(LOST, Unit::Count, "results that could not be written behind a call");
        let failures = |when| counter!(FAILURES, "tier" => tier.to_owned(), "when" => when);
        Self {
            failures: failures("call"),
            failures_behind: failures("behind"),
            lost: counter!(LOST, "tier" => tier.to_owned()),
        }
    }
}
