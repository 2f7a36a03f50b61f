//! Audio of a telephone call: G.711, resampling, the playout ring, concealment, comfort noise, tones, DTMF, levels, sound files,
//! measurements.
//!
//! Everything here is sans-IO and mono: slices of samples in and out, no clock (playout's clock is its caller's tick),
//! no sockets, no randomness.
//!
//! Invariants: what runs per packet (all but [`measure`] and [`sound_file`]) allocates nothing once its buffers have grown to their working
//! size; G.711 bytes that need no change pass through bit-exact.

pub mod comfort_noise;
pub mod dtmf;
pub mod g711;
pub mod level;
mod lpc;
pub mod measure;
pub mod playout;
pub mod plc;
pub mod resample;
pub mod sound_file;
pub mod tone;

/// Why audio was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A pair of sample rates that no resampler exists for.
    #[error(
        "cannot resample from {from_hz} Hz to {to_hz} Hz: rates are 8000, 16000, 24000 or 48000, one a multiple of the other"
    )]
    Rates {
        /// Sample rate of the input.
        from_hz: u32,
        /// Sample rate of the output.
        to_hz: u32,
    },
    /// Not a key of the telephone keypad that has a tone (`0`-`9`, `*`, `#`, `A`-`D`).
    #[error("{0:?} is not a DTMF digit")]
    NotADigit(char),
    /// More digits wait to be made than [`dtmf::DIGITS_MAX`].
    #[error("too many DTMF digits queued (at most {})", dtmf::DIGITS_MAX)]
    TooManyDigits,
    /// A sound file that can't be decoded: a sentence.
    #[error("sound file: {0}")]
    SoundFile(String),
    /// A push that would exceed the playout ring's cap; nothing of it was taken.
    #[error("playout holds {queued_ms} ms, {pushed_ms} ms more exceed the cap of {cap_ms} ms")]
    Overflow {
        /// Audio queued before the push.
        queued_ms: u64,
        /// Length of the refused push.
        pushed_ms: u64,
        /// The cap.
        cap_ms: u64,
    },
}
