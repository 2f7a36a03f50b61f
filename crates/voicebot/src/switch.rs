//! The switch's side of one stream.

use std::collections::BTreeMap;

use crate::audio::{Audio, AudioReader};
use crate::error::{ProtocolError, Refusals};
use crate::format::Format;
use crate::message::{
    Accept, CallInfo, DtmfSend, FromBot, Hangup, Mute, Play, PlayoutInfo, RecordOp, Start, ToBot, Track, Transfer,
};
use crate::{VERSION, limits, message};

/// What `start` tells beside the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartInfo {
    /// This stream.
    pub stream_id: String,
    /// The call.
    pub call: CallInfo,
    /// What the bot hears.
    pub tracks: Vec<Track>,
    /// How the bot's audio is queued.
    pub playout: PlayoutInfo,
    /// The verbs and events that the switch knows.
    pub features: Vec<String>,
    /// To take up the connection again.
    pub resume_token: Option<String>,
    /// Whether this takes up an earlier connection.
    pub resumed: bool,
}

/// What a bot wants, checked against the limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// The bot has accepted; these are in force from now on.
    Accepted {
        /// Both ways.
        format: Format,
        /// The bot's audio.
        playout: PlayoutInfo,
    },
    /// Report when all before this has been played.
    Mark {
        /// The bot's name for it.
        id: String,
    },
    /// Throw away what has not been played. The half sample carried over is forgotten too.
    Clear,
    /// Stop playing, keep the queue.
    Pause,
    /// Play on.
    Resume,
    /// Play what is queued however short.
    EndOfUtterance,
    /// Play a file or a tone.
    Play(Play),
    /// Stop what is played.
    PlayStop,
    /// Press keys.
    Dtmf(DtmfSend),
    /// End the call.
    Hangup(Hangup),
    /// Hand the caller on.
    Transfer(Transfer),
    /// Record.
    Record(RecordOp),
    /// Mute.
    Mute(Mute),
    /// Set variables.
    Set {
        /// They replace those of the same name.
        vars: BTreeMap<String, String>,
    },
    /// To be answered with [`ToBot::Pong`].
    Ping {
        /// Comes back in the `pong`.
        id: String,
    },
}

/// The switch's side of one stream: what has been agreed with the bot, and what its frames mean.
#[derive(Debug)]
pub struct SwitchSession {
    start: Start,
    settled: bool,
    /// `None`: every event.
    events: Option<Vec<String>>,
    reader: AudioReader,
    refusals: Refusals,
}

impl SwitchSession {
    /// A stream that offers `format`.
    #[must_use]
    pub fn new(info: StartInfo, format: Format) -> Self {
        let StartInfo { stream_id, call, tracks, playout, features, resume_token, resumed } = info;
        Self {
            start: Start { v: VERSION, stream_id, call, format, tracks, playout, features, resume_token, resumed },
            settled: false,
            events: None,
            reader: AudioReader::default(),
            refusals: Refusals::default(),
        }
    }

    /// The first frame, to be sent before anything else.
    #[must_use]
    pub fn start_frame(&self) -> String {
        let mut frame = String::new();
        ToBot::Start(Box::new(self.start.clone())).write(&mut frame);
        frame
    }

    /// The format in force, both ways.
    #[must_use]
    pub const fn format(&self) -> Format {
        self.start.format
    }

    /// The playout in force.
    #[must_use]
    pub const fn playout(&self) -> PlayoutInfo {
        self.start.playout
    }

    /// Settles the format: to be called before the first audio frame toward the bot, which has this format. An `accept` with
    /// another format is refused from now on, so that a bot never has to guess which of two formats a frame has.
    pub const fn start_audio(&mut self) -> Format {
        self.settled = true;
        self.start.format
    }

    /// One text frame from the bot.
    ///
    /// # Errors
    /// The message is refused and nothing has changed. Tell the bot ([`ProtocolError::to_message`]) and close if it is fatal.
    pub fn receive_text(&mut self, text: &str) -> Result<Command, ProtocolError> {
        let outcome = check_length(text.len(), limits::TEXT_BYTES_MAX)
            .and_then(|()| message::parse::from_bot(text))
            .and_then(|message| self.act(message));
        self.refusals.count(outcome)
    }

    /// One binary frame from the bot: its whole samples. An odd byte at the end is kept for the next frame.
    ///
    /// # Errors
    /// The frame is refused whole.
    pub fn receive_binary<'a>(&mut self, frame: &'a [u8]) -> Result<Audio<'a>, ProtocolError> {
        self.admit_binary(frame.len())?;
        Ok(self.reader.read(self.start.format.mono(), frame))
    }

    /// A binary frame of this length has come: it settles the format.
    pub(crate) fn admit_binary(&mut self, bytes: usize) -> Result<(), ProtocolError> {
        self.refusals.count(check_length(bytes, limits::BINARY_BYTES_MAX))?;
        self.settled = true;
        Ok(())
    }

    /// Writes an event into `out`, whose memory is reused, unless the bot has said that it does not want such events: then
    /// `out` is left alone and the answer is `false`.
    pub fn write_event(&self, event: &ToBot, out: &mut String) -> bool {
        let optional = matches!(event.kind(), "dtmf" | "playback" | "speech" | "cpa" | "qos");
        if optional && self.events.as_ref().is_some_and(|wanted| !wanted.iter().any(|kind| kind == event.kind())) {
            return false;
        }
        event.write(out);
        true
    }

    fn act(&mut self, message: FromBot) -> Result<Command, ProtocolError> {
        Ok(match message {
            FromBot::Accept(accept) => self.accept(accept)?,
            FromBot::Mark { id } => {
                check_count("mark.id", id.len(), limits::ID_BYTES_MAX)?;
                Command::Mark { id }
            }
            FromBot::Clear => {
                self.reader.reset();
                Command::Clear
            }
            FromBot::Pause => Command::Pause,
            FromBot::Resume => Command::Resume,
            FromBot::Eou => Command::EndOfUtterance,
            FromBot::Play(play) => Command::Play(play),
            FromBot::PlayStop => Command::PlayStop,
            FromBot::Dtmf(dtmf) => {
                check_digits("dtmf.digits", &dtmf.digits)?;
                Command::Dtmf(dtmf)
            }
            FromBot::Hangup(hangup) => Command::Hangup(hangup),
            FromBot::Transfer(transfer) => Command::Transfer(transfer),
            FromBot::Record { op } => Command::Record(op),
            FromBot::Mute(mute) => Command::Mute(mute),
            FromBot::Set { vars } => {
                check_count("set.vars", vars.len(), limits::ENTRIES_MAX)?;
                Command::Set { vars }
            }
            FromBot::Ping { id } => {
                check_count("ping.id", id.len(), limits::ID_BYTES_MAX)?;
                Command::Ping { id }
            }
        })
    }

    fn accept(&mut self, accept: Accept) -> Result<Command, ProtocolError> {
        let format = match &accept.format {
            None => self.start.format,
            Some(asked) => {
                let asked = asked.resolve()?;
                if self.settled && asked != self.start.format {
                    return Err(ProtocolError::FormatSettled);
                }
                asked
            }
        };
        if let Some(events) = &accept.events {
            check_count("accept.events", events.len(), limits::ENTRIES_MAX)?;
        }
        if let Some(asked) = accept.playout {
            let is_smaller = asked.cap_ms.is_some_and(|cap_ms| cap_ms < self.start.playout.cap_ms);
            let is_other = asked.mode.is_some_and(|mode| mode != self.start.playout.mode);
            if self.settled && (is_smaller || is_other) {
                return Err(ProtocolError::FormatSettled);
            }
            let playout = &mut self.start.playout;
            playout.mode = asked.mode.unwrap_or(playout.mode);
            // A bot may ask for less room than its route gives it, never for more.
            playout.cap_ms = asked.cap_ms.map_or(playout.cap_ms, |cap_ms| cap_ms.min(playout.cap_ms));
        }
        if let Some(events) = accept.events {
            self.events = Some(events);
        }
        if format.channels() != self.start.format.channels() {
            self.start.tracks = Track::of_channels(format.channels());
        }
        self.start.format = format;
        Ok(Command::Accepted { format, playout: self.start.playout })
    }
}

pub(crate) const fn check_length(bytes: usize, bytes_max: usize) -> Result<(), ProtocolError> {
    if bytes > bytes_max { Err(ProtocolError::TooLong { bytes, bytes_max }) } else { Ok(()) }
}

pub(crate) fn check_digits(field: &'static str, digits: &str) -> Result<(), ProtocolError> {
    check_count(field, digits.len(), limits::DTMF_DIGITS_MAX)?;
    match digits.chars().find(|digit| !"0123456789*#ABCDabcd".contains(*digit)) {
        Some(odd) => Err(ProtocolError::bad(format_args!("{field} holds {odd:?}, allowed are 0-9, *, # and A-D"))),
        None => Ok(()),
    }
}

pub(crate) const fn check_count(field: &'static str, count: usize, count_max: usize) -> Result<(), ProtocolError> {
    if count > count_max { Err(ProtocolError::TooMany { field, count, count_max }) } else { Ok(()) }
}
