//! Measures what a call costs a media switch: so many callers with bursts of their own, a bot that says back what it hears, and the switch's
//! own processor time. In every round a bare relay has its turn with the same callers and the same bot: the floor under any switch.

mod arrivals;
mod callers;
mod echo;
mod phone;
mod point;
mod relay;
mod report;
mod usage;

use std::io::Write;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use cluster_runner::Cluster;
use testphone::bot::{BotConfig, DtmfAnswer, EchoBot};
use voicebot::{Encoding, Format};

use crate::phone::Phone;
use crate::point::Point;
use crate::relay::RelayArgs;

/// Measures a media switch under load, beside a bare relay that does the same socket work.
///
/// Starts a cluster of its own on free ports; needs nats-server (2.10 or newer): `scripts/install-tools.sh` gets it. Writes media.md (the
/// table), media.svg (a plot) and media.json (all that was measured), and prints the table.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    #[command(flatten)]
    plan: Plan,
    /// Where to write.
    #[arg(long, default_value = "target/bench", value_name = "DIRECTORY")]
    out: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Role {
    /// The floor; for the benchmark's own use.
    #[command(hide = true)]
    Relay(RelayArgs),
}

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// Numbers of calls at once.
    #[arg(long, value_name = "CALLS", value_delimiter = ',', default_value = "50,100,200,300", value_parser = clap::value_parser!(u16).range(1..=5_000))]
    calls: Vec<u16>,
    /// How often each is measured, the two sides in turns.
    #[arg(long, value_name = "ROUNDS", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// How long calls are measured, in seconds, after two to settle.
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..=3_600))]
    seconds: u16,
    /// Media threads of the switch; 0 takes one for each core.
    #[arg(long, value_name = "THREADS", default_value_t = 1)]
    media_threads: u8,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    if let Some(Role::Relay(relay)) = arguments.role {
        return relay::run(&relay);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(measure(&arguments.plan, &arguments.out))
}

async fn measure(plan: &Plan, out: &std::path::Path) -> Result<()> {
    let began = Instant::now();
    let run = report::Run::begin()?;
    let format = Format::new(Encoding::Mulaw, 8_000, 20)?;
    let bot = BotConfig { format: Some(format), dtmf: DtmfAnswer::Ignore, ..BotConfig::default() };
    let bot = EchoBot::bind(bot).await?;
    let mut phone = Phone::bind().await?;
    let telephony = format!(
        "[[trunks]]\nname = \"callers\"\naddresses = [\"127.0.0.1\"]\npeer = \"{}\"\n\n\
         [[numbers]]\nnumber = \"*\"\nroute = \"all\"\n\n[[routes]]\nname = \"all\"\nbot = \"echo\"\n\n\
         [[bots]]\nname = \"echo\"\nurl = \"{}\"\nformat = {{ encoding = \"mulaw\", rate = 8000 }}\n",
        phone.address(),
        bot.url()
    );
    let cluster = Cluster::builder()
        .config(telephony)
        .flag("media-switch", "--capacity", 100_000)
        .flag("media-switch", "--media-threads", plan.media_threads)
        .start()
        .await?;
    let switch = cluster.service("media-switch", 0).process();
    let proxy = cluster.service("botproxy", 0).sip_addr().context("a botproxy has a SIP address")?;
    let window = Duration::from_secs(plan.seconds.into());
    // What it has before its first call: what calls leave behind counts as theirs.
    let empty = usage::Usage::of(switch.id())?;

    let mut points = Vec::new();
    for &calls in &plan.calls {
        let calls = usize::from(calls);
        for round in 1..=plan.rounds {
            progress(format_args!("{calls} calls, round {round} of {}: switch, then relay", plan.rounds))?;
            points.push(Point::switch(&mut phone, proxy, &switch, &empty, calls, window).await?);
            points.push(Point::relay(&mut phone, bot.addr(), calls, window).await?);
        }
    }
    bot.close().await;
    cluster.stop().await?;
    let table = report::write(&run, began.elapsed(), plan, &points, out)?;
    std::io::stdout().write_all(table.as_bytes())?;
    let lost: usize = points.iter().map(|point| point.ended).sum();
    if lost > 0 {
        bail!("{lost} calls ended while they were measured");
    }
    Ok(())
}

fn progress(text: std::fmt::Arguments<'_>) -> Result<()> {
    Ok(writeln!(std::io::stderr(), "media-bench: {text}")?)
}
