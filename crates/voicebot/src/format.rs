//! The audio format of a stream and what is allowed in it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// How a sample is written in a binary frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Linear PCM, 16 bits signed, little-endian.
    L16,
    /// G.711 µ-law, one byte a sample.
    Mulaw,
    /// G.711 A-law, one byte a sample.
    Alaw,
}

impl Encoding {
    /// Every encoding, in the order in which errors list them.
    pub const ALL: [Self; 3] = [Self::L16, Self::Mulaw, Self::Alaw];

    /// The name used in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::L16 => "l16",
            Self::Mulaw => "mulaw",
            Self::Alaw => "alaw",
        }
    }

    /// Bytes of one sample of one channel.
    #[must_use]
    pub const fn bytes_per_sample(self) -> usize {
        match self {
            Self::L16 => 2,
            Self::Mulaw | Self::Alaw => 1,
        }
    }

    /// Sample rates allowed, in Hz.
    #[must_use]
    pub const fn rates_hz(self) -> &'static [u32] {
        match self {
            Self::L16 => &[8_000, 16_000, 24_000, 48_000],
            Self::Mulaw | Self::Alaw => &[8_000],
        }
    }

    const fn default_rate_hz(self) -> u32 {
        match self {
            Self::L16 => 16_000,
            Self::Mulaw | Self::Alaw => 8_000,
        }
    }
}

/// Lengths of a frame toward the bot that are allowed, in ms.
const FRAME_MS: [u32; 5] = [10, 20, 40, 60, 100];

/// A format that is known to be allowed: encoding, rate, channels and frame length fit each other.
///
/// Two channels are there toward the bot only, the telephone's first; what the bot sends is mono ([`Format::mono`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "FormatSpec")]
pub struct Format {
    encoding: Encoding,
    rate: u32,
    channels: u32,
    frame_ms: u32,
}

impl Default for Format {
    /// L16 at 16 kHz, mono, 20 ms.
    fn default() -> Self {
        Self { encoding: Encoding::L16, rate: 16_000, channels: 1, frame_ms: 20 }
    }
}

impl Format {
    /// A mono format, checked. `rate` in Hz, `frame_ms` the length of a frame toward the bot.
    ///
    /// # Errors
    /// Names the first value that is not allowed.
    pub fn new(encoding: Encoding, rate: u32, frame_ms: u32) -> Result<Self, FormatError> {
        let rates = encoding.rates_hz();
        if !rates.contains(&rate) {
            return Err(FormatError::Rate { encoding: encoding.name(), rate, allowed: rates });
        }
        if !FRAME_MS.contains(&frame_ms) {
            return Err(FormatError::FrameMs { frame_ms });
        }
        Ok(Self { encoding, rate, channels: 1, frame_ms })
    }

    /// The same with one channel: the format of what the bot sends.
    #[must_use]
    pub const fn mono(self) -> Self {
        Self { channels: 1, ..self }
    }

    /// The same with two channels: the telephone's and the bot's.
    #[must_use]
    pub const fn stereo(self) -> Self {
        Self { channels: 2, ..self }
    }

    /// How a sample is written.
    #[must_use]
    pub const fn encoding(self) -> Encoding {
        self.encoding
    }

    /// Samples a second.
    #[must_use]
    pub const fn rate_hz(self) -> u32 {
        self.rate
    }

    /// Channels toward the bot, 1 or 2.
    #[must_use]
    pub const fn channels(self) -> u32 {
        self.channels
    }

    /// Length of a frame toward the bot. From the bot any length is taken.
    #[must_use]
    pub const fn frame_ms(self) -> u32 {
        self.frame_ms
    }

    /// Samples in a frame toward the bot, of one channel.
    #[must_use]
    pub const fn samples_per_frame(self) -> usize {
        // At most 48,000 × 100: fits a u32 by far.
        (self.rate * self.frame_ms / 1_000) as usize
    }

    /// Bytes in a frame toward the bot.
    #[must_use]
    pub const fn bytes_per_frame(self) -> usize {
        self.samples_per_frame() * self.bytes_per_sample()
    }

    /// Bytes of one sample of every channel.
    #[must_use]
    pub const fn bytes_per_sample(self) -> usize {
        self.encoding.bytes_per_sample() * self.channels as usize
    }
}

/// A format as a peer asks for it: nothing checked yet, and what is left out has a default ([`FormatSpec::resolve`]).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormatSpec {
    /// `l16`, `mulaw` or `alaw`; `l16` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Hz; when left out 16,000 for `l16`, else 8,000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u32>,
    /// 1 or 2; 1 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// 20 when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame_ms: Option<u32>,
}

impl FormatSpec {
    /// Checks the values and fills in the defaults.
    ///
    /// # Errors
    /// Names the first value that is not allowed.
    pub fn resolve(&self) -> Result<Format, FormatError> {
        let encoding = match self.encoding.as_deref() {
            None => Encoding::L16,
            Some(asked) => Encoding::ALL
                .into_iter()
                .find(|known| known.name() == asked)
                .ok_or_else(|| FormatError::Encoding { encoding: crate::error::quote(asked) })?,
        };
        let channels = self.channels.unwrap_or(1);
        if !(1..=2).contains(&channels) {
            return Err(FormatError::Channels { channels });
        }
        let rate = self.rate.unwrap_or_else(|| encoding.default_rate_hz());
        let mono = Format::new(encoding, rate, self.frame_ms.unwrap_or(20))?;
        Ok(Format { channels, ..mono })
    }
}

impl TryFrom<FormatSpec> for Format {
    type Error = FormatError;

    fn try_from(spec: FormatSpec) -> Result<Self, Self::Error> {
        spec.resolve()
    }
}

impl From<Format> for FormatSpec {
    fn from(format: Format) -> Self {
        Self {
            encoding: Some(format.encoding.name().to_owned()),
            rate: Some(format.rate),
            channels: Some(format.channels),
            frame_ms: Some(format.frame_ms),
        }
    }
}

/// Why a format is not allowed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FormatError {
    /// No such encoding.
    #[error("encoding is {encoding:?}, allowed are l16, mulaw and alaw")]
    Encoding {
        /// What was asked for, shortened.
        encoding: String,
    },
    /// The encoding does not go at this rate.
    #[error("rate is {rate}, allowed for {encoding} are {allowed:?}")]
    Rate {
        /// The encoding's name.
        encoding: &'static str,
        /// What was asked for, in Hz.
        rate: u32,
        /// What could have been asked for, in Hz.
        allowed: &'static [u32],
    },
    /// No such number of channels.
    #[error("channels is {channels}, allowed are 1 and 2")]
    Channels {
        /// What was asked for.
        channels: u32,
    },
    /// Not a frame length of the protocol.
    #[error("frame_ms is {frame_ms}, allowed are {FRAME_MS:?}")]
    FrameMs {
        /// What was asked for.
        frame_ms: u32,
    },
    /// The dialect has no such format.
    #[error("{dialect} has the formats {formats:?} with frame_ms {frame_ms:?}, mono")]
    Dialect {
        /// Its name.
        dialect: &'static str,
        /// Encodings and rates, in Hz.
        formats: &'static [(Encoding, u32)],
        /// Lengths of a frame toward the bot.
        frame_ms: &'static [u32],
    },
}
