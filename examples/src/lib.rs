//! What the example programs share.

pub mod arguments;

use std::time::Duration;

use comfy_table::{LineStyle, TableStyle};
use memento::Statistics;

/// Tables with a line below the header, and no others.
pub const TABLE: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

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
