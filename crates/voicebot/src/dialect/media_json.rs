//! Audio as base64 in JSON: the one engine of the Twilio, Telnyx, Plivo and Exotel dialects. A [`Table`] says how they
//! differ.

use std::fmt::Write;

use bytes::{Bytes, BytesMut};

use super::json::{self, Node};
use super::received::Received;
use super::session::{Context, Frame, Speak};
use super::{Incoming, payload};
use crate::error::ProtocolError;
use crate::format::{Encoding, Format, FormatSpec};
use crate::limits;
use crate::message::{DtmfReceived, DtmfSend, ErrorInfo, LEG_CALLER, MarkReport, MarkState, Stop, ToBot};
use crate::switch::{Command, check_count, check_digits};

/// How one dialect of the family differs from the others.
#[derive(Debug)]
pub(super) struct Table {
    /// The field that holds the stream's id.
    pub(super) stream_id: &'static str,
    /// The field that numbers messages.
    pub(super) sequence: &'static str,
    /// How numbers are written.
    pub(super) numbers: Numbers,
    /// A frame before `start`, not numbered.
    pub(super) connected: Option<&'static str>,
    /// The object `start.start`, in JSON.
    pub(super) start: fn(&Context) -> String,
    /// Whether `start` names the stream at its top level too.
    pub(super) start_names_stream: bool,
    /// `media.track`.
    pub(super) track: Option<&'static str>,
    /// From when `media.timestamp` counts.
    pub(super) clock: Clock,
    /// Members of the object `dtmf` beside `digit`.
    pub(super) dtmf: Dtmf,
    /// How a mark that was reached is told, and how a bot names one.
    pub(super) mark: Mark,
    /// Whether a mark that was thrown away is told like one that was reached.
    pub(super) returns_cleared_marks: bool,
    /// The event that tells of a clear.
    pub(super) cleared: Option<&'static str>,
    /// The object `stop.stop`, in JSON.
    pub(super) stop: Option<fn(&Context, &Stop) -> String>,
    /// The object `error.payload`, in JSON.
    pub(super) error: Option<fn(&ErrorInfo) -> String>,
    /// A field that repeats the custom parameters in `start`, `media` and `dtmf`.
    pub(super) extra: Option<&'static str>,
    /// What a bot's events mean.
    pub(super) words: &'static [(&'static str, Word)],
    /// Whether `media.contentType` and `media.sampleRate` say the format of each message of a bot.
    pub(super) has_typed_media: bool,
}

/// How numbers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Numbers {
    /// In quotes.
    Text,
    /// As JSON has them.
    Plain,
}

/// From when timestamps count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// From the stream's first sample.
    Stream,
    /// From 1970.
    Unix,
}

/// Members of the object `dtmf` beside `digit`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dtmf {
    pub(super) track: Option<&'static str>,
    pub(super) has_duration: bool,
    pub(super) has_timestamp: bool,
}

/// How marks are told.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// The event.
    pub(super) event: &'static str,
    /// Whether the name is in an object `mark`, or at the top level.
    pub(super) is_nested: bool,
}

/// What a bot's event means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    Audio,
    Mark,
    Clear,
    Dtmf,
}

/// One stream.
#[derive(Debug)]
pub(super) struct MediaJson {
    table: &'static Table,
    context: Context,
    /// `,"streamSid":"…"`.
    stream: String,
    /// `,"extra_headers":"…"`, or nothing.
    extra: String,
    sequence: u64,
    chunk: u64,
    /// Samples of caller audio up to now.
    samples: u64,
    memory: BytesMut,
}

impl MediaJson {
    pub(super) fn new(table: &'static Table, context: Context) -> Self {
        let stream = format!(",\"{}\":{}", table.stream_id, quoted(&context.stream_id));
        let extra = match table.extra {
            Some(name) => format!(",\"{name}\":{}", quoted(&pairs(&context))),
            None => String::new(),
        };
        Self { table, context, stream, extra, sequence: 0, chunk: 0, samples: 0, memory: BytesMut::new() }
    }

    fn timestamp_ms(&self) -> u64 {
        let since_start = self.samples * 1_000 / u64::from(self.context.format.rate_hz());
        match self.table.clock {
            Clock::Stream => since_start,
            Clock::Unix => self.context.unix_ms + since_start,
        }
    }

    /// Writes a whole numbered frame: `members` is what is between the number and the stream's id, and begins with a
    /// comma.
    fn write_frame(&mut self, event: &str, members: &str, names_stream: bool, extra: bool, out: &mut String) {
        self.sequence += 1;
        let quote = self.table.numbers.quote();
        let (name, number) = (self.table.sequence, self.sequence);
        let stream = if names_stream { self.stream.as_str() } else { "" };
        let extra = if extra { self.extra.as_str() } else { "" };
        out.clear();
        // Writing to a string can't fail.
        let _written =
            write!(out, "{{\"event\":\"{event}\",\"{name}\":{quote}{number}{quote}{members}{stream}{extra}}}");
    }

    fn write_dtmf(&mut self, press: &DtmfReceived, out: &mut String) {
        let mut members = String::from(",\"dtmf\":{");
        if let Some(track) = self.table.dtmf.track {
            let _written = write!(members, "\"track\":\"{track}\",");
        }
        let _written = write!(members, "\"digit\":{}", quoted(press.digit.encode_utf8(&mut [0; 4])));
        if self.table.dtmf.has_duration {
            let _written = write!(members, ",\"duration\":\"{}\"", press.duration_ms);
        }
        if self.table.dtmf.has_timestamp {
            let _written = write!(members, ",\"timestamp\":\"{}\"", self.timestamp_ms());
        }
        members.push('}');
        self.write_frame("dtmf", &members, true, true, out);
    }

    fn write_mark(&mut self, report: &MarkReport, out: &mut String) -> bool {
        if report.state != MarkState::Played && !self.table.returns_cleared_marks {
            return false;
        }
        let Mark { event, is_nested } = self.table.mark;
        let name = quoted(&report.id);
        let members = if is_nested { format!(",\"mark\":{{\"name\":{name}}}") } else { format!(",\"name\":{name}") };
        self.write_frame(event, &members, true, false, out);
        true
    }

    fn receive_audio(&mut self, message: &Node<'_>) -> Result<Received, ProtocolError> {
        let media = message.get("media").ok_or_else(|| ProtocolError::bad("missing field `media`"))?;
        let format = if self.table.has_typed_media { self.format_of(media)? } else { self.context.format };
        let text = media.text("payload", "media.payload")?;
        Ok(Received::audio(format, payload::decode(&text, "media.payload", &mut self.memory)?))
    }

    /// The format that a message says it has, as far as it says one.
    fn format_of(&self, media: &Node<'_>) -> Result<Format, ProtocolError> {
        let stream = self.context.format;
        let content_type = media.get("contentType").and_then(Node::scalar);
        // `audio/x-l16;rate=16000` is written too.
        let (kind, rate_in_kind) =
            match content_type.as_deref().map(|text| text.split_once(";rate=").unwrap_or((text, ""))) {
                Some((kind, rate)) => (Some(kind.trim().to_ascii_lowercase()), rate.trim().parse().ok()),
                None => (None, None),
            };
        let encoding = match kind.as_deref() {
            None => stream.encoding().name(),
            Some("audio/x-mulaw" | "audio/mulaw" | "audio/pcmu") => Encoding::Mulaw.name(),
            Some("audio/x-l16" | "audio/l16" | "audio/x-raw") => Encoding::L16.name(),
            Some(other) => other,
        };
        let rate = match media.get("sampleRate") {
            None => rate_in_kind,
            Some(rate) => {
                Some(rate.whole().ok_or_else(|| ProtocolError::bad("`media.sampleRate` is not a rate in Hz"))?)
            }
        };
        let rate = rate.or_else(|| (encoding == stream.encoding().name()).then(|| stream.rate_hz())).unwrap_or(8_000);
        let asked = FormatSpec { encoding: Some(encoding.to_owned()), rate: Some(rate), ..FormatSpec::default() };
        Ok(asked.resolve()?)
    }

    fn receive_mark(&self, message: &Node<'_>) -> Result<Received, ProtocolError> {
        let name = if self.table.mark.is_nested {
            let mark = message.get("mark").ok_or_else(|| ProtocolError::bad("missing field `mark`"))?;
            mark.text("name", "mark.name")?
        } else {
            message.text("name", "name")?
        };
        check_count("mark name", name.len(), limits::ID_BYTES_MAX)?;
        Ok(Received::one(Command::Mark { id: name.into_owned() }))
    }
}

impl Speak for MediaJson {
    fn start_frames(&mut self) -> Vec<String> {
        let members = format!(",\"start\":{}", (self.table.start)(&self.context));
        let mut start = String::new();
        self.write_frame("start", &members, self.table.start_names_stream, true, &mut start);
        self.table.connected.map(str::to_owned).into_iter().chain([start]).collect()
    }

    fn wrap_audio(&mut self, audio: Bytes, memory: &mut BytesMut) -> Frame {
        self.sequence += 1;
        self.chunk += 1;
        let quote = self.table.numbers.quote();
        let (sequence, chunk, timestamp_ms) = (self.sequence, self.chunk, self.timestamp_ms());
        // Writing to memory can't fail.
        let _written =
            write!(memory, "{{\"event\":\"media\",\"{}\":{quote}{sequence}{quote},\"media\":{{", self.table.sequence);
        if let Some(track) = self.table.track {
            let _written = write!(memory, "\"track\":\"{track}\",");
        }
        let _written =
            write!(memory, "\"chunk\":{quote}{chunk}{quote},\"timestamp\":\"{timestamp_ms}\",\"payload\":\"");
        payload::encode(&audio, memory);
        memory.extend_from_slice(b"\"}");
        memory.extend_from_slice(self.stream.as_bytes());
        memory.extend_from_slice(self.extra.as_bytes());
        memory.extend_from_slice(b"}");
        self.samples += (audio.len() / self.context.format.bytes_per_sample()) as u64;
        Frame::Text(memory.split().freeze())
    }

    fn lose_audio(&mut self, frames: u32) {
        self.samples += u64::from(frames) * self.context.format.samples_per_frame() as u64;
    }

    fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool {
        match event {
            ToBot::Dtmf(press) => self.write_dtmf(press, out),
            ToBot::Mark(report) => return self.write_mark(report, out),
            ToBot::Cleared(_) => match self.table.cleared {
                Some(name) => self.write_frame(name, "", true, false, out),
                None => return false,
            },
            ToBot::Stop(stop) => match self.table.stop {
                Some(body) => {
                    let members = format!(",\"stop\":{}", body(&self.context, stop));
                    self.write_frame("stop", &members, true, false, out);
                }
                None => return false,
            },
            ToBot::Error(error) => match self.table.error {
                Some(body) => {
                    out.clear();
                    // Not numbered. Writing to a string can't fail.
                    let _written = write!(out, "{{\"event\":\"error\",\"payload\":{}{}}}", body(error), self.stream);
                }
                None => return false,
            },
            _ => return false,
        }
        true
    }

    fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError> {
        let message = json::parse(text)?;
        let event = message.text("event", "event")?;
        match self.table.words.iter().find(|(name, _)| name.eq_ignore_ascii_case(&event)) {
            None => Ok(Received::unknown(&event)),
            Some((_, Word::Audio)) => self.receive_audio(&message),
            Some((_, Word::Mark)) => self.receive_mark(&message),
            Some((_, Word::Clear)) => Ok(Received::one(Command::Clear)),
            Some((_, Word::Dtmf)) => {
                let digits = message.text("dtmf", "dtmf")?;
                check_digits("dtmf", &digits)?;
                let send = DtmfSend { digits: digits.into_owned(), leg: LEG_CALLER.to_owned() };
                Ok(Received::one(Incoming::Command(Command::Dtmf(send))))
            }
        }
    }

    fn receive_binary(&mut self, _bytes: Bytes) -> Result<Received, ProtocolError> {
        Err(ProtocolError::bad("a binary frame: here audio goes as base64 in text frames"))
    }
}

impl Numbers {
    const fn quote(self) -> &'static str {
        match self {
            Self::Text => "\"",
            Self::Plain => "",
        }
    }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    // A string always serializes.
    serde_json::to_string(text).unwrap_or_default()
}

/// Custom parameters as `name=value;name=value`. What would break that form is left out.
fn pairs(context: &Context) -> String {
    let is_fit = |text: &str| !text.contains([';', '=']);
    let fit = context.parameters.iter().filter(|(name, value)| is_fit(name) && is_fit(value));
    fit.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";")
}
