//! Session descriptions: offer and answer for one audio stream with telephone events and comfort noise, in the clear or
//! as SRTP with keys in the description (RFC 4566, RFC 3264, RFC 3551, RFC 7587, RFC 4733, RFC 3389, RFC 4568, RFC 5761).
//!
//! An answer always has as many media lines as its offer, in the same order; what is not our audio stream is
//! refused with port 0. Addresses are literals: names are refused, because nothing here can resolve them.

mod answer;
mod attributes;
mod codec;
mod crypto;
mod describe;
mod lenient;

pub use answer::{AnswerOptions, accept_answer, answer};
pub use attributes::{Fmtp, RtpMap};
pub use codec::{Codec, CodecKind, Direction, Events};
pub use crypto::{Crypto, InlineKey};
pub use describe::{Audio, Description, MEDIA_MAX, OfferOptions, offer, offer_with};

use std::net::SocketAddr;

/// Packet time when nobody says anything (RFC 3551 §4.5).
pub const PTIME_MS_DEFAULT: u32 = 20;
/// Shortest packet time that is accepted.
pub const PTIME_MS_MIN: u32 = 10;
/// Longest packet time that is accepted.
pub const PTIME_MS_MAX: u32 = 100;

/// What both sides agreed on, seen from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Negotiated {
    /// The codec we send with.
    pub codec: CodecKind,
    /// The payload type we send it with: the far end's number.
    pub payload_type: u8,
    /// What the far end's `a=fmtp` says of that codec: how it likes to receive it.
    pub fmtp: Option<String>,
    /// The payload type we send telephone events with, if both sides have them: the far end's number.
    pub dtmf_payload_type: Option<u8>,
    /// The payload type we send comfort noise with, if both sides have it: the far end's number.
    pub cn_payload_type: Option<u8>,
    /// What the far end may send, by payload type: our numbers, which an answer need not repeat, and every codec
    /// that the answer kept (RFC 3264 §6.1), as far as its clock is that of `codec`: a stream has one clock. The far end may change between
    /// them from packet to packet. Never empty.
    pub receive: Vec<(u8, CodecKind)>,
    /// The payload type telephone events come with, if both sides have them: our number.
    pub dtmf_receive_payload_type: Option<u8>,
    /// The clock of telephone events both ways: that of `codec`, where the far end has such events.
    pub dtmf_clock_hz: u32,
    /// The payload type comfort noise comes with, if both sides have it: our number.
    pub cn_receive_payload_type: Option<u8>,
    /// Where RTP goes. With a held stream the address may be 0.0.0.0 (RFC 3264 §8.4): then nothing is sent.
    pub remote_rtp: SocketAddr,
    /// Where RTCP goes: the `a=rtcp` address (RFC 3605), else the port above RTP's.
    pub remote_rtcp: Option<SocketAddr>,
    /// RTCP goes over RTP's ports (RFC 5761).
    pub rtcp_mux: bool,
    /// How long the packets are that the far end wants, in milliseconds.
    pub ptime_ms: u32,
    /// Who sends, from our point of view: `SendOnly` means that we send and they do not.
    pub direction: Direction,
    /// The keys of both directions, where the stream is SRTP.
    pub crypto: Option<CryptoPair>,
}

/// The keys of an SRTP stream: each side protects what it sends with its own (RFC 4568 §5.1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CryptoPair {
    /// Of what we send.
    pub local: Crypto,
    /// Of what the far end sends.
    pub remote: Crypto,
}

/// Why a description is of no use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SdpError {
    /// Not SDP: 400.
    #[error("not a session description: {0}")]
    Syntax(String),
    /// Nothing in it that we can do: 488.
    #[error("no audio stream with a codec in common")]
    NoCommonCodec,
    /// It wants SRTP in a way that we can't do, or no key of its is of use: 488.
    #[error("no way to protect the audio stream in common")]
    NoCommonCrypto,
    /// The address of the stream is not a unicast address literal: 488.
    #[error("not a usable media address: {0:?}")]
    Address(String),
    /// The answer does not fit the offer (RFC 3264 §6).
    #[error("the answer does not fit the offer: {0}")]
    Mismatch(&'static str),
}

impl SdpError {
    /// The SIP status that tells an offerer.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::Syntax(_) => 400,
            Self::NoCommonCodec | Self::NoCommonCrypto | Self::Address(_) | Self::Mismatch(_) => 488,
        }
    }
}
