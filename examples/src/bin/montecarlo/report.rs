//! The prices as text.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table};
use memento::Statistics;

use crate::black_scholes;
use crate::grid::{self, Grid, KINDS, MONTHS, VOLATILITIES};
use crate::options::Options;
use crate::price::Estimate;

/// The place of the European call among the kinds.
const EUROPEAN: usize = 0;

/// What to print: the prices at the money, how good they are, and what of them was computed now.
pub(crate) fn write(
    grid: &Grid,
    estimates: &[Estimate],
    statistics: &Statistics,
    options: &Options,
) -> String {
    let mut report = String::new();
    let count = estimates.len();
    let (strikes, paths) = (grid.strikes.len(), options.simulation.paths);
    let _ = writeln!(
        report,
        "{count} prices: {strikes} strikes, {} maturities, {} volatilities, {} kinds of calls; \
         {paths} pairs of paths for each\n",
        MONTHS.len(),
        VOLATILITIES.len(),
        KINDS.len(),
    );
    let _ = writeln!(report, "{}\n", at_the_money(grid, estimates).trim_fmt());
    let _ = writeln!(
        report,
        "European calls at the money are at most {:.1} standard errors from Black and Scholes",
        furthest(grid, estimates)
    );
    let (hits, computed) = (statistics.hits(), statistics.computed);
    let _ = writeln!(report, "{hits} prices were there, {computed} are new");
    if hits > 0 {
        let _ = writeln!(report, "to compute those again would take {:.1?}", statistics.saved);
    }
    let _ = writeln!(report, "chart: {}", options.svg.display());
    report
}

fn at_the_money(grid: &Grid, estimates: &[Estimate]) -> Table {
    let mut table = Table::new();
    let header = ["at the money", "volatility", "Black–Scholes", "European", "Asian", "up and out"];
    table.load_style(memento_examples::TABLE).set_header(header);
    for (volatility, percent) in VOLATILITIES.iter().enumerate() {
        for (maturity, months) in MONTHS.iter().enumerate() {
            let place = |kind| grid.curve(kind, volatility, maturity) + grid.at_the_money();
            let point = &grid.points[place(EUROPEAN)];
            let exact = black_scholes::call(&point.contract, &point.market);
            let mut row = vec![
                grid::time(*months),
                format!("{:.0} %", percent * 100.0),
                format!("{exact:.2}"),
            ];
            row.extend((0..KINDS.len()).map(|kind| {
                let Estimate { value, error } = estimates[place(kind)];
                format!("{value:.2} ± {error:.2}")
            }));
            table.add_row(row);
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// How many standard errors the European call at the money is away whose price is the worst.
fn furthest(grid: &Grid, estimates: &[Estimate]) -> f64 {
    let curves = (0..VOLATILITIES.len()).flat_map(|volatility| {
        (0..MONTHS.len()).map(move |maturity| grid.curve(EUROPEAN, volatility, maturity))
    });
    let distances = curves.map(|curve| {
        let place = curve + grid.at_the_money();
        let point = &grid.points[place];
        let exact = black_scholes::call(&point.contract, &point.market);
        (estimates[place].value - exact).abs() / estimates[place].error
    });
    distances.fold(0.0, f64::max)
}
