//! The plot: what a call costs, by the number of calls.

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::chart::{ChartBuilder, SeriesLabelPosition};
use plotters::drawing::IntoDrawingArea;
use plotters::element::PathElement;
use plotters::series::LineSeries;
use plotters::style::{BLACK, Color, RGBColor, ShapeStyle, WHITE};

use super::{CORE_PERCENT_MAX, Row};

const SIZE: (u32, u32) = (900, 480);
const SWITCH: RGBColor = RGBColor(0x2e, 0x7d, 0x5b);
const RELAY: RGBColor = RGBColor(0x8a, 0x93, 0x9c);
const GOAL: RGBColor = RGBColor(0xc0, 0x50, 0x2e);

pub(super) fn svg(rows: &[Row<'_>]) -> Result<String> {
    let mut out = String::new();
    draw(rows, &mut out).map_err(|error| anyhow!("drawing the plot: {error}"))?;
    Ok(out)
}

fn draw(rows: &[Row<'_>], out: &mut String) -> Result<(), Box<dyn std::error::Error>> {
    let area = SVGBackend::with_string(out, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let calls_max = rows.iter().map(|row| row.calls).max().unwrap_or(1) as f64;
    let highest = rows.iter().map(Row::core_percent).fold(CORE_PERCENT_MAX, f64::max) * 1.2;
    let mut chart = ChartBuilder::on(&area)
        .caption("Processor time of a call", ("sans-serif", 18))
        .margin(16)
        .x_label_area_size(44)
        .y_label_area_size(60)
        .build_cartesian_2d(0.0..calls_max, 0.0..highest)?;
    chart.configure_mesh().x_desc("calls at once").y_desc("% of a core a call").draw()?;
    let goal = [0.0, calls_max].map(|calls| (calls, CORE_PERCENT_MAX));
    let switch: Vec<_> = rows.iter().map(|row| (row.calls as f64, row.core_percent())).collect();
    let relay: Vec<_> = rows.iter().map(|row| (row.calls as f64, row.floor_percent())).collect();
    for (name, points, color) in
        [("media switch", switch, SWITCH), ("bare relay", relay, RELAY), ("goal at 300 calls", goal.to_vec(), GOAL)]
    {
        let style = ShapeStyle::from(&color).stroke_width(2);
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    area.present()?;
    Ok(())
}
