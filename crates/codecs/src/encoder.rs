//! Samples to payloads.

use audio::g711::Law;

use crate::{Codec, Error, g722, opus};

/// Makes the payloads of one outgoing stream.
#[derive(Debug)]
pub struct Encoder(Kind);

#[derive(Debug)]
enum Kind {
    G711(Law),
    G722(Box<g722::Encoder>),
    Opus(Box<opus::Encoder>),
}

impl Encoder {
    /// An encoder for this codec; `opus` says how Opus is coded and is not looked at for others.
    ///
    /// # Errors
    /// [`Error::Rate`] when Opus is to have a sample rate that is none of its own.
    pub fn new(codec: Codec, opus: &opus::EncoderOptions) -> Result<Self, Error> {
        Ok(Self(match codec {
            Codec::Pcmu => Kind::G711(Law::Mu),
            Codec::Pcma => Kind::G711(Law::A),
            Codec::G722 => Kind::G722(Box::default()),
            Codec::Opus => Kind::Opus(Box::new(opus::Encoder::new(opus)?)),
        }))
    }

    /// The codec.
    pub fn codec(&self) -> Codec {
        match &self.0 {
            Kind::G711(Law::Mu) => Codec::Pcmu,
            Kind::G711(Law::A) => Codec::Pcma,
            Kind::G722(_) => Codec::G722,
            Kind::Opus(_) => Codec::Opus,
        }
    }

    /// Sample rate of what is encoded.
    pub fn sample_rate_hz(&self) -> u32 {
        match &self.0 {
            Kind::Opus(encoder) => encoder.sample_rate_hz(),
            _ => self.codec().sample_rate_hz(),
        }
    }

    /// Codes one packet's samples into the front of `payload` and returns its length in bytes. `None`: discontinuous transmission sends
    /// nothing in this packet's time, the timestamps go on without it.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`], and [`Error::PacketTime`] when the codec has no packets of so many samples.
    pub fn encode(&mut self, samples: &[i16], payload: &mut [u8]) -> Result<Option<usize>, Error> {
        let (codec, len) = (self.codec(), samples.len());
        let fits = |needed: usize, room: usize| match needed <= room {
            true => Ok(()),
            false => Err(Error::BufferTooSmall { needed, room }),
        };
        match &mut self.0 {
            Kind::G711(law) => {
                fits(len, payload.len())?;
                Ok(Some(law.encode_slice(samples, payload)))
            }
            Kind::G722(encoder) => {
                if len % g722::SAMPLES_PER_BYTE != 0 {
                    return Err(Error::PacketTime { codec, samples: len });
                }
                fits(len / g722::SAMPLES_PER_BYTE, payload.len())?;
                Ok(Some(encoder.encode(samples, payload)))
            }
            Kind::Opus(encoder) => encoder.encode(samples, payload),
        }
    }

    /// How much of what is sent the far end's reports say is lost, in percent: Opus codes the more defensively. Others have no means.
    pub fn set_loss_percent(&mut self, percent: u8) {
        if let Kind::Opus(encoder) = &mut self.0 {
            encoder.set_loss_percent(percent);
        }
    }
}
