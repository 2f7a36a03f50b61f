//! Opus (RFC 6716) and its RTP payload format (RFC 7587), mono.
//!
//! The coder itself is the library `opus-pure`; this module gives it the settings of a telephone call, keeps it to what a network may send,
//! and reads and writes the `a=fmtp` parameters.

mod parameters;

use opus_pure::{Application, Bandwidth, OpusDecoder, OpusEncoder, Signal, packet};

pub use parameters::Parameters;

use crate::{Codec, Error, PACKET_MS_MAX};

/// Sample rates that Opus can be encoded from and decoded to (RFC 6716 §2), in Hz.
pub const RATES_HZ: [u32; 5] = [8_000, 12_000, 16_000, 24_000, 48_000];

/// Largest payload that an encoder makes, in bytes: 60 ms at [`BITRATE_BPS_MAX`] with room for the peaks of a variable rate.
pub const PAYLOAD_BYTES_MAX: usize = 1_275;

/// Bit rates that are asked of an encoder (RFC 7587 §6.1).
pub const BITRATE_BPS_MIN: u32 = 6_000;
/// See [`BITRATE_BPS_MIN`].
pub const BITRATE_BPS_MAX: u32 = 128_000;

/// Concealment is at its full level for so long, and then falls to nothing in so much time. The coder's own goes on as noise for ever,
/// which would be a caller's silence made up.
const CONCEAL_FULL_MS: u32 = 80;
const CONCEAL_FALL_MS: u32 = 120;

/// Payloads of at most this many bytes carry no audio: discontinuous transmission need not send them (RFC 6716 §3.2.1).
const DTX_BYTES_MAX: usize = 2;

/// How an outgoing stream is coded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncoderOptions {
    /// Sample rate of the input, one of [`RATES_HZ`].
    pub rate_hz: u32,
    /// Target bit rate, held to [`BITRATE_BPS_MIN`] and [`BITRATE_BPS_MAX`].
    pub bitrate_bps: u32,
    /// 0 to 10. The time spent grows with it: complexity 10 takes four times as long as 0 for speech.
    pub complexity: u8,
    /// What the far end's `a=fmtp` asks for.
    pub remote: Parameters,
}

impl Default for EncoderOptions {
    /// Wideband speech as telephony has it: 16 kHz, 24 kbit/s. Complexity 5: between 0 and 10 in time and
    /// in quality (wideband PESQ of clean speech 3.4, 4.0, 4.2).
    fn default() -> Self {
        Self { rate_hz: 16_000, bitrate_bps: 24_000, complexity: 5, remote: Parameters::default() }
    }
}

/// Makes the payloads of one outgoing stream.
pub struct Encoder {
    inner: OpusEncoder,
    rate_hz: u32,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("rate_hz", &self.rate_hz).finish_non_exhaustive()
    }
}

impl Encoder {
    /// # Errors
    /// [`Error::Rate`].
    pub fn new(options: &EncoderOptions) -> Result<Self, Error> {
        let refused = |_| Error::Rate { codec: Codec::Opus, rate_hz: options.rate_hz };
        let rate_hz = known_rate(options.rate_hz)?;
        let mut inner = OpusEncoder::new(rate_hz as i32, 1, Application::Voip).map_err(refused)?;
        let remote = &options.remote;
        let bitrate_bps = options.bitrate_bps.min(remote.max_average_bitrate_bps.unwrap_or(u32::MAX));
        inner.bitrate_bps = bitrate_bps.clamp(BITRATE_BPS_MIN, BITRATE_BPS_MAX) as i32;
        inner.complexity = i32::from(options.complexity.min(10));
        inner.use_inband_fec = remote.use_inband_fec;
        inner.use_dtx = remote.use_dtx;
        inner.signal_type = Some(Signal::Voice);
        if remote.cbr {
            inner.rate_control = opus_pure::RateControl::Cbr;
        }
        // RFC 7587 §6.1: no more than the far end can play. From input above 16 kHz the coder makes no less than wideband of speech.
        inner.max_bandwidth = match remote.max_playback_rate_hz.unwrap_or(48_000) {
            ..12_000 => Bandwidth::Narrowband,
            12_000..16_000 => Bandwidth::Mediumband,
            16_000..24_000 => Bandwidth::Wideband,
            24_000..48_000 => Bandwidth::Superwideband,
            48_000.. => Bandwidth::Fullband,
        };
        Ok(Self { inner, rate_hz })
    }

    /// Sample rate of what is encoded.
    pub fn sample_rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Codes one packet; `None` while discontinuous transmission sends nothing.
    ///
    /// # Errors
    /// [`Error::PacketTime`] unless the samples make 2.5, 5, 10, 20, 40, 60, 80, 100 or 120 ms.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> Result<Option<usize>, Error> {
        let wrong = Error::PacketTime { codec: Codec::Opus, samples: samples.len() };
        let in_2_5_ms = samples.len() * 400 / self.rate_hz as usize;
        let is_whole = in_2_5_ms * self.rate_hz as usize == samples.len() * 400;
        if !is_whole || !matches!(in_2_5_ms, 1 | 2 | 4 | 8 | 16 | 24 | 32 | 40 | 48) {
            return Err(wrong);
        }
        if payload.len() <= DTX_BYTES_MAX {
            return Err(Error::BufferTooSmall { needed: PAYLOAD_BYTES_MAX, room: payload.len() });
        }
        let room = payload.len().min(PAYLOAD_BYTES_MAX);
        let count = self.inner.encode_s16(samples, samples.len(), &mut payload[..room]).map_err(|_| wrong)?;
        Ok(Some(count).filter(|&count| !self.inner.use_dtx || count > DTX_BYTES_MAX))
    }

    /// Expected loss in percent, from the far end's reports: steers how much is spent on in-band error correction.
    pub fn set_loss_percent(&mut self, percent: u8) {
        self.inner.packet_loss_perc = i32::from(percent.min(100));
    }
}

/// Takes the payloads of one incoming stream, mono or stereo; what comes out is mono.
pub struct Decoder {
    inner: OpusDecoder,
    rate_hz: u32,
    /// Length of the latest packet: that of those that are lost, as far as anybody knows.
    packet_samples: usize,
    /// Samples concealed since the latest packet.
    concealed: usize,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("rate_hz", &self.rate_hz).finish_non_exhaustive()
    }
}

impl Decoder {
    /// # Errors
    /// [`Error::Rate`].
    pub fn new(rate_hz: u32) -> Result<Self, Error> {
        let rate_hz = known_rate(rate_hz)?;
        let refused = |_| Error::Rate { codec: Codec::Opus, rate_hz };
        let inner = OpusDecoder::new(rate_hz as i32, 1).map_err(refused)?;
        Ok(Self { inner, rate_hz, packet_samples: rate_hz as usize / 50, concealed: 0 })
    }

    /// Sample rate of what comes out.
    pub fn sample_rate_hz(&self) -> u32 {
        self.rate_hz
    }

    /// Decodes one payload; returns the samples written.
    ///
    /// # Errors
    /// [`Error::Malformed`] for what is no Opus packet, an empty one among them; [`Error::BufferTooSmall`].
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> Result<usize, Error> {
        let malformed = |reason: String| Error::Malformed { codec: Codec::Opus, reason };
        let needed = packet_samples(payload, self.rate_hz).ok_or_else(|| malformed("no valid frames".to_owned()))?;
        let room = samples.len();
        if needed > room {
            return Err(Error::BufferTooSmall { needed, room });
        }
        let count = self
            .inner
            .decode_s16(payload, needed, &mut samples[..needed])
            .map_err(|error| malformed(error.to_string()))?;
        self.packet_samples = count;
        self.concealed = 0;
        Ok(count)
    }

    /// Fills `samples` for packets that were lost; the last of them from the error correction in `next`, where it has some.
    pub fn conceal(&mut self, samples: &mut [i16], next: Option<&[u8]>) {
        let step = self.rate_hz as usize / 400;
        // Concealment works in units of 2.5 ms.
        let whole = samples.len() / step * step;
        let (mut left, rest) = samples.split_at_mut(whole);
        rest.fill(0);
        let recovered = next.map_or(0, |_| self.packet_samples.min(left.len()) / step * step);
        while left.len() > recovered {
            let count = (left.len() - recovered).min(self.packet_samples.max(step));
            let (piece, others) = left.split_at_mut(count);
            if self.inner.decode_s16(&[], count, piece).is_err() {
                piece.fill(0);
            }
            self.fade(piece);
            left = others;
        }
        if let Some(next) = next.filter(|_| recovered > 0)
            && self.inner.decode_fec_s16(next, recovered, left).is_err()
        {
            left.fill(0);
        }
    }

    /// Lowers what was made up the longer it lasts.
    fn fade(&mut self, samples: &mut [i16]) {
        let in_samples = |ms: u32| (self.rate_hz * ms / 1_000) as usize;
        let (full, fall) = (in_samples(CONCEAL_FULL_MS), in_samples(CONCEAL_FALL_MS));
        for sample in samples {
            let left = fall.saturating_sub(self.concealed.saturating_sub(full));
            *sample = (i64::from(*sample) * left as i64 / fall as i64) as i16;
            self.concealed = self.concealed.saturating_add(1);
        }
    }
}

fn known_rate(rate_hz: u32) -> Result<u32, Error> {
    if RATES_HZ.contains(&rate_hz) { Ok(rate_hz) } else { Err(Error::Rate { codec: Codec::Opus, rate_hz }) }
}

/// Samples in a payload, by its first bytes; `None` when they are not Opus or longer than a packet may be.
fn packet_samples(payload: &[u8], rate_hz: u32) -> Option<usize> {
    let samples = packet::samples(payload, rate_hz as i32).ok()?;
    (samples > 0 && samples <= (PACKET_MS_MAX * rate_hz / 1_000) as usize).then_some(samples)
}

/// Units of the RTP clock in a payload.
pub(crate) fn payload_clock_units(payload: &[u8]) -> Option<u32> {
    packet_samples(payload, 48_000).and_then(|samples| u32::try_from(samples).ok())
}
