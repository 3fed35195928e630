//! Prices call options on a stock index by simulation, for a grid of strikes, maturities and volatilities, in worker
//! processes.
//!
//! Each point of the grid is a call of one memento function. A grid that is extended computes the new points only.
//!
//! The way through here: [`options`] → [`grid`] lists the points → [`mod@price`] simulates each with [`normals`] →
//! [`report`], which compares with [`black_scholes`], and [`chart`] show them.

mod black_scholes;
mod chart;
mod grid;
mod market;
mod normals;
mod options;
mod price;
mod report;

use std::process::ExitCode;
use std::time::Instant;

use memento::Environment;

use crate::grid::Grid;
use crate::options::{HELP, Options};

#[memento::main]
fn main() -> ExitCode {
    let began = Instant::now();
    let asked = options::read(std::env::args_os().skip(1));
    memento_examples::run("montecarlo", HELP, asked, |options| prices(options, began))
}

/// Does the whole job. What to print, or what is wrong.
fn prices(options: &Options, began: Instant) -> Result<String, String> {
    let environment = Environment::load(&options.config).map_err(|error| error.to_string())?;
    let grid = Grid::new(options.strikes);
    let calls = grid.points.iter().map(|point| (point.contract, point.market, options.simulation));
    let estimates = environment.enter(|| price::price::with().progress().try_map(calls));
    let estimates = estimates.map_err(|error| error.to_string())?;

    memento_examples::write_chart(&options.svg, chart::draw(&grid, &estimates))?;
    let statistics = environment.statistics();
    let mut report = report::write(&grid, &estimates, &statistics, options);
    report += &memento_examples::summary(&statistics, began.elapsed());
    report.push('\n');
    Ok(report)
}
