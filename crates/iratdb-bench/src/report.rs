//! What is written at the end: a table, a plot, and everything that was measured.

mod plot;
mod table;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::bench::Bench;

/// What is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// No more than this.
    AtMost(f64),
    /// No less.
    AtLeast(f64),
}

/// A line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Number of the figure.
    pub(crate) number: &'static str,
    /// What is measured.
    pub(crate) what: String,
    /// The same for the plot, as short as can be.
    pub(crate) label: &'static str,
    /// What IraTDB has.
    pub(crate) ours: String,
    /// Who is on the other side, and what it has.
    pub(crate) other: Option<(&'static str, String)>,
    /// What is compared with the goal.
    pub(crate) measured: f64,
    /// The same, to be read.
    pub(crate) measured_text: String,
    /// The goal.
    pub(crate) goal: Goal,
    /// The goal after that.
    pub(crate) then: Option<f64>,
    /// Unit of the goal.
    pub(crate) unit: &'static str,
}

impl Line {
    fn new(number: &'static str, what: String, ours: String, measured: f64, measured_text: String) -> Self {
        let (label, other, goal, then, unit) = ("", None, Goal::AtMost(f64::INFINITY), None, "");
        Self { number, what, label, ours, other, measured, measured_text, goal, then, unit }
    }

    /// Ours, as a multiple of the other side's.
    pub(crate) fn ratio(
        number: &'static str,
        what: String,
        (ours, value): (String, f64),
        (name, other, other_value): (&'static str, String, f64),
    ) -> Self {
        let measured = value / other_value;
        Self { other: Some((name, other)), ..Self::new(number, what, ours, measured, format!("{measured:.2}")) }
    }

    /// The other side's, as a multiple of ours.
    pub(crate) fn speedup(
        number: &'static str,
        what: String,
        (ours, value): (String, f64),
        (name, other, other_value): (&'static str, String, f64),
    ) -> Self {
        let measured = other_value / value;
        Self { other: Some((name, other)), ..Self::new(number, what, ours, measured, format!("1 / {measured:.1}")) }
    }

    /// Ours less the other side's.
    pub(crate) fn difference(
        number: &'static str,
        what: String,
        ours: String,
        (name, other): (&'static str, String),
        measured: f64,
    ) -> Self {
        Self { other: Some((name, other)), ..Self::new(number, what, ours, measured, format!("+{measured:.0}")) }
    }

    /// Ours, compared with nobody.
    pub(crate) fn alone(number: &'static str, what: String, (ours, measured): (String, f64)) -> Self {
        Self::new(number, what, ours, measured, String::new())
    }

    /// Sets what the plot calls it.
    pub(crate) fn label(self, label: &'static str) -> Self {
        Self { label, ..self }
    }

    /// Sets the goal.
    pub(crate) fn goal(self, goal: Goal) -> Self {
        Self { goal, ..self }
    }

    /// Sets the goal after that.
    pub(crate) fn then(self, then: f64) -> Self {
        Self { then: Some(then), ..self }
    }

    /// Sets the goal's unit.
    pub(crate) fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Whether the goal is met.
    pub(crate) fn is_met(&self) -> bool {
        match self.goal {
            Goal::AtMost(limit) => self.measured <= limit,
            Goal::AtLeast(limit) => self.measured >= limit,
        }
    }

    /// What is measured, as a multiple of the goal: at most 1 when it is met.
    pub(crate) fn share_of_goal(&self) -> f64 {
        match self.goal {
            Goal::AtMost(limit) => self.measured / limit,
            Goal::AtLeast(limit) => limit / self.measured,
        }
    }

    /// The goal, to be read.
    pub(crate) fn goal_text(&self) -> String {
        let (sign, limit) = match self.goal {
            Goal::AtMost(limit) => ("≤", limit),
            Goal::AtLeast(limit) => ("≥", limit),
        };
        let limit = match self.number {
            "1" if sign == "≥" => format!("1 / {limit:.0}"),
            _ if limit >= 10_000.0 => thousands(limit),
            _ => format!("{limit}"),
        };
        let then = self.then.map_or_else(String::new, |then| format!(", then {sign} {then}"));
        let sign = if limit.starts_with("1 /") { "≤" } else { sign };
        format!("{sign} {limit} {}", self.unit).trim_end().to_owned() + &then
    }
}

/// What the run was like.
#[derive(Debug)]
pub(crate) struct Run {
    /// When it began.
    pub(crate) date: String,
    /// How long it took.
    pub(crate) seconds: f64,
    /// The machine's processors.
    pub(crate) processor: String,
    /// How many of them.
    pub(crate) cores: usize,
    /// Load average of one minute before and after.
    pub(crate) load: (String, String),
}

/// Writes everything into a directory.
pub(crate) fn write(bench: &Bench, run: &Run, lines: &[Line], directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let save = |name: &str, text: String| {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    save("iratdb.md", table::markdown(bench, run, lines))?;
    save("iratdb.svg", plot::svg(bench, lines)?)?;
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "figure": line.number, "what": line.what, "measured": line.measured,
                "goal": line.goal_text(), "met": line.is_met(),
            })
        })
        .collect();
    let run = json!({
        "date": run.date, "seconds": run.seconds, "processor": run.processor, "cores": run.cores,
        "load_average": [run.load.0, run.load.1], "nats_server": bench.servers.nats_version,
        "redis": bench.servers.redis_version,
    });
    save("iratdb.json", serde_json::to_string(&json!({ "run": run, "lines": lines, "series": bench.series.all() }))?)
}

/// Nanoseconds, as such.
pub(crate) fn nanoseconds(ns: f64) -> String {
    if ns < 10_000.0 { format!("{ns:.0} ns") } else { microseconds(ns) }
}

/// Nanoseconds, as microseconds.
pub(crate) fn microseconds(ns: f64) -> String {
    let us = ns / 1e3;
    if us < 10.0 { format!("{us:.1} µs") } else { format!("{us:.0} µs") }
}

/// Nanoseconds, as milliseconds.
pub(crate) fn milliseconds(ns: f64) -> String {
    format!("{:.0} ms", ns / 1e6)
}

/// With commas.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_met_or_not() {
        let line = |goal| Line::alone("6", String::new(), (String::new(), 1.2)).goal(goal);
        assert!(line(Goal::AtMost(1.2)).is_met() && line(Goal::AtLeast(1.2)).is_met());
        assert!(!line(Goal::AtMost(1.1)).is_met() && !line(Goal::AtLeast(1.3)).is_met());
        assert!(line(Goal::AtLeast(1.3)).share_of_goal() > 1.0);
        let unmeasured = Line::alone("6", String::new(), (String::new(), f64::NAN));
        assert!(!unmeasured.clone().goal(Goal::AtMost(1.0)).is_met() && !unmeasured.goal(Goal::AtLeast(1.0)).is_met());
    }

    #[test]
    fn numbers_can_be_read() {
        assert_eq!(thousands(1_234_567.4), "1,234,567");
        assert_eq!(thousands(100.0), "100");
        assert_eq!(nanoseconds(713.4), "713 ns");
        assert_eq!(microseconds(73_412.0), "73 µs");
    }
}
