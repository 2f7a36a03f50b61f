//! 6: signed one-row transactions a second, until all replicas have the last.

use anyhow::{Context, Result};

use super::Figure;
use crate::bench::{Bench, FOUR, ONE, REPLICAS};
use crate::clock::{monotonic_ns, process_cpu_ns};
use crate::plan::Plan;
use crate::protocol::Order;
use crate::report::{Goal, Line, thousands};
use crate::rows;

/// Numbers that were not written before; above all that the other figures write.
const FIRST: i64 = 1 << 50;

#[derive(Default)]
pub(super) struct Throughput {
    n: i64,
}

/// Nanoseconds of processor time of another process, in steps of 10 ms.
fn cpu_ns_of(pid: u32) -> Result<i64> {
    let path = format!("/proc/{pid}/stat");
    let text = std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))?;
    let fields = text.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace();
    // utime and stime: the 14th and 15th, of which two are before the bracket.
    let ticks: i64 = fields.skip(11).take(2).map(|field| field.parse().unwrap_or(0)).sum();
    Ok(ticks * 10_000_000)
}

impl Throughput {
    fn cpu_ns(bench: &mut Bench, replicas: usize) -> Result<(i64, i64, i64)> {
        let mut others = 0;
        for peer in bench.peers.iter_mut().take(replicas) {
            others += peer.number(&Order::Cpu)?;
        }
        Ok((process_cpu_ns(), others, cpu_ns_of(bench.servers.nats_id())?))
    }

    fn run(&mut self, bench: &mut Bench, replicas: usize) -> Result<()> {
        let (count, all) = (bench.plan.transactions, bench.plan.rows);
        let database = if replicas == 1 { ONE } else { FOUR };
        let db = if replicas == 1 { bench.one.clone() } else { bench.four.clone() };
        let first = FIRST + self.n;
        self.n += count;
        let last =
            Order::Await { database: database.to_owned(), id: rows::scattered(count - 1, all), n: first + count - 1 };
        let before = Self::cpu_ns(bench, replicas)?;
        let frames = db.stats().frames_sent;
        let started = monotonic_ns();
        for n in 0..count {
            db.write(|c| rows::update(c, rows::scattered(n, all), first + n))?;
        }
        let written = monotonic_ns();
        for peer in bench.peers.iter_mut().take(replicas) {
            peer.tell(&last)?;
        }
        let mut arrived = written;
        for peer in bench.peers.iter_mut().take(replicas) {
            if let crate::protocol::Answer::At { ns } = peer.answer()? {
                arrived = arrived.max(ns);
            }
        }
        let after = Self::cpu_ns(bench, replicas)?;
        let each = |before: i64, after: i64| (after - before) as f64 / count as f64;
        let per_second = count as f64 * 1e9;
        let frames = db.stats().frames_sent - frames;
        for (name, value) in [
            ("per_second", per_second / (arrived - started) as f64),
            ("written_per_second", per_second / (written - started) as f64),
            ("transactions_per_frame", count as f64 / frames.max(1) as f64),
            ("cpu_ns.writer", each(before.0, after.0)),
            ("cpu_ns.replicas", each(before.1, after.1)),
            ("cpu_ns.nats_server", each(before.2, after.2)),
        ] {
            bench.series.push(&format!("transactions.to_{replicas}.{name}"), value);
        }
        Ok(())
    }
}

impl Figure for Throughput {
    fn name(&self) -> &'static str {
        "throughput"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.rounds
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        self.run(bench, 1)?;
        self.run(bench, REPLICAS)
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let line = |replicas: usize, what: &str, label, limit| {
            let value = bench.series.median(&format!("transactions.to_{replicas}.per_second"));
            Line::alone("6", what.to_owned(), (format!("{} /s", thousands(value)), value))
                .label(label)
                .goal(Goal::AtLeast(limit))
        };
        vec![
            line(
                1,
                "one-row transactions, sealed and signed, all read in 1 replica",
                "transactions a second, 1 replica",
                200_000.0,
            ),
            line(REPLICAS, "the same, in each of 4 replicas", "transactions a second, 4 replicas", 100_000.0),
        ]
    }
}
