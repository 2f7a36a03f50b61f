//! What is written at the end: a table, a plot, and everything that was measured.

mod plot;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::json;

use crate::Plan;
use crate::point::{Point, Side};

/// Aimed at, in percent of a core for a call, at [`GOAL_CALLS`].
const CORE_PERCENT_MAX: f64 = 0.10;
/// Aimed at: as a multiple of the relay's.
const RATIO_MAX: f64 = 2.0;
/// Aimed at: resident memory of a call.
const RSS_KB_MAX: f64 = 48.0;
const GOAL_CALLS: usize = 300;

/// What the run was like.
#[derive(Debug)]
pub(crate) struct Run {
    date: String,
    processor: String,
    cores: usize,
    load: String,
}

/// The rounds with so many calls.
struct Row<'a> {
    calls: usize,
    switch: Vec<&'a Point>,
    relay: Vec<&'a Point>,
}

impl Run {
    pub(crate) fn begin() -> Result<Self> {
        let date = std::process::Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output()?.stdout;
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").context("reading /proc/cpuinfo")?;
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        Ok(Self {
            date: String::from_utf8_lossy(&date).trim().to_owned(),
            processor: model.map_or("unknown", |(_, name)| name).to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            load: load()?,
        })
    }
}

fn load() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("reading /proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}

impl Row<'_> {
    /// Over the rounds.
    fn median(points: &[&Point], of: impl Fn(&Point) -> f64) -> f64 {
        median(points.iter().map(|point| of(point)).collect())
    }

    fn core_percent(&self) -> f64 {
        Self::median(&self.switch, |point| point.core_percent)
    }

    fn floor_percent(&self) -> f64 {
        Self::median(&self.relay, |point| point.core_percent)
    }

    /// Of each round, in which both had their turn.
    fn ratios(&self) -> Vec<f64> {
        let rounds = self.switch.iter().zip(&self.relay);
        rounds.map(|(switch, relay)| switch.core_percent / relay.core_percent).collect()
    }

    fn ratio(&self) -> f64 {
        median(self.ratios())
    }
}

/// Writes everything into a directory; gives the table.
pub(crate) fn write(run: &Run, took: Duration, plan: &Plan, points: &[Point], directory: &Path) -> Result<String> {
    std::fs::create_dir_all(directory).with_context(|| format!("creating {}", directory.display()))?;
    let save = |name: &str, text: &str| {
        let path = directory.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    };
    let mut counts: Vec<_> = points.iter().map(|point| point.calls).collect();
    counts.dedup();
    let of = |calls: usize, side: Side| points.iter().filter(|p| p.calls == calls && p.side == side).collect();
    let rows: Vec<_> = counts
        .into_iter()
        .map(|calls| Row { calls, switch: of(calls, Side::Switch), relay: of(calls, Side::Relay) })
        .collect();
    let table = markdown(run, took, plan, &rows)?;
    save("media.md", &table)?;
    save("media.svg", &plot::svg(&rows)?)?;
    save("media.json", &serde_json::to_string_pretty(&everything(run, plan, points))?)?;
    Ok(table)
}

fn markdown(run: &Run, took: Duration, plan: &Plan, rows: &[Row<'_>]) -> Result<String> {
    let mut out = String::new();
    writeln!(
        out,
        "Measured {} in {:.0} s on {} cores ({}), load average {} before and {} after; {} s each, medians of {} rounds, {} media threads.\n",
        run.date,
        took.as_secs_f64(),
        run.cores,
        run.processor,
        run.load,
        load()?,
        plan.seconds,
        plan.rounds,
        plan.media_threads
    )?;
    out.push_str(
        "| calls | % of a core a call | relay | ratio | packets/s | missing | late | echoes lost | strange | echo p50 / p99 | relay's echo | memory a call | set-up p50 / p99 |\n\
         |---|---|---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let sum = |of: fn(&Point) -> u64| row.switch.iter().map(|point| of(point)).sum::<u64>();
        let ms = |points: &[&Point], of: fn(&Point) -> &[u64]| {
            let at = |share: f64| Row::median(points, |point| quantile(of(point), share) / 1_000.0);
            format!("{:.1} / {:.1} ms", at(0.5), at(0.99))
        };
        writeln!(
            out,
            "| {} | {:.3} | {:.3} | {:.2} | {:.0} | {} | {} | {} | {} | {} | {} | {:.0} kB | {} |",
            row.calls,
            row.core_percent(),
            row.floor_percent(),
            row.ratio(),
            Row::median(&row.switch, |point| point.packets_per_s),
            sum(|point| point.report.heard.missing),
            sum(|point| point.report.heard.late),
            sum(|point| point.report.unanswered),
            sum(|point| point.report.strange),
            ms(&row.switch, |point| &point.report.echo_us),
            ms(&row.relay, |point| &point.report.echo_us),
            Row::median(&row.switch, |point| point.rss_bytes) / 1_000.0,
            ms(&row.switch, |point| &point.setup_us),
        )?;
    }
    let both = rows.iter().flat_map(|row| row.switch.iter().chain(&row.relay));
    let sent_late: u64 = both.map(|point| point.report.sent_late).sum();
    writeln!(
        out,
        "\nCounts are of the switch's rounds together. Packets that the callers sent late themselves: {sent_late}."
    )?;
    if let Some(row) = rows.iter().find(|row| row.calls == GOAL_CALLS) {
        let rss_kb = Row::median(&row.switch, |point| point.rss_bytes) / 1_000.0;
        let met = |is_met: bool| if is_met { "yes" } else { "**no**" };
        out.push_str("\n| goal, at 300 calls | measured | met |\n|---|---|---|\n");
        writeln!(
            out,
            "| ≤ {CORE_PERCENT_MAX:.2} % of a core a call | {:.3} | {} |",
            row.core_percent(),
            met(row.core_percent() <= CORE_PERCENT_MAX)
        )?;
        let rounds: Vec<_> = row.ratios().iter().map(|ratio| format!("{ratio:.2}")).collect();
        writeln!(
            out,
            "| ≤ {RATIO_MAX} times the relay | {:.2} (rounds: {}) | {} |",
            row.ratio(),
            rounds.join(", "),
            met(row.ratio() <= RATIO_MAX)
        )?;
        writeln!(out, "| ≤ {RSS_KB_MAX} kB a call | {rss_kb:.0} | {} |", met(rss_kb <= RSS_KB_MAX))?;
        writeln!(
            out,
            "| ≥ 1,000 calls on a core | {:.0}, extrapolated from that figure: the callers share the machine | – |",
            100.0 / row.core_percent()
        )?;
    }
    Ok(out)
}

fn everything(run: &Run, plan: &Plan, points: &[Point]) -> serde_json::Value {
    let points: Vec<_> = points
        .iter()
        .map(|point| {
            let Point { calls, core_percent, rss_bytes, packets_per_s, setup_us, report, ended, .. } = point;
            let setup_us = [0.5, 0.99].map(|share| quantile(setup_us, share));
            let echo_us = [0.5, 0.99].map(|share| quantile(&report.echo_us, share));
            json!({
                "side": if point.side == Side::Switch { "switch" } else { "relay" }, "calls": calls,
                "core_percent_per_call": core_percent, "rss_bytes_per_call": rss_bytes, "packets_per_s": packets_per_s,
                "received": report.heard.received, "missing": report.heard.missing, "late": report.heard.late,
                "repeated": report.heard.repeated, "foreign": report.heard.foreign, "unanswered": report.unanswered,
                "strange": report.strange, "sent_late": report.sent_late, "ended": ended,
                "setup_us": setup_us,
                "echo_us": echo_us,
            })
        })
        .collect();
    json!({
        "date": run.date, "processor": run.processor, "cores": run.cores, "seconds": plan.seconds,
        "media_threads": plan.media_threads, "points": points,
    })
}

/// The middle one, or between the middle two.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.len().saturating_sub(1) / 2, values.len() / 2);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(low) + at(high)) / 2.0
}

/// Of sorted values.
fn quantile(sorted: &[u64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1) as f64;
    sorted.get((last * share).round() as usize).map_or(f64::NAN, |value| *value as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_values() {
        let values = [1, 2, 3, 4, 5];
        assert!((quantile(&values, 0.5) - 3.0).abs() < f64::EPSILON);
        assert!((quantile(&values, 0.99) - 5.0).abs() < f64::EPSILON);
        assert!(quantile(&[], 0.5).is_nan());
        let middle = |values: &[f64], expected: f64| (median(values.to_vec()) - expected).abs() < f64::EPSILON;
        assert!(middle(&[3.0, 1.0, 2.0], 2.0) && middle(&[4.0, 1.0], 2.5) && median(Vec::new()).is_nan());
    }
}
