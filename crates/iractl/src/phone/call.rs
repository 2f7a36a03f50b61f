//! `iractl phone call`: places one call.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use anyhow::bail;
use clap::ValueEnum;
use testphone::{Call, CallEvent, CallOptions, Endpoint, EndpointConfig, Transport};

use super::sound::SoundArgs;
use crate::out;

/// How long a call lasts that has nothing to say by which to tell.
const DURATION_DEFAULT: Duration = Duration::from_secs(10);

/// What is listened to after the WAV's end: its echo is late.
const LISTEN_AFTER: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TransportArg {
    Udp,
    Tcp,
}

/// Calls a SIP URI, says a WAV, and measures what comes back
///
/// Ends with 0 when the call was answered and ended in order, else with 1. Ctrl-C hangs up.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl phone call sip:100@127.0.0.1:5060 --wav speech.wav --record heard.wav
  iractl phone call sip:100@127.0.0.1:5060 --dtmf 123# --dtmf-at-ms 2000 --json")]
pub(crate) struct CallArgs {
    /// Whom to call: sip:NUMBER@HOST[:PORT]
    uri: String,
    #[command(flatten)]
    sound: SoundArgs,
    /// Transport of SIP [default: what the URI says, else udp]
    #[arg(long, value_enum)]
    transport: Option<TransportArg>,
    /// Caller's URI or name-addr: sip:alice@example.com, '"Alice" <sip:alice@example.com>'
    #[arg(long, value_name = "URI")]
    from: Option<String>,
    /// Sends the INVITE here instead of to the URI's host
    #[arg(long, value_name = "IP:PORT")]
    next_hop: Option<SocketAddr>,
    /// Own address for SIP and media [default: what the system would send from]
    #[arg(long, value_name = "IP[:PORT]", value_parser = local)]
    local: Option<SocketAddr>,
    /// A header of the INVITE; may be given several times
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = header)]
    headers: Vec<(String, String)>,
    /// Sends no SDP in the INVITE, so that the other side makes the offer
    #[arg(long)]
    delayed_offer: bool,
    /// Gives up when nobody has answered for so long
    #[arg(long, value_name = "MS", default_value_t = 60_000)]
    ring_timeout_ms: u64,
    /// Hangs up so long after the answer [default: the WAV's length and 2 s, or 10 s]
    #[arg(long, value_name = "MS")]
    duration_ms: Option<u64>,
    /// Prints the report as one line of JSON, and nothing else
    #[arg(long)]
    json: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn local(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 0)))
        .map_err(|_| "not an IP address, nor IP:PORT".to_owned())
}

pub(crate) async fn run(args: CallArgs) -> anyhow::Result<()> {
    let (mut script, length) = args.sound.script()?;
    let duration = args.duration_ms.map(Duration::from_millis);
    script.hangup_after =
        Some(duration.or_else(|| length.map(|length| length + LISTEN_AFTER)).unwrap_or(DURATION_DEFAULT));
    let listen = match args.local {
        Some(local) => local,
        None => SocketAddr::new(Endpoint::local_ip(&args.uri, args.next_hop).await?, 0),
    };
    let endpoint = Endpoint::bind(EndpointConfig { listen, ..EndpointConfig::default() }).await?;
    let options = CallOptions {
        from: args.from.clone(),
        transport: args.transport.map(|transport| match transport {
            TransportArg::Udp => Transport::Udp,
            TransportArg::Tcp => Transport::Tcp,
        }),
        next_hop: args.next_hop,
        headers: args.headers.clone(),
        delayed_offer: args.delayed_offer,
        ring_timeout: Some(Duration::from_millis(args.ring_timeout_ms)),
        ..CallOptions::default()
    };
    let call = endpoint.call(&args.uri, options, script).await?;
    let outcome = follow(call, args.json).await?;
    endpoint.close().await;
    let recorded = args.sound.save(&outcome, 1)?;
    let report = outcome.report();
    if args.json {
        out::line(serde_json::to_string(&report)?)?;
    } else {
        out::line(&report)?;
        if let Some(path) = recorded {
            out::line(format_args!("  recording   {}", path.display()))?;
        }
    }
    match outcome.end {
        testphone::End::LocalHangup | testphone::End::RemoteHangup { .. } => Ok(()),
        end => bail!("the call failed: {end}"),
    }
}

/// Tells what happens until the call is over.
async fn follow(mut call: Call, quiet: bool) -> anyhow::Result<testphone::Outcome> {
    loop {
        let event = tokio::select! {
            event = call.event() => event,
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                return Ok(call.hangup().await?);
            }
        };
        match event {
            None | Some(CallEvent::Ended(_)) => return Ok(call.wait().await?),
            Some(event) if !quiet => tell(&event)?,
            Some(_) => {}
        }
    }
}

fn tell(event: &CallEvent) -> std::io::Result<()> {
    match event {
        CallEvent::Ringing { status } => out::line(format_args!("ringing ({status})")),
        CallEvent::EarlyMedia => out::line("early media"),
        CallEvent::Answered => out::line("answered"),
        CallEvent::Digit(heard) => out::line(format_args!("heard digit {} ({} ms)", heard.digit, heard.duration_ms)),
        CallEvent::Held { is_held } => out::line(if *is_held { "on hold" } else { "off hold" }),
        CallEvent::Ended(_) => Ok(()),
    }
}
