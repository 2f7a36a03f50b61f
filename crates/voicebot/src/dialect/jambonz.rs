//! jambonz `listen` (also called `stream`), subprotocol `audio.drachtio.org`.
//!
//! The first frame is the call's metadata. L16 in binary frames of 20 ms. A bot sends binary frames, or whole clips as
//! base64 (`playAudio`), each answered with `playDone` when it is over, played or not. Marks are told as `playout` or
//! `cleared`; `killAudio` clears audio and marks, `clearMarks` the marks alone.

use std::collections::VecDeque;
use std::fmt::Write;

use bytes::{Bytes, BytesMut};
use serde_json::{Map, Value};

use super::json::{self, Node};
use super::media_json::quoted;
use super::session::{Context, Speak};
use super::tagged::{self, Meaning};
use super::{Carrier, Incoming, OnClear, Properties, Received, number, payload, wav};
use crate::error::ProtocolError;
use crate::format::{Encoding, Format};
use crate::limits;
use crate::message::{After, Direction, DtmfReceived, Hangup, MarkReport, MarkState, ToBot};
use crate::switch::{Command, check_count};

/// The kind of mark that stands behind a clip.
const CLIP: &str = "playAudio";

/// Key presses are measured in samples at 8 kHz.
const DTMF_UNITS_PER_MS: u64 = 8;

pub(super) const PROPERTIES: Properties = Properties {
    name: "jambonz",
    subprotocol: Some("audio.drachtio.org"),
    formats: &[(Encoding::L16, 8_000), (Encoding::L16, 16_000), (Encoding::L16, 24_000), (Encoding::L16, 48_000)],
    frame_ms: &[20],
    carrier: Carrier::Binary,
    chunk_ms_min: 0,
    on_close: Some(After::Drained),
    on_clear: OnClear::Told,
};

/// A mark that has not been reported.
#[derive(Debug)]
struct Pending {
    name: String,
    /// `clearMarks` has told the bot already.
    is_told: bool,
}

#[derive(Debug)]
pub(super) struct Jambonz {
    context: Context,
    pending: VecDeque<Pending>,
    memory: BytesMut,
}

impl Jambonz {
    pub(super) fn new(context: Context) -> Self {
        Self { context, pending: VecDeque::new(), memory: BytesMut::new() }
    }

    fn mark(&mut self, data: &Node<'_>) -> Result<Received, ProtocolError> {
        let name = data.text("name", "data.name")?;
        let id = tagged::plain(CLIP, &name);
        check_count("data.name", id.len(), limits::ID_BYTES_MAX)?;
        if self.pending.len() >= limits::MARKS_PENDING_MAX {
            return Ok(Received::one(Incoming::Reply(vec![mark_frame(&name, false)])));
        }
        self.pending.push_back(Pending { name: name.into_owned(), is_told: false });
        Ok(Received::one(Command::Mark { id }))
    }

    /// The marks keep their places in the playout, but nothing more is told of them.
    fn clear_marks(&mut self) -> Received {
        let untold = self.pending.iter_mut().filter(|pending| !pending.is_told);
        let frames: Vec<String> = untold
            .map(|pending| {
                pending.is_told = true;
                mark_frame(&pending.name, false)
            })
            .collect();
        if frames.is_empty() { Received::nothing() } else { Received::one(Incoming::Reply(frames)) }
    }

    fn play(&mut self, data: &Node<'_>) -> Result<Received, ProtocolError> {
        let id = match data.get("id") {
            None => None,
            Some(id) => Some(id.scalar().ok_or_else(|| ProtocolError::bad("`data.id` is not text"))?),
        };
        let id = tagged::tagged(CLIP, id.as_deref());
        check_count("data.id", id.len(), limits::ID_BYTES_MAX)?;
        let kind = data.get("audioContentType").and_then(Node::scalar).map(|kind| kind.to_ascii_lowercase());
        let content = data.text("audioContent", "data.audioContent")?;
        let content = payload::decode(&content, "data.audioContent", &mut self.memory)?;
        let (format, bytes) = match kind.as_deref().unwrap_or("raw") {
            "raw" => (self.raw_format(data)?, content),
            "wav" | "wave" => wav::read(&content)?,
            other => {
                let kind = crate::error::quote(other);
                return Err(ProtocolError::bad(format_args!(
                    "`data.audioContentType` is {kind:?}, allowed are raw, wav and wave"
                )));
            }
        };
        let is_queued = data.get("queuePlay").is_some_and(Node::is_true);
        let audio = (!bytes.is_empty()).then_some(Incoming::Audio { format, bytes });
        Ok(Received::all([
            (!is_queued).then_some(Command::Clear.into()),
            audio,
            Some(Command::EndOfUtterance.into()),
            Some(Command::Mark { id }.into()),
        ]))
    }

    fn raw_format(&self, data: &Node<'_>) -> Result<Format, ProtocolError> {
        let rate = match data.get("sampleRate") {
            None => self.context.format.rate_hz(),
            Some(rate) => rate.whole().ok_or_else(|| ProtocolError::bad("`data.sampleRate` is not a rate in Hz"))?,
        };
        Ok(Format::new(Encoding::L16, rate, 20)?)
    }

    fn write_mark(&mut self, report: &MarkReport, out: &mut String) -> bool {
        let name = match tagged::meaning(CLIP, &report.id) {
            Meaning::Tagged(id) => {
                out.clear();
                out.push_str(&clip_frame(id));
                return true;
            }
            Meaning::Mark(name) => name,
        };
        let found = self.pending.iter().position(|pending| pending.name == name);
        let Some(pending) = found.and_then(|at| self.pending.remove(at)) else { return false };
        if pending.is_told {
            return false;
        }
        out.clear();
        out.push_str(&mark_frame(name, report.state == MarkState::Played));
        true
    }
}

fn mark_frame(name: &str, is_played: bool) -> String {
    let event = if is_played { "playout" } else { "cleared" };
    format!("{{\"type\":\"mark\",\"data\":{{\"name\":{},\"event\":\"{event}\"}}}}", quoted(name))
}

fn clip_frame(id: Option<&str>) -> String {
    let id = id.map(|id| format!("\"id\":{}", quoted(id))).unwrap_or_default();
    format!("{{\"type\":\"playDone\",\"data\":{{{id}}}}}")
}

impl Speak for Jambonz {
    fn start_frames(&mut self) -> Vec<String> {
        let Context { call, .. } = &self.context;
        let (sip_status, call_status) = if self.context.is_answered { (200, "in-progress") } else { (180, "ringing") };
        let mut frame = Map::new();
        let mut tell = |name: &str, value: Value| frame.insert(name.to_owned(), value);
        tell("callSid", call.call_id.as_str().into());
        tell("direction", if call.direction == Direction::Inbound { "inbound" } else { "outbound" }.into());
        tell("from", number(&call.from).into());
        tell("to", number(&call.to).into());
        tell("callId", call.sip_call_id.as_str().into());
        tell("sipStatus", sip_status.into());
        tell("callStatus", call_status.into());
        tell("accountSid", self.context.account_id.as_str().into());
        tell("applicationSid", self.context.stream_id.as_str().into());
        tell("originatingSipTrunkName", call.trunk.as_str().into());
        tell("sampleRate", self.context.format.rate_hz().into());
        tell("mixType", "mono".into());
        for (name, value) in &self.context.parameters {
            frame.entry(name.clone()).or_insert_with(|| value.as_str().into());
        }
        vec![Value::Object(frame).to_string()]
    }

    fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool {
        match event {
            ToBot::Dtmf(DtmfReceived { digit, duration_ms, .. }) => {
                let digit = quoted(digit.encode_utf8(&mut [0; 4]));
                let duration = u64::from(*duration_ms) * DTMF_UNITS_PER_MS;
                out.clear();
                // Writing to a string can't fail.
                let _written = write!(out, "{{\"event\":\"dtmf\",\"dtmf\":{digit},\"duration\":{duration}}}");
                true
            }
            ToBot::Mark(report) => self.write_mark(report, out),
            _ => false,
        }
    }

    fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError> {
        let message = json::parse(text)?;
        let kind = message.text("type", "type")?;
        let data = || message.get("data").ok_or_else(|| ProtocolError::bad("missing field `data`"));
        match kind.to_ascii_lowercase().as_str() {
            "playaudio" => self.play(data()?),
            "killaudio" => Ok(Received::one(Command::Clear)),
            "mark" => self.mark(data()?),
            "clearmarks" => Ok(self.clear_marks()),
            "disconnect" => Ok(Received::one(Command::Hangup(Hangup::default()))),
            _ => Ok(Received::unknown(&kind)),
        }
    }

    fn receive_binary(&mut self, bytes: Bytes) -> Result<Received, ProtocolError> {
        Ok(Received::audio(self.context.format, bytes))
    }
}
