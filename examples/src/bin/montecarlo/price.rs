//! The price of a contract, by simulation.

use memento::memento;
use serde::{Deserialize, Serialize};

use crate::market::{Contract, Kind, Market};
use crate::normals::Normals;

/// How many weeks a month has: the year has 48 then, which is what contracts are observed in.
const WEEKS: u32 = 4;

/// How much is simulated.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Simulation {
    /// How many pairs of paths there are.
    pub(crate) paths: u32,
    /// Where the random numbers begin.
    pub(crate) seed: u64,
}

/// A price, and how exact it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimate {
    pub(crate) value: f64,
    /// The standard error of the value.
    pub(crate) error: f64,
}

/// Prices a contract by paths of the geometric Brownian motion, each with its mirror image (antithetic variates).
///
/// All contracts see the same random numbers, so that prices beside one another differ by little else than what they
/// should.
#[memento]
pub(crate) fn price(contract: Contract, market: Market, simulation: Simulation) -> Estimate {
    let years = contract.years();
    // Of the way to maturity, the European call sees the end only.
    let steps = if contract.kind == Kind::European { 1 } else { contract.months * WEEKS };
    let step = years / f64::from(steps);
    let drift = (market.rate - market.dividends - market.volatility.powi(2) / 2.0) * step;
    let diffusion = market.volatility * step.sqrt();
    let discount = (-market.rate * years).exp();

    let mut normals = Normals::new(simulation.seed);
    let mut shocks = vec![0.0; steps as usize];
    let (mut sum, mut squares) = (0.0, 0.0);
    for _ in 0..simulation.paths {
        shocks.fill_with(|| normals.draw());
        let [up, down] = [diffusion, -diffusion].map(|diffusion| {
            let mut log = market.spot.ln();
            contract.payoff(shocks.iter().map(|shock| {
                log += drift + diffusion * shock;
                log.exp()
            }))
        });
        let payoff = discount * f64::midpoint(up, down);
        sum += payoff;
        squares += payoff * payoff;
    }
    let paths = f64::from(simulation.paths);
    let value = sum / paths;
    let variance = (squares / paths - value * value).max(0.0);
    Estimate { value, error: (variance / paths).sqrt() }
}

#[cfg(test)]
mod tests {
    use memento::{Environment, LocalRunner, Storage};

    use super::*;
    use crate::black_scholes;
    use crate::grid::Grid;

    const SIMULATION: Simulation = Simulation { paths: 4_000, seed: 1 };
    /// How far a price may be away besides its error, which is not seen where hardly any path pays.
    const CENT: f64 = 0.01;

    /// The prices of these kinds of calls, computed now.
    fn prices(kinds: fn(&Kind) -> bool) -> Vec<(Contract, Market, Estimate)> {
        let points = Grid::new(20).points.into_iter();
        let points: Vec<_> = points
            .map(|point| (point.contract, point.market))
            .filter(|(contract, _)| kinds(&contract.kind))
            .collect();
        let calls = points.iter().map(|&(contract, market)| (contract, market, SIMULATION));
        let environment = Environment::new(Storage::memory(), LocalRunner::new());
        let estimates = environment.enter(|| price::try_map(calls)).expect("prices");
        let priced = points.into_iter().zip(estimates);
        priced.map(|((contract, market), estimate)| (contract, market, estimate)).collect()
    }

    #[test]
    fn european_calls_cost_what_black_and_scholes_say() {
        let prices = prices(|kind| *kind == Kind::European);
        assert_eq!(prices.len(), 20 * 4 * 3);
        for (contract, market, estimate) in prices {
            let exact = black_scholes::call(&contract, &market);
            let distance = (estimate.value - exact).abs();
            assert!(
                distance < 4.0 * estimate.error + CENT,
                "{contract:?} {market:?} {estimate:?} {exact}"
            );
            assert!(estimate.error < 10.0, "{contract:?} {market:?} {estimate:?}");
        }
    }

    /// A mean varies less than what it is the mean of, and a barrier takes away.
    #[test]
    fn other_calls_cost_less() {
        for (contract, market, estimate) in prices(|kind| *kind != Kind::European) {
            let european = black_scholes::call(&contract, &market);
            let most = european + 4.0 * estimate.error + CENT;
            assert!(estimate.value < most, "{contract:?} {market:?} {estimate:?} {european}");
        }
    }

    /// A barrier that no path meets is none; one that all paths meet leaves nothing.
    #[test]
    fn barriers_that_are_far_and_near() {
        let market = Grid::new(1).points[0].market;
        let contract = |kind| Contract { kind, strike: 5_000.0, months: 3 };
        let levels = [f64::INFINITY, 0.0].map(Kind::UpAndOut);
        let calls = levels.map(|kind| (contract(kind), market, SIMULATION));
        let environment = Environment::new(Storage::memory(), LocalRunner::new());
        let estimates = environment.enter(|| price::try_map(calls)).expect("prices");
        let exact = black_scholes::call(&contract(Kind::European), &market);
        assert!((estimates[0].value - exact).abs() < 4.0 * estimates[0].error, "{estimates:?}");
        assert_eq!(estimates[1], Estimate { value: 0.0, error: 0.0 });
    }
}
