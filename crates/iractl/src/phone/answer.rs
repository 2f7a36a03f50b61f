//! `iractl phone answer`: takes calls.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use testphone::{Call, CallEvent, Endpoint, EndpointConfig, Incoming, Play, Script, Transport};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::sound::SoundArgs;
use crate::out;

/// Takes calls, says a WAV or an echo, and measures what it hears
///
/// Takes any number of calls at once, until Ctrl-C or until `--calls` of them are over.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl phone answer --listen 127.0.0.1:5070 --wav greeting.wav --record heard.wav
  iractl phone answer --echo-ms 100
  iractl phone answer --reject 486")]
pub(crate) struct AnswerArgs {
    /// Address of SIP over UDP and TCP; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:5070")]
    listen: SocketAddr,
    #[command(flatten)]
    sound: SoundArgs,
    /// Says back what it hears, so much later (at least 40)
    #[arg(long, value_name = "MS", conflicts_with_all = ["wav", "tone"])]
    echo_ms: Option<u32>,
    /// Makes the echo louder or softer
    #[arg(long, value_name = "DB", default_value_t = 0.0, requires = "echo_ms", allow_negative_numbers = true)]
    echo_gain_db: f64,
    /// Rings so long before it answers
    #[arg(long, value_name = "MS", default_value_t = 0)]
    ring_ms: u64,
    /// Hangs up so long after it has answered [default: when the caller does]
    #[arg(long, value_name = "MS")]
    hangup_after_ms: Option<u64>,
    /// Refuses every call with this SIP status
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(400..=699))]
    reject: Option<u16>,
    /// Ends after so many calls
    #[arg(long, value_name = "N")]
    calls: Option<usize>,
    /// Prints each call's report as one line of JSON, and nothing else
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: AnswerArgs) -> anyhow::Result<()> {
    let (mut script, _) = args.sound.script()?;
    script.hangup_after = args.hangup_after_ms.map(Duration::from_millis);
    if let Some(delay_ms) = args.echo_ms {
        script.play = Play::Echo { delay_ms, gain_db: args.echo_gain_db };
    }
    let endpoint = Endpoint::bind(EndpointConfig { listen: args.listen, ..EndpointConfig::default() }).await?;
    if !args.json {
        out::line(format_args!("listening: {}", endpoint.uri(Transport::Udp)))?;
    }
    let args = Arc::new(args);
    let (stop, stopped) = watch::channel(false);
    let mut calls = JoinSet::new();
    let mut taken = 0;
    let interrupted = tokio::signal::ctrl_c();
    tokio::pin!(interrupted);
    while args.calls.is_none_or(|wanted| taken < wanted) {
        tokio::select! {
            incoming = endpoint.incoming() => {
                let Some(incoming) = incoming else { break };
                taken += 1;
                calls.spawn(take(incoming, Arc::clone(&args), script.clone(), taken, stopped.clone()));
            }
            // Each call's result is seen as it comes: a recording that cannot be written ends the phone.
            Some(done) = calls.join_next() => done??,
            result = &mut interrupted => {
                result?;
                stop.send_replace(true);
                break;
            }
        }
    }
    // The calls still going on, until they end by themselves or are interrupted.
    while !calls.is_empty() {
        tokio::select! {
            Some(done) = calls.join_next() => done??,
            result = &mut interrupted, if !*stop.borrow() => {
                result?;
                stop.send_replace(true);
            }
        }
    }
    endpoint.close().await;
    Ok(())
}

async fn take(
    incoming: Incoming,
    args: Arc<AnswerArgs>,
    script: Script,
    number: usize,
    stopped: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let from =
        incoming.request().and_then(|request| request.header("From").map(|from| from.into_owned())).unwrap_or_default();
    if !args.json {
        out::line(format_args!("call {number} from {}", crate::table::printable(&from)))?;
    }
    if let Some(status) = args.reject {
        incoming.reject(status).await;
        return Ok(());
    }
    let call = incoming.answer(Duration::from_millis(args.ring_ms), script).await?;
    let outcome = follow(call, number, args.json, stopped).await?;
    let recorded = args.sound.save(&outcome, number)?;
    // Measuring takes a moment of computing, which must not delay the packets of other calls.
    let (outcome, report) = tokio::task::spawn_blocking(move || {
        let report = outcome.report();
        (outcome, report)
    })
    .await?;
    if args.json {
        out::line(serde_json::to_string(&report)?)?;
        return Ok(());
    }
    out::line(format_args!("call {number} is over: {}\n{report}", outcome.end))?;
    if let Some(path) = recorded {
        out::line(format_args!("  recording   {}", path.display()))?;
    }
    Ok(())
}

async fn follow(
    mut call: Call,
    number: usize,
    quiet: bool,
    mut stopped: watch::Receiver<bool>,
) -> anyhow::Result<testphone::Outcome> {
    loop {
        let event = tokio::select! {
            event = call.event() => event,
            _ = stopped.changed() => return Ok(call.hangup().await?),
        };
        match event {
            None | Some(CallEvent::Ended(_)) => return Ok(call.wait().await?),
            Some(CallEvent::Digit(heard)) if !quiet => {
                out::line(format_args!("call {number} heard digit {} ({} ms)", heard.digit, heard.duration_ms))?;
            }
            Some(_) => {}
        }
    }
}
