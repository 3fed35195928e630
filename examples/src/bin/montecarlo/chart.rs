//! The prices as a picture.

use plotters::coord::Shift;
use plotters::prelude::{
    ChartBuilder, DrawingArea, IntoDrawingArea as _, IntoFont as _, PathElement, RGBColor,
    SVGBackend, Text,
};

use crate::grid::{self, Grid, KINDS, MONTHS, VOLATILITIES};
use crate::market::Kind;
use crate::price::Estimate;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// Drawing into text does not fail, but the type has an error.
type Drawn<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

const SIZE: (u32, u32) = (1_080, 900);
const HEAD: i32 = 40;
const BACKGROUND: RGBColor = RGBColor(255, 255, 255);
/// That of each maturity.
const COLORS: [RGBColor; MONTHS.len()] =
    [RGBColor(9, 105, 218), RGBColor(31, 136, 61), RGBColor(240, 136, 62), RGBColor(207, 34, 46)];

/// For each kind and volatility, the price by strike: a line for each maturity. In SVG.
pub(crate) fn draw(grid: &Grid, estimates: &[Estimate]) -> String {
    let mut svg = String::new();
    // What cannot be drawn is left out.
    let _ = draw_panels(&mut svg, grid, estimates);
    svg
}

fn draw_panels<'a>(svg: &'a mut String, grid: &Grid, estimates: &[Estimate]) -> Drawn<'a> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&BACKGROUND)?;
    let (head, body) = area.split_vertically(HEAD);
    for ((months, color), x) in MONTHS.iter().zip(&COLORS).zip((48..).step_by(130)) {
        let line = [(x, HEAD / 2), (x + 24, HEAD / 2)];
        head.draw(&PathElement::new(line, color))?;
        let style = ("sans-serif", 16).into_font();
        head.draw(&Text::new(grid::time(*months), (x + 32, HEAD / 2 - 8), style))?;
    }
    let highest = estimates.iter().map(|estimate| estimate.value).fold(1.0, f64::max);
    let panels = body.split_evenly((VOLATILITIES.len(), KINDS.len()));
    for (index, panel) in panels.iter().enumerate() {
        let (volatility, kind) = (index / KINDS.len(), index % KINDS.len());
        draw_panel(panel, grid, estimates, (kind, volatility), highest)?;
    }
    area.present()?;
    Ok(())
}

fn draw_panel<'a>(
    area: &Area<'a>,
    grid: &Grid,
    estimates: &[Estimate],
    (kind, volatility): (usize, usize),
    highest: f64,
) -> Drawn<'a> {
    let name = match KINDS[kind] {
        Kind::European => "European".to_owned(),
        Kind::Asian => "Asian".to_owned(),
        Kind::UpAndOut(level) => format!("up and out at {level}"),
    };
    let title = format!("{name}, volatility {:.0} %", VOLATILITIES[volatility] * 100.0);
    let (first, last) = (grid.strikes[0], grid.strikes[grid.strikes.len() - 1]);
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(12)
        .margin_right(24)
        .x_label_area_size(24)
        .y_label_area_size(44)
        .build_cartesian_2d(first..last.max(first + 1.0), 0.0..highest * 1.05)?;
    let label = |value: &f64| format!("{value:.0}");
    let mut mesh = chart.configure_mesh();
    mesh.x_labels(5).y_labels(5).max_light_lines(0);
    mesh.x_label_formatter(&label).y_label_formatter(&label).draw()?;
    for (maturity, color) in COLORS.iter().enumerate() {
        let place = grid.curve(kind, volatility, maturity);
        let values = estimates[place..].iter().map(|estimate| estimate.value);
        let line: Vec<_> = grid.strikes.iter().copied().zip(values).collect();
        chart.draw_series([PathElement::new(line, color)])?;
    }
    Ok(())
}
