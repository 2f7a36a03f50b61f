//! Which codecs there are, and their names and rates.

use std::fmt;

use audio::g711::Law;

/// A codec of the telephone side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// G.711 µ-law, 64 kbit/s.
    Pcmu,
    /// G.711 A-law, 64 kbit/s.
    Pcma,
    /// G.722, 64 kbit/s.
    G722,
    /// Opus (RFC 6716), mono.
    Opus,
}

impl Codec {
    /// All, the widest audio first.
    pub const ALL: [Self; 4] = [Self::Opus, Self::G722, Self::Pcmu, Self::Pcma];

    /// The encoding name of `a=rtpmap` (RFC 3551 §6, RFC 7587 §7).
    pub const fn encoding_name(self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::G722 => "G722",
            Self::Opus => "opus",
        }
    }

    /// The payload type that needs no `a=rtpmap` (RFC 3551 §6); `None`: always a dynamic one.
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::G722 => Some(9),
            Self::Opus => None,
        }
    }

    /// Units of RTP's timestamps in a second.
    pub const fn clock_rate_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 8_000,
            Self::Opus => 48_000,
        }
    }

    /// Channels that `a=rtpmap` names: 2 for Opus, which says nothing of what is sent (RFC 7587 §7).
    pub const fn rtpmap_channels(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => 1,
            Self::Opus => 2,
        }
    }

    /// Sample rate of the audio; Opus's decoder and encoder can have another of [`opus::RATES_HZ`](crate::opus::RATES_HZ).
    pub const fn sample_rate_hz(self) -> u32 {
        match self {
            Self::Pcmu | Self::Pcma => 8_000,
            Self::G722 => 16_000,
            Self::Opus => 48_000,
        }
    }

    /// Payload bytes of one clock unit, where the rate is constant: a jitter buffer tells lengths by it. `None` for Opus.
    pub const fn bytes_per_clock_unit(self) -> Option<u32> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => Some(1),
            Self::Opus => None,
        }
    }

    /// The law, for G.711: such payloads can pass from one G.711 stream to another as they are.
    pub const fn law(self) -> Option<Law> {
        match self {
            Self::Pcmu => Some(Law::Mu),
            Self::Pcma => Some(Law::A),
            Self::G722 | Self::Opus => None,
        }
    }

    /// The codec of a static payload type.
    pub fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| codec.static_payload_type() == Some(payload_type))
    }

    /// The codec that `a=rtpmap:<pt> <encoding>/<clock>[/<channels>]` names; channels are 1 when left out. Some senders leave out Opus's 2.
    pub fn from_rtpmap(encoding: &str, clock_rate_hz: u32, channels: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            codec.encoding_name().eq_ignore_ascii_case(encoding)
                && codec.clock_rate_hz() == clock_rate_hz
                && (1..=codec.rtpmap_channels()).contains(&channels)
        })
    }

    /// The length of `samples` of audio at `sample_rate_hz` on RTP's clock.
    pub fn clock_units(self, samples: usize, sample_rate_hz: u32) -> u32 {
        (samples as u64 * u64::from(self.clock_rate_hz()) / u64::from(sample_rate_hz.max(1))) as u32
    }

    /// The length of so many units of RTP's clock in samples at `sample_rate_hz`.
    pub fn samples(self, clock_units: u32, sample_rate_hz: u32) -> usize {
        (u64::from(clock_units) * u64::from(sample_rate_hz) / u64::from(self.clock_rate_hz())) as usize
    }

    /// Units of RTP's clock that a payload covers; `None` if it is not one of this codec's.
    pub fn payload_clock_units(self, payload: &[u8]) -> Option<u32> {
        match self {
            Self::Pcmu | Self::Pcma | Self::G722 => u32::try_from(payload.len()).ok(),
            Self::Opus => crate::opus::payload_clock_units(payload),
        }
    }
}

impl From<Law> for Codec {
    fn from(law: Law) -> Self {
        match law {
            Law::Mu => Self::Pcmu,
            Law::A => Self::Pcma,
        }
    }
}

impl fmt::Display for Codec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.encoding_name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rtpmaps_name_codecs() {
        for codec in Codec::ALL {
            let found = Codec::from_rtpmap(codec.encoding_name(), codec.clock_rate_hz(), codec.rtpmap_channels());
            assert_eq!(found, Some(codec));
            assert_eq!(codec.static_payload_type().and_then(Codec::from_static_payload_type), {
                codec.static_payload_type().map(|_| codec)
            });
        }
        assert_eq!(Codec::from_rtpmap("OPUS", 48_000, 1), Some(Codec::Opus));
        assert_eq!(Codec::from_rtpmap("g722", 8_000, 1), Some(Codec::G722));
        for (encoding, clock_rate_hz, channels) in
            [("G722", 16_000, 1), ("opus", 16_000, 2), ("PCMU", 8_000, 2), ("PCMA", 8_000, 0), ("G729", 8_000, 1)]
        {
            assert_eq!(Codec::from_rtpmap(encoding, clock_rate_hz, channels), None);
        }
    }

    #[test]
    fn g722_counts_time_at_half_its_sample_rate() {
        assert_eq!(Codec::G722.clock_units(320, 16_000), 160);
        assert_eq!(Codec::G722.samples(160, 16_000), 320);
        assert_eq!(Codec::G722.payload_clock_units(&[0; 160]), Some(160));
        assert_eq!(Codec::Opus.clock_units(320, 16_000), 960);
        assert_eq!(Codec::Pcma.samples(160, 8_000), 160);
    }
}
