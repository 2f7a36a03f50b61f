//! Payloads to samples, and something to hear for those that are lost.

use audio::g711::Law;
use audio::plc::Concealer;

use crate::{Codec, Error, g722, opus};

/// Audio after a loss that helps to conceal it: 45 ms at 16 kHz.
const FOLLOWING_SAMPLES_MAX: usize = 720;

/// What a payload has become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decoded {
    /// Samples written.
    pub samples: usize,
    /// They are what the payload says and nothing else. Not so just after a loss that was concealed without its next payload: the joint is
    /// smoothed. Where it is so, a G.711 payload may be passed on as it came.
    pub is_exact: bool,
}

/// Takes the payloads of one incoming stream, in order.
#[derive(Debug)]
pub struct Decoder {
    kind: Kind,
    /// The next payload's beginning will be changed.
    is_smoothed: bool,
}

#[derive(Debug)]
enum Kind {
    G711(Law, Concealer),
    G722(Box<g722::Decoder>, Concealer),
    Opus(Box<opus::Decoder>),
}

impl Decoder {
    /// A decoder for this codec; `opus_rate_hz` is the sample rate that Opus is decoded to and is not looked at for others.
    ///
    /// # Errors
    /// [`Error::Rate`] when Opus is to have a sample rate that is none of its own.
    pub fn new(codec: Codec, opus_rate_hz: u32) -> Result<Self, Error> {
        let concealer = || Concealer::new(codec.sample_rate_hz());
        let kind = match codec {
            Codec::Pcmu => Kind::G711(Law::Mu, concealer()),
            Codec::Pcma => Kind::G711(Law::A, concealer()),
            Codec::G722 => Kind::G722(Box::default(), concealer()),
            Codec::Opus => Kind::Opus(Box::new(opus::Decoder::new(opus_rate_hz)?)),
        };
        Ok(Self { kind, is_smoothed: false })
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        match &self.kind {
            Kind::G711(Law::Mu, _) => Codec::Pcmu,
            Kind::G711(Law::A, _) => Codec::Pcma,
            Kind::G722(..) => Codec::G722,
            Kind::Opus(_) => Codec::Opus,
        }
    }

    /// Sample rate of what comes out.
    pub fn sample_rate_hz(&self) -> u32 {
        match &self.kind {
            Kind::Opus(decoder) => decoder.sample_rate_hz(),
            _ => self.codec().sample_rate_hz(),
        }
    }

    /// Decodes one payload into the front of `samples`.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`], and [`Error::Malformed`] for what is no packet of the codec: conceal its time instead.
    pub fn decode(&mut self, payload: &[u8], samples: &mut [i16]) -> Result<Decoded, Error> {
        let room = samples.len();
        let fits = |needed: usize| match needed <= room {
            true => Ok(()),
            false => Err(Error::BufferTooSmall { needed, room }),
        };
        let count = match &mut self.kind {
            Kind::G711(law, concealer) => {
                fits(payload.len())?;
                let count = law.decode_slice(payload, samples);
                concealer.good(&mut samples[..count]);
                count
            }
            Kind::G722(decoder, concealer) => {
                fits(payload.len() * g722::SAMPLES_PER_BYTE)?;
                let count = decoder.decode(payload, samples);
                concealer.good(&mut samples[..count]);
                count
            }
            Kind::Opus(decoder) => decoder.decode(payload, samples)?,
        };
        Ok(Decoded { samples: count, is_exact: !std::mem::take(&mut self.is_smoothed) })
    }

    /// Fills `samples` with what may have been in packets that were lost. `next` is the payload that follows the loss, if it is there: give
    /// it, for it makes much of a difference. Decode it after this all the same.
    pub fn conceal(&mut self, samples: &mut [i16], next: Option<&[u8]>) {
        // Only this long does the past say anything about what follows, and the future about what was before.
        let mut following = [0; FOLLOWING_SAMPLES_MAX];
        let mut count = 0;
        match &mut self.kind {
            Kind::G711(law, concealer) => {
                if let Some(next) = next {
                    count = law.decode_slice(next, &mut following);
                }
                self.is_smoothed = count == 0;
                concealer.between(samples, &following[..count]);
            }
            Kind::G722(decoder, concealer) => {
                if let Some(next) = next {
                    // What it will sound like, nearly: the decoder is not in step after a loss.
                    count = g722::Decoder::clone(decoder).decode(next, &mut following);
                }
                self.is_smoothed = count == 0;
                concealer.between(samples, &following[..count]);
            }
            Kind::Opus(decoder) => decoder.conceal(samples, next),
        }
    }
}
