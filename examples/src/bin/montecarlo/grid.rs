//! The points for which there are prices.

use crate::market::{Contract, Kind, Market};

/// What an index that pays dividends is like, at five thousand points.
const SPOT: f64 = 5_000.0;
const RATE: f64 = 0.04;
const DIVIDENDS: f64 = 0.015;
/// From one strike to the next.
const STRIKE_STEP: f64 = 100.0;

/// Maturities, in months.
pub(crate) const MONTHS: [u32; 4] = [1, 3, 6, 12];
pub(crate) const VOLATILITIES: [f64; 3] = [0.12, 0.18, 0.27];
pub(crate) const KINDS: [Kind; 3] = [Kind::European, Kind::Asian, Kind::UpAndOut(6_000.0)];

/// How a person says so many months.
pub(crate) fn time(months: u32) -> String {
    if months == 1 { "1 month".to_owned() } else { format!("{months} months") }
}

/// A contract in a market.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Point {
    pub(crate) contract: Contract,
    pub(crate) market: Market,
}

/// All contracts in all markets.
#[derive(Debug)]
pub(crate) struct Grid {
    /// From the lowest on.
    pub(crate) strikes: Vec<f64>,
    /// By kind, volatility, maturity and strike.
    pub(crate) points: Vec<Point>,
}

impl Grid {
    /// A grid with so many strikes, those that are nearest to the money: one with more has the points of one with
    /// fewer.
    pub(crate) fn new(strikes: u32) -> Self {
        let below = strikes.saturating_sub(1) / 2;
        let strikes = (0..strikes)
            .map(|index| SPOT + STRIKE_STEP * (f64::from(index) - f64::from(below)))
            .filter(|strike| *strike > 0.0);
        let strikes: Vec<f64> = strikes.collect();
        let mut points = Vec::new();
        for kind in KINDS {
            for volatility in VOLATILITIES {
                let market = Market { spot: SPOT, rate: RATE, dividends: DIVIDENDS, volatility };
                for months in MONTHS {
                    points.extend(strikes.iter().map(|&strike| Point {
                        contract: Contract { kind, strike, months },
                        market,
                    }));
                }
            }
        }
        Self { strikes, points }
    }

    /// Where the strike at the money is among the strikes.
    pub(crate) fn at_the_money(&self) -> usize {
        self.strikes.iter().position(|strike| *strike >= SPOT).unwrap_or_default()
    }

    /// Where the points of a kind, a volatility and a maturity begin among the points, by their places in the lists.
    pub(crate) fn curve(&self, kind: usize, volatility: usize, maturity: usize) -> usize {
        ((kind * VOLATILITIES.len() + volatility) * MONTHS.len() + maturity) * self.strikes.len()
    }
}
