//! What can be asked for on the command line.

use std::ffi::OsString;
use std::path::PathBuf;

use memento_examples::arguments::{self, Known};

use crate::price::Simulation;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
Prices call options by simulation, for a grid of strikes, maturities and volatilities.

Usage: montecarlo [--strikes N] [--paths N] [--seed N] [--svg FILE] [--config FILE]

  --strikes N    how many strikes, those that are nearest to the money; default: 10
  --paths N      how many pairs of paths for each price; default: 50000
  --seed N       where the random numbers begin; default: 1
  --svg FILE     where to draw the chart; default: montecarlo.svg
  --config FILE  what computes, and where results live; default: worker processes,
                 as many as there are processors, and the user's cache folder
  --help         prints this

The last line counts the calls of memento functions in this run.
";

/// The configuration that comes with the program.
const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bin/montecarlo/memento.toml");

/// What to price, and how.
#[derive(Debug)]
pub(crate) struct Options {
    /// How many strikes there are.
    pub(crate) strikes: u32,
    pub(crate) simulation: Simulation,
    /// The file to draw the chart into.
    pub(crate) svg: PathBuf,
    /// The file with storage and runner.
    pub(crate) config: PathBuf,
}

/// What may stand on the command line.
const KNOWN: [Known; 5] = [
    Known { name: "--strikes", value: "N", what: "a number" },
    Known { name: "--paths", value: "N", what: "a number" },
    Known { name: "--seed", value: "N", what: "a number" },
    Known { name: "--svg", value: "FILE", what: "a file" },
    Known { name: "--config", value: "FILE", what: "a file" },
];

/// Reads the arguments after the program's name; `None` where help is asked for.
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Option<Options>, String> {
    let Some([strikes, paths, seed, svg, config]) = arguments::read(arguments, &KNOWN)? else {
        return Ok(None);
    };
    let paths = arguments::number("--paths", paths.as_ref(), 50_000)?;
    let seed = arguments::number("--seed", seed.as_ref(), 1)?;
    Ok(Some(Options {
        strikes: arguments::number("--strikes", strikes.as_ref(), 10)?,
        simulation: Simulation { paths, seed },
        svg: svg.map_or_else(|| "montecarlo.svg".into(), PathBuf::from),
        config: config.map_or_else(|| CONFIG.into(), PathBuf::from),
    }))
}
