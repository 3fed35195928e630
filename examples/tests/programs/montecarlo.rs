//! `montecarlo` on small grids: 4 maturities, 3 volatilities, 3 kinds of calls, so 36 prices for each strike.

use std::fs;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::{Summary, run, text};

fn montecarlo(folder: &Path, arguments: &[&str]) -> Output {
    run(env!("CARGO_BIN_EXE_montecarlo"), folder, arguments)
}

fn summary(folder: &Path, arguments: &[&str]) -> Summary {
    Summary::of(&montecarlo(folder, &[&["--paths", "50"], arguments].concat()))
}

/// So many prices, of which so many are computed.
fn prices(calls: u64, computed: u64) -> Summary {
    Summary { calls, hits: calls - computed, computed, errors: 0 }
}

#[test]
fn a_grid_that_is_extended_computes_the_new_points() {
    let folder = TempDir::new().expect("made");
    let folder = folder.path();
    assert_eq!(summary(folder, &["--strikes", "3"]), prices(3 * 36, 3 * 36));
    assert_eq!(summary(folder, &["--strikes", "3"]), prices(3 * 36, 0));
    assert_eq!(summary(folder, &["--strikes", "6"]), prices(6 * 36, 3 * 36));
    assert_eq!(summary(folder, &["--strikes", "5"]), prices(5 * 36, 0));
    // Other random numbers give other prices.
    assert_eq!(summary(folder, &["--strikes", "3", "--seed", "2"]), prices(3 * 36, 3 * 36));
    assert_eq!(Summary::of(&montecarlo(folder, &["--strikes", "1", "--paths", "9"])).computed, 36);
}

#[test]
fn prices_are_the_same_wherever_they_are_computed() {
    let report = |runner: &str| {
        let folder = TempDir::new().expect("made");
        let config = folder.path().join("memento.toml");
        fs::write(config, format!("[runner]\ntype = '{runner}'\n")).expect("written");
        let arguments = ["--strikes", "2", "--paths", "200", "--config", "memento.toml"];
        let output = montecarlo(folder.path(), &arguments);
        assert_eq!(Summary::of(&output), prices(72, 72));
        let report = text(&output.stdout);
        assert!(report.contains("\n0 prices were there, 72 are new\n"), "{report}");
        report.rsplit_once("calls").map(|(body, _)| body.to_owned())
    };
    assert_eq!(report("process"), report("local"));
}

#[test]
fn the_chart_has_a_panel_for_each_kind_and_volatility() {
    let folder = TempDir::new().expect("made");
    summary(folder.path(), &["--strikes", "2", "--svg", "prices.svg"]);
    let svg = fs::read_to_string(folder.path().join("prices.svg")).expect("it is there");
    assert!(svg.starts_with("<svg"), "{svg}");
    for kind in ["European", "Asian", "up and out at 6000"] {
        for volatility in ["12 %", "18 %", "27 %"] {
            let title = format!("{kind}, volatility {volatility}");
            assert!(svg.contains(&title), "{title} is in {svg}");
        }
    }
}

#[test]
fn mistakes_are_told() {
    let folder = TempDir::new().expect("made");
    for (arguments, code, message) in [
        (["--strike", "3"].as_slice(), 2, "there is no option `--strike`; there are --strikes N, "),
        (&["--strikes"], 2, "`--strikes` needs a number after it"),
        (&["--paths", "0"], 2, "`--paths` needs a number from 1 on, and `0` is none"),
        (&["--config", "nowhere.toml"], 1, "cannot read the configuration"),
        (
            &["--strikes", "1", "--paths", "1", "--svg", "no/folder.svg"],
            1,
            "cannot write the chart to no/folder.svg: ",
        ),
    ] {
        let output = montecarlo(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&format!("montecarlo: {message}")), "{stderr}");
        assert_eq!(text(&output.stdout), "");
    }
    let help = montecarlo(folder.path(), &["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("--strikes N"));
}
