//! 4 and 5: from before writing until the other process can read it.

use std::time::Duration;

use anyhow::{Result, bail};
use async_nats::jetstream::kv;
use iratdb::IraTdb;

use super::Figure;
use crate::bench::{Bench, keyed};
use crate::clock::monotonic_ns;
use crate::plan::Plan;
use crate::protocol::{Answer, Latencies, Order};
use crate::report::{Goal, Line, microseconds};
use crate::series::median;
use crate::{rows, sides};

const DATABASE: &str = "latency";
const ROWS: i64 = 1_000;

/// The writing ends of all sides.
struct Sides {
    db: IraTdb,
    nats: async_nats::Client,
    kv: kv::Store,
    n: i64,
}

#[derive(Default)]
pub(super) struct Latency {
    sides: Option<Sides>,
}

/// Between two messages, so that none meets the one before.
fn pause() {
    std::thread::sleep(Duration::from_micros(rand::random_range(300..700)));
}

impl Sides {
    fn open(bench: &mut Bench) -> Result<Self> {
        let (url, redis) = (bench.nats_url(), bench.servers.redis_url.clone());
        let db = bench.open(&keyed(DATABASE))?;
        db.write(|c| rows::insert(c, 0, ROWS))?;
        let nats = bench.runtime.block_on(sides::nats(&url))?;
        let kv = bench.runtime.block_on(sides::key_value(&url))?;
        let peer = bench.peer()?;
        peer.open(&keyed(DATABASE))?;
        peer.ask(&Order::AwaitRows { database: DATABASE.to_owned(), rows: ROWS })?;
        peer.ask(&Order::Listen { database: DATABASE.to_owned(), redis })?;
        Ok(Self { db, nats, kv, n: 0 })
    }

    fn write_each(&mut self, bench: &mut Bench) -> Result<()> {
        let mut message = vec![0; sides::MESSAGE_BYTES];
        pause();
        let now = monotonic_ns();
        if let Some(time) = message.first_chunk_mut() {
            *time = now.to_le_bytes();
        }
        bench.runtime.block_on(self.nats.publish(sides::SUBJECT, message.into()))?;
        pause();
        self.n += 1;
        let id = rows::scattered(self.n, ROWS);
        self.db.write(|c| rows::update(c, id, monotonic_ns()))?;
        pause();
        let now = monotonic_ns().to_le_bytes().to_vec();
        bench.runtime.block_on(self.kv.put(sides::KEY, now.into()))?;
        pause();
        redis::pipe()
            .cmd("SET")
            .arg(sides::KEY)
            .arg(monotonic_ns())
            .ignore()
            .cmd("PUBLISH")
            .arg(sides::CHANNEL)
            .arg("")
            .ignore()
            .exec(&mut bench.redis)?;
        Ok(())
    }
}

impl Figure for Latency {
    fn name(&self) -> &'static str {
        "latency"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.rounds
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        let sides = match &mut self.sides {
            Some(sides) => sides,
            none => none.insert(Sides::open(bench)?),
        };
        for _ in 0..bench.plan.messages {
            sides.write_each(bench)?;
        }
        let count = bench.plan.messages as usize;
        let Answer::Latencies(Latencies { iratdb, nats, kv, redis }) =
            bench.peer()?.ask(&Order::Latencies { count })?
        else {
            bail!("the worker has no latencies")
        };
        for (side, values) in [("iratdb", iratdb), ("nats", nats), ("kv", kv), ("redis", redis)] {
            if values.len() != count {
                bail!("{} messages of {side} arrived, {count} were sent", values.len());
            }
            let values: Vec<f64> = values.into_iter().map(|ns| ns as f64).collect();
            bench.series.push(&format!("visible.{side}.p50_ns"), median(&values));
            bench.series.extend(&format!("visible.{side}.ns"), &values);
        }
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let p50 = |side: &str| bench.series.median(&format!("visible.{side}.p50_ns"));
        let ours = p50("iratdb");
        let line = |number, what: &str, other: &'static str, side: &str, label, limit, then| {
            let other_ns = p50(side);
            let ours = (microseconds(ours), ours);
            Line::ratio(number, what.to_owned(), ours, (other, microseconds(other_ns), other_ns))
                .label(label)
                .goal(Goal::AtMost(limit))
                .then(then)
        };
        vec![
            line(
                "4",
                "commit to readable in another process, p50",
                "NATS publish to subscriber",
                "nats",
                "visible elsewhere / NATS",
                2.0,
                1.3,
            ),
            line("5", "the same", "JetStream KV put to watch", "kv", "visible elsewhere / JetStream KV", 0.8, 0.5),
            line(
                "5",
                "the same",
                "Redis SET to read by another client",
                "redis",
                "visible elsewhere / Redis",
                1.3,
                0.9,
            ),
        ]
    }
}
