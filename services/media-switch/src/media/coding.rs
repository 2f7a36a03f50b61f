//! How a call's audio is coded on the telephone side, as SDP has settled it.

use audio::g711::Law;
use botstream_api::trunk::Codec as ApiCodec;
use codecs::opus::{self, EncoderOptions};
use codecs::{Codec, Encoder};

use super::piece::Line;

/// Sample rate of Opus toward the telephone: wideband, as speech needs it and telephones play it.
pub(crate) const OPUS_RATE_HZ: u32 = 16_000;

/// Packets a second toward the telephone.
pub(super) const PACKETS_PER_SECOND: u32 = 50;

/// The largest payload that is taken: 60 ms of G.711 and G.722, or whatever Opus may send.
const PAYLOAD_BYTES_MAX: usize = 480;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coding {
    /// Toward the far end.
    pub(crate) codec: Codec,
    /// How the far end likes its Opus.
    pub(crate) opus: opus::Parameters,
    pub(crate) payload_type: u8,
    pub(crate) dtmf_payload_type: Option<u8>,
    pub(crate) cn_payload_type: Option<u8>,
    /// What the far end sends, by payload type: the numbers are ours, and it may change between codecs (RFC 3264 §6.1). All go by the same
    /// clock.
    pub(crate) receive: Vec<(u8, Codec)>,
    pub(crate) dtmf_receive_payload_type: Option<u8>,
    pub(crate) cn_receive_payload_type: Option<u8>,
    /// The clock of telephone events, both ways.
    pub(crate) dtmf_clock_hz: u32,
}

impl Coding {
    /// G.711 of one law both ways, with events as 101 and no comfort noise.
    #[cfg(test)]
    pub(crate) fn g711(law: Law) -> Self {
        let codec = match law {
            Law::Mu => Codec::Pcmu,
            Law::A => Codec::Pcma,
        };
        Self::of(codec)
    }

    /// One codec both ways, with events as 101 and no comfort noise.
    #[cfg(test)]
    pub(crate) fn of(codec: Codec) -> Self {
        let payload_type = codec.static_payload_type().unwrap_or(111);
        Self {
            codec,
            opus: opus::Parameters::default(),
            payload_type,
            dtmf_payload_type: Some(101),
            cn_payload_type: None,
            receive: vec![(payload_type, codec)],
            dtmf_receive_payload_type: Some(101),
            cn_receive_payload_type: None,
            dtmf_clock_hz: codec.clock_rate_hz(),
        }
    }

    /// As the API names the codec toward the far end.
    pub(super) fn api_codec(&self) -> ApiCodec {
        match self.codec {
            Codec::Pcmu => ApiCodec::Pcmu,
            Codec::Pcma => ApiCodec::Pcma,
            Codec::G722 => ApiCodec::G722,
            Codec::Opus => ApiCodec::Opus,
        }
    }

    /// RTP's clock, both ways.
    pub(super) fn clock_hz(&self) -> u32 {
        self.codec.clock_rate_hz()
    }

    /// One packet's time toward the far end on that clock.
    pub(super) fn packet_units(&self) -> u32 {
        self.clock_hz() / PACKETS_PER_SECOND
    }

    /// What stands between a bot and the packets to the far end.
    pub(super) fn line(&self) -> Line {
        match self.codec.law() {
            Some(law) => Line::Codes(law),
            None if self.codec == Codec::Opus => Line::Samples { rate_hz: OPUS_RATE_HZ },
            None => Line::Samples { rate_hz: self.codec.sample_rate_hz() },
        }
    }

    /// Sample rate of what is said to the far end.
    pub(crate) fn rate_hz(&self) -> u32 {
        self.line().rate_hz()
    }

    /// The law toward the far end, when all that it may send is G.711 too: then bytes pass both ways as they are.
    pub(super) fn law(&self) -> Option<Law> {
        let is_g711 = self.receive.iter().all(|(_, codec)| codec.law().is_some());
        self.codec.law().filter(|_| is_g711)
    }

    /// Makes the payloads toward the far end, but for G.711, whose codes are the payload.
    pub(super) fn encoder(&self) -> Option<Encoder> {
        let Line::Samples { rate_hz } = self.line() else { return None };
        let options = EncoderOptions { rate_hz, remote: self.opus.clone(), ..EncoderOptions::default() };
        // The rate is one of the codec's own.
        Encoder::new(self.codec, &options).ok()
    }

    /// The jitter buffer for what the far end sends.
    pub(super) fn jitter_config(&self) -> rtp::Config {
        let is_opus = self.receive.iter().any(|(_, codec)| *codec == Codec::Opus);
        rtp::Config {
            clock_rate_hz: self.clock_hz(),
            packet_samples: self.packet_units(),
            bytes_per_sample: self.codec.bytes_per_clock_unit().unwrap_or(0),
            payload_duration: is_opus.then_some(|payload| Codec::Opus.payload_clock_units(payload)),
            comfort_noise_payload_type: self.cn_receive_payload_type.unwrap_or(13),
            event_payload_type: self.dtmf_receive_payload_type,
            payload_bytes_max: if is_opus { opus::PAYLOAD_BYTES_MAX } else { PAYLOAD_BYTES_MAX },
            ..rtp::Config::default()
        }
    }
}
