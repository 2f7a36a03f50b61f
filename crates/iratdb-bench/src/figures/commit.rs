//! 2: a commit of one row, in processor time of the thread that commits.

use anyhow::Result;

use super::Figure;
use crate::bench::Bench;
use crate::clock::{Spent, process_cpu_ns};
use crate::plan::Plan;
use crate::report::{Goal, Line, nanoseconds};
use crate::rows;

/// Numbers that were not written before.
#[derive(Default)]
pub(super) struct Commit {
    n: i64,
}

impl Figure for Commit {
    fn name(&self) -> &'static str {
        "commits"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.rounds
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        let (count, all) = (bench.plan.commits, bench.plan.rows);
        let first = self.n;
        self.n += count;
        let plain = Spent::on_each(count, |n| {
            rows::update_in_transaction(&bench.plain, rows::scattered(n, all), first + n + 1)
        })?;
        let before = process_cpu_ns();
        let ours = Spent::on_each(count, |n| {
            bench.one.write(|c| rows::update(c, rows::scattered(n, all), first + n + 1)).map(drop)
        })?;
        bench.arrived(rows::scattered(count - 1, all), first + count)?;
        let process = (process_cpu_ns() - before) as f64 / count as f64;
        bench.series.push("commit.plain.cpu_ns", plain.cpu_ns);
        bench.series.push("commit.iratdb.cpu_ns", ours.cpu_ns);
        bench.series.push("commit.iratdb.process_cpu_ns", process);
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let (plain, ours) = (bench.series.median("commit.plain.cpu_ns"), bench.series.median("commit.iratdb.cpu_ns"));
        let what = "commit of one row, replicated, processor time of its thread".to_owned();
        vec![
            Line::ratio("2", what, (nanoseconds(ours), ours), ("plain SQLite", nanoseconds(plain), plain))
                .label("commit, CPU / plain SQLite")
                .goal(Goal::AtMost(1.4)),
        ]
    }
}
