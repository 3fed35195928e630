//! The ranking as a picture.

use plotters::coord::Shift;
use plotters::prelude::{
    Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _, RGBColor, Rectangle, SVGBackend,
    Text, TextStyle,
};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use crate::package::CrateCounts;
use crate::ranking::Ranking;
use crate::report::grouped;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Drawing into text does not fail, but the type has an error.
type Drawn<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

const WIDTH: i32 = 960;
const MARGIN: i32 = 24;
/// Where bars begin: crate names stand before it.
const BARS: i32 = 264;
/// Where the longest bar ends: numbers stand after it.
const BARS_END: i32 = 690;
const HEAD: i32 = 52;
const ROW: i32 = 24;
const BAR: i32 = 16;

const BACKGROUND: RGBColor = RGBColor(255, 255, 255);
const INK: RGBColor = RGBColor(31, 35, 40);
const FAINT: RGBColor = RGBColor(101, 109, 118);
const BLOCKS: RGBColor = RGBColor(207, 34, 46);
const FUNCTIONS: RGBColor = RGBColor(240, 136, 62);
const LINES: RGBColor = RGBColor(9, 105, 218);
const LONGEST: RGBColor = RGBColor(130, 80, 223);

/// Bars under a title.
struct Panel<'a> {
    title: &'static str,
    /// What each color means.
    legend: Vec<(&'static str, RGBColor)>,
    rows: Vec<Row<'a>>,
}

/// The bar of one crate.
struct Row<'a> {
    name: &'a str,
    /// The parts of the bar, in the order of the legend.
    parts: Vec<u64>,
    /// What stands after it.
    note: String,
}

/// The chart of the top crates, in SVG.
pub(crate) fn draw(ranking: &Ranking, top: usize) -> String {
    let panels = [unsafe_code(ranking, top), lines(ranking, top), longest(ranking, top)];
    let heights = panels.iter().map(Panel::height);
    let height = MARGIN + heights.sum::<i32>();
    let mut svg = String::new();
    // What cannot be drawn is left out.
    let _ = draw_panels(&mut svg, height, &panels);
    svg
}

fn unsafe_code(ranking: &Ranking, top: usize) -> Panel<'_> {
    let legend = [("unsafe blocks", BLOCKS), ("unsafe functions", FUNCTIONS)];
    Panel::new("Most unsafe code", &legend, ranking.by_unsafe_code().take(top), |of| {
        let parts = [of.sum.unsafe_blocks, of.sum.unsafe_functions];
        (parts.into(), parts.map(grouped).join(" + "))
    })
}

fn lines(ranking: &Ranking, top: usize) -> Panel<'_> {
    Panel::new("Most lines", &[("lines", LINES)], ranking.by_lines().take(top), |of| {
        (vec![of.sum.lines], grouped(of.sum.lines))
    })
}

fn longest(ranking: &Ranking, top: usize) -> Panel<'_> {
    let crates = ranking.by_longest_function().take(top);
    Panel::new("Longest function", &[("lines", LONGEST)], crates, |of| {
        let lines = of.longest_lines() as u64;
        let name = of.sum.longest.as_ref().map_or("", |longest| &longest.name);
        (vec![lines], format!("{}  {}", grouped(lines), shortened(name, 26)))
    })
}

impl<'a> Panel<'a> {
    /// A panel with a row for each of `crates`, which `row` gives the parts of the bar and the note.
    fn new(
        title: &'static str,
        legend: &[(&'static str, RGBColor)],
        crates: impl Iterator<Item = &'a CrateCounts>,
        row: impl Fn(&CrateCounts) -> (Vec<u64>, String),
    ) -> Self {
        let row = |of: &'a CrateCounts| {
            let (parts, note) = row(of);
            Row { name: &of.name, parts, note }
        };
        Self { title, legend: legend.to_vec(), rows: crates.map(row).collect() }
    }

    fn height(&self) -> i32 {
        HEAD + ROW * i32::try_from(self.rows.len().max(1)).unwrap_or(1) + MARGIN
    }
}

fn draw_panels<'a>(svg: &'a mut String, height: i32, panels: &[Panel<'_>]) -> Drawn<'a> {
    let size = (WIDTH.unsigned_abs(), height.unsigned_abs());
    let area = SVGBackend::with_string(svg, size).into_drawing_area();
    area.fill(&BACKGROUND)?;
    let mut top = MARGIN;
    for panel in panels {
        draw_panel(&area, top, panel)?;
        top += panel.height();
    }
    area.present()?;
    Ok(())
}

fn draw_panel<'a>(area: &Area<'a>, top: i32, panel: &Panel<'_>) -> Drawn<'a> {
    text(area, (MARGIN, top + 12), panel.title, &style(22, INK, HPos::Left))?;
    let mut x = BARS;
    for (meaning, color) in &panel.legend {
        bar(area, x, x + 12, top + 12, 12, *color)?;
        text(area, (x + 20, top + 12), meaning, &style(16, FAINT, HPos::Left))?;
        x += 150;
    }
    let longest = panel.rows.iter().map(|row| row.parts.iter().sum()).max().unwrap_or(1).max(1);
    let mut y = top + HEAD;
    if panel.rows.is_empty() {
        text(area, (BARS, y), "none", &style(16, FAINT, HPos::Left))?;
    }
    for row in &panel.rows {
        text(area, (BARS - 12, y), shortened(row.name, 32), &style(16, INK, HPos::Right))?;
        let (mut begin, mut passed) = (BARS, 0);
        for (part, (_, color)) in row.parts.iter().zip(&panel.legend) {
            passed += part;
            let end = BARS + scaled(passed, longest);
            bar(area, begin, end, y, BAR, *color)?;
            begin = end;
        }
        // What is there is seen, however little it is.
        let end = begin.max(BARS + 1);
        bar(area, begin, end, y, BAR, panel.legend[0].1)?;
        text(area, (end + 10, y), &row.note, &style(16, FAINT, HPos::Left))?;
        y += ROW;
    }
    Ok(())
}

/// The length of a bar for `value`, where `longest` has the whole width.
fn scaled(value: u64, longest: u64) -> i32 {
    let width = u128::from((BARS_END - BARS).unsigned_abs());
    i32::try_from(u128::from(value) * width / u128::from(longest)).unwrap_or(0)
}

/// A bar from `begin` to `end` around the height `y`.
fn bar<'a>(
    area: &Area<'a>,
    begin: i32,
    end: i32,
    y: i32,
    height: i32,
    color: RGBColor,
) -> Drawn<'a> {
    if begin < end {
        let corners = [(begin, y - height / 2), (end, y + height / 2)];
        area.draw(&Rectangle::new(corners, color.filled()))?;
    }
    Ok(())
}

fn text<'a>(area: &Area<'a>, at: (i32, i32), text: &str, style: &TextStyle<'_>) -> Drawn<'a> {
    Ok(area.draw(&Text::new(text.to_owned(), at, style.clone()))?)
}

fn style(size: i32, color: RGBColor, position: HPos) -> TextStyle<'static> {
    TextStyle {
        font: ("sans-serif", size).into_font(),
        color: color.to_backend_color(),
        pos: Pos::new(position, VPos::Center),
    }
}

/// The first characters of `text`.
fn shortened(text: &str, characters: usize) -> &str {
    text.char_indices().nth(characters).map_or(text, |(end, _)| &text[..end])
}
