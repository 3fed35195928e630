//! The ranking as text.

use std::fmt::Write as _;

use comfy_table::{Cell, CellAlignment, Table};

use crate::options::Options;
use crate::package::CrateCounts;
use crate::ranking::Ranking;
use crate::tree::Tree;

/// How many files that were not counted are named.
const NAMED: usize = 5;

/// What to print: tables, then the files that were not counted, then where the chart is.
pub(crate) fn write(ranking: &Ranking, tree: &Tree, options: &Options) -> String {
    let mut report = String::new();
    let sum = |count: fn(&CrateCounts) -> u64| grouped(ranking.crates.iter().map(count).sum());
    let _ = writeln!(
        report,
        "{} crates, {} files, {} lines, {} functions, {} unsafe blocks, {} unsafe functions\n",
        grouped(ranking.crates.len() as u64),
        sum(|of| of.files),
        sum(|of| of.sum.lines),
        sum(|of| of.sum.functions),
        sum(|of| of.sum.unsafe_blocks),
        sum(|of| of.sum.unsafe_functions),
    );
    for table in [by_unsafe_code, by_lines, by_longest_function] {
        let _ = writeln!(report, "{}\n", table(ranking, options.top).trim_fmt());
    }
    let messages = |is_passing: bool| -> Vec<String> {
        let failures = ranking.failures.iter();
        let failures = failures.filter(|(_, failure)| failure.is_passing() == is_passing);
        failures.map(|(path, failure)| format!("{}: {failure}", path.display())).collect()
    };
    list(&mut report, "did not parse", &messages(false));
    list(&mut report, "not read", &[messages(true), tree.left_out.clone()].concat());
    let _ = writeln!(report, "chart: {}", options.svg.display());
    report
}

fn by_unsafe_code(ranking: &Ranking, top: usize) -> Table {
    let header = ["most unsafe code", "unsafe blocks", "unsafe functions", "per 1,000 lines"];
    table(&header, ranking.by_unsafe_code().take(top), |of| {
        // In tenths, so that no number has to become a float.
        let tenths = of.unsafe_code() * 10_000 / of.sum.lines.max(1);
        vec![
            grouped(of.sum.unsafe_blocks),
            grouped(of.sum.unsafe_functions),
            format!("{}.{}", grouped(tenths / 10), tenths % 10),
        ]
    })
}

fn by_lines(ranking: &Ranking, top: usize) -> Table {
    let header = ["most lines", "lines", "files", "functions"];
    table(&header, ranking.by_lines().take(top), |of| {
        [of.sum.lines, of.files, of.sum.functions].map(grouped).into()
    })
}

fn by_longest_function(ranking: &Ranking, top: usize) -> Table {
    let header = ["longest function", "lines", "name", "at"];
    let mut table = table(&header, ranking.by_longest_function().take(top), |of| {
        let Some(longest) = &of.sum.longest else { return Vec::new() };
        let file = of.longest_in.file_name().unwrap_or_default().to_string_lossy();
        vec![
            grouped(longest.lines as u64),
            longest.name.clone(),
            format!("{file}:{}", longest.line),
        ]
    });
    for text in [2, 3] {
        if let Some(column) = table.column_mut(text) {
            column.set_cell_alignment(CellAlignment::Left);
        }
    }
    table
}

/// A table of crates: their names to the left, their numbers to the right.
fn table<'a>(
    header: &[&str],
    crates: impl Iterator<Item = &'a CrateCounts>,
    numbers: impl Fn(&CrateCounts) -> Vec<String>,
) -> Table {
    let mut table = Table::new();
    table.load_style(memento_examples::TABLE).set_header(header);
    for of in crates {
        let numbers = numbers(of).into_iter().map(Cell::new);
        table.add_row([Cell::new(&of.name)].into_iter().chain(numbers));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// How many messages there are, and the first ones.
fn list(report: &mut String, what: &str, messages: &[String]) {
    if messages.is_empty() {
        return;
    }
    let _ = writeln!(report, "{what}: {}", grouped(messages.len() as u64));
    for message in messages.iter().take(NAMED) {
        let _ = writeln!(report, "  {message}");
    }
    if messages.len() > NAMED {
        let _ = writeln!(report, "  and {} more", grouped((messages.len() - NAMED) as u64));
    }
    report.push('\n');
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
