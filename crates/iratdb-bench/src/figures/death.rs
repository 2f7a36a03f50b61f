//! 8: a process that owns rows is killed; when its rows are gone everywhere, and by how many messages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use futures_util::StreamExt;
use iratdb::IraTdb;
use iratdb::core::codec::{Body, decode};

use super::Figure;
use crate::bench::{Bench, until};
use crate::clock::monotonic_ns;
use crate::peer::Peer;
use crate::plan::Plan;
use crate::protocol::{Opening, Order};
use crate::report::{Goal, Line, milliseconds, thousands};
use crate::rows;
use crate::sides;

/// With keys: the time counts.
const SEALED: &str = "owned";
/// Without: the messages that end an epoch can be told from others, and are counted.
const OPEN: &str = "owned-open";
/// The crate's default.
const LEASE_MS: f64 = 2_000.0;
const PATIENCE: Duration = Duration::from_secs(20);
/// How long after it messages are still counted.
const AFTER: Duration = Duration::from_millis(700);

#[derive(Default)]
pub(super) struct Death {
    here: Option<(IraTdb, IraTdb)>,
}

fn openings() -> [Opening; 2] {
    [(SEALED, true), (OPEN, false)].map(|(name, keys)| Opening { database: name.to_owned(), owned: true, keys })
}

fn await_rows(database: &str, rows: i64) -> Order {
    Order::AwaitRows { database: database.to_owned(), rows }
}

impl Figure for Death {
    fn name(&self) -> &'static str {
        "a death"
    }

    fn rounds(&self, plan: &Plan) -> u32 {
        plan.deaths
    }

    fn round(&mut self, bench: &mut Bench) -> Result<()> {
        let [sealed, open] = openings();
        if self.here.is_none() {
            self.here = Some((bench.open(&sealed)?, bench.open(&open)?));
            bench.peer()?.open(&sealed)?;
            bench.peer()?.open(&open)?;
        }
        let (here, here_open) = self.here.clone().context("the databases are open")?;
        let owned = bench.plan.owned_rows;
        let url = bench.nats_url();
        let mut dying = Peer::start(&url)?;
        for opening in [&sealed, &open] {
            dying.open(opening)?;
            dying.ask(&Order::Insert { database: opening.database.clone(), rows: owned })?;
            bench.peer()?.ask(&await_rows(&opening.database, owned))?;
        }
        let has = |db: &IraTdb, rows: i64| Ok(db.read(rows::count)? == rows);
        until("the rows are here", PATIENCE, || Ok(has(&here, owned)? && has(&here_open, owned)?))?;

        let client = bench.runtime.block_on(sides::nats(&url))?;
        let mut messages = bench.runtime.block_on(client.subscribe(format!("ira.v1.{}.r.>", sides::CLUSTER)))?;
        bench.runtime.block_on(client.flush())?;
        let ends = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&ends);
        let counting = bench.runtime.spawn(async move {
            while let Some(message) = messages.next().await {
                if decode(&message.payload).is_ok_and(|message| matches!(message.body, Body::EpochEnd { .. })) {
                    counter.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        // At any moment between two of its heartbeats.
        std::thread::sleep(Duration::from_millis(rand::random_range(0..500)));

        dying.kill()?;
        let killed = monotonic_ns();
        bench.peer()?.tell(&await_rows(SEALED, 0))?;
        let gone_here = until("the dead process's rows are gone", PATIENCE, || has(&here, 0))?;
        let gone_there = match bench.peer()?.answer()? {
            crate::protocol::Answer::At { ns } => ns,
            other => anyhow::bail!("the observer answered {other:?}"),
        };
        until("they are gone without keys, too", PATIENCE, || has(&here_open, 0))?;
        bench.peer()?.ask(&await_rows(OPEN, 0))?;
        std::thread::sleep(AFTER);
        counting.abort();
        bench.series.push("death.gone_ns", (gone_here.max(gone_there) - killed) as f64);
        bench.series.push("death.messages", ends.load(Ordering::Relaxed) as f64);
        Ok(())
    }

    fn lines(&self, bench: &Bench) -> Vec<Line> {
        let worst = |name: &str| bench.series.get(name).iter().copied().fold(f64::NAN, f64::max);
        let (gone, messages) = (worst("death.gone_ns"), worst("death.messages"));
        let what = format!(
            "a killed process's {} owned rows are gone everywhere, the slowest of {}",
            thousands(bench.plan.owned_rows as f64),
            bench.series.get("death.gone_ns").len(),
        );
        vec![
            Line::alone("8", what, (milliseconds(gone), gone / 1e6))
                .label("owned rows gone, time")
                .goal(Goal::AtMost(LEASE_MS + 50.0))
                .unit("ms"),
            Line::alone("8", "messages for that, at most".to_owned(), (format!("{messages:.0}"), messages))
                .label("owned rows gone, messages")
                .goal(Goal::AtMost(1.0)),
        ]
    }
}
