//! The end of the way from the caller to the bot: samples into frames of the bot's format.

use audio::g711::Law;
use audio::resample::Resampler;
use bytes::{Bytes, BytesMut};
use voicebot::{Encoding, Format};

use super::pair::Pair;
use super::piece::Piece;

/// Samples converted at a time.
const BLOCK: usize = 480;

/// Largest ratio of the bot's rate to the incoming.
const RATIO_MAX: usize = 6;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct BotFrames {
    /// Set when audio flows to the bot.
    format: Option<Format>,
    resampler: Option<Resampler>,
    /// Frames are split off its front; when the bot's socket has let go of them, the memory is used again.
    frame: BytesMut,
    /// When the bot hears both sides.
    pair: Option<Box<Pair>>,
}

impl BotFrames {
    /// From here on samples, at `rate_hz`, are turned into frames of this format.
    pub(super) fn open(&mut self, format: Format, rate_hz: u32, outbound_rate_hz: u32) {
        self.format = Some(format);
        // Formats are validated: each of their rates can be made from the telephone's.
        self.resampler = Resampler::new(rate_hz, format.rate_hz()).ok();
        self.pair = (format.channels() == 2).then(|| Box::new(Pair::new(format, rate_hz, outbound_rate_hz)));
        self.frame.clear();
    }

    /// Nobody is there to hear.
    pub(super) fn close(&mut self) {
        self.format = None;
        self.pair = None;
    }

    pub(super) fn format(&self) -> Option<Format> {
        self.format
    }

    pub(super) fn hears_both(&self) -> bool {
        self.pair.is_some()
    }

    /// What goes to the caller next.
    pub(super) fn push_outbound<E>(
        &mut self,
        piece: &mut Piece,
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(format) = self.format else { return Ok(()) };
        if let Some(pair) = &mut self.pair {
            pair.push_outbound(piece.samples());
            pair.take(format, &mut self.frame);
        }
        self.send_frames(format, send)
    }

    /// A payload as it came, of this law: bytes if the bot wants the same, else its samples.
    pub(super) fn write_payload<E>(
        &mut self,
        law: Law,
        payload: &[u8],
        samples: &[i16],
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.format {
            Some(format) if self.pair.is_none() && law_of(format.encoding()) == Some(law) => {
                self.frame.extend_from_slice(payload);
                self.send_frames(format, send)
            }
            _ => self.write_samples(samples, send),
        }
    }

    pub(super) fn write_samples<E>(
        &mut self,
        samples: &[i16],
        send: &mut impl FnMut(Bytes) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(format) = self.format else { return Ok(()) };
        if let Some(pair) = &mut self.pair {
            pair.push_inbound(samples);
            pair.take(format, &mut self.frame);
            return self.send_frames(format, send);
        }
        for block in samples.chunks(BLOCK) {
            let mut resampled = [0; BLOCK * RATIO_MAX];
            let count = match &mut self.resampler {
                Some(resampler) => resampler.process(block, &mut resampled),
                None => 0,
            };
            match law_of(format.encoding()) {
                Some(law) => {
                    let mut codes = [0; BLOCK];
                    let count = law.encode_slice(&resampled[..count], &mut codes);
                    self.frame.extend_from_slice(&codes[..count]);
                }
                None => {
                    self.frame.reserve(2 * count);
                    for sample in &resampled[..count] {
                        self.frame.extend_from_slice(&sample.to_le_bytes());
                    }
                }
            }
        }
        self.send_frames(format, send)
    }

    fn send_frames<E>(&mut self, format: Format, send: &mut impl FnMut(Bytes) -> Result<(), E>) -> Result<(), E> {
        while self.frame.len() >= format.bytes_per_frame() {
            send(self.frame.split_to(format.bytes_per_frame()).freeze())?;
        }
        Ok(())
    }
}

pub(super) fn law_of(encoding: Encoding) -> Option<Law> {
    match encoding {
        Encoding::Mulaw => Some(Law::Mu),
        Encoding::Alaw => Some(Law::A),
        Encoding::L16 => None,
    }
}
