//! 9: memory for a row: how that of a replica, and of plain SQLite, grows with the number of rows.

use anyhow::Result;

use super::Figure;
use crate::bench::{Bench, keyed};
use crate::peer::Peer;
use crate::plan::Plan;
use crate::protocol::Order;
use crate::report::{Goal, Line};
use crate::rows;

/// Rows added between two looks.
const STEP: i64 = 50_000;
const STEPS: i64 = 8;

#[derive(Default)]
pub(super) struct Memory {
    runs: u32,
}

/// Slope of the line that fits best: bytes for a row.
fn slope(points: &[(f64, f64)]) -> f64 {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let over: f64 = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    let under: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    over / under
}

impl Figure for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.memory_runs
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        self.runs += 1;
        let database = format!("memory-{}", self.runs);
        let db = bench.open(&keyed(&database))?;
        let (mut replica, mut plain) = (Peer::start(&bench.nats_url())?, Peer::start(&bench.nats_url())?);
        replica.open(&keyed(&database))?;
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for step in 1..=STEPS {
            let rows = step * STEP;
            for from in (rows - STEP..rows).step_by(1_000) {
                db.write(|c| rows::insert(c, from, from + 1_000))?;
            }
            replica.ask(&Order::AwaitRows { database: database.clone(), rows })?;
            ours.push((rows as f64, replica.number(&Order::Memory)? as f64));
            theirs.push((rows as f64, plain.number(&Order::PlainRows { rows })? as f64));
        }
        bench.series.push("memory.iratdb.bytes_a_row", slope(&ours));
        bench.series.push("memory.plain.bytes_a_row", slope(&theirs));
        bench.runtime.block_on(db.close())?;
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let (ours, plain) =
            (bench.series.median("memory.iratdb.bytes_a_row"), bench.series.median("memory.plain.bytes_a_row"));
        let bytes = |value: f64| format!("{value:.0} B");
        vec![
            Line::difference(
                "9",
                "memory for a row".to_owned(),
                bytes(ours),
                ("plain SQLite", bytes(plain)),
                ours - plain,
            )
            .label("memory for a row, over plain SQLite")
            .goal(Goal::AtMost(64.0))
            .unit("B"),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn the_slope_of_a_line_is_its_slope() {
        let points: Vec<_> = (1..6_u8).map(|x| (f64::from(x), 7.0 * f64::from(x) + 100.0)).collect();
        assert!((slope(&points) - 7.0).abs() < 1e-9);
    }
}
