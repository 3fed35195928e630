//! What the example programs share.

pub mod arguments;

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use comfy_table::{LineStyle, TableStyle};
use memento::Statistics;

/// Tables with a line below the header, and no others.
pub const TABLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Does what the command line asks a program for, and prints what `work` returns.
///
/// `asked` are its options; `Ok(None)` asks for `help`. An error is for the person who reads it.
pub fn run<Options>(
    name: &str,
    help: &str,
    asked: Result<Option<Options>, String>,
    work: impl FnOnce(&Options) -> Result<String, String>,
) -> ExitCode {
    let (printed, error, code) = match asked {
        Ok(Some(options)) => match work(&options) {
            Ok(printed) => (printed, None, ExitCode::SUCCESS),
            Err(error) => (String::new(), Some(error), ExitCode::FAILURE),
        },
        Ok(None) => (help.to_owned(), None, ExitCode::SUCCESS),
        Err(error) => (String::new(), Some(error), ExitCode::from(2)),
    };
    // Who closes the other end of the pipe has seen enough.
    let _ = io::stdout().write_all(printed.as_bytes());
    if let Some(error) = error {
        eprintln!("{name}: {error}");
    }
    code
}

/// Keeps a chart in the file that `--svg` names.
///
/// # Errors
///
/// Where it cannot be written, for the person who reads it.
pub fn write_chart(svg: &Path, chart: impl AsRef<[u8]>) -> Result<(), String> {
    fs::write(svg, chart).map_err(|error| {
        let svg = svg.display();
        format!("cannot write the chart to {svg}: {error}; choose another file with `--svg FILE`")
    })
}

/// The last line of each example: what memento functions did in this run, and how long the run took.
///
/// `errors` are those functions among the computed ones that returned an error, as in [`Statistics::errors`]. An error
/// that is replayed is a hit.
pub fn summary(statistics: &Statistics, elapsed: Duration) -> String {
    format!(
        "calls {}  hits {}  computed {}  errors {}  elapsed {:.2} s",
        statistics.calls(),
        statistics.hits(),
        statistics.computed,
        statistics.errors,
        elapsed.as_secs_f64(),
    )
}
