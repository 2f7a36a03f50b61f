//! Codecs and directions.

use std::fmt;

/// A codec of this stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodecKind {
    /// G.711 µ-law, 8 kHz, mono.
    Pcmu,
    /// G.711 A-law, 8 kHz, mono.
    Pcma,
}

impl CodecKind {
    /// The encoding name of RFC 3551.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
        }
    }

    /// The static payload type of RFC 3551.
    #[must_use]
    pub fn static_payload_type(self) -> u8 {
        match self {
            Self::Pcmu => 0,
            Self::Pcma => 8,
        }
    }

    /// The RTP clock rate in Hz.
    #[must_use]
    pub fn clock_hz(self) -> u32 {
        8000
    }

    pub(super) fn from_static(payload_type: u8) -> Option<Self> {
        [Self::Pcmu, Self::Pcma].into_iter().find(|k| k.static_payload_type() == payload_type)
    }

    pub(super) fn from_rtpmap(encoding: &str, clock_hz: u32, channels: u32) -> Option<Self> {
        [Self::Pcmu, Self::Pcma]
            .into_iter()
            .find(|k| k.name().eq_ignore_ascii_case(encoding) && k.clock_hz() == clock_hz && channels == 1)
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

impl From<CodecKind> for Codec {
    fn from(kind: CodecKind) -> Self {
        Self { kind, payload_type: kind.static_payload_type() }
    }
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
