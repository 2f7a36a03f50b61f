//! 3: rows of another process's transactions of a hundred, applied: processor time of the whole replica, NATS and keys included.

use anyhow::Result;

use super::Figure;
use crate::bench::{Bench, ONE};
use crate::plan::Plan;
use crate::protocol::Order;
use crate::report::{Goal, Line, nanoseconds};
use crate::rows;

/// Numbers that were not written before.
#[derive(Default)]
pub(super) struct Apply {
    n: i64,
}

impl Figure for Apply {
    fn name(&self) -> &'static str {
        "applying"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.rounds
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        let (batches, all) = (bench.plan.batches, bench.plan.rows);
        let plain = bench.peer()?.number(&Order::PlainUpserts { rows: all, batches })?;
        // Above all numbers that the commits write.
        let first = (1 << 40) + self.n;
        self.n += batches;
        let before = bench.peer()?.number(&Order::Cpu)?;
        for batch in 0..batches {
            bench.one.write(|c| rows::upsert_hundred(c, all, batch * 100, first + batch))?;
        }
        let last = rows::scattered(batches * 100 - 1, all);
        bench.peer()?.ask(&Order::Await { database: ONE.to_owned(), id: last, n: first + batches - 1 })?;
        let ours = bench.peer()?.number(&Order::Cpu)? - before;
        let rows = (batches * 100) as f64;
        bench.series.push("apply.plain.cpu_ns", plain as f64 / rows);
        bench.series.push("apply.iratdb.cpu_ns", ours as f64 / rows);
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let (plain, ours) = (bench.series.median("apply.plain.cpu_ns"), bench.series.median("apply.iratdb.cpu_ns"));
        let what = "a row applied, in transactions of 100: processor time of the replica, all included".to_owned();
        vec![
            Line::ratio("3", what, (nanoseconds(ours), ours), ("upsert in plain SQLite", nanoseconds(plain), plain))
                .label("row applied, CPU / upsert in plain SQLite")
                .goal(Goal::AtMost(1.2)),
        ]
    }
}
