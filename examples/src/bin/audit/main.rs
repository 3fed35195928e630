//! Audits Rust sources: how much of them is `unsafe`, how long they are, which functions are the longest.
//!
//! Each file is parsed in one memento function, the counts of its crate are summed in a second one, and the crates are
//! ranked in a third. After a change to one file, exactly that file, its crate and the ranking are computed.
//!
//! The way through here: [`options`] → [`tree`] finds the files → [`ranking`] calls [`package`] calls [`mod@file`],
//! which has [`syntax`] count what it read → [`report`] and [`chart`] show it.

mod chart;
mod file;
mod nesting;
mod options;
mod package;
mod progress;
mod ranking;
mod report;
mod syntax;
mod tree;

use std::process::ExitCode;
use std::time::Instant;

use memento::Environment;

use crate::options::{HELP, Options};

/// The stack of each thread that counts crates.
const STACK: usize = 64 << 20;

#[memento::main]
fn main() -> ExitCode {
    let began = Instant::now();
    let asked = options::read(std::env::args_os().skip(1));
    memento_examples::run("audit", HELP, asked, |options| audit(options, began))
}

/// Does the whole job. What to print, or what is wrong.
fn audit(options: &Options, began: Instant) -> Result<String, String> {
    // While a thread waits for the files of its crate, rayon has it begin other crates on top of that one.
    rayon::ThreadPoolBuilder::new()
        .stack_size(STACK)
        .build_global()
        .map_err(|error| format!("cannot start threads: {error}"))?;
    let tree = tree::find(&options.root)?;
    let environment = Environment::current().map_err(|error| error.to_string())?;
    let progress = progress::begin(&environment, &tree);
    let ranking = ranking::ranking::try_call(&tree.crates);
    drop(progress);
    let ranking = ranking.map_err(|error| error.to_string())?;
    if let Err(error) = ranking::forget_passing(&ranking, &tree.crates) {
        eprintln!("audit: what was not read may be missing in later runs, too: {error}");
    }

    memento_examples::write_chart(&options.svg, chart::draw(&ranking, options.top))?;
    let statistics = environment.statistics();
    if statistics.store_failures > 0 {
        let failures = statistics.store_failures;
        eprintln!("audit: the storage failed {failures} times; some results may not be kept");
    }
    let mut report = report::write(&ranking, &tree, options);
    report += &memento_examples::summary(&statistics, began.elapsed());
    report.push('\n');
    Ok(report)
}
