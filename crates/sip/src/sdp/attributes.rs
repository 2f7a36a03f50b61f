//! Attributes of formats: `a=rtpmap` and `a=fmtp` (RFC 4566 §6).

use std::fmt;

/// What an `a=rtpmap` says of a payload type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpMap<'a> {
    /// 0 to 127.
    pub payload_type: u8,
    /// The encoding's name, in any case.
    pub encoding: &'a str,
    /// RTP clock rate.
    pub clock_hz: u32,
    /// 1 when nothing is said.
    pub channels: u32,
}

impl<'a> RtpMap<'a> {
    /// Reads `<payload type> <encoding>/<clock>[/<channels>]`; white space is taken anywhere.
    #[must_use]
    pub fn parse(value: &'a str) -> Option<Self> {
        let (number, mapping) = value.trim().split_once(char::is_whitespace)?;
        let mut parts = mapping.split('/').map(str::trim);
        let encoding = parts.next().filter(|name| !name.is_empty())?;
        let clock_hz = parts.next()?.parse().ok()?;
        let channels = parts.next().map_or(Some(1), |c| c.parse().ok())?;
        let payload_type = number.parse().ok().filter(|number| *number < 128)?;
        Some(Self { payload_type, encoding, clock_hz, channels })
    }
}

/// The attribute's value.
impl fmt::Display for RtpMap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}/{}", self.payload_type, self.encoding, self.clock_hz)?;
        if self.channels == 1 { Ok(()) } else { write!(f, "/{}", self.channels) }
    }
}

/// What an `a=fmtp` says of a payload type, in the codec's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fmtp<'a> {
    /// 0 to 127.
    pub payload_type: u8,
    /// All that follows it.
    pub parameters: &'a str,
}

impl<'a> Fmtp<'a> {
    /// Reads `<payload type> <parameters>`.
    #[must_use]
    pub fn parse(value: &'a str) -> Option<Self> {
        let (number, parameters) = value.trim().split_once(char::is_whitespace)?;
        let payload_type = number.parse().ok().filter(|number| *number < 128)?;
        Some(Self { payload_type, parameters: parameters.trim() })
    }
}

/// The attribute's value.
impl fmt::Display for Fmtp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.payload_type, self.parameters)
    }
}
