//! RTP for telephony: packet headers, a jitter buffer, telephone events (DTMF), RTCP with VoIP metrics, SRTP.
//!
//! Everything here is sans-IO: bytes and the current time (microseconds of any monotonic clock) go in, frames,
//! events and the next deadline come out. There are no sockets, no clock, no randomness.
//!
//! Invariants: nothing allocates after construction; no input, however malformed, panics or grows memory; a
//! frame is never handed out twice and never out of order.

pub mod dtmf;
mod header;
mod jitter;
pub mod rtcp;
mod sender;
pub mod srtp;
mod stats;

pub use header::{HEADER_LEN, Header};
pub use jitter::{Config, Frame, JitterBuffer, MISORDER_MAX, PayloadDuration, Pushed, SEQUENCE_JUMP_MAX};
pub use sender::Sender;
pub use stats::Stats;

/// Why bytes were refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The packet ends before what its own header promises.
    #[error("packet is truncated: {len} bytes")]
    Truncated {
        /// Bytes that were there.
        len: usize,
    },
    /// The version field is not 2 (RFC 3550 §5.1).
    #[error("RTP version {0} instead of 2")]
    Version(u8),
    /// The padding count is zero or larger than the payload (RFC 3550 §5.1).
    #[error("padding of {0} bytes does not fit")]
    Padding(u8),
    /// The output buffer is too small.
    #[error("output buffer too small: {needed} bytes needed")]
    BufferTooSmall {
        /// Bytes that would have been written.
        needed: usize,
    },
    /// Not a character of the telephone keypad (`0`-`9`, `*`, `#`, `A`-`D`, `!` for flash).
    #[error("{0:?} is not a DTMF digit")]
    NotADigit(char),
    /// More digits wait to be sent than [`dtmf::DIGITS_MAX`].
    #[error("too many DTMF digits queued (at most {})", dtmf::DIGITS_MAX)]
    TooManyDigits,
}
