//! The codecs of the telephone side, behind one interface: G.711, G.722 and Opus.
//!
//! [`Codec`] names one and knows its rates; an [`Encoder`] makes the payloads of one outgoing RTP stream, a [`Decoder`] takes those of one
//! incoming stream and fills what is lost in between. All are sans-IO and mono. G.711 and G.722 allocate nothing per packet; the library
//! behind Opus takes about three short-lived buffers to encode a packet or to conceal one.
//!
//! **Two rates.** RTP counts time in its codec's clock rate, which is not always the audio's sample rate: G.722's clock is 8,000 Hz by an old mistake
//! although its audio has 16,000 (RFC 3551 §4.5.2), and Opus's is always 48,000 whatever is coded (RFC 7587 §4.1).

mod codec;
mod decoder;
mod encoder;
pub mod g722;
pub mod opus;

pub use codec::Codec;
pub use decoder::{Decoded, Decoder};
pub use encoder::Encoder;

/// Longest packet time that is taken or made, in milliseconds: the longest of Opus (RFC 7587 §7).
pub const PACKET_MS_MAX: u32 = 120;

/// Room that a packet of any length and codec needs, in samples.
pub const PACKET_SAMPLES_MAX: usize = PACKET_MS_MAX as usize * 48;

/// Why a packet was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not a packet of this codec.
    #[error("not {codec}: {reason}")]
    Malformed {
        /// The codec it should have been of.
        codec: Codec,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no room for what comes out.
    #[error("output has room for {room}, {needed} are needed")]
    BufferTooSmall {
        /// Samples or bytes that would be written.
        needed: usize,
        /// Samples or bytes there is room for.
        room: usize,
    },
    /// The codec makes no packet of this length.
    #[error("{codec} has no packets of {samples} samples")]
    PacketTime {
        /// The codec.
        codec: Codec,
        /// Length asked for.
        samples: usize,
    },
    /// The codec does not have this sample rate.
    #[error("{codec} has no sample rate of {rate_hz} Hz")]
    Rate {
        /// The codec.
        codec: Codec,
        /// Rate asked for.
        rate_hz: u32,
    },
}
