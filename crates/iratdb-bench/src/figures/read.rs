//! 1: a point read, while another process writes.

use std::time::Duration;

use anyhow::{Context, Result};

use super::Figure;
use crate::bench::{Bench, ONE};
use crate::clock::Spent;
use crate::plan::Plan;
use crate::protocol::Order;
use crate::report::{Goal, Line, nanoseconds};
use crate::{rows, sides};

/// How often the sides take turns within a round.
const TURNS: usize = 4;

pub(super) struct Read;

impl Read {
    fn turns(bench: &mut Bench, state: &str) -> Result<()> {
        let (reads, all) = (bench.plan.reads, bench.plan.rows);
        for _ in 0..TURNS {
            let plain = Spent::on_each(reads, |n| rows::select(&bench.plain, rows::scattered(n, all)).map(drop))?;
            let ours =
                Spent::on_each(reads, |n| bench.one.read(|c| rows::select(c, rows::scattered(n, all))).map(drop))?;
            let redis = Spent::on_each(reads.div_euclid(50).max(10), |_| {
                redis::cmd("GET").arg(sides::KEY).query::<i64>(&mut bench.redis).map(drop)
            })?;
            for (side, spent) in [("plain", plain), ("iratdb", ours), ("redis", redis)] {
                bench.series.push(&format!("read.{state}.{side}.wall_ns"), spent.wall_ns);
                bench.series.push(&format!("read.{state}.{side}.cpu_ns"), spent.cpu_ns);
            }
        }
        Ok(())
    }
}

impl Figure for Read {
    fn name(&self) -> &'static str {
        "point reads"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.rounds
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        Self::turns(bench, "idle")?;
        let (rows, per_second) = (bench.plan.rows, bench.plan.load);
        bench.peer()?.ask(&Order::StartLoad { database: ONE.to_owned(), rows, per_second })?;
        std::thread::sleep(Duration::from_millis(20));
        let before = bench.one.stats().rows_applied;
        let done = Self::turns(bench, "load");
        let applied = bench.one.stats().rows_applied - before;
        bench.peer()?.ask(&Order::StopLoad)?;
        bench.series.push("read.load.rows_applied", applied as f64);
        done.context("reading under load")
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let median = |side: &str| bench.series.median(&format!("read.load.{side}.wall_ns"));
        let (plain, ours, redis) = (median("plain"), median("iratdb"), median("redis"));
        let under = format!("while another process commits {} a second", bench.plan.load);
        vec![
            Line::ratio(
                "1",
                format!("point read, {under}"),
                (nanoseconds(ours), ours),
                ("plain SQLite", nanoseconds(plain), plain),
            )
            .label("read under load / plain SQLite")
            .goal(Goal::AtMost(1.15)),
            Line::speedup(
                "1",
                "the same".to_owned(),
                (nanoseconds(ours), ours),
                ("Redis GET", nanoseconds(redis), redis),
            )
            .label("read under load / Redis GET")
            .goal(Goal::AtLeast(25.0)),
        ]
    }
}
