//! SRTP and SRTCP (RFC 3711), with the suites of SDES (RFC 4568) that telephony uses, AES-GCM (RFC 7714) among them.
//!
//! A [`Sender`] protects one direction, a [`Receiver`] takes what the other one sent; each has its own master key. Packets are worked on in
//! their own buffer and nothing allocates. There are no master key identifiers and no rekeying by index: SDES agrees on a new key in a new
//! offer. Nobody tells a receiver how often a stream's sequence numbers have begun anew, so begin below 32,768 (RFC 3711 §3.3.1): else the
//! far end may miss the first packets and take no other.
//!
//! Invariants: nothing is believed, remembered or counted against a source before its authentication tag fits; a sequence number is
//! protected once only.

mod cipher;
mod key;
mod receiver;
mod sender;
mod window;

use crate::{HEADER_LEN, Header};

pub use key::{MASTER_BYTES_MAX, MasterKey};
pub use receiver::{Receiver, Refusals};
pub use sender::Sender;

/// Sources that one direction can have at once. Few change theirs, and then once: at a transfer.
pub const SOURCES_MAX: usize = 8;

/// Most that protection adds to a packet: a tag of 16 bytes, and SRTCP's index.
pub const OVERHEAD_MAX: usize = 16 + INDEX_LEN;

/// Bytes of an RTCP packet that stay readable: its header and its sender's source.
const RTCP_CLEAR_LEN: usize = 8;

/// Bytes of SRTCP's index, whose upper bit says whether the packet is encrypted.
const INDEX_LEN: usize = 4;
const ENCRYPTED: u32 = 1 << 31;

/// How packets are encrypted and authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Suite {
    /// AES-128 in counter mode, HMAC-SHA1 with a tag of 10 bytes. Everybody has it.
    AesCm128HmacSha1_80,
    /// The same with a tag of 4 bytes on RTP.
    AesCm128HmacSha1_32,
    /// AES-128 in Galois counter mode.
    AeadAes128Gcm,
    /// AES-256 in Galois counter mode.
    AeadAes256Gcm,
}

impl Suite {
    /// All, the one to prefer first.
    pub const ALL: [Self; 4] =
        [Self::AeadAes256Gcm, Self::AeadAes128Gcm, Self::AesCm128HmacSha1_80, Self::AesCm128HmacSha1_32];

    /// The name in `a=crypto` (RFC 4568 §6.2, RFC 7714 §14.2).
    pub const fn name(self) -> &'static str {
        match self {
            Self::AesCm128HmacSha1_80 => "AES_CM_128_HMAC_SHA1_80",
            Self::AesCm128HmacSha1_32 => "AES_CM_128_HMAC_SHA1_32",
            Self::AeadAes128Gcm => "AEAD_AES_128_GCM",
            Self::AeadAes256Gcm => "AEAD_AES_256_GCM",
        }
    }

    /// The suite of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    /// Bytes of the master key.
    pub const fn key_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 | Self::AeadAes128Gcm => 16,
            Self::AeadAes256Gcm => 32,
        }
    }

    /// Bytes of the master salt.
    pub const fn salt_len(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 14,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 12,
        }
    }

    /// Bytes that protection adds to an RTP packet.
    pub const fn rtp_overhead(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 10,
            Self::AesCm128HmacSha1_32 => 4,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    /// Bytes that protection adds to an RTCP packet.
    pub const fn rtcp_overhead(self) -> usize {
        INDEX_LEN + self.rtcp_tag_len()
    }

    const fn rtcp_tag_len(self) -> usize {
        match self {
            // SRTCP's tag is never shortened (RFC 4568 §6.2.2).
            Self::AesCm128HmacSha1_80 | Self::AesCm128HmacSha1_32 => 10,
            Self::AeadAes128Gcm | Self::AeadAes256Gcm => 16,
        }
    }

    const fn is_aead(self) -> bool {
        matches!(self, Self::AeadAes128Gcm | Self::AeadAes256Gcm)
    }
}

/// Why a packet was not protected or not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not even an RTP or RTCP packet with a tag.
    #[error("packet of {len} bytes is too short or has no valid header")]
    Malformed {
        /// Its length.
        len: usize,
    },
    /// The tag does not fit: forged, damaged, or of another key.
    #[error("authentication failed")]
    Authentication,
    /// It was here before, or is so old that this can't be told.
    #[error("packet came before or is too old")]
    Replayed,
    /// The output buffer is too small.
    #[error("packet buffer too small: {needed} bytes needed")]
    BufferTooSmall {
        /// Bytes needed.
        needed: usize,
    },
    /// The sequence number is not above the last one: its key stream is used up.
    #[error("sequence number {0} was protected already")]
    SequenceReused(u16),
    /// More sources than [`SOURCES_MAX`] are sent with one key.
    #[error("more than {SOURCES_MAX} sources")]
    TooManySources,
    /// All indices of this key are used (RFC 3711 §9.2): a new one has to be agreed upon.
    #[error("key is used up")]
    KeyExhausted,
    /// Key and salt don't have the suite's length.
    #[error("key and salt have {len} bytes instead of {expected}")]
    KeyLength {
        /// Bytes given.
        len: usize,
        /// Bytes of the suite.
        expected: usize,
    },
}

/// Sequence number, source, and the length of the header with CSRCs and extension: what comes before the encrypted part.
fn rtp_header(packet: &[u8]) -> Result<(u16, u32, usize), Error> {
    let malformed = Error::Malformed { len: packet.len() };
    let header_len = Header::len(packet).map_err(|_| malformed)?;
    match packet.first_chunk::<HEADER_LEN>() {
        Some(&[_, _, high, low, _, _, _, _, a, b, c, d]) => {
            Ok((u16::from_be_bytes([high, low]), u32::from_be_bytes([a, b, c, d]), header_len))
        }
        None => Err(malformed),
    }
}

/// The source that an RTCP packet comes from.
fn rtcp_source(packet: &[u8]) -> Result<u32, Error> {
    match packet.first_chunk::<RTCP_CLEAR_LEN>() {
        Some(&[first, _, _, _, a, b, c, d]) if first >> 6 == 2 => Ok(u32::from_be_bytes([a, b, c, d])),
        _ => Err(Error::Malformed { len: packet.len() }),
    }
}
