//! The table, as Markdown.

use std::fmt::Write;

use super::{Line, Run, microseconds, milliseconds, nanoseconds, thousands};
use crate::bench::Bench;
use crate::series::quantile;

pub(super) fn markdown(bench: &Bench, run: &Run, lines: &[Line]) -> String {
    let mut out = String::new();
    let Run { date, seconds, processor, cores, load } = run;
    let (nats, redis) = (&bench.servers.nats_version, &bench.servers.redis_version);
    add(
        &mut out,
        format_args!(
            "Measured {date} in {seconds:.0} s on {cores} cores ({processor}), load average {} before and {} after; \
             nats-server {nats}, Redis {redis}.\n\n\
             | # | figure | IraTDB | the other side | ratio | goal | met |\n|---|---|---|---|---|---|---|\n",
            load.0, load.1
        ),
    );
    for line in lines {
        let other = line.other.as_ref().map_or_else(|| "–".to_owned(), |(name, value)| format!("{value} ({name})"));
        let ratio = if line.measured_text.is_empty() { "–" } else { &line.measured_text };
        let met = if line.is_met() { "yes" } else { "**no**" };
        let (number, what, ours, goal) = (line.number, &line.what, &line.ours, line.goal_text());
        add(&mut out, format_args!("| {number} | {what} | {ours} | {other} | {ratio} | {goal} | {met} |\n"));
    }
    out.push_str("\nBeside these:\n\n| what | measured |\n|---|---|\n");
    for (what, value) in beside(bench) {
        add(&mut out, format_args!("| {what} | {value} |\n"));
    }
    out
}

/// Writing into a string does not fail.
fn add(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).unwrap_or_default();
}

fn beside(bench: &Bench) -> Vec<(String, String)> {
    let series = &bench.series;
    let m = |name: &str| series.median(name);
    let ns = |name: &str| nanoseconds(m(name));
    let spread = |name: &str, show: fn(f64) -> String| {
        let values = series.get(name);
        [0.1, 0.5, 0.9, 0.99].map(|share| show(quantile(values, share))).join(", ")
    };
    let mut out = vec![
        (
            "point read with nobody writing: IraTDB, plain SQLite, Redis GET".to_owned(),
            ["iratdb", "plain", "redis"].map(|side| ns(&format!("read.idle.{side}.wall_ns"))).join(", "),
        ),
        (
            "point read under load, processor time of its thread: IraTDB, plain SQLite".to_owned(),
            ["iratdb", "plain"].map(|side| ns(&format!("read.load.{side}.cpu_ns"))).join(", "),
        ),
        (
            "commit, processor time of all the process's threads, sending included".to_owned(),
            ns("commit.iratdb.process_cpu_ns"),
        ),
    ];
    for (side, name) in [("iratdb", "IraTDB"), ("nats", "NATS"), ("kv", "JetStream KV"), ("redis", "Redis")] {
        out.push((
            format!("visible elsewhere, {name}: p10, p50, p90, p99"),
            spread(&format!("visible.{side}.ns"), microseconds),
        ));
    }
    for replicas in [1, crate::bench::REPLICAS] {
        let name = |part: &str| format!("transactions.to_{replicas}.{part}");
        let cpu = ["writer", "replicas", "nats_server"].map(|part| ns(&name(&format!("cpu_ns.{part}")))).join(", ");
        let written = thousands(m(&name("written_per_second")));
        let frame = m(&name("transactions_per_frame"));
        out.push((
            format!("processor time of a transaction to {replicas}: writer, replicas together, nats-server"),
            format!("{cpu}; written {written} /s, {frame:.0} a frame"),
        ));
    }
    out.push(("processor time of the joining process".to_owned(), milliseconds(m("join.cpu_ns"))));
    out.push(("joining: p10, p50, p90, p99".to_owned(), spread("join.wall_ns", milliseconds)));
    out.push((
        "a killed process's rows are gone: p10, p50, p90, p99".to_owned(),
        spread("death.gone_ns", milliseconds),
    ));
    out
}
