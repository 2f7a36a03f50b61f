//! What all figures share: servers, processes, databases, connections, results.

use std::time::Duration;

use anyhow::{Result, bail};
use iratdb::IraTdb;
use iratdb::rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::clock::monotonic_ns;
use crate::peer::Peer;
use crate::plan::Plan;
use crate::protocol::{Answer, Opening, Order};
use crate::series::Series;
use crate::servers::Servers;
use crate::{rows, sides};

/// Database with one replica beside this process's.
pub(crate) const ONE: &str = "one";
/// Database with four.
pub(crate) const FOUR: &str = "four";
/// How many.
pub(crate) const REPLICAS: usize = 4;

/// See the module.
pub(crate) struct Bench {
    /// How much is measured.
    pub(crate) plan: Plan,
    /// What was measured.
    pub(crate) series: Series,
    /// Plain SQLite in this process.
    pub(crate) plain: Connection,
    /// The copy of [`ONE`] here.
    pub(crate) one: IraTdb,
    /// The copy of [`FOUR`] here.
    pub(crate) four: IraTdb,
    /// A connection to Redis.
    pub(crate) redis: redis::Connection,
    /// The other processes. The first has [`ONE`], all have [`FOUR`].
    pub(crate) peers: Vec<Peer>,
    /// Runs the databases' tasks.
    pub(crate) runtime: Runtime,
    /// nats-server and Redis. Last: they end after all who use them.
    pub(crate) servers: Servers,
}

/// A database with keys.
pub(crate) fn keyed(database: &str) -> Opening {
    Opening { database: database.to_owned(), owned: false, keys: true }
}

impl Bench {
    /// Starts everything.
    pub(crate) fn start(plan: Plan, runtime: Runtime) -> Result<Self> {
        let servers = Servers::start()?;
        let url = servers.nats_url.clone();
        let one = open(&runtime, &url, &keyed(ONE))?;
        let four = open(&runtime, &url, &keyed(FOUR))?;
        one.write(|c| rows::insert(c, 0, plan.rows))?;
        four.write(|c| rows::insert(c, 0, plan.rows))?;
        let mut peers = (0..REPLICAS).map(|_| Peer::start(&url)).collect::<Result<Vec<_>>>()?;
        for (index, peer) in peers.iter_mut().enumerate() {
            let databases: &[&str] = if index == 0 { &[ONE, FOUR] } else { &[FOUR] };
            for database in databases {
                peer.open(&keyed(database))?;
                peer.ask(&Order::AwaitRows { database: (*database).to_owned(), rows: plan.rows })?;
            }
        }
        let mut redis = sides::redis(&servers.redis_url)?;
        redis::cmd("SET").arg(sides::KEY).arg(monotonic_ns()).exec(&mut redis)?;
        let plain = rows::plain(plan.rows)?;
        Ok(Self { plan, series: Series::default(), plain, one, four, redis, peers, runtime, servers })
    }

    /// Where nats-server is.
    pub(crate) fn nats_url(&self) -> String {
        self.servers.nats_url.clone()
    }

    /// Opens a database in this process.
    pub(crate) fn open(&self, opening: &Opening) -> Result<IraTdb> {
        open(&self.runtime, &self.servers.nats_url, opening)
    }

    /// The first of the other processes.
    pub(crate) fn peer(&mut self) -> Result<&mut Peer> {
        match self.peers.first_mut() {
            Some(peer) => Ok(peer),
            None => bail!("there is no other process"),
        }
    }

    /// Waits until the first other process has this, and gives when it had.
    pub(crate) fn arrived(&mut self, id: i64, n: i64) -> Result<i64> {
        self.peer()?.number(&Order::Await { database: ONE.to_owned(), id, n })
    }
}

fn open(runtime: &Runtime, url: &str, opening: &Opening) -> Result<IraTdb> {
    runtime.block_on(async { sides::open(opening, Some(sides::nats(url).await?)).await })
}

/// What a process answered to [`Order::Open`]: nanoseconds on the wall, of processor time, and rows.
pub(crate) fn opened(answer: Answer) -> Result<(i64, i64, i64)> {
    match answer {
        Answer::Opened { wall_ns, cpu_ns, rows } => Ok((wall_ns, cpu_ns, rows)),
        other => bail!("a worker answered {other:?} when it opened a database"),
    }
}

/// Waits for something here, looking every half millisecond; gives when it was so.
pub(crate) fn until(what: &str, limit: Duration, mut condition: impl FnMut() -> Result<bool>) -> Result<i64> {
    let started = std::time::Instant::now();
    while !condition()? {
        if started.elapsed() > limit {
            bail!("in vain: {what}");
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    Ok(monotonic_ns())
}
