//! What a playout ring must know about its samples: how silence looks and how to fade.

use std::fmt::Debug;

use crate::g711::Law;

/// The unit of a playout ring. Samples are moved, never changed, but for the fade at a clear.
pub trait Format: Debug {
    /// One sample of one channel.
    type Sample: Copy + Debug + PartialEq;

    /// The sample of silence.
    fn silence(&self) -> Self::Sample;

    /// A sample as linear 16 bit.
    fn decode(&self, sample: Self::Sample) -> i16;

    /// The sample of a linear one.
    fn encode(&self, linear: i16) -> Self::Sample;

    /// A sample at `gain`, 0.0 to 1.0, of its amplitude.
    fn scale(&self, sample: Self::Sample, gain: f32) -> Self::Sample {
        self.encode((f32::from(self.decode(sample)) * gain) as i16)
    }
}

/// G.711 codes, one byte a sample: what the other side sent goes onto the line bit by bit.
impl Format for Law {
    type Sample = u8;

    fn silence(&self) -> u8 {
        Law::silence(*self)
    }

    fn decode(&self, sample: u8) -> i16 {
        Law::decode(*self, sample)
    }

    fn encode(&self, linear: i16) -> u8 {
        Law::encode(*self, linear)
    }
}

/// Linear 16-bit samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pcm16;

impl Format for Pcm16 {
    type Sample = i16;

    fn silence(&self) -> i16 {
        0
    }

    fn decode(&self, sample: i16) -> i16 {
        sample
    }

    fn encode(&self, linear: i16) -> i16 {
        linear
    }
}
