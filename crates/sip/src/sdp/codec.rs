//! Codecs and directions.

use std::fmt;

/// A codec of this stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecKind {
    /// G.711 µ-law, 8 kHz, mono.
    Pcmu,
    /// G.711 A-law, 8 kHz, mono.
    Pcma,
    /// G.722, 16 kHz by a clock of 8 kHz (RFC 3551 §4.5.2), mono.
    G722,
    /// Opus, by a clock of 48 kHz (RFC 7587).
    Opus,
}

/// The payload type that we offer Opus under; others use it too.
const OPUS_PAYLOAD_TYPE: u8 = 111;

impl CodecKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Pcmu, Self::Pcma, Self::G722, Self::Opus];

    /// The encoding name of RFC 3551 and RFC 7587.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The payload type that needs no `a=rtpmap` (RFC 3551 §6); `None`: always a dynamic one.
    #[must_use]
    pub fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// The RTP clock rate in Hz.
    #[must_use]
    pub fn clock_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Channels that `a=rtpmap` names: 2 for Opus, whatever is sent (RFC 7587 §7).
    #[must_use]
    pub fn channels(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 1,
            Self::Opus => 2,
        }
    }

    pub(super) fn from_static(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.static_payload_type() == Some(payload_type))
    }

    /// Some leave out the 2 of Opus.
    pub(super) fn from_rtpmap(encoding: &str, clock_hz: u32, channels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|k| {
            k.name().eq_ignore_ascii_case(encoding)
                && k.clock_hz() == clock_hz
                && (1..=k.channels()).contains(&channels)
        })
    }
}

impl fmt::Display for CodecKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A codec with the payload type it has in a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Codec {
    /// Which.
    pub kind: CodecKind,
    /// Its RTP payload type, 0 to 127.
    pub payload_type: u8,
}

/// Under its static payload type, or the one that is usual.
impl From<CodecKind> for Codec {
    fn from(kind: CodecKind) -> Self {
        Self { kind, payload_type: kind.static_payload_type().unwrap_or(OPUS_PAYLOAD_TYPE) }
    }
}

/// Telephone events (RFC 4733) with the payload type they have in a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Events {
    /// Their RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// Their clock: that of the audio they come among (RFC 4733 §2.1).
    pub clock_hz: u32,
}

/// Who sends (RFC 3264 §5.1), always from the point of view of whose description it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Both.
    #[default]
    SendRecv,
    /// Only this side sends.
    SendOnly,
    /// Only this side receives.
    RecvOnly,
    /// Nobody sends; the stream is held on both sides.
    Inactive,
}

impl Direction {
    /// From whether this side sends and receives.
    #[must_use]
    pub fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Whether this side sends.
    #[must_use]
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether this side receives.
    #[must_use]
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The same stream seen from the other side.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// What is left when both must allow it.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.sends() && other.sends(), self.receives() && other.receives())
    }

    /// The SDP attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    pub(super) fn from_attribute(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|d| d.as_str().eq_ignore_ascii_case(name))
    }
}
