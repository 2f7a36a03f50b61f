//! The process at the other end: holds replicas, listens to the other sides, measures itself.

mod listen;
mod load;

use std::collections::BTreeMap;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use iratdb::IraTdb;
use iratdb::rusqlite::Connection;
use tokio::runtime::Runtime;

use self::listen::Ears;
use self::load::Load;
use crate::clock::{monotonic_ns, process_cpu_ns};
use crate::protocol::{Answer, Opening, Order};
use crate::{rows, sides};

/// Nothing takes this long unless it is broken.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often something is looked at that is waited for.
const LOOK: Duration = Duration::from_micros(500);

/// What a worker is told when it is started.
#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    /// Where nats-server is.
    #[arg(long)]
    nats: String,
}

/// Obeys until there are no more orders.
pub(crate) fn run(args: WorkerArgs, runtime: Runtime) -> Result<()> {
    let mut worker =
        Worker { nats: args.nats, runtime, databases: BTreeMap::new(), ears: None, load: None, plain: None };
    for line in std::io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?).map_err(anyhow::Error::from).and_then(|o| worker.obey(o)) {
            Ok(answer) => answer,
            Err(error) => Answer::Failed(format!("{error:#}")),
        };
        let mut line = serde_json::to_string(&answer)?;
        line.push('\n');
        let mut output = std::io::stdout().lock();
        output.write_all(line.as_bytes())?;
        output.flush()?;
    }
    Ok(())
}

struct Worker {
    nats: String,
    runtime: Runtime,
    databases: BTreeMap<String, IraTdb>,
    ears: Option<Ears>,
    load: Option<Load>,
    plain: Option<Connection>,
}

impl Worker {
    fn obey(&mut self, order: Order) -> Result<Answer> {
        Ok(match order {
            Order::Open(opening) => self.open(opening)?,
            Order::Close { database } => {
                let db = self.databases.remove(&database).context("it is not open")?;
                self.runtime.block_on(db.close())?;
                Answer::Done
            }
            Order::Listen { database, redis } => {
                let db = self.database(&database)?.clone();
                self.ears = Some(self.runtime.block_on(Ears::open(&db, &self.nats, &redis))?);
                Answer::Done
            }
            Order::Latencies { count } => {
                let ears = self.ears.as_ref().context("nobody listens")?;
                until(|| Ok(ears.heard() >= count))?;
                Answer::Latencies(ears.take())
            }
            Order::Await { database, id, n } => {
                let db = self.database(&database)?;
                until(|| Ok(db.read(|c| rows::select(c, id))? == n))?;
                Answer::At { ns: monotonic_ns() }
            }
            Order::AwaitRows { database, rows } => {
                let db = self.database(&database)?;
                until(|| Ok(db.read(rows::count)? == rows))?;
                Answer::At { ns: monotonic_ns() }
            }
            Order::StartLoad { database, rows, per_second } => {
                self.load = Some(Load::start(self.database(&database)?.clone(), rows, per_second)?);
                Answer::Done
            }
            Order::StopLoad => {
                self.load.take().context("there is no load")?.stop()?;
                Answer::Done
            }
            Order::Cpu => Answer::Cpu { ns: process_cpu_ns() },
            Order::PlainUpserts { rows, batches } => self.plain_upserts(rows, batches)?,
            Order::Insert { database, rows } => {
                self.database(&database)?.write(|c| rows::insert(c, 0, rows))?;
                Answer::Done
            }
            Order::PlainRows { rows } => {
                let plain = self.plain(0)?;
                let from = rows::count(plain)?;
                plain.execute_batch("BEGIN")?;
                rows::insert(plain, from, rows)?;
                plain.execute_batch("COMMIT")?;
                Answer::Memory { bytes: resident_bytes()? }
            }
            Order::Memory => Answer::Memory { bytes: resident_bytes()? },
        })
    }

    fn database(&self, name: &str) -> Result<&IraTdb> {
        self.databases.get(name).with_context(|| format!("{name} is not open"))
    }

    fn plain(&mut self, rows: i64) -> Result<&Connection> {
        if self.plain.is_none() {
            self.plain = Some(rows::plain(rows)?);
        }
        self.plain.as_ref().context("there is no plain SQLite")
    }

    fn open(&mut self, opening: Opening) -> Result<Answer> {
        let nats = self.runtime.block_on(sides::nats(&self.nats))?;
        let (wall, cpu) = (monotonic_ns(), process_cpu_ns());
        let db = self.runtime.block_on(sides::open(&opening, Some(nats)))?;
        let (wall_ns, cpu_ns) = (monotonic_ns() - wall, process_cpu_ns() - cpu);
        let rows = db.read(rows::count)?;
        self.databases.insert(opening.database, db);
        Ok(Answer::Opened { wall_ns, cpu_ns, rows })
    }

    fn plain_upserts(&mut self, rows: i64, batches: i64) -> Result<Answer> {
        let plain = self.plain(rows)?;
        let before = process_cpu_ns();
        for batch in 0..batches {
            plain.prepare_cached("BEGIN")?.execute(())?;
            rows::upsert_hundred(plain, rows, batch * 100, before + batch)?;
            plain.prepare_cached("COMMIT")?.execute(())?;
        }
        Ok(Answer::Cpu { ns: process_cpu_ns() - before })
    }
}

fn until(mut condition: impl FnMut() -> Result<bool>) -> Result<()> {
    let started = Instant::now();
    while !condition()? {
        if started.elapsed() > PATIENCE {
            bail!("in vain");
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

/// Memory of this process, as the system counts it.
fn resident_bytes() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status").context("reading /proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS in /proc/self/status")?;
    let kilobytes: i64 = line.trim().trim_end_matches("kB").trim().parse().context("VmRSS is no number")?;
    Ok(kilobytes * 1024)
}
