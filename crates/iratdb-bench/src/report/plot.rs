//! The plot: how far from its goal each figure is, and how long a change takes to the other process on all sides.

use anyhow::{Result, anyhow};
use plotters::backend::SVGBackend;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{BLACK, Color, IntoFont, RGBColor, ShapeStyle, TextStyle, WHITE};

use super::{Line, microseconds};
use crate::bench::Bench;
use crate::series::quantile;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

const WIDTH: i32 = 1_000;
const ROW: i32 = 30;
const LEFT: i32 = 470;
const RIGHT: i32 = 930;
const HEAD: i32 = 64;
const MET: RGBColor = RGBColor(0x2e, 0x7d, 0x5b);
const MISSED: RGBColor = RGBColor(0xc0, 0x50, 0x2e);
const SIDE: RGBColor = RGBColor(0x8a, 0x93, 0x9c);
const GRID: RGBColor = RGBColor(0xd8, 0xdc, 0xe0);

/// A logarithmic scale across the plot.
#[derive(Clone, Copy)]
struct Scale {
    low: f64,
    high: f64,
}

impl Scale {
    /// Around all values, as powers of ten.
    fn of(values: impl Iterator<Item = f64> + Clone) -> Self {
        let usable = values.filter(|value| value.is_finite() && *value > 0.0);
        let low = usable.clone().fold(f64::INFINITY, f64::min).log10().floor();
        let high = usable.fold(f64::NEG_INFINITY, f64::max).log10().ceil();
        if low.is_finite() && high > low { Self { low, high } } else { Self { low: -1.0, high: 1.0 } }
    }

    fn x(self, value: f64) -> i32 {
        let share = ((value.max(f64::MIN_POSITIVE).log10() - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        LEFT + (share * f64::from(RIGHT - LEFT)) as i32
    }

    /// 1, 2 and 5 of every power of ten.
    fn ticks(self) -> impl Iterator<Item = f64> {
        let powers = (self.low as i32)..(self.high as i32);
        let end = 10_f64.powf(self.high);
        powers.flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10_f64.powi(power))).chain([end])
    }
}

pub(super) fn svg(bench: &Bench, lines: &[Line]) -> Result<String> {
    let sides = [
        ("IraTDB, sealed and signed", "iratdb"),
        ("NATS publish to subscriber", "nats"),
        ("JetStream KV put to watch", "kv"),
        ("Redis SET to read", "redis"),
    ];
    let split = HEAD + ROW * lines.len() as i32 + 50;
    let height = split + HEAD + ROW * sides.len() as i32 + 50;
    let mut out = String::new();
    {
        let area = SVGBackend::with_string(&mut out, (WIDTH as u32, height as u32)).into_drawing_area();
        let failed = |error: &dyn std::fmt::Display| anyhow!("drawing the plot: {error}");
        area.fill(&WHITE).map_err(|error| failed(&error))?;
        let (upper, lower) = area.split_vertically(split);
        goals(&upper, lines).map_err(|error| failed(&error))?;
        latencies(&lower, bench, &sides).map_err(|error| failed(&error))?;
        area.present().map_err(|error| failed(&error))?;
    }
    Ok(out)
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn style(size: i32, horizontal: HPos) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK).pos(Pos::new(horizontal, VPos::Center))
}

fn text(area: &Area<'_>, at: (i32, i32), size: i32, horizontal: HPos, text: &str) -> Drawn {
    Ok(area.draw(&Text::new(text.to_owned(), at, style(size, horizontal))).map_err(|error| error.to_string())?)
}

fn line(area: &Area<'_>, x: i32, rows: usize, color: RGBColor, width: u32) -> Drawn {
    let points = vec![(x, HEAD - 6), (x, HEAD + ROW * rows as i32)];
    let style = ShapeStyle::from(&color).stroke_width(width);
    Ok(area.draw(&PathElement::new(points, style)).map_err(|error| error.to_string())?)
}

fn bar(area: &Area<'_>, from: (i32, i32), to: (i32, i32), color: RGBColor, opacity: f64) -> Drawn {
    let style = color.mix(opacity).filled();
    Ok(area.draw(&Rectangle::new([from, to], style)).map_err(|error| error.to_string())?)
}

fn axis(area: &Area<'_>, scale: Scale, rows: usize, show: fn(f64) -> String) -> Drawn {
    for tick in scale.ticks() {
        let x = scale.x(tick);
        line(area, x, rows, GRID, 1)?;
        text(area, (x, HEAD + ROW * rows as i32 + 14), 12, HPos::Center, &show(tick))?;
    }
    Ok(())
}

fn goals(area: &Area<'_>, lines: &[Line]) -> Drawn {
    text(area, (20, 20), 19, HPos::Left, "Measured, as a multiple of the goal")?;
    text(area, (20, 42), 13, HPos::Left, "At most 1 is met (green). What has to be large is turned round.")?;
    let scale = Scale::of(lines.iter().map(Line::share_of_goal).chain([0.5, 2.0]));
    axis(area, scale, lines.len(), |tick| format!("{tick}"))?;
    let goal = scale.x(1.0);
    for (row, each) in (0..).zip(lines) {
        let middle = HEAD + ROW * row + ROW / 2;
        let what = format!("{}  {}", each.number, each.label);
        text(area, (LEFT - 12, middle), 13, HPos::Right, &what)?;
        let color = if each.is_met() { MET } else { MISSED };
        let x = scale.x(each.share_of_goal());
        bar(area, (LEFT, middle - 9), (x, middle + 9), color, 0.85)?;
        // Not across the line.
        let end = if (goal - 40..goal).contains(&x) { goal } else { x };
        text(area, (end + 6, middle), 12, HPos::Left, &format!("{:.2}", each.share_of_goal()))?;
    }
    line(area, goal, lines.len(), BLACK, 2)
}

fn latencies(area: &Area<'_>, bench: &Bench, sides: &[(&str, &str)]) -> Drawn {
    text(area, (20, 20), 19, HPos::Left, "From writing to readable in another process")?;
    text(area, (20, 42), 13, HPos::Left, "p10 to p90 (dark), to p99 (light), and p50 (line and number).")?;
    let quantiles: Vec<_> = sides
        .iter()
        .map(|(name, side)| {
            let values = bench.series.get(&format!("visible.{side}.ns"));
            (*name, [0.1, 0.5, 0.9, 0.99].map(|share| quantile(values, share)))
        })
        .collect();
    let scale = Scale::of(quantiles.iter().flat_map(|(_, values)| *values));
    axis(area, scale, sides.len(), microseconds)?;
    for (row, (name, [p10, p50, p90, p99])) in (0..).zip(quantiles) {
        let middle = HEAD + ROW * row + ROW / 2;
        let color = if row == 0 { MET } else { SIDE };
        text(area, (LEFT - 12, middle), 13, HPos::Right, name)?;
        bar(area, (scale.x(p90), middle - 9), (scale.x(p99), middle + 9), color, 0.3)?;
        bar(area, (scale.x(p10), middle - 9), (scale.x(p90), middle + 9), color, 0.85)?;
        bar(area, (scale.x(p50) - 1, middle - 12), (scale.x(p50) + 1, middle + 12), BLACK, 1.0)?;
        text(area, (scale.x(p99) + 6, middle), 12, HPos::Left, &microseconds(p50))?;
    }
    Ok(())
}
