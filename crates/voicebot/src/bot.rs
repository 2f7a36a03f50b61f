//! A bot's side of one stream: for bots written in Rust, the echo bot and tests.

use thiserror::Error;

use crate::audio::{Audio, AudioReader};
use crate::error::ProtocolError;
use crate::format::{Format, FormatError};
use crate::message::{self, Accept, FromBot, Start, ToBot};
use crate::{VERSION, limits};

/// Why a bot cannot take what the switch sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BotError {
    /// A frame came before `start`.
    #[error("the first frame is not start")]
    NoStart,
    /// A second `start`.
    #[error("start came twice")]
    SecondStart,
    /// A version that this side does not speak.
    #[error("the switch speaks version {v} of the protocol, this bot version {VERSION}")]
    Version {
        /// The switch's.
        v: u32,
    },
    /// Not a message of the protocol.
    #[error(transparent)]
    Message(ProtocolError),
    /// `accept` asks for a format that does not exist.
    #[error(transparent)]
    Format(#[from] FormatError),
}

/// A bot's side of one stream.
#[derive(Debug, Default)]
pub struct BotSession {
    start: Option<Box<Start>>,
    /// What `accept` asked for; given up when the switch refuses it.
    asked: Option<Format>,
    reader: AudioReader,
}

impl BotSession {
    /// A stream whose `start` has not come yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What `start` said, once it has come.
    #[must_use]
    pub fn start(&self) -> Option<&Start> {
        self.start.as_deref()
    }

    /// The format in force, both ways, once `start` has come.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        self.start.as_ref().map(|start| self.asked.unwrap_or(start.format))
    }

    /// One text frame from the switch. `None` is a message of a type that this version does not know, to be passed over.
    ///
    /// # Errors
    /// The frame is no message of the protocol, or not the one that is due.
    pub fn receive_text(&mut self, text: &str) -> Result<Option<ToBot>, BotError> {
        let message = match message::parse::to_bot(text) {
            Ok(message) => message,
            Err(ProtocolError::UnknownType { .. }) if self.start.is_some() => return Ok(None),
            Err(error) => return Err(BotError::Message(error)),
        };
        match &message {
            ToBot::Start(start) if self.start.is_none() => {
                if start.v != VERSION {
                    return Err(BotError::Version { v: start.v });
                }
                self.start = Some(start.clone());
            }
            ToBot::Start(_) => return Err(BotError::SecondStart),
            _ if self.start.is_none() => return Err(BotError::NoStart),
            ToBot::Error(error) if error.code == ProtocolError::UNSUPPORTED_FORMAT => self.asked = None,
            _ => {}
        }
        Ok(Some(message))
    }

    /// One binary frame from the switch: the caller's audio.
    ///
    /// # Errors
    /// `start` has not come yet, or the frame is over the limit.
    pub fn receive_binary<'a>(&mut self, frame: &'a [u8]) -> Result<Audio<'a>, BotError> {
        let format = self.format().ok_or(BotError::NoStart)?;
        crate::switch::check_length(frame.len(), limits::BINARY_BYTES_MAX).map_err(BotError::Message)?;
        Ok(self.reader.read(format, frame))
    }

    /// An `accept` to be sent. Send it right after `start`: once audio has flowed the format is settled.
    ///
    /// # Errors
    /// The format asked for does not exist.
    pub fn accept(&mut self, accept: Accept) -> Result<FromBot, BotError> {
        if let Some(spec) = &accept.format {
            self.asked = Some(spec.resolve()?);
        }
        Ok(FromBot::Accept(accept))
    }

    /// Appends samples to `frame` as L16.
    pub fn write_l16(samples: &[i16], frame: &mut Vec<u8>) {
        frame.reserve(samples.len() * 2);
        for sample in samples {
            frame.extend_from_slice(&sample.to_le_bytes());
        }
    }
}
