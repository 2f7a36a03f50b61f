//! `iractl call`: places a call and follows it to its end.

use std::time::Duration;

use anyhow::{Context as _, bail};
use botstream_api::cause::Class;
use botstream_api::event::Body;
use botstream_api::stream_spec::Dialect;
use botstream_api::{
    AudioFormat, CallHold, CallId, CallUnhold, Cause, DialRequest, Event, HangupRequest, StreamSpec, TrunkDown,
    TrunkUp, audio_format,
};

use crate::context::Target;
use crate::out::{self, Paint};
use crate::table::printable;

/// How long a switch has to take the call.
const DIAL_LIMIT: Duration = Duration::from_secs(10);
/// After Ctrl-C: how long the end of the call is waited for.
const HANGUP_LIMIT: Duration = Duration::from_secs(5);

/// Places a call, connects it to a bot and follows it to its end
///
/// Ends with 0 when the call was answered and ended normally, else with 1. Ctrl-C hangs up.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  iractl call +14155550100
  iractl call +14155550100 --bot ws://127.0.0.1:9000/ --from +14155550199 --format mulaw
  iractl call sip:alice@192.0.2.7 --trunk lab --var name=Alice --json")]
pub(crate) struct Args {
    /// Number or SIP URI to call
    to: String,
    /// WebSocket of the bot [default: the built-in echo bot of `iractl bot echo`]
    #[arg(long, value_name = "URL", default_value = crate::BOT_URL_DEFAULT)]
    bot: String,
    /// Format of the audio between switch and bot: l16, l16/8000, l16/16000, l16/24000, l16/48000, mulaw or alaw
    #[arg(long, value_name = "FORMAT", value_parser = format)]
    format: Option<AudioFormat>,
    /// Protocol that the bot speaks: botstream, twilio, telnyx, plivo, exotel, vonage, jambonz, asterisk or asterisk_plain
    #[arg(long, value_name = "NAME", value_parser = dialect)]
    dialect: Option<Dialect>,
    /// Caller id to present
    #[arg(long, value_name = "NUMBER", default_value = "")]
    from: String,
    /// Trunk to use [default: the only one, or the default one]
    #[arg(long, value_name = "NAME", default_value = "")]
    trunk: String,
    /// A variable that the bot is given; may be given several times
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// A header of the INVITE, its name beginning with X-; may be given several times
    #[arg(long = "header", value_name = "NAME=VALUE", value_parser = pair)]
    headers: Vec<(String, String)>,
    /// How long the callee may ring
    #[arg(long, value_name = "MS", default_value_t = 0, hide_default_value = true)]
    ring_timeout_ms: u32,
    /// Longest duration after the answer
    #[arg(long, value_name = "MS", default_value_t = 0, hide_default_value = true)]
    max_duration_ms: u32,
    /// Prints each event as one line of JSON
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

fn dialect(text: &str) -> Result<Dialect, String> {
    let known = Dialect::from_str_name(text).filter(|dialect| *dialect != Dialect::Unspecified);
    known.ok_or_else(|| format!("there is no dialect {text:?}"))
}

fn format(text: &str) -> Result<AudioFormat, String> {
    let (name, rate) = match text.split_once('/') {
        Some((name, rate)) => (name, rate.parse().map_err(|_| format!("{rate:?} is no rate"))?),
        None => (text, 0),
    };
    let encoding = audio_format::Encoding::from_str_name(name)
        .filter(|encoding| *encoding != audio_format::Encoding::Unspecified)
        .ok_or("choose l16, mulaw or alaw")?;
    Ok(AudioFormat { encoding: encoding.into(), rate, ..AudioFormat::default() })
}

pub(crate) async fn run(args: Args, target: &Target) -> anyhow::Result<()> {
    let client = target.client().await?;
    // Before the call is placed, so that none of its events is missed.
    let mut events = client.all_events().await?;
    let request = DialRequest {
        to: args.to,
        from: args.from,
        trunk: args.trunk,
        bot: Some(StreamSpec {
            url: args.bot,
            format: args.format,
            dialect: args.dialect.unwrap_or_default().into(),
            ..StreamSpec::default()
        }),
        ring_timeout_ms: args.ring_timeout_ms,
        max_duration_ms: args.max_duration_ms,
        headers: args.headers.into_iter().collect(),
        vars: args.vars.into_iter().collect(),
        ..DialRequest::default()
    };
    let reply = client.clone().with_timeout(DIAL_LIMIT).dial(request).await.context("the call was not placed")?;
    let call_id: CallId = reply.call_id.parse().context("the dialer named no call")?;
    let paint = Paint::for_stdout();
    if !args.json {
        out::line(format!("{} on {}", paint.bold(&reply.call_id), reply.node))?;
    }

    let mut started_ms = None;
    let mut hangup_limit = None;
    let ended = loop {
        let event = tokio::select! {
            event = events.next_event() => event.context("the connection to NATS was closed")??,
            _ = tokio::signal::ctrl_c() => {
                if hangup_limit.is_some() {
                    bail!("left before the call had ended");
                }
                let request = HangupRequest { call_id: call_id.to_string(), ..HangupRequest::default() };
                client.hangup(request).await.context("the call could not be hung up")?;
                hangup_limit = Some(tokio::time::Instant::now() + HANGUP_LIMIT);
                continue;
            }
            () = async { match hangup_limit {
                Some(limit) => tokio::time::sleep_until(limit).await,
                None => std::future::pending().await,
            } } => bail!("no word of the call's end came within {HANGUP_LIMIT:?} of hanging up"),
        };
        if event.call_id != reply.call_id {
            continue;
        }
        if args.json {
            out::line(serde_json::to_string(&event)?)?;
        } else {
            let at_ms = unix_ms(&event);
            let since_ms = at_ms.saturating_sub(*started_ms.get_or_insert(at_ms));
            out::line(format!(
                "{} {}",
                paint.dim(&format!("{:>8.3}s", seconds(since_ms))),
                printable(&describe(&event))
            ))?;
        }
        if let Some(Body::CallEnded(ended)) = event.body {
            break ended;
        }
    };
    let cause = ended.cause.unwrap_or_default();
    if ended.talk_ms == 0 || cause.class() != Class::Normal {
        bail!(
            "the call {}: {}",
            if ended.talk_ms == 0 { "was not answered" } else { "ended badly" },
            cause_text(&cause)
        );
    }
    Ok(())
}

fn unix_ms(event: &Event) -> i64 {
    let ts = event.ts.unwrap_or_default();
    ts.seconds.saturating_mul(1_000).saturating_add(i64::from(ts.nanos) / 1_000_000)
}

fn seconds(ms: i64) -> f64 {
    std::time::Duration::from_millis(ms.max(0).unsigned_abs()).as_secs_f64()
}

/// `BUSY by CALLEE, SIP 486 Busy Here, Q.850 17`.
pub(crate) fn cause_text(cause: &Cause) -> String {
    let mut text = format!("{} by {}", cause.class().as_str_name(), cause.party().as_str_name());
    if cause.sip_status != 0 {
        text.push_str(&format!(", SIP {} {}", cause.sip_status, cause.sip_reason));
    }
    if cause.q850 != 0 {
        text.push_str(&format!(", Q.850 {}", cause.q850));
    }
    text
}

/// An event in a line.
pub(crate) fn describe(event: &Event) -> String {
    let Some(body) = &event.body else {
        return "an event of a kind that this version does not know".to_owned();
    };
    let (class, kind) = body.class_and_type();
    let detail = match body {
        Body::CallCreated(created) => format!("{} -> {} by trunk {}", created.from, created.to, created.trunk),
        Body::CallRouting(routing) => routing.bot_url.clone(),
        Body::CallRinging(ringing) => format!("SIP {}", ringing.sip_status),
        Body::CallEarlyMedia(media) => format!("SIP {}", media.sip_status),
        Body::CallAnswered(answered) => format!("after {} ms", answered.setup_ms),
        Body::CallEnded(ended) => {
            let media = ended.media.unwrap_or_default();
            format!(
                "{}; {:.1} s talk, RTP {} received {} sent {} lost, bot frames {} sent {} received",
                ended.cause.as_ref().map(cause_text).unwrap_or_default(),
                seconds(i64::from(ended.talk_ms)),
                media.rtp_received,
                media.rtp_sent,
                media.rtp_lost,
                media.bot_frames_sent,
                media.bot_frames_received,
            )
        }
        Body::CallHold(CallHold { by_far_end }) | Body::CallUnhold(CallUnhold { by_far_end }) => {
            if *by_far_end { "by the far end" } else { "by call.hold" }.to_owned()
        }
        Body::CallBridged(bridged) => format!("with {}", bridged.other_call_id),
        Body::CallUnbridged(unbridged) => {
            let reason = unbridged.reason().as_str_name();
            format!("from {}, {}", unbridged.other_call_id, reason.to_ascii_lowercase())
        }
        Body::DtmfDigit(dtmf) => format!("{} for {} ms", dtmf.digit, dtmf.duration_ms),
        Body::DtmfCollected(keys) => {
            format!("{:?}, {}", keys.digits, keys.reason().as_str_name().to_ascii_lowercase())
        }
        Body::PlaybackStarted(play) => format!("{} for {} ms, {}", play.source, play.duration_ms, play.play_id),
        Body::PlaybackFinished(play) => {
            format!(
                "{} after {} ms, {}",
                play.reason().as_str_name().to_ascii_lowercase(),
                play.played_ms,
                play.play_id
            )
        }
        Body::StreamConnecting(stream) => stream.url.clone(),
        Body::StreamStarted(stream) => format!("{} in {} ms", stream.url, stream.connect_ms),
        Body::StreamCleared(stream) => format!("played {} ms, discarded {} ms", stream.played_ms, stream.discarded_ms),
        Body::StreamMark(mark) => format!("{} {}", mark.id, mark.state().as_str_name()),
        Body::StreamFlow(flow) => format!("{} with {} ms queued", flow.state().as_str_name(), flow.queued_ms),
        Body::StreamStopped(stream) => stream.reason.clone(),
        Body::StreamFailed(stream) => format!("{}: {}", stream.url, stream.reason),
        Body::StreamReconnecting(stream) => format!("{}, attempt {}: {}", stream.url, stream.attempt, stream.reason),
        Body::StreamFallback(stream) => format!("{}: {}", stream.url, stream.reason),
        Body::TrunkUp(TrunkUp { status }) | Body::TrunkDown(TrunkDown { status }) => {
            status.as_ref().map(|status| status.reason.clone()).unwrap_or_default()
        }
        Body::QosSample(sample) => format!(
            "MOS {:.2}, {:.1} % lost, jitter {:.1} ms, round trip {:.0} ms, {}{}",
            sample.mos,
            sample.loss_pct,
            sample.jitter_ms,
            sample.rtt_ms,
            sample.codec().as_str_name(),
            if sample.srtp { ", SRTP" } else { "" },
        ),
    };
    format!("{class}.{kind} {detail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dialects_are_read() {
        assert_eq!(dialect("twilio"), Ok(Dialect::Twilio));
        for bad in ["Twilio", "", "DIALECT_UNSPECIFIED"] {
            assert!(dialect(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn formats_are_read() {
        let l16 = format("l16/8000").unwrap();
        assert_eq!((l16.encoding(), l16.rate), (audio_format::Encoding::L16, 8_000));
        assert_eq!(format("mulaw").unwrap().encoding(), audio_format::Encoding::Mulaw);
        for bad in ["opus", "l16/x", "", "ENCODING_UNSPECIFIED"] {
            assert!(format(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_cause_is_a_sentence() {
        let mut cause = Cause { sip_status: 486, sip_reason: "Busy Here".into(), q850: 17, ..Cause::default() };
        cause.set_class(Class::Busy);
        cause.set_party(botstream_api::cause::Party::Callee);
        assert_eq!(cause_text(&cause), "BUSY by CALLEE, SIP 486 Busy Here, Q.850 17");
    }
}
