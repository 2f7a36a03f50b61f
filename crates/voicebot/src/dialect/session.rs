//! The switch's side of one stream, in whichever dialect.

use std::collections::BTreeMap;
use std::fmt;

use bytes::{Bytes, BytesMut};

use super::asterisk::{Asterisk, Control};
use super::jambonz::Jambonz;
use super::media_json::MediaJson;
use super::vonage::Vonage;
use super::{Carrier, Dialect, Received, exotel, plivo, telnyx, twilio};
use crate::error::{ProtocolError, Refusals};
use crate::format::Format;
use crate::limits;
use crate::message::{PlayoutInfo, ToBot};
use crate::switch::{StartInfo, SwitchSession, check_length};

/// What dialects tell at the start beyond [`StartInfo`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// The account's id (`accountSid`, `accountId`, …); the tenant when empty.
    pub account_id: String,
    /// Custom parameters, the stream's metadata. The call's variables are told beside them, and don't replace those of
    /// the same name.
    pub parameters: BTreeMap<String, String>,
    /// Now, in ms since 1970: Plivo's timestamps count from there.
    pub unix_ms: u64,
    /// Whether the telephone is off the hook.
    pub is_answered: bool,
}

/// One frame to the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A text frame; always UTF-8.
    Text(Bytes),
    /// A binary frame.
    Binary(Bytes),
}

/// How the playout stands, for a bot that asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueueStatus {
    /// Audio queued.
    pub queued_ms: u64,
    /// Whether playing is paused.
    pub is_paused: bool,
}

/// All that a dialect needs to know of its stream.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) stream_id: String,
    pub(super) call: crate::message::CallInfo,
    pub(super) account_id: String,
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) unix_ms: u64,
    pub(super) is_answered: bool,
    pub(super) format: Format,
    pub(super) playout: PlayoutInfo,
}

/// What each dialect does.
pub(super) trait Speak: fmt::Debug + Send {
    fn start_frames(&mut self) -> Vec<String>;

    fn wrap_audio(&mut self, audio: Bytes, _memory: &mut BytesMut) -> Frame {
        Frame::Binary(audio)
    }

    fn lose_audio(&mut self, _frames: u32) {}

    fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool;

    fn write_status(&mut self, _status: QueueStatus, _out: &mut String) -> bool {
        false
    }

    fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError>;

    fn receive_binary(&mut self, bytes: Bytes) -> Result<Received, ProtocolError>;
}

#[derive(Debug)]
enum Kind {
    Botstream(Box<SwitchSession>),
    Other { speak: Box<dyn Speak>, format: Format, playout: PlayoutInfo },
}

/// The switch's side of one stream: the same interface for every dialect. Only what the switch does to the bot's audio
/// and call is its business; who owns the socket reads, writes and closes it.
#[derive(Debug)]
pub struct DialectSession {
    dialect: Dialect,
    kind: Kind,
    refusals: Refusals,
}

impl DialectSession {
    /// A stream in `format`, which [`Dialect::format`] has found to be one of the dialect's.
    #[must_use]
    pub fn new(dialect: Dialect, info: StartInfo, format: Format, opening: Opening) -> Self {
        let playout = info.playout;
        let other = |speak: Box<dyn Speak>| Kind::Other { speak, format, playout };
        let context = |info| Context::new(info, format, opening);
        let kind = match dialect {
            Dialect::Botstream => Kind::Botstream(Box::new(SwitchSession::new(info, format))),
            Dialect::Twilio => other(Box::new(MediaJson::new(&twilio::TABLE, context(info)))),
            Dialect::Telnyx => other(Box::new(MediaJson::new(&telnyx::TABLE, context(info)))),
            Dialect::Plivo => other(Box::new(MediaJson::new(&plivo::TABLE, context(info)))),
            Dialect::Exotel => other(Box::new(MediaJson::new(&exotel::TABLE, context(info)))),
            Dialect::Vonage => other(Box::new(Vonage::new(context(info)))),
            Dialect::Jambonz => other(Box::new(Jambonz::new(context(info)))),
            Dialect::Asterisk => other(Box::new(Asterisk::new(context(info), Control::Json))),
            Dialect::AsteriskPlain => other(Box::new(Asterisk::new(context(info), Control::Plain))),
        };
        Self { dialect, kind, refusals: Refusals::default() }
    }

    /// The dialect.
    #[must_use]
    pub const fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The format in force, both ways.
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.kind {
            Kind::Botstream(session) => session.format(),
            Kind::Other { format, .. } => *format,
        }
    }

    /// The playout in force.
    #[must_use]
    pub fn playout(&self) -> PlayoutInfo {
        match &self.kind {
            Kind::Botstream(session) => session.playout(),
            Kind::Other { playout, .. } => *playout,
        }
    }

    /// Text frames that come before anything else, in order. To be asked for once.
    #[must_use]
    pub fn start_frames(&mut self) -> Vec<String> {
        match &mut self.kind {
            Kind::Botstream(session) => vec![session.start_frame()],
            Kind::Other { speak, .. } => speak.start_frames(),
        }
    }

    /// Settles the format: to be called before the first audio frame toward the bot, which has this format.
    pub fn start_audio(&mut self) -> Format {
        match &mut self.kind {
            Kind::Botstream(session) => session.start_audio(),
            Kind::Other { format, .. } => *format,
        }
    }

    /// One frame of caller audio ([`Format::bytes_per_frame`] long) as it goes over the wire, to be called when it is
    /// sent, for frames are numbered. `memory` is written to only where audio goes as text, and used again once frames
    /// handed out before are dropped: nothing is allocated per frame.
    pub fn wrap_audio(&mut self, audio: Bytes, memory: &mut BytesMut) -> Frame {
        match &mut self.kind {
            Kind::Botstream(_) => Frame::Binary(audio),
            Kind::Other { speak, .. } => speak.wrap_audio(audio, memory),
        }
    }

    /// So many frames of caller audio were never sent: timestamps go on as if they had been.
    pub fn lose_audio(&mut self, frames: u32) {
        if let Kind::Other { speak, .. } = &mut self.kind {
            speak.lose_audio(frames);
        }
    }

    /// Writes an event as one text frame over what `out` held, whose memory is reused. `false`: the dialect has no word
    /// for it, or the bot does not want it; `out` is left alone. Every event is to be told, for what one dialect says
    /// another remembers.
    pub fn write_event(&mut self, event: &ToBot, out: &mut String) -> bool {
        match &mut self.kind {
            Kind::Botstream(session) => session.write_event(event, out),
            Kind::Other { speak, .. } => speak.write_event(event, out),
        }
    }

    /// Writes the answer to [`Incoming::Status`](super::Incoming::Status), as [`write_event`](Self::write_event) does.
    pub fn write_status(&mut self, status: QueueStatus, out: &mut String) -> bool {
        match &mut self.kind {
            Kind::Botstream(_) => false,
            Kind::Other { speak, .. } => speak.write_status(status, out),
        }
    }

    /// One text frame from the bot.
    ///
    /// # Errors
    /// The message is refused and nothing has changed. Tell the bot ([`ProtocolError::to_message`]) and close if it is
    /// fatal.
    pub fn receive_text(&mut self, text: &str) -> Result<Received, ProtocolError> {
        let bytes_max = text_bytes_max(self.dialect);
        match &mut self.kind {
            Kind::Botstream(session) => session.receive_text(text).map(Received::one),
            Kind::Other { speak, .. } => {
                let outcome = check_length(text.len(), bytes_max).and_then(|()| speak.receive_text(text));
                self.refusals.count(outcome)
            }
        }
    }

    /// One binary frame from the bot.
    ///
    /// # Errors
    /// The frame is refused whole.
    pub fn receive_binary(&mut self, bytes: Bytes) -> Result<Received, ProtocolError> {
        match &mut self.kind {
            Kind::Botstream(session) => {
                session.admit_binary(bytes.len())?;
                Ok(Received::audio(session.format().mono(), bytes))
            }
            Kind::Other { speak, .. } => {
                let outcome = check_length(bytes.len(), limits::BINARY_BYTES_MAX);
                self.refusals.count(outcome.and_then(|()| speak.receive_binary(bytes)))
            }
        }
    }
}

/// Longest text frame of a bot, in bytes: where audio goes as text, as long as a binary frame elsewhere.
fn text_bytes_max(dialect: Dialect) -> usize {
    let has_audio = dialect.properties().carrier == Carrier::Text || dialect == Dialect::Jambonz;
    if has_audio { limits::BINARY_BYTES_MAX } else { limits::TEXT_BYTES_MAX }
}

impl Context {
    fn new(info: StartInfo, format: Format, opening: Opening) -> Self {
        let StartInfo { stream_id, call, playout, .. } = info;
        let Opening { account_id, mut parameters, unix_ms, is_answered } = opening;
        for (name, value) in &call.vars {
            parameters.entry(name.clone()).or_insert_with(|| value.clone());
        }
        let account_id = if account_id.is_empty() { call.tenant.clone() } else { account_id };
        Self { stream_id, call, account_id, parameters, unix_ms, is_answered, format, playout }
    }
}
