//! Why the switch refuses what a bot sent.

use thiserror::Error;

use crate::format::FormatError;
use crate::limits;
use crate::message::{ErrorInfo, ToBot};

/// A message from a bot that is refused. The session stays as it was, and stays usable unless [`fatal`](Self::fatal).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProtocolError {
    /// A text or binary frame is longer than the limit.
    #[error("the message has {bytes} bytes, the most allowed is {bytes_max}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The text is no JSON, or lacks a field, or a field is of the wrong type.
    #[error("{detail}")]
    BadMessage {
        /// What is wrong, and where.
        detail: String,
    },
    /// A JSON object whose `type` is not one of the protocol's.
    #[error("unknown type {kind:?}")]
    UnknownType {
        /// The type, shortened.
        kind: String,
    },
    /// `accept.format` is not allowed.
    #[error("{0}")]
    Format(#[from] FormatError),
    /// `accept` of another format after audio has flowed.
    #[error("the format is settled once audio has flowed: accept comes before any")]
    FormatSettled,
    /// A field holds more than the limit.
    #[error("{field} holds {count}, the most allowed is {count_max}")]
    TooMany {
        /// The field's name.
        field: &'static str,
        /// How much it holds (bytes of an id, entries of a list).
        count: usize,
        /// The limit.
        count_max: usize,
    },
    /// Too many refused messages: the last one that is answered.
    #[error("{refused} messages were refused: closing")]
    TooManyRefused {
        /// How many.
        refused: u32,
    },
}

impl ProtocolError {
    /// The code sent in `error.code`. 44xx are this protocol's own and also its close codes; 40xx are the NATS API's.
    #[must_use]
    pub const fn code(&self) -> u16 {
        match self {
            Self::TooLong { .. } | Self::TooMany { .. } => crate::close_code::OVERFLOW,
            Self::BadMessage { .. } | Self::UnknownType { .. } => crate::close_code::BAD_MESSAGE,
            Self::Format(_) | Self::FormatSettled => Self::UNSUPPORTED_FORMAT,
            Self::TooManyRefused { .. } => crate::close_code::LIMIT,
        }
    }

    /// `error.code` when `accept.format` cannot be had, as in the NATS API.
    pub const UNSUPPORTED_FORMAT: u16 = 4004;

    /// The name sent in `error.name`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong { .. } | Self::TooMany { .. } => "OVERFLOW",
            Self::BadMessage { .. } => "BAD_MESSAGE",
            Self::UnknownType { .. } => "UNKNOWN_TYPE",
            Self::Format(_) | Self::FormatSettled => "UNSUPPORTED_FORMAT",
            Self::TooManyRefused { .. } => "LIMIT",
        }
    }

    /// Whether the socket is to be closed, with [`code`](Self::code) as the close code.
    #[must_use]
    pub const fn fatal(&self) -> bool {
        matches!(self, Self::TooManyRefused { .. })
    }

    /// The `error` message that tells the bot.
    #[must_use]
    pub fn to_message(&self) -> ToBot {
        ToBot::Error(ErrorInfo {
            code: self.code(),
            name: self.name().to_owned(),
            message: self.to_string(),
            fatal: self.fatal(),
        })
    }

    pub(crate) fn bad(detail: impl std::fmt::Display) -> Self {
        Self::BadMessage { detail: quote_to(&detail.to_string(), 4 * limits::QUOTE_BYTES_MAX) }
    }
}

/// Counts the refused messages of one stream; one too many ends it.
#[derive(Debug, Default)]
pub(crate) struct Refusals(u32);

impl Refusals {
    pub(crate) fn count<T>(&mut self, outcome: Result<T, ProtocolError>) -> Result<T, ProtocolError> {
        outcome.map_err(|error| {
            self.0 = self.0.saturating_add(1);
            if self.0 > limits::REFUSED_MAX { ProtocolError::TooManyRefused { refused: self.0 } } else { error }
        })
    }
}

/// A peer's text, cut to a length that is fit to be repeated in an error or a log line.
pub(crate) fn quote(text: &str) -> String {
    quote_to(text, limits::QUOTE_BYTES_MAX)
}

fn quote_to(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = (0..=bytes_max).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    let mut cut = text.get(..end).unwrap_or_default().to_owned();
    cut.push('…');
    cut
}
