//! What is priced, and in which market.

use serde::{Deserialize, Serialize};

/// What the prices depend on besides the contract. Rates are for a year, continuously compounded.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Market {
    /// What the index is at now.
    pub(crate) spot: f64,
    pub(crate) rate: f64,
    pub(crate) dividends: f64,
    pub(crate) volatility: f64,
}

/// Which call it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kind {
    /// Pays for the index at maturity.
    European,
    /// Pays for the mean of the index over all weeks.
    Asian,
    /// Pays as the European one does, unless the index was at this level or above in any week.
    UpAndOut(f64),
}

/// A call option.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Contract {
    pub(crate) kind: Kind,
    pub(crate) strike: f64,
    /// The time to maturity, in twelfths of a year.
    pub(crate) months: u32,
}

impl Contract {
    /// The time to maturity, in years.
    pub(crate) fn years(&self) -> f64 {
        f64::from(self.months) / 12.0
    }

    /// What it pays at maturity, where the index takes this path, week by week.
    pub(crate) fn payoff(&self, path: impl Iterator<Item = f64>) -> f64 {
        let (mut sum, mut count, mut last, mut highest) = (0.0, 0.0, 0.0_f64, 0.0_f64);
        for level in path {
            (sum, count, last, highest) = (sum + level, count + 1.0, level, highest.max(level));
        }
        let settled = match self.kind {
            Kind::Asian => sum / count,
            Kind::UpAndOut(barrier) if highest >= barrier => 0.0,
            Kind::European | Kind::UpAndOut(_) => last,
        };
        (settled - self.strike).max(0.0)
    }
}
