//! What a phone says.

use std::sync::Arc;

use audio::g711::Law;
use audio::tone::Tone;

use crate::{Clip, RATE_HZ};

/// Shortest delay of an echo: a packet must have come in whole before it can go out again, give or take the network.
pub(crate) const ECHO_DELAY_MS_MIN: u32 = 40;

/// What a phone says once the call is answered.
#[derive(Debug, Clone, Default)]
pub enum Play {
    /// Nothing: packets of silence.
    #[default]
    Silence,
    /// A clip, then silence.
    Clip(Arc<Clip>),
    /// A clip, over and over.
    Repeat(Arc<Clip>),
    /// A steady sine.
    Tone {
        /// Its frequency.
        frequency_hz: f64,
        /// Its level.
        dbfs: f64,
    },
    /// What it hears, later and louder or softer. With no gain the bytes are those that were heard.
    Echo {
        /// From hearing to saying, at least 40 ms.
        delay_ms: u32,
        /// Decibels; negative is softer.
        gain_db: f64,
    },
}

/// A [`Play`] in the codec of a call.
#[derive(Debug)]
pub(crate) enum Source {
    Silence,
    Clip { codes: Vec<u8>, position: usize, repeat: bool },
    Tone(Tone),
    Echo { delay_samples: usize, gain: f64 },
}

impl Source {
    pub(crate) fn new(play: &Play, law: Law) -> Self {
        match play {
            Play::Silence => Self::Silence,
            Play::Clip(clip) => Self::Clip { codes: clip.codes(law), position: 0, repeat: false },
            Play::Repeat(clip) => Self::Clip { codes: clip.codes(law), position: 0, repeat: true },
            Play::Tone { frequency_hz, dbfs } => Self::Tone(Tone::sine(RATE_HZ, *frequency_hz, *dbfs)),
            Play::Echo { delay_ms, gain_db } => Self::Echo {
                delay_samples: ((*delay_ms).max(ECHO_DELAY_MS_MIN) * (RATE_HZ / 1000)) as usize,
                gain: 10f64.powf(gain_db / 20.0),
            },
        }
    }

    /// Fills the frame that begins at `position` of the call's clock. `heard` is all that was heard so far, on the same clock.
    pub(crate) fn fill(&mut self, law: Law, frame: &mut [u8], position: usize, heard: &[u8]) {
        frame.fill(law.silence());
        match self {
            Self::Silence => {}
            Self::Clip { codes, position, repeat } => {
                for place in frame {
                    if *repeat && *position == codes.len() {
                        *position = 0;
                    }
                    let Some(&code) = codes.get(*position) else { break };
                    *place = code;
                    *position += 1;
                }
            }
            Self::Tone(tone) => {
                let mut block = [0; 32];
                for piece in frame.chunks_mut(block.len()) {
                    tone.fill(&mut block[..piece.len()]);
                    law.encode_slice(&block, piece);
                }
            }
            Self::Echo { delay_samples, gain } => {
                let unchanged = *gain == 1.0;
                for (offset, place) in frame.iter_mut().enumerate() {
                    let code = (position + offset).checked_sub(*delay_samples).and_then(|past| heard.get(past));
                    if let Some(&code) = code {
                        let scaled =
                            || law.encode((f64::from(law.decode(code)) * *gain).clamp(-32_768.0, 32_767.0) as i16);
                        *place = if unchanged { code } else { scaled() };
                    }
                }
            }
        }
    }

    /// Whether every stretch of it looks like others, so that a delay cannot be read off it.
    pub(crate) fn is_periodic(&self) -> bool {
        !matches!(self, Self::Clip { .. })
    }
}
