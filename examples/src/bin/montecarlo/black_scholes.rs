//! The exact price of a European call: Black and Scholes (1973), with dividends as by Merton (1973).

use std::f64::consts::TAU;

use crate::market::{Contract, Market};

/// What a call of this strike and maturity costs if it is a European one.
pub(crate) fn call(contract: &Contract, market: &Market) -> f64 {
    let years = contract.years();
    let deviation = market.volatility * years.sqrt();
    let forward = market.spot * ((market.rate - market.dividends) * years).exp();
    let upper = (forward / contract.strike).ln() / deviation + deviation / 2.0;
    let discount = (-market.rate * years).exp();
    discount * (forward * normal(upper) - contract.strike * normal(upper - deviation))
}

/// The standard normal distribution function, to seven digits: Abramowitz and Stegun (1964), 26.2.17.
fn normal(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 5] =
        [1.330_274_429, -1.821_255_978, 1.781_477_937, -0.356_563_782, 0.319_381_530];
    let t = 1.0 / (1.0 + 0.231_641_9 * x.abs());
    let polynomial = COEFFICIENTS.iter().fold(0.0, |sum, coefficient| (sum + coefficient) * t);
    let tail = (-x * x / 2.0).exp() / TAU.sqrt() * polynomial;
    if x < 0.0 { tail } else { 1.0 - tail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Kind;

    /// The example in Hull, "Options, Futures, and Other Derivatives", on the formulas.
    #[test]
    fn an_example_of_a_textbook() {
        let market = Market { spot: 42.0, rate: 0.1, dividends: 0.0, volatility: 0.2 };
        let contract = Contract { kind: Kind::European, strike: 40.0, months: 6 };
        assert!((call(&contract, &market) - 4.759_4).abs() < 5e-5);
    }
}
