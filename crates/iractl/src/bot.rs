//! `iractl bot`: bots to test with, and those of the cluster.

use std::net::SocketAddr;

use clap::{Subcommand, ValueEnum};
use testphone::bot::{BotConfig, BotEvent, BotEventKind, DtmfAnswer, EchoBot};
use voicebot::message::{MarkState, PlaybackState};
use voicebot::{Format, FormatSpec};

use crate::context::Target;
use crate::out;
use crate::table::printable;
use crate::telephony::{self, ShowCommand};

/// Bots to test with, and those that the cluster knows
#[derive(Debug, clap::Args)]
pub(crate) struct BotArgs {
    #[command(subcommand)]
    command: BotCommand,
}

#[derive(Debug, Subcommand)]
enum BotCommand {
    Echo(EchoArgs),
    #[command(flatten)]
    Show(ShowCommand),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DtmfArg {
    /// Clears what is queued and says the key's tone
    Tone,
    /// Presses the same key on the caller's line
    Digits,
    /// Nothing
    None,
}

/// A bot that says back what it hears
///
/// Speaks botstream.v1 on a WebSocket, any number of calls at once; prints a line for each event of a call. Ctrl-C ends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl bot echo
  iractl bot echo --listen 0.0.0.0:9000 --format mulaw/8000 --dtmf-reply")]
struct EchoArgs {
    /// Where it listens; port 0 takes a free one
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// Format to ask for: l16/8000, l16/16000, l16/24000, l16/48000, mulaw/8000 or alaw/8000 [default: what the switch offers]
    #[arg(long, value_name = "ENCODING[/RATE]", value_parser = format)]
    format: Option<Format>,
    /// What it does when the caller presses a key
    #[arg(long, value_enum, default_value_t = DtmfArg::Tone)]
    dtmf: DtmfArg,
    /// Short for --dtmf digits
    #[arg(long, conflicts_with = "dtmf")]
    dtmf_reply: bool,
    /// Refuses calls that do not show this bearer token (`auth` of the bot in the trunk-manager's file)
    #[arg(long, value_name = "TOKEN", env = "BOTSTREAM_BOT_BEARER", hide_env_values = true)]
    bearer: Option<String>,
}

fn format(text: &str) -> Result<Format, String> {
    let (encoding, rate) = match text.split_once('/') {
        Some((encoding, rate)) => (encoding, Some(rate.parse().map_err(|_| format!("{rate:?} is no sample rate"))?)),
        None => (text, None),
    };
    let spec = FormatSpec { encoding: Some(encoding.to_owned()), rate, channels: None, frame_ms: None };
    spec.resolve().map_err(|error| error.to_string())
}

pub(crate) async fn run(args: BotArgs, target: &Target) -> anyhow::Result<()> {
    match args.command {
        BotCommand::Echo(args) => echo(args).await,
        BotCommand::Show(command) => telephony::bot(command, target).await,
    }
}

async fn echo(args: EchoArgs) -> anyhow::Result<()> {
    let dtmf = match args.dtmf {
        _ if args.dtmf_reply => DtmfAnswer::SameDigit,
        DtmfArg::Digits => DtmfAnswer::SameDigit,
        DtmfArg::Tone => DtmfAnswer::ClearAndTone,
        DtmfArg::None => DtmfAnswer::Ignore,
    };
    let config = BotConfig { listen: args.listen, format: args.format, dtmf, bearer: args.bearer };
    let mut bot = EchoBot::bind(config).await?;
    out::line(format_args!("listening: {}", bot.url()))?;
    loop {
        tokio::select! {
            event = bot.event() => {
                let Some(event) = event else { break };
                out::line(describe(&event))?;
            }
            interrupted = tokio::signal::ctrl_c() => {
                interrupted?;
                break;
            }
        }
    }
    bot.close().await;
    Ok(())
}

/// One line that says what happened in which stream.
fn describe(event: &BotEvent) -> String {
    let what = match &event.kind {
        BotEventKind::Started { call, format } => format!(
            "start call={} from={} to={} format={}/{}",
            call.call_id,
            call.from,
            call.to,
            format.encoding().name(),
            format.rate_hz()
        ),
        BotEventKind::Dtmf { digit, duration_ms } => format!("dtmf {digit} ({duration_ms} ms)"),
        BotEventKind::Playback(playback) => {
            let state = match playback.state {
                PlaybackState::Started => "started",
                PlaybackState::Underrun => "underrun",
                PlaybackState::Drained => "drained",
                PlaybackState::Progress => "progress",
            };
            format!("playback {state} at {} ms, {} ms queued", playback.pos_ms, playback.queued_ms)
        }
        BotEventKind::Mark(mark) => {
            let state = match mark.state {
                MarkState::Played => "played",
                MarkState::Cleared => "cleared",
                MarkState::Dropped => "dropped",
            };
            format!("mark {} {state} at {} ms", mark.id, mark.pos_ms)
        }
        BotEventKind::Cleared { played_ms, discarded_ms } => {
            format!("cleared: {played_ms} ms were heard, {discarded_ms} ms dropped")
        }
        BotEventKind::Error { message } => format!("error: {message}"),
        BotEventKind::Ended { reason, bytes_heard, bytes_said } => {
            let reason = reason.as_deref().unwrap_or("connection closed");
            format!("end ({reason}): {bytes_heard} bytes heard, {bytes_said} said")
        }
    };
    let stream_id = if event.stream_id.is_empty() { "-" } else { &event.stream_id };
    printable(&format!("{stream_id} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_they_are_written_in_the_protocol() {
        assert_eq!(format("l16"), Ok(Format::default()));
        assert_eq!(
            format("mulaw/8000").map(|format| (format.encoding().name(), format.rate_hz())),
            Ok(("mulaw", 8000))
        );
        assert!(format("mulaw/16000").is_err());
        assert!(format("l16/fast").is_err());
        assert!(format("opus").is_err());
    }

    #[test]
    fn what_the_far_end_sends_cannot_steer_the_terminal() {
        let event =
            BotEvent { stream_id: "s\x1b[2J".to_owned(), kind: BotEventKind::Error { message: "a\nb".to_owned() } };
        assert!(!describe(&event).contains(char::is_control));
    }
}
