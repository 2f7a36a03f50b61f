//! 7: joining a large database, and what its donor's commits feel of it.

use std::time::Duration;

use anyhow::Result;
use iratdb::IraTdb;

use super::Figure;
use crate::bench::{Bench, keyed, opened};
use crate::clock::monotonic_ns;
use crate::plan::Plan;
use crate::protocol::Order;
use crate::report::{Goal, Line, microseconds, milliseconds};
use crate::rows;
use crate::series::quantile;

const DATABASE: &str = "join";
/// Between two commits.
const PACE: Duration = Duration::from_micros(500);
/// How long the commits are watched while nobody joins.
const CALM_NS: i64 = 300_000_000;

#[derive(Default)]
pub(super) struct Join {
    db: Option<IraTdb>,
    n: i64,
}

impl Join {
    /// Commits at a steady pace as long as it is so; gives the nanoseconds that each commit took.
    fn commit_while(&mut self, db: &IraTdb, all: i64, mut so: impl FnMut() -> Result<bool>) -> Result<Vec<f64>> {
        let mut took = Vec::new();
        while so()? {
            std::thread::sleep(PACE);
            self.n += 1;
            let started = monotonic_ns();
            db.write(|c| rows::update(c, rows::scattered(self.n, all), self.n))?;
            took.push((monotonic_ns() - started) as f64);
        }
        Ok(took)
    }
}

impl Figure for Join {
    fn name(&self) -> &'static str {
        "joining"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.joins
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        let all = bench.plan.join_rows;
        let db = match &self.db {
            Some(db) => db.clone(),
            None => {
                let db = bench.open(&keyed(DATABASE))?;
                for from in (0..all).step_by(1_000) {
                    db.write(|c| rows::insert(c, from, (from + 1_000).min(all)))?;
                }
                self.db.insert(db).clone()
            }
        };
        let until = monotonic_ns() + CALM_NS;
        let calm = self.commit_while(&db, all, || Ok(monotonic_ns() < until))?;
        bench.series.extend("join.calm.commit_ns", &calm);
        let mut answer = None;
        bench.peer()?.tell(&Order::Open(keyed(DATABASE)))?;
        let peer = bench.peer()?;
        let busy = self.commit_while(&db, all, || {
            answer = peer.poll()?;
            Ok(answer.is_none())
        })?;
        bench.series.extend("join.busy.commit_ns", &busy);
        let Some(answer) = answer else { anyhow::bail!("the joiner does not answer") };
        let (wall_ns, cpu_ns, rows) = opened(answer)?;
        anyhow::ensure!(rows == all, "the joiner is ready with {rows} of {all} rows");
        bench.series.push("join.wall_ns", wall_ns as f64);
        bench.series.push("join.cpu_ns", cpu_ns as f64);
        bench.peer()?.ask(&Order::Close { database: DATABASE.to_owned() })?;
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let wall = bench.series.median("join.wall_ns");
        let p99 = |state: &str| quantile(bench.series.get(&format!("join.{state}.commit_ns")), 0.99);
        let (calm, busy) = (p99("calm"), p99("busy"));
        vec![
            Line::alone(
                "7",
                format!(
                    "joining with {} rows, from open to ready",
                    crate::report::thousands(bench.plan.join_rows as f64)
                ),
                (milliseconds(wall), wall / 1e9),
            )
            .label("joining, time")
            .goal(Goal::AtMost(0.25))
            .unit("s"),
            Line::ratio(
                "7",
                "the donor's commit meanwhile, p99".to_owned(),
                (microseconds(busy), busy),
                ("nobody joining", microseconds(calm), calm),
            )
            .label("donor's commit p99 / nobody joining")
            .goal(Goal::AtMost(2.0)),
        ]
    }
}
