//! What one frame of a bot means.

use bytes::Bytes;

use crate::format::Format;
use crate::switch::Command;

/// One thing that a frame of a bot means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A command, checked against the limits.
    Command(Command),
    /// Audio for the caller, raw, to be read with an [`AudioReader`](crate::AudioReader) when it is its
    /// turn. It may have another format than the stream: where a dialect lets its bots say the format in each message.
    Audio {
        /// Of these bytes.
        format: Format,
        /// Not empty; samples may be cut at the borders.
        bytes: Bytes,
    },
    /// Text frames to be sent to the bot at once, in order.
    Reply(Vec<String>),
    /// The bot asks how the playout stands: to be answered with [`write_status`](super::DialectSession::write_status).
    Status,
    /// The bot wants a ringing call answered.
    Answer,
    /// A message of a kind that the dialect does not know, passed over as the real service does. For the log.
    Unknown {
        /// What kind it says it is, shortened.
        kind: String,
    },
}

impl From<Command> for Incoming {
    fn from(command: Command) -> Self {
        Self::Command(command)
    }
}

/// Most that one frame can mean: clear, audio, end of utterance and mark.
const ITEMS_MAX: usize = 4;

/// All that one frame of a bot means, to be acted on in order.
#[derive(Debug, Default)]
pub struct Received([Option<Incoming>; ITEMS_MAX]);

/// See [`Received`].
pub type IntoIter = std::iter::Flatten<std::array::IntoIter<Option<Incoming>, ITEMS_MAX>>;

impl Received {
    pub(super) fn nothing() -> Self {
        Self::default()
    }

    pub(super) fn one(item: impl Into<Incoming>) -> Self {
        Self([Some(item.into()), None, None, None])
    }

    pub(super) fn two(first: impl Into<Incoming>, second: impl Into<Incoming>) -> Self {
        Self([Some(first.into()), Some(second.into()), None, None])
    }

    pub(super) const fn all(items: [Option<Incoming>; ITEMS_MAX]) -> Self {
        Self(items)
    }

    /// Audio, or nothing when there is none.
    pub(super) fn audio(format: Format, bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::nothing() } else { Self::one(Incoming::Audio { format, bytes }) }
    }

    pub(super) fn unknown(kind: &str) -> Self {
        Self::one(Incoming::Unknown { kind: crate::error::quote(kind) })
    }
}

impl IntoIterator for Received {
    type Item = Incoming;
    type IntoIter = IntoIter;

    fn into_iter(self) -> IntoIter {
        self.0.into_iter().flatten()
    }
}
