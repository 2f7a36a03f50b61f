//! `iractl up`: a whole cluster on this machine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use botstream_state::rights;
use cluster_runner::{Cluster, LogFollower, LogLine, WorkDir};

use crate::context::Global;
use crate::out::{self, Paint};
use crate::state_file::{self, Running, StateFile};

/// What a cluster has when no file says otherwise: one trunk to the telephone of `iractl phone`, all numbers to the echo bot.
const SAMPLE: &str = include_str!("sample.toml");

/// Runs a cluster on this machine: nats-server and every service, until Ctrl-C
///
/// Ctrl-C drains the services and ends them; a second one kills them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl up
  iractl up --switches 3 --dialers 2
  iractl up --config trunks.toml --dir /tmp/botstream
  iractl up --print-sample > trunks.toml")]
pub(crate) struct Args {
    /// Media switches
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = count())]
    switches: u32,
    /// Dialers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count())]
    dialers: u32,
    /// Botproxies
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = count())]
    proxies: u32,
    /// Trunks, numbers, routes and bots [default: a built-in sample, see --print-sample]
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints the built-in sample of --config and ends
    #[arg(long)]
    print_sample: bool,
    /// Keeps logs and stores there [default: a temporary directory, removed at a good end]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Sound files for call.play [default: none; those at a URL can be played]
    #[arg(long, value_name = "DIR")]
    play_dir: Option<PathBuf>,
    /// Port of NATS on 127.0.0.1 [default: a free one]
    #[arg(long, value_name = "PORT")]
    nats_port: Option<u16>,
    /// What the services log: a level, or directives such as info,sip=debug
    #[arg(long, value_name = "FILTER", default_value = "info")]
    log_filter: String,
    /// How long calls may go on after Ctrl-C
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    drain_limit_s: u64,
}

fn count() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=64)
}

pub(crate) async fn run(args: Args, global: &Global) -> anyhow::Result<()> {
    if args.print_sample {
        out::line(SAMPLE.trim_end())?;
        return Ok(());
    }
    if let Some(running) = state_file::read() {
        bail!("the cluster {} runs already, as process {}: end it first", running.cluster, running.pid);
    }
    let config = match &args.config {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?,
        None => SAMPLE.to_owned(),
    };
    let mut builder = Cluster::builder()
        .name(global.cluster_to_make())
        .switches(args.switches as usize)
        .dialers(args.dialers as usize)
        .proxies(args.proxies as usize)
        .iratdbots(1)
        .fresh_keys()
        .config(config)
        .nats_port(args.nats_port)
        .drain_limit(Duration::from_secs(args.drain_limit_s));
    for service in ["trunk-manager", "media-switch", "botproxy", "dialer", "iratdbot"] {
        builder = builder.flag(service, "--log-filter", &args.log_filter);
    }
    // Requests come from whoever started it, and what the switches can reach, they can.
    builder = builder.flag("media-switch", "--play-urls", "any");
    if let Some(directory) = &args.play_dir {
        let directory = directory.canonicalize().with_context(|| format!("--play-dir {}", directory.display()))?;
        builder = builder.flag("media-switch", "--play-dir", directory.display());
    }
    if let Some(directory) = args.dir {
        builder = builder.directory(WorkDir::at(directory)?);
    }

    out::note("making keys and starting the cluster");
    let cluster = tokio::select! {
        cluster = builder.start() => cluster?,
        // Dropped with the unfinished start, whatever runs already ends.
        _ = tokio::signal::ctrl_c() => bail!("interrupted while the cluster started"),
    };
    let _state_file = StateFile::write(&Running {
        pid: std::process::id(),
        nats_url: cluster.nats_url().to_owned(),
        cluster: cluster.name().to_owned(),
        keys_dir: cluster.keys().directory(rights::OPERATOR),
    })?;
    introduce(&cluster, args.config.is_none())?;

    let failed = follow(&cluster).await?;
    if let Some(node) = failed {
        bail!("{node} has ended by itself: its last words are above");
    }
    out::note("draining; Ctrl-C again to kill");
    tokio::select! {
        outcome = cluster.stop() => outcome?,
        _ = tokio::signal::ctrl_c() => bail!("killed before the drain was over"),
    }
    out::note("all ended");
    Ok(())
}

/// Says where everything is and what can be done with it.
fn introduce(cluster: &Cluster, is_sample: bool) -> anyhow::Result<()> {
    let paint = Paint::for_stdout();
    out::line(format!("\n{} {}", paint.bold("cluster"), cluster.name()))?;
    out::line(format!("  {:<9} {}", "NATS", cluster.nats_url()))?;
    for service in cluster.services() {
        let sip = service.sip_addr().map_or_else(String::new, |sip| format!("SIP {sip} (UDP and TCP), "));
        out::line(format!(
            "  {:<9} {}, {sip}health and metrics {}",
            service.node(),
            service.name(),
            service.admin_addr(),
        ))?;
    }
    out::line(format!("  {:<9} {}", "logs", cluster.directory().display()))?;
    out::line(format!("  {:<9} {}", "keys", cluster.keys().root().display()))?;

    let proxy = cluster.services_named("botproxy").find_map(cluster_runner::Service::sip_addr);
    out::line(paint.bold("\ntry, in other terminals"))?;
    let mut hints: Vec<(String, &str)> = Vec::new();
    if is_sample {
        hints.push(("iractl bot echo".to_owned(), "the bot that the sample's routes lead to"));
        if let Some(proxy) = proxy {
            hints.push((format!("iractl phone call sip:+14155550100@{proxy}"), "calls it"));
        }
        hints.push(("iractl phone answer".to_owned(), "a telephone at the end of the sample's trunk"));
        hints.push(("iractl call +14155550199".to_owned(), "has the bot call it"));
    }
    hints.push(("iractl calls; iractl nodes".to_owned(), "what goes on"));
    for (command, what) in hints {
        out::line(format!("  {command:<53} # {what}"))?;
    }
    out::line("  iractl sql load 'SELECT node, calls, capacity, state FROM switches'")?;
    out::line(format!("  iractl keys new {} --database NAME", cluster.keys().directory("iratdbot").display()))?;
    out::line("    # keys for a shared database of your own; then: iractl db open NAME --schema 'CREATE TABLE …'")?;
    out::line(format!("  iractl sub 'bs.v1.{}.default.ev.>'\n", cluster.name()))?;
    Ok(())
}

/// Prints all logs until Ctrl-C or SIGTERM, or until a service ends by itself: then its node's name is the answer.
async fn follow(cluster: &Cluster) -> anyhow::Result<Option<String>> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    let mut follower = LogFollower::new();
    let mut names = Vec::new();
    for (name, path) in cluster.logs() {
        // How they started is in the files: what is to be done now stays in view.
        follower.add_from_end(name, path);
        names.push(name.to_owned());
    }
    let show = |lines: Vec<LogLine>| -> anyhow::Result<()> {
        let paint = Paint::for_stdout();
        for LogLine { source, line } in lines {
            let colour = names.iter().position(|name| *name == source).unwrap_or(0);
            out::line(format!("{} {line}", paint.nth(colour, &format!("{source:<11}"))))?;
        }
        Ok(())
    };
    loop {
        tokio::select! {
            lines = follower.next() => show(lines?)?,
            service = cluster.failed() => {
                show(follower.poll()?)?;
                return Ok(Some(service.node().to_owned()));
            }
            _ = tokio::signal::ctrl_c() => return Ok(None),
            _ = terminate.recv() => return Ok(None),
        }
    }
}
