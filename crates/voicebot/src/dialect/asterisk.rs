//! Asterisk's `chan_websocket`.
//!
//! Audio in binary frames, control messages as text frames: JSON, or plain words in the dialect's older form. Commands
//! are understood in both, whichever form the events have. Marks and buffered media are told when they have been
//! played; a flush drops them in silence.

use std::fmt::Write;

use bytes::Bytes;
use serde_json::{Value, json};

use super::json;
use super::session::{Context, QueueStatus, Speak};
use super::tagged::{self, Meaning};
use super::{Carrier, Incoming, OnClear, Properties, Received};
use crate::error::ProtocolError;
use crate::format::Encoding;
use crate::limits;
use crate::message::{After, FlowState, Hangup, MarkReport, MarkState, Mute, MuteDirection, PlaybackState, ToBot};
use crate::switch::{Command, check_count};

/// The kind of mark that stands at the end of buffered media.
const BUFFERED: &str = "STOP_MEDIA_BUFFERING";

/// Asterisk counts its queue in frames of this length.
const FRAME_MS: u64 = 20;

const FORMATS: &[(Encoding, u32)] = &[
    (Encoding::Mulaw, 8_000),
    (Encoding::Alaw, 8_000),
    (Encoding::L16, 8_000),
    (Encoding::L16, 16_000),
    (Encoding::L16, 24_000),
    (Encoding::L16, 48_000),
];

/// Asterisk's names of [`FORMATS`], in the same order.
const FORMAT_NAMES: [&str; 6] = ["ulaw", "alaw", "slin", "slin16", "slin24", "slin48"];

pub(super) const PROPERTIES: Properties = Properties {
    name: "asterisk",
    subprotocol: Some("media"),
    formats: FORMATS,
    frame_ms: &[20],
    carrier: Carrier::Binary,
    chunk_ms_min: 0,
    on_close: Some(After::Drained),
    on_clear: OnClear::Forgotten,
};

pub(super) const PLAIN_PROPERTIES: Properties = Properties { name: "asterisk_plain", ..PROPERTIES };

/// The form of control messages toward the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Control {
    Json,
    Plain,
}

#[derive(Debug)]
pub(super) struct Asterisk {
    context: Context,
    control: Control,
    /// The bot wants to know when the queue is empty next.
    reports_drained: bool,
    /// Nothing is queued, as far as events and audio have told.
    is_drained: bool,
    is_full: bool,
    is_buffering: bool,
}

impl Asterisk {
    pub(super) fn new(context: Context, control: Control) -> Self {
        Self { context, control, reports_drained: false, is_drained: true, is_full: false, is_buffering: false }
    }

    /// An event with members beside the channel's id. In plain text `words` stand for them.
    fn frame(&self, event: &str, members: Value, words: &str) -> String {
        match self.control {
            Control::Plain if words.is_empty() => event.to_owned(),
            Control::Plain => format!("{event} {words}"),
            Control::Json => {
                let mut frame = json!({ "event": event, "channel_id": self.context.call.call_id });
                if let (Value::Object(frame), Value::Object(members)) = (&mut frame, members) {
                    frame.extend(members);
                }
                frame.to_string()
            }
        }
    }

    fn bare(&self, event: &str) -> String {
        self.frame(event, Value::Null, "")
    }

    fn start(&self) -> String {
        let format = self.context.format;
        let kind = (format.encoding(), format.rate_hz());
        let named = FORMATS.iter().position(|known| *known == kind).and_then(|at| FORMAT_NAMES.get(at));
        let name = named.copied().unwrap_or_default();
        let (size, ptime) = (format.bytes_per_frame(), format.frame_ms());
        let Context { stream_id, call, parameters, .. } = &self.context;
        let members = json!({
            "connection_id": stream_id,
            "channel": format!("WebSocket/{stream_id}"),
            "format": name,
            "optimal_frame_size": size,
            "ptime": ptime,
            "channel_variables": parameters,
        });
        let words = format!(
            "connection_id:{id} channel:WebSocket/{id} channel_id:{channel} format:{name} optimal_frame_size:{size} ptime:{ptime}",
            id = word(stream_id),
            channel = word(&call.call_id),
        );
        self.frame("MEDIA_START", members, &words)
    }

    fn write_mark(&self, report: &MarkReport, out: &mut String) -> bool {
        if report.state != MarkState::Played {
            return false;
        }
        let (event, id) = match tagged::meaning(BUFFERED, &report.id) {
            Meaning::Tagged(id) => ("MEDIA_BUFFERING_COMPLETED", id.unwrap_or_default()),
            Meaning::Mark(name) => ("MEDIA_MARK_PROCESSED", name),
        };
        replace(out, &self.frame(event, json!({ "correlation_id": id }), id))
    }

    /// The queue is empty: told once if the bot has asked for it.
    fn write_drained(&mut self, out: &mut String) -> bool {
        self.is_drained = true;
        std::mem::take(&mut self.reports_drained) && replace(out, &self.bare("QUEUE_DRAINED"))
    }

    fn command(&mut self, name: &str, id: Option<&str>, direction: Option<&str>) -> Result<Received, ProtocolError> {
        let checked = |id: String| check_count("correlation_id", id.len(), limits::ID_BYTES_MAX).map(|()| id);
        Ok(match name {
            "ANSWER" => Received::one(Incoming::Answer),
            "HANGUP" => Received::one(Command::Hangup(Hangup::default())),
            "MARK_MEDIA" => {
                let id = checked(tagged::plain(BUFFERED, id.unwrap_or_default()))?;
                Received::one(Command::Mark { id })
            }
            "FLUSH_MEDIA" => {
                self.is_buffering = false;
                // A flush ends a pause too.
                Received::two(Command::Clear, Command::Resume)
            }
            "PAUSE_MEDIA" => Received::one(Command::Pause),
            "CONTINUE_MEDIA" => Received::one(Command::Resume),
            "START_MEDIA_BUFFERING" => {
                // Frames are cut out of whatever comes anyway.
                self.is_buffering = true;
                Received::nothing()
            }
            "STOP_MEDIA_BUFFERING" => {
                let id = checked(tagged::tagged(BUFFERED, id))?;
                self.is_buffering = false;
                Received::two(Command::EndOfUtterance, Command::Mark { id })
            }
            "REPORT_QUEUE_DRAINED" if self.is_drained => {
                Received::one(Incoming::Reply(vec![self.bare("QUEUE_DRAINED")]))
            }
            "REPORT_QUEUE_DRAINED" => {
                self.reports_drained = true;
                Received::nothing()
            }
            "GET_STATUS" => Received::one(Incoming::Status),
            "SET_MEDIA_DIRECTION" => mute(direction.or(id))?,
            other => Received::unknown(other),
        })
    }
}

/// `in`: the bot is not heard; `out`: it hears nothing.
fn mute(direction: Option<&str>) -> Result<Received, ProtocolError> {
    let (hears, is_heard) = match direction.map(str::to_ascii_lowercase).as_deref() {
        Some("both") => (true, true),
        Some("in") => (true, false),
        Some("out") => (false, true),
        _ => return Err(ProtocolError::bad("`direction` is not one of both, in and out")),
    };
    Ok(Received::two(
        Command::Mute(Mute { direction: MuteDirection::Inbound, on: !hears }),
        Command::Mute(Mute { direction: MuteDirection::Outbound, on: !is_heard }),
    ))
}

/// A text that stands in a plain message as one word.
fn word(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("_")
}

fn replace(out: &mut String, frame: &str) -> bool {
    out.clear();
    out.push_str(frame);
    true
}

impl Speak for Asterisk {
    fn start_frames(&mut self) -> Vec<String> {
        vec![self.start()]
    }

    fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool {
        match event {
            ToBot::Dtmf(press) => {
                let digit = press.digit;
                let words = format!("digit:{digit} channel_id:{}", word(&self.context.call.call_id));
                replace(out, &self.frame("DTMF_END", json!({ "digit": digit }), &words))
            }
            ToBot::Mark(report) => self.write_mark(report, out),
            ToBot::Flow(flow) => {
                self.is_full = flow.state == FlowState::Xoff;
                replace(out, &self.bare(if self.is_full { "MEDIA_XOFF" } else { "MEDIA_XON" }))
            }
            ToBot::Cleared(_) => self.write_drained(out),
            ToBot::Playback(playback) => match playback.state {
                PlaybackState::Drained | PlaybackState::Underrun => self.write_drained(out),
                _ => false,
            },
            ToBot::Error(error) => {
                let words = format!("channel_id:{} error_text:{}", word(&self.context.call.call_id), error.message);
                replace(out, &self.frame("ERROR", json!({ "error_text": error.message }), &words))
            }
            _ => false,
        }
    }

    fn write_status(&mut self, status: QueueStatus, out: &mut String) -> bool {
        let frames = |ms: u64| ms / FRAME_MS;
        let queued = status.queued_ms.div_ceil(FRAME_MS);
        let (xon, xoff) = (u64::from(self.context.playout.xon_ms), u64::from(self.context.playout.xoff_ms));
        let (xon, xoff) = (frames(xon), frames(xoff));
        let (is_full, is_buffering, is_paused) = (self.is_full, self.is_buffering, status.is_paused);
        let members = json!({
            "queue_length": queued,
            "xon_level": xon,
            "xoff_level": xoff,
            "queue_full": is_full,
            "bulk_media": is_buffering,
            "media_paused": is_paused,
        });
        let mut words = format!("channel_id:{}", word(&self.context.call.call_id));
        // Writing to a string can't fail.
        let _written = write!(
            words,
            " queue_length:{queued} xon_level:{xon} xoff_level:{xoff} queue_full:{is_full} bulk_media:{is_buffering} media_paused:{is_paused}"
        );
        replace(out, &self.frame("STATUS", members, &words))
    }

    fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError> {
        let text = text.trim();
        if text.starts_with('{') {
            let message = json::parse(text)?;
            let command = message.text("command", "command")?;
            let field = |name: &str| message.get(name).and_then(json::Node::scalar);
            let id = field("correlation_id").filter(|id| !id.is_empty());
            return self.command(&command, id.as_deref(), field("direction").as_deref());
        }
        if text.is_empty() {
            return Err(ProtocolError::bad("a message is a command"));
        }
        let (command, id) = text.split_once(' ').map_or((text, None), |(command, id)| (command, Some(id.trim())));
        self.command(command, id.filter(|id| !id.is_empty()), None)
    }

    fn receive_binary(&mut self, bytes: Bytes) -> Result<Received, ProtocolError> {
        self.is_drained &= bytes.is_empty();
        Ok(Received::audio(self.context.format, bytes))
    }
}
