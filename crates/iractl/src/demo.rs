//! `iractl demo`: the main job from end to end, with real speech, on this machine, and whether it went well.

mod act;
mod report;
mod sipp;
mod speech;
mod stage;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, bail};

use crate::out::{self, Paint};
use act::Act;
use report::Report;
use stage::Stage;

/// Runs a cluster, makes real calls through it, kills a switch, and says PASS or what failed
///
/// A carrier (SIPp and a test telephone) calls in and is called, with speech by espeak-ng; an echo bot says back what it hears and
/// presses back what is pressed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl demo
  iractl demo --dir /tmp/demo")]
pub(crate) struct Args {
    /// Where recordings and logs are kept
    #[arg(long, value_name = "DIR", default_value = ".cache/demo")]
    dir: PathBuf,
}

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let paint = Paint::for_stdout();
    let begin = Instant::now();
    std::fs::create_dir_all(&args.dir).with_context(|| format!("cannot create {}", args.dir.display()))?;
    let dir = args.dir.canonicalize().with_context(|| format!("cannot find {}", args.dir.display()))?;

    out::line(paint.bold("Speech, by espeak-ng"))?;
    let clip = speech::make(&dir)?;
    out::line(format!("  {:.1} s, {}", clip.duration_ms() as f64 / 1_000.0, dir.join("speech.wav").display()))?;

    out::line(paint.bold(
        "Cluster: nats-server, trunk-manager, two media switches, botproxy, dialer; and an echo bot and a telephone",
    ))?;
    let mut stage = Stage::set(&dir, clip).await?;
    for line in stage.describe() {
        out::line(format!("  {line}"))?;
    }

    let mut report = Report::default();
    for act in Act::ALL {
        out::line(paint.bold(act.title()))?;
        let outcome = act.play(&mut stage, &mut report).await;
        if let Err(error) = outcome {
            out::line(format!("  {} {error:#}", paint.bad("failed:")))?;
            report.failed(act.title(), &error);
        }
    }
    let ended = stage.close().await;
    if let Err(error) = ended {
        report.failed("ending the cluster", &error);
    }

    out::line(paint.bold("\nReport"))?;
    out::line(report.table())?;
    out::line(format!("\nrecordings and logs: {}", dir.display()))?;
    let took_s = begin.elapsed().as_secs_f64();
    if report.failures().is_empty() {
        out::line(format!("{} in {took_s:.0} s", paint.good("PASS")))?;
        return Ok(());
    }
    for failure in report.failures() {
        out::line(format!("  {failure}"))?;
    }
    out::line(format!("{} after {took_s:.0} s", paint.bad("FAIL")))?;
    bail!("{} of the demo's acts failed", report.failures().len())
}
