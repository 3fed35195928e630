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

use std::fs;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use memento::Environment;

use crate::grid::Grid;
use crate::options::{Asked, HELP, Options};

#[memento::main]
fn main() -> ExitCode {
    let began = Instant::now();
    let (printed, error, code) = match options::read(std::env::args_os().skip(1)) {
        Ok(Asked::Prices(options)) => match prices(&options, began) {
            Ok(report) => (report, None, ExitCode::SUCCESS),
            Err(error) => (String::new(), Some(error), ExitCode::FAILURE),
        },
        Ok(Asked::Help) => (HELP.to_owned(), None, ExitCode::SUCCESS),
        Err(error) => (String::new(), Some(error), ExitCode::from(2)),
    };
    // Who closes the other end of the pipe has seen enough.
    let _ = io::stdout().write_all(printed.as_bytes());
    if let Some(error) = error {
        eprintln!("montecarlo: {error}");
    }
    code
}

/// Does the whole job. What to print, or what is wrong.
fn prices(options: &Options, began: Instant) -> Result<String, String> {
    let environment = Environment::load(&options.config).map_err(|error| error.to_string())?;
    let grid = Grid::new(options.strikes);
    let calls = grid.points.iter().map(|point| (point.contract, point.market, options.simulation));
    let estimates = environment.enter(|| price::price::with().progress().try_map(calls));
    let estimates = estimates.map_err(|error| error.to_string())?;

    fs::write(&options.svg, chart::draw(&grid, &estimates)).map_err(|error| {
        let svg = options.svg.display();
        format!("cannot write the chart to {svg}: {error}; choose another file with `--svg FILE`")
    })?;
    let statistics = environment.statistics();
    let mut report = report::write(&grid, &estimates, &statistics, options);
    report += &memento_examples::summary(&statistics, began.elapsed());
    report.push('\n');
    Ok(report)
}
