//! Calls in a codec that is not G.711: its coders, and what is said at its rate.

use audio::g711::Law;
use audio::resample::Resampler;
use audio::tone::Tone;
use codecs::opus::{EncoderOptions, Parameters};
use codecs::{Codec, Decoder, Encoder, PACKET_SAMPLES_MAX};

use crate::media_log::WideLog;
use crate::{FRAME_SAMPLES, Play, RATE_HZ};

/// Sample rate of both codecs here: Opus is spoken as wideband.
pub(crate) const WIDE_RATE_HZ: u32 = 16_000;

/// Samples of it in a frame.
const FRAME: usize = 2 * FRAME_SAMPLES;

/// Largest payload that is sent.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 400;

/// Both directions of a call.
#[derive(Debug)]
pub(crate) struct Wide {
    encoder: Encoder,
    decoder: Decoder,
    said_down: Resampler,
    heard_down: Resampler,
    say: Say,
    decoded: Vec<i16>,
}

/// What is said.
#[derive(Debug)]
enum Say {
    Silence,
    Clip { samples: Vec<i16>, position: usize, repeat: bool },
    Tone(Tone),
}

impl Wide {
    /// `fmtp` is how the far end likes to receive. `None` for what this phone can't do: G.711, or an echo, which has to be bit by bit.
    pub(crate) fn new(codec: Codec, play: &Play, fmtp: &str) -> Option<Self> {
        let clip = |clip: &crate::Clip, repeat| {
            let mut up = Resampler::new(RATE_HZ, WIDE_RATE_HZ).ok()?;
            let mut samples = vec![0; clip.samples().len() * 2];
            up.process(clip.samples(), &mut samples);
            Some(Say::Clip { samples, position: 0, repeat })
        };
        let say = match play {
            Play::Silence => Say::Silence,
            Play::Clip(said) => clip(said, false)?,
            Play::Repeat(said) => clip(said, true)?,
            Play::Tone { frequency_hz, dbfs } => Say::Tone(Tone::sine(WIDE_RATE_HZ, *frequency_hz, *dbfs)),
            Play::Echo { .. } => return None,
        };
        let options =
            EncoderOptions { rate_hz: WIDE_RATE_HZ, remote: Parameters::parse(fmtp), ..EncoderOptions::default() };
        let down = || Resampler::new(WIDE_RATE_HZ, RATE_HZ).ok();
        Some(Self {
            encoder: Encoder::new(codec, &options).ok()?,
            decoder: Decoder::new(codec, WIDE_RATE_HZ).ok()?,
            said_down: down()?,
            heard_down: down()?,
            say,
            decoded: vec![0; PACKET_SAMPLES_MAX],
        })
    }

    /// What is said next.
    pub(crate) fn fill(&mut self, frame: &mut [i16; FRAME]) {
        frame.fill(0);
        match &mut self.say {
            Say::Silence => {}
            Say::Tone(tone) => tone.fill(frame),
            Say::Clip { samples, position, repeat } => {
                for place in frame {
                    if *repeat && *position == samples.len() {
                        *position = 0;
                    }
                    let Some(&sample) = samples.get(*position) else { break };
                    *place = sample;
                    *position += 1;
                }
            }
        }
    }

    /// Puts a frame down as said, and codes it; returns the payload's length.
    pub(crate) fn encode(
        &mut self,
        frame: &[i16; FRAME],
        said: &mut [u8],
        log: &mut WideLog,
        payload: &mut [u8],
    ) -> usize {
        log.sent.extend_from_slice(frame);
        let mut narrow = [0; FRAME_SAMPLES];
        self.said_down.process(frame, &mut narrow);
        Law::Mu.encode_slice(&narrow, said);
        self.encoder.encode(frame, payload).ok().flatten().unwrap_or(0)
    }

    /// A payload that came, behind so many samples that were lost: as samples at the wide rate, and as µ-law.
    pub(crate) fn decode(&mut self, payload: &[u8]) -> (&[i16], Vec<u8>) {
        let count = self.decoder.decode(payload, &mut self.decoded).map_or(0, |decoded| decoded.samples);
        let samples = &self.decoded[..count];
        let mut narrow = vec![0; self.heard_down.output_len(count)];
        self.heard_down.process(samples, &mut narrow);
        let mut codes = vec![0; narrow.len()];
        Law::Mu.encode_slice(&narrow, &mut codes);
        (samples, codes)
    }
}
