//! Measures IraTDB against plain SQLite, Redis, core NATS and a JetStream key-value store, all in one run: in every round
//! each side has its turn, so that whatever else the machine does hits all alike. The replicas are processes of their own: this
//! program starts itself as workers.

mod bench;
mod clock;
mod figures;
mod peer;
mod plan;
mod protocol;
mod report;
mod rows;
mod series;
mod servers;
mod sides;
// What the keys protect does not matter here, and what they cost is what any would.
#[path = "../../iratdb/src/test_keys.rs"]
mod test_keys;
mod worker;

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::runtime::{Builder, Runtime};

use crate::bench::Bench;
use crate::plan::Plan;
use crate::report::Run;
use crate::worker::WorkerArgs;

/// Measures IraTDB against plain SQLite, Redis, core NATS and a JetStream key-value store, in one interleaved run.
///
/// Needs nats-server (2.10 or newer) and redis-server: `scripts/install-tools.sh --bench` gets both. Writes iratdb.md (the table),
/// iratdb.svg (a plot) and iratdb.json (all that was measured), and prints the table.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// Where to write.
    #[arg(long, default_value = "target/bench", value_name = "DIRECTORY")]
    out: PathBuf,
    #[command(flatten)]
    plan: Plan,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The other process; for the benchmark's own use.
    #[command(hide = true)]
    Worker(WorkerArgs),
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match arguments.role {
        Some(Role::Worker(worker)) => worker::run(worker, runtime),
        None => measure(arguments.plan, arguments.out, runtime),
    }
}

/// Progress.
fn say(text: std::fmt::Arguments<'_>) {
    // Who closed stderr does not want to know.
    writeln!(std::io::stderr(), "{text}").unwrap_or_default();
}

fn measure(plan: Plan, out: PathBuf, runtime: Runtime) -> Result<()> {
    anyhow::ensure!(
        !cfg!(debug_assertions),
        "figures of a debug build mean nothing: use `make bench-iratdb`, or cargo run --release -p iratdb-bench"
    );
    let (started, load_before) = (Instant::now(), load_average()?);
    say(format_args!("starting nats-server, Redis and {} processes", bench::REPLICAS));
    let mut bench = Bench::start(plan, runtime)?;
    let date = bench.plain.query_row("SELECT strftime('%Y-%m-%d %H:%M UTC', 'now')", (), |row| row.get(0))?;
    let mut figures = figures::all();
    let rounds = figures.iter().map(|figure| figure.rounds(&bench.plan)).max().unwrap_or(0);
    for round in 0..rounds {
        for figure in &mut figures {
            let own = figure.rounds(&bench.plan);
            // Spread evenly over the run.
            if (round + 1) * own / rounds > round * own / rounds {
                say(format_args!(
                    "{:>4.0} s  round {} of {rounds}: {}",
                    started.elapsed().as_secs_f64(),
                    round + 1,
                    figure.name()
                ));
                figure.round(&mut bench).with_context(|| format!("measuring {}", figure.name()))?;
            }
        }
    }
    let run = Run {
        date,
        seconds: started.elapsed().as_secs_f64(),
        processor: processor()?,
        cores: std::thread::available_parallelism()?.get(),
        load: (load_before, load_average()?),
    };
    let lines: Vec<_> = figures.iter().flat_map(|figure| figure.lines(&bench)).collect();
    report::write(&bench, &run, &lines, &out)?;
    let table = std::fs::read_to_string(out.join("iratdb.md"))?;
    std::io::stdout().write_all(table.as_bytes())?;
    say(format_args!("written: iratdb.md, iratdb.svg and iratdb.json in {}", out.display()));
    Ok(())
}

fn load_average() -> Result<String> {
    let text = std::fs::read_to_string("/proc/loadavg").context("reading /proc/loadavg")?;
    Ok(text.split(' ').next().unwrap_or("?").to_owned())
}

fn processor() -> Result<String> {
    let text = std::fs::read_to_string("/proc/cpuinfo").context("reading /proc/cpuinfo")?;
    let line = text.lines().find_map(|line| line.strip_prefix("model name"));
    Ok(line.and_then(|line| line.split_once(':')).map_or("unknown", |(_, model)| model.trim()).to_owned())
}
